import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type * as esbuildModule from 'esbuild';

/** From a checkout: of each thread its code, put together once in a process. */
const built = new Map<string, string>();

/**
 * A thread of ours. `source`: its TypeScript, which a checkout has; `built`: the file beside the bundle's others. A thread
 * that tsx compiles would start ten times slower.
 */
export function workerThread(source: URL, bundled: URL, options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(bundled, options);
  const file = fileURLToPath(source);
  let code = built.get(file);
  if (code === undefined) built.set(file, (code = codeOf(file)));
  return new Worker(code, { ...options, eval: true });
}

function codeOf(file: string): string {
  const require = createRequire(import.meta.url);
  const { buildSync } = require('esbuild') as typeof esbuildModule;
  const { outputFiles } = buildSync({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // code of no file finds packages as its source would
    banner: { js: `globalThis.require = require('node:module').createRequire(${JSON.stringify(file)});` },
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
