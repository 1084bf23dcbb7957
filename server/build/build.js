// `npm run build`: the web pages into out/ and the server into .cache/server, where they are missing or older than
// their sources.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundle } from './bundle.js';
import { root, run } from './install.js';
import { compress, filesOf, writePolicy } from './pages.js';

const out = path.join(root, 'out');
const stamp = path.join(out, 'csp.json');
const stampOf = path.join(root, '.cache/pages');
// All of lib: what pages import of it is not counted here, and a page made of older words is worse than a build too many.
const sources = ['app', 'lib', 'public', 'server/build'];
const files = ['next.config.js', 'package-lock.json', 'postcss.config.js'];

/** What a page asks for by itself a moment after it starts: storage, but for Passwords, which has it later. */
const beside = (page) => {
  if (page === 'passwords.html') return ['lib/generator/eff-words.ts'];
  return ['app/_state/browser.ts', ...(page === 'archives.html' ? ['app/_live/archives-live.tsx'] : [])];
};

/** As `atOnce` in app/_live/routes.ts. */
const atOnce = (page) => page === 'passwords.html';

/** Content, not times: a checkout gives every file the same one. */
async function sourceHash() {
  const hash = createHash('sha256').update(process.versions.node);
  const names = [...files];
  for (const folder of sources) {
    const inside = await filesOf(path.join(root, folder));
    names.push(...inside.map((name) => `${folder}/${name}`));
  }
  for (const name of names) {
    const file = path.join(root, name);
    if (!existsSync(file)) continue;
    hash.update(`\0${name}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

const started = Date.now();
const say = (line) => process.stdout.write(`web pages: ${line}\n`);
const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;

async function build() {
  const hash = await sourceHash();
  const built = existsSync(stampOf) && existsSync(stamp) && readFileSync(stampOf, 'utf8') === hash;
  if (built && !process.argv.includes('--force')) return say('already built');

  say('building (about 20 s)');
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  await mkdir(path.dirname(stampOf), { recursive: true });
  await rm(stampOf, { force: true });
  await rm(out, { recursive: true, force: true });
  // webpack: with Turbopack, Trusted Types stop lazily loaded chunks.
  const next = path.join(root, 'node_modules/next/dist/bin/next');
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NEXT_PUBLIC_VERSION: version };
  if ((await run(process.execPath, [next, 'build', '--webpack'], { env })) !== 0) {
    throw new Error('next build failed; what it said stands above');
  }
  const { buildScripts } = await import('./scripts.js');
  await buildScripts(root, out, version, beside, atOnce);
  await writePolicy(out);
  say(`policy written, ${seconds()}`);
  const { buildWorker } = await import('./worker.js');
  const { count, size } = await buildWorker(root, out, version);
  say(`service worker keeps ${count} files, ${(size / 1000).toFixed(0)} kB, ${seconds()}`);
  say(`${await compress(out)} files compressed`);
  await writeFile(stampOf, hash);
  say(`built in ${seconds()}`);
}

async function attempt(what, work) {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

await attempt('web pages', build);
await attempt('server', async () => {
  const isNew = await bundle(() => undefined);
  process.stdout.write(`server: ${isNew ? 'built' : 'already built'}\n`);
});
