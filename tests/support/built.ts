import { buildSync } from 'esbuild';
import { renameSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFolder } from '../../server/build/bundle.js';

/** Programs that tests start, as files for node alone: tsx would compile all of them anew with every start. */

/** The command line. */
export const cli = path.join(bundleFolder, 'cli.js');

const made = new Map<string, string>();

/** A program of the tests, by its own URL or path: built once in each test file, beside the bundle and its threads. */
export function built(source: string | URL): string {
  const file = source instanceof URL || source.startsWith('file:') ? fileURLToPath(source) : source;
  const before = made.get(file);
  if (before !== undefined) return before;
  const target = path.join(bundleFolder, `${path.basename(file, '.ts')}.js`);
  const part = `${target}.${process.pid}.${made.size}`;
  buildSync({
    entryPoints: [file],
    outfile: part,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'error',
  });
  renameSync(part, target);
  made.set(file, target);
  return target;
}
