import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Tier } from '../../lib/archive.ts';
import { headlineSize } from '../../lib/restore.ts';
import type { Catalogue } from '../../server/archives/catalogue.ts';
import { openCatalogue } from '../../server/archives/open.ts';
import { sourceTypes } from '../../server/archives/registry.ts';
import { readPrices, type Prices } from '../../server/archives/restore/prices.ts';
import type { Chosen } from '../../server/archives/restore/records.ts';
import { Restores, type RestoresParts } from '../../server/archives/restore/restores.ts';
import { ArchiveWatch } from '../../server/archives/watch.ts';
import type { Prices as Billed } from '../double/bill.ts';
import { hour, minute } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { scratchFolder } from './scratch.ts';

/** What of a home gets archives back: catalogue, sources, restores. Time is the double's. */
export interface RestoreHouse {
  readonly double: Double;
  readonly catalogue: Catalogue;
  readonly watch: ArchiveWatch;
  readonly restores: Restores;
  readonly folder: string;
  readonly logged: string[];
  /** What there is in S3 at once, and the vaults' lists when AWS has them ready. */
  know(): Promise<void>;
  /** Plans and starts, as somebody would who reads the plan. */
  begin(of: Chosen, tier?: Tier, perDay?: number): Promise<string>;
  /** Time goes on in steps, and what is due is done. */
  pass(ms: number, step?: number): Promise<void>;
  /** Until it is over, `most` at most. */
  over(step?: number, most?: number): Promise<void>;
  /** SHA-256 of what lies in the folder, by name. */
  files(): Record<string, string>;
  close(): Promise<void>;
}

/** AWS's double for one test: the SDK is led there by its own environment alone. */
export async function doubleForTest(): Promise<Double> {
  const double = await startDouble();
  for (const [name, value] of Object.entries(double.environment())) vi.stubEnv(name, value);
  for (const name of ['AWS_PROFILE', 'AWS_REGION', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined);
  return double;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Other bytes for every seed, and in every MiB. */
export function content(size: number, seed: string): Buffer {
  const whole = Buffer.alloc(size, createHash('sha512').update(seed).digest());
  for (let at = 0; at + 4 <= size; at += 1024 * 1024) whole.writeUInt32LE(at / 1024 / 1024, at);
  return whole;
}

export function pricesOfDouble(billed: Billed, of = '2026-06-15'): Prices {
  const { retrievalPerGb, retrievalPerThousand, getPerThousand, egressPerGb, freeEgressGb } = billed;
  const { VAULT, GLACIER, DEEP_ARCHIVE, GLACIER_IR } = getPerThousand;
  const all = { VAULT: 0, GLACIER: 0, DEEP_ARCHIVE: 0, GLACIER_IR: 0 };
  return readPrices(
    {
      of,
      retrievalPerGb,
      retrievalPerThousand,
      getPerThousand: { VAULT, GLACIER, DEEP_ARCHIVE, GLACIER_IR },
      egressPerGb,
      freeEgressGb,
      copyPerGbMonth: billed.restoredCopyPerGbMonth,
      keepingPerGbMonth: all,
      leastDays: all,
    },
    'the double',
  );
}

export async function restoreHouse(
  double: Double,
  options: Partial<RestoresParts> & { readonly directory?: string } = {},
): Promise<RestoreHouse> {
  const directory = options.directory ?? scratchFolder();
  const folder = join(directory, 'back');
  mkdirSync(folder, { recursive: true });
  const now = (): number => double.clock.now();
  const random = (): Uint8Array => new Uint8Array(randomBytes(16));
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)));
  const logged: string[] = [];
  const log = (line: string): void => void logged.push(line);
  const catalogue = await openCatalogue(join(directory, 'archives.db'), { now });
  const watch = new ArchiveWatch({
    catalogue,
    types: sourceTypes,
    tables: [
      { name: 'vaults', type: 'glacier', keys: { regions: ['us-west-2', 'eu-west-1'] } },
      { name: 'buckets', type: 's3', keys: {} },
    ],
    folder: join(directory, 'archives'),
    now,
    random,
    log,
    pause,
  });
  const restores = new Restores({
    catalogue,
    retrieval: (vault) => watch.retrieval(vault),
    folder,
    prices: () => pricesOfDouble(double.prices),
    now,
    random,
    log,
    pause,
    ...options,
  });
  const house: RestoreHouse = {
    double,
    catalogue,
    watch,
    restores,
    folder,
    logged,
    async know() {
      await watch.look();
      await watch.ask(undefined, null).catch(() => 0);
      double.clock.advance(4 * hour + minute);
      await watch.tick();
    },
    async begin(of, tier = 'Bulk', perDay) {
      const plan = await restores.plan(of, perDay);
      const cost = await restores.cost(plan.plan, tier);
      return restores.start({ plan: plan.plan, tier, typed: headlineSize(plan.bytes), cost }, 'phone');
    },
    async pass(ms, step = 10 * minute) {
      await restores.drain();
      for (let gone = 0; gone < ms; gone += step) {
        double.clock.advance(Math.min(step, ms - gone));
        await restores.drain();
      }
    },
    async over(step = 10 * minute, most = 80 * hour) {
      await restores.drain();
      for (let gone = 0; ; gone += step) {
        const { restore } = await restores.view();
        if (restore?.status === 'done') return;
        if (gone > most) throw new Error(`never over: ${JSON.stringify(await restores.view())}`);
        double.clock.advance(step);
        await restores.drain();
      }
    },
    files() {
      const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
      return Object.fromEntries(names.map(({ name }) => [name, sha256(readFileSync(join(folder, name)))]));
    },
    async close() {
      await restores.stop();
      await watch.stop();
      await catalogue.close();
    },
  };
  return house;
}
