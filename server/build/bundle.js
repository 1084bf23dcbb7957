// Bundles the server into .cache/server: a start from there takes a third of what tsx takes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './install.js';

const cache = path.join(root, '.cache');

/** Where the bundle lies; `cli.js` in it is the command line. */
export const bundleFolder = path.join(cache, 'server');

/** Of every source and the lock, and of Node's ABI: the bundle carries a native module. */
function sourceHash() {
  const hash = createHash('sha256').update(process.versions.modules);
  const names = ['lib', 'server'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true })
      .filter((name) => /\.(?:[jt]s|json)$/.test(name))
      .map((name) => path.join(folder, name)),
  );
  for (const name of [...names.sort(), 'package-lock.json'])
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(path.join(root, name)))
      .update('\0');
  return hash.digest('hex');
}

// better-sqlite3 looks for its native module below node_modules; in a bundle it lies beside the code.
const nativeBeside = {
  name: 'native-beside',
  setup(build) {
    build.onResolve({ filter: /^bindings$/ }, () => ({ path: 'bindings', namespace: 'native-beside' }));
    build.onLoad({ filter: /.*/, namespace: 'native-beside' }, () => ({
      contents: `module.exports = () => require('better-sqlite3/build/Release/better_sqlite3.node');`,
      resolveDir: root,
    }));
  },
};

/**
 * Builds the bundle where it is missing or older than its sources, whole or not at all. Resolves with true when it
 * was built now. Throws what esbuild or the disk says.
 */
export async function bundle(say) {
  const stamp = path.join(bundleFolder, 'stamp');
  const wanted = sourceHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false;
  say('building the server');
  const { build, stop } = await import('esbuild');
  const part = path.join(cache, `server.${process.pid}.part`);
  mkdirSync(cache, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: {
      cli: 'server/cli.ts',
      'store-worker': 'server/agent/store/worker.ts',
      'history-worker': 'server/agent/bans/history-worker.ts',
      'archives-worker': 'server/archives/worker.ts',
    },
    outdir: part,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // esbuild and tsx are programs of their own; raw-socket is optional and asked for by name at run time
    external: ['esbuild', 'tsx', 'raw-socket'],
    loader: { '.node': 'copy' },
    plugins: [nativeBeside],
    // packages in CommonJS ask for these
    banner: {
      js: `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`,
    },
    legalComments: 'linked',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
  });
  // its process would stay beside ours
  await stop();
  writeFileSync(path.join(part, 'stamp'), wanted);
  // A package.json says that these are modules, wherever they are copied to.
  writeFileSync(path.join(part, 'package.json'), '{"type":"module"}\n');
  rmSync(bundleFolder, { recursive: true, force: true });
  renameSync(part, bundleFolder);
  return true;
}
