import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateInventory } from '../archives/generate.ts';
import { importInProcess } from '../archives/import-in-process.ts';
import type { Figure } from '../figure.ts';

const rows = 1_000_000;
/** Of the whole process, runtime included. */
const mostMb = 300;

/** Rows a second of the whole import: read, named, written, indexed for search, on disk. In under 300 MB of memory. */
export const figure: Figure = {
  name: 'archives.insert',
  unit: '1/s',
  better: 'more',
  rounds: 1,
  warmUp: 0,
  prepare() {
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-'));
    const inventory = path.join(folder, 'whole.json');
    generateInventory(inventory, rows);
    return Promise.resolve({
      async ours() {
        const { inserted, ms, mb } = await importInProcess(inventory, path.join(folder, 'state'));
        if (inserted !== rows) throw new Error(`${inserted} rows`);
        if (mb > mostMb) throw new Error(`${mb} MB of memory`);
        return (inserted * 1000) / ms;
      },
      peers: {},
      done: () => {
        rmSync(folder, { recursive: true });
        return Promise.resolve();
      },
    });
  },
};
