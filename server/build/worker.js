import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { injectManifest } from '@serwist/build';
import { build } from 'esbuild';

/**
 * What a first visit need not fetch: pictures for the install dialog and the launcher, what only servers read, and
 * fonts for letters that few names have (sw.ts keeps those when they come).
 */
const notKept = [
  'sw.js',
  'csp.json',
  '**/*.{br,gz,map}',
  'screenshots/**',
  'icon-*-*.png',
  'icon-512.png',
  'apple-touch-icon.png',
  '_not-found.html',
];

const rare = [
  '@fontsource-variable/besley/files/besley-latin-ext-wght-normal.woff2',
  '@fontsource-variable/libre-franklin/files/libre-franklin-latin-ext-wght-normal.woff2',
];
const digest = async (file) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** The export's names for those fonts; Next names them by a hash of its own. */
async function rareFonts(root, out) {
  const media = path.join(out, '_next/static/media');
  const wanted = await Promise.all(rare.map((file) => digest(path.join(root, 'node_modules', file))));
  const names = await readdir(media);
  const found = await Promise.all(
    names.map(async (name) => wanted.includes(await digest(path.join(media, name)))),
  );
  return names.filter((_, i) => found[i]).map((name) => `_next/static/media/${name}`);
}

/** Bundles the service worker and writes into it the list of the whole export: pages and assets. */
export async function buildWorker(root, out, version) {
  const bundle = path.join(root, '.cache/sw.js');
  await build({
    entryPoints: [path.join(root, 'app/_worker/sw.ts')],
    outfile: bundle,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"', LATCHKEY_VERSION: JSON.stringify(version) },
    logLevel: 'error',
  });
  const { count, size, warnings } = await injectManifest({
    swSrc: bundle,
    swDest: path.join(out, 'sw.js'),
    globDirectory: out,
    globPatterns: ['**/*'],
    globIgnores: [...notKept, ...(await rareFonts(root, out))],
    injectionPoint: 'self.__SW_MANIFEST',
    maximumFileSizeToCacheInBytes: 8_388_608,
    // Their names carry a hash of their content.
    dontCacheBustURLsMatching: /^_next\/static\//,
  });
  await rm(bundle);
  if (warnings.length > 0) throw new Error(warnings.join('\n'));
  return { count, size };
}
