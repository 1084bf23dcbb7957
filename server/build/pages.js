import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Every file of a folder, as paths below it with forward slashes. */
export async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
    .map((name) => name.split(path.sep).join('/'))
    .sort();
}

const inline = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g;

/** `sha256-…` of each inline script, as a Content-Security-Policy names them. */
export function scriptHashes(html) {
  return [...html.matchAll(inline)].map(
    ([, script]) => `sha256-${createHash('sha256').update(script).digest('base64')}`,
  );
}

/** What `style-src 'self'` would block: found here, not by the person who opens the page. */
export function inlineStyles(html) {
  const body = html.replaceAll(inline, '');
  return [...body.matchAll(/<style[\s>]|<[a-z][^>]*\sstyle="/gi)].map(([found]) => found.slice(0, 80));
}

/** Writes csp.json: page, as the export names its file, to the hashes of its inline scripts. */
export async function writePolicy(out) {
  const policy = {};
  for (const name of (await filesOf(out)).filter((file) => file.endsWith('.html'))) {
    const html = await readFile(path.join(out, name), 'utf8');
    const styles = inlineStyles(html);
    if (styles.length > 0)
      throw new Error(`${name} has inline styles, which the policy blocks: ${styles[0]}`);
    policy[name] = [...new Set(scriptHashes(html))];
  }
  await writeFile(path.join(out, 'csp.json'), `${JSON.stringify(policy, null, 2)}\n`);
}

const compressible = /\.(?:css|html|js|json|svg|txt|webmanifest)$/;
const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

/** `.br` and `.gz` beside each text file, where they are smaller. The relay sends them as they are. */
export async function compress(out) {
  const names = (await filesOf(out)).filter((name) => compressible.test(name) && name !== 'csp.json');
  await Promise.all(
    names.map(async (name) => {
      const file = path.join(out, name);
      const body = await readFile(file);
      const [small, other] = await Promise.all([
        brotli(body, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: 11,
            [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
          },
        }),
        gz(body, { level: 9 }),
      ]);
      if (small.length < body.length) await writeFile(`${file}.br`, small);
      if (other.length < body.length) await writeFile(`${file}.gz`, other);
    }),
  );
  return names.length;
}
