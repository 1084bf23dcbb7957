import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCatalogue } from '../../../server/archives/open.ts';
import { generateInventory } from '../archives/generate.ts';
import { importInProcess } from '../archives/import-in-process.ts';
import type { Figure } from '../figure.ts';

const rows = 1_000_000;
/** As somebody types, and what is hardest: words that many names have and few have together. */
const searches = [
  'p',
  'pho',
  'photos',
  'studio 2019',
  'img_00',
  'IMG_0000012',
  'masters volume',
  'zq',
  'my archive',
];

/** The slowest of several searches at the home agent among a million archives, ms: a page of 50 with its count. */
export const figure: Figure = {
  name: 'archives.search',
  unit: 'ms',
  better: 'less',
  rounds: 15,
  async prepare() {
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-'));
    const inventory = path.join(folder, 'whole.json');
    generateInventory(inventory, rows);
    await importInProcess(inventory, folder);
    rmSync(inventory);
    const catalogue = await openCatalogue(path.join(folder, 'archives.db'));
    return {
      async ours() {
        let slowest = 0;
        for (const search of searches) {
          const began = performance.now();
          await catalogue.page({ limit: 50, search });
          slowest = Math.max(slowest, performance.now() - began);
        }
        return slowest;
      },
      peers: {},
      async done() {
        await catalogue.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
};
