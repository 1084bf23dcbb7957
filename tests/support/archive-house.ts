import { mkdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Vault } from '../../lib/archive.ts';
import type { Imported } from '../../server/archives/catalogue.ts';
import { sourceTypes } from '../../server/archives/registry.ts';
import { ArchiveWatch, type ArchiveTable } from '../../server/archives/watch.ts';
import type { Double } from '../double/double.ts';
import { openNotebook, type Notebook } from './notebook.ts';

export interface ArchiveHouse {
  readonly watch: ArchiveWatch;
  readonly catalogue: Notebook;
  readonly lines: string[];
  readonly ready: { vault: Vault; imported: Imported }[];
  /** Advances the double's clock in steps of `step` ms and ticks after each. */
  pass(ms: number, step?: number): Promise<void>;
  stop(): Promise<void>;
}

export const bothSources: readonly ArchiveTable[] = [
  { name: 'vaults', type: 'glacier', keys: { regions: ['us-west-2', 'eu-west-1'] } },
  { name: 'buckets', type: 's3', keys: {} },
];

/** The archives' part of a home, with AWS's double for AWS: the SDK is led there by its own environment alone. */
export function startArchives(
  double: Double,
  folder: string,
  tables: readonly ArchiveTable[] = bothSources,
): ArchiveHouse {
  mkdirSync(folder, { recursive: true });
  const now = (): number => double.clock.now();
  const lines: string[] = [];
  const ready: ArchiveHouse['ready'] = [];
  const catalogue = openNotebook(path.join(folder, 'archives.json'));
  const watch = new ArchiveWatch({
    catalogue,
    types: sourceTypes,
    tables,
    folder: path.join(folder, 'archives'),
    now,
    random: () => new Uint8Array(randomBytes(16)),
    log: (line) => lines.push(line),
    pause: () => Promise.resolve(),
    ready: (vault, imported) => void ready.push({ vault, imported }),
  });
  return {
    watch,
    catalogue,
    lines,
    ready,
    async pass(ms, step = 10 * 60_000) {
      for (let left = ms; left > 0; left -= step) {
        double.clock.advance(Math.min(step, left));
        await watch.tick();
      }
    },
    stop: () => watch.stop(),
  };
}
