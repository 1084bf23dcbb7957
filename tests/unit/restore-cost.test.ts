import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Tier } from '../../lib/archive.ts';
import { headlineSize } from '../../lib/restore.ts';
import { day, hour } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { content, restoreHouse, type RestoreHouse } from './restore-house.ts';

// What a plan promises is what AWS bills: the double counts requests, bytes and tiers on its own.

const mebibyte = 1024 * 1024;
let double: Double;
let house: RestoreHouse | undefined;

beforeEach(async () => {
  double = await startDouble();
  // Bulk of a vault costs nothing by default, and the first 100 GB leave for nothing: nothing could be told apart.
  double.prices = {
    ...double.prices,
    freeEgressGb: 0,
    retrievalPerGb: {
      ...double.prices.retrievalPerGb,
      VAULT: { Expedited: 30, Standard: 10, Bulk: 2.5 },
      GLACIER: { Expedited: 33, Standard: 11, Bulk: 2.75 },
    },
    retrievalPerThousand: {
      ...double.prices.retrievalPerThousand,
      VAULT: { Expedited: 10, Standard: 0.05, Bulk: 0.025 },
      GLACIER: { Expedited: 11, Standard: 0.06, Bulk: 0.03 },
    },
  };
  for (const [name, value] of Object.entries(double.environment())) vi.stubEnv(name, value);
  for (const name of ['AWS_PROFILE', 'AWS_REGION', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  await house?.close();
  house = undefined;
  await double.close();
  vi.unstubAllEnvs();
});

type Kept = readonly ['vault' | 'GLACIER' | 'DEEP_ARCHIVE' | 'GLACIER_IR', mib: number];

interface Scenario {
  readonly what: string;
  readonly kept: readonly Kept[];
  readonly tier: Tier;
  readonly perDayMib?: number;
}

const scenarios: readonly Scenario[] = [
  { what: 'one archive of a vault, Bulk', kept: [['vault', 3]], tier: 'Bulk' },
  { what: 'one of a vault, Standard', kept: [['vault', 20]], tier: 'Standard' },
  { what: 'one of a vault, Expedited', kept: [['vault', 2]], tier: 'Expedited' },
  {
    what: 'several of a vault',
    kept: [
      ['vault', 1],
      ['vault', 5],
      ['vault', 18],
    ],
    tier: 'Bulk',
  },
  { what: 'one of a vault in parts, by the cap of a day', kept: [['vault', 21]], tier: 'Bulk', perDayMib: 8 },
  {
    what: 'several, by the cap of a day',
    kept: [
      ['vault', 6],
      ['vault', 5],
      ['vault', 7],
    ],
    tier: 'Standard',
    perDayMib: 8,
  },
  { what: 'one of class GLACIER', kept: [['GLACIER', 4]], tier: 'Standard' },
  { what: 'one of class DEEP_ARCHIVE', kept: [['DEEP_ARCHIVE', 4]], tier: 'Bulk' },
  { what: 'one that needs no restore', kept: [['GLACIER_IR', 4]], tier: 'Bulk' },
  {
    what: 'all classes together',
    kept: [
      ['vault', 3],
      ['GLACIER', 3],
      ['DEEP_ARCHIVE', 3],
      ['GLACIER_IR', 3],
    ],
    tier: 'Standard',
  },
];

test.each(scenarios)(
  'the bill is as the plan said: $what',
  { timeout: 120_000 },
  async ({ kept, tier, perDayMib }) => {
    const vault = double.vault('us-west-2', 'photos');
    const bucket = double.bucket('attic-archives', 'eu-west-1');
    const archives = kept.map(([where, mib], i) => {
      const bytes = content(mib * mebibyte + i + 1, `${where} ${i}`);
      if (where === 'vault') return { vault: vault.arn, id: vault.put(`piece ${i}`, bytes).id };
      bucket.put(`piece-${i}`, bytes, where);
      return { vault: 'arn:aws:s3:::attic-archives', id: `piece-${i}` };
    });
    double.clock.advance(2 * day);
    const made = await restoreHouse(double);
    house = made;
    await made.know();
    const before = double.bill().dollars;
    const plan = await made.restores.plan(
      { archives },
      perDayMib === undefined ? undefined : perDayMib * mebibyte,
    );
    const said = await made.restores.cost(plan.plan, tier);
    expect(double.bill().dollars).toBe(before);
    await made.restores.start(
      { plan: plan.plan, tier, typed: headlineSize(plan.bytes), cost: said },
      'phone',
    );
    await made.over(hour / 2, 20 * day);
    const { restore } = await made.restores.view();
    expect(restore).toMatchObject({ status: 'done', back: kept.length, failed: 0 });
    const billed = (double.bill().dollars - before) * 1e6;
    // Within a hundredth of the whole: looks at S3 follow how long AWS takes.
    expect({ billed, said, near: Math.abs(billed - said) <= Math.max(3, said * 0.01) }).toMatchObject({
      near: true,
    });
    // What was counted while it went is the bill, but for rounding.
    expect(Math.abs((restore?.cost ?? 0) - billed)).toBeLessThanOrEqual(5);
  },
);
