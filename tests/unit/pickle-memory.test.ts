import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** The largest replies there may be, of the bytes that make most of themselves. A thread with 64 MB reads them all. */
const script = `
import { parentPort } from 'node:worker_threads';
import { decodePickle } from './pickle.mjs';
const outcomes = [];
const size = 12 * 1024 * 1024;
const word = '\\x8c\\x01x';
for (const piece of [']', '}', ')', 'N', '(', 'N\\x94', 'N\\x85', ')\\x94', '}NNs', ']Na', word, word + '\\x94', word + word + '\\x93', '\\x8c\\xff' + 'é'.repeat(127) + 'x']) {
  const bytes = Buffer.alloc(size, Buffer.from(piece, 'latin1'));
  bytes[size - 1] = 0x2e;
  try { decodePickle(bytes); outcomes.push('read'); } catch (error) { outcomes.push(error.code ?? String(error)); }
}
parentPort.postMessage(outcomes);
`;

test('no reply takes 64 MB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lk-pickle-'));
  try {
    const outfile = join(folder, 'pickle.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('../../server/bans/pickle.ts', import.meta.url))],
      ...{ outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
    });
    await writeFile(join(folder, 'reader.mjs'), script);
    const worker = new Worker(join(folder, 'reader.mjs'), {
      // What the reply's own bytes take lies outside of it.
      resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 },
    });
    const outcomes = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(new Set(outcomes as string[])).toEqual(new Set(['tool-failed']));
  } finally {
    await rm(folder, { recursive: true });
  }
});
