import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { LatchkeyError } from '../../lib/errors.ts';

/** One address of the exported app, whole in memory. */
export interface Page {
  readonly type: string;
  readonly body: Buffer;
  readonly brotli?: Buffer;
  readonly gzip?: Buffer;
  readonly etag: string;
  /** Its name carries a hash of its content. */
  readonly immutable: boolean;
  /** Hashes of the inline scripts of an HTML page, as CSP sources. */
  readonly scripts: readonly string[];
}

export interface Pages {
  /** By path without query, as the export's links say it: `/`, `/pair`, `/sw.js`. */
  get(pathname: string): Page | undefined;
  readonly notFound: Page | undefined;
  /** False: only the built-in page, because nothing was exported. */
  readonly exported: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
};

function pageOf(name: string, body: Buffer, scripts: readonly string[] = []): Page {
  return {
    type: types[path.extname(name)] ?? 'application/octet-stream',
    body,
    etag: createHash('sha256').update(body).digest('base64url').slice(0, 22),
    immutable: name.startsWith('_next/static/'),
    scripts,
  };
}

/**
 * Reads the whole export of the build, with `csp.json` ({"pair.html": ["sha256-…"]}) and the compressed copies that
 * lie beside the files (`.br`, `.gz`). Without an export there is one page that says so. Throws `config-unreadable`.
 */
export function loadPages(folder: string): Pages {
  const policy = path.join(folder, 'csp.json');
  if (!existsSync(policy)) return builtIn();
  const pages = new Map<string, Page>();
  try {
    const hashes = JSON.parse(readFileSync(policy, 'utf8')) as Record<string, string[]>;
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
      .filter((name) => name !== 'csp.json' && !/\.(?:br|gz)$/.test(name));
    for (const name of names) {
      const file = path.join(folder, name);
      const page = pageOf(name, readFileSync(file), hashes[name]);
      pages.set(`/${name}`, {
        ...page,
        ...(existsSync(`${file}.br`) ? { brotli: readFileSync(`${file}.br`) } : {}),
        ...(existsSync(`${file}.gz`) ? { gzip: readFileSync(`${file}.gz`) } : {}),
      });
    }
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', folder, { cause });
  }
  return {
    exported: true,
    notFound: pages.get('/404.html'),
    get: (pathname) =>
      pages.get(pathname === '/' ? '/index.html' : pathname) ?? pages.get(`${pathname}.html`),
  };
}

/**
 * The service worker begins with the mark of the headers, and keeps each page under it (app/_worker/sw.ts): a kept page
 * keeps the headers it came with, so that other headers must be another version of it.
 */
export function markWorker(pages: Pages, mark: string): Pages {
  const worker = pages.get('/sw.js');
  if (worker === undefined) return pages;
  const text = `self.LATCHKEY_HEADERS = ${JSON.stringify(mark)};\n`;
  const body = Buffer.concat([Buffer.from(text), worker.body]);
  const marked: Page = {
    ...pageOf('sw.js', body),
    ...(worker.brotli === undefined ? {} : { brotli: brotliCompressSync(body) }),
    ...(worker.gzip === undefined ? {} : { gzip: gzipSync(body) }),
  };
  return { ...pages, get: (pathname) => (pathname === '/sw.js' ? marked : pages.get(pathname)) };
}

const notBuilt = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Latchkey</title></head>
<body>
<h1>Latchkey</h1>
<p>This relay runs, but its web pages are not built yet.</p>
<p>On the machine that runs it: <code>npm start</code> in the checkout builds them where it can.
Until then the terminal pairs with the same link: <code>npm run -s latchkey -- device pair LINK --yes</code></p>
</body>
</html>
`;

/** For an export that does not exist: `/` and the address of pairing links. */
function builtIn(): Pages {
  const page = pageOf('index.html', Buffer.from(notBuilt));
  return {
    exported: false,
    notFound: undefined,
    get: (pathname) => (pathname === '/' || pathname === '/pair' ? page : undefined),
  };
}
