import { tiers, type Tier } from '../../../lib/archive.ts';
import type { RestoreChoice, RestorePlan } from '../../../lib/protocol/restores.ts';
import { costOf, inAll, type Amounts, type Cost } from './cost.ts';
import type { Prices } from './prices.ts';
import type { Chosen, Chosenness, ClassSum } from './records.ts';
import { largestExpedited, looksOf, waitingOf } from './tiers.ts';

/** What a plan counts: pure, from what is chosen and a table of prices. */

export interface Counting {
  readonly chosen: Chosenness;
  readonly prices: Prices;
  /** Days that S3 keeps a copy. */
  readonly copyDays: number;
}

const day = 86_400_000;
/** The cheapest first. */
const order: readonly Tier[] = ['Bulk', 'Standard', 'Expedited'];

type Refused = RestorePlan['refused'][number];

export function refusedOf({ classes }: Chosenness): Refused[] {
  return tiers.flatMap((tier): Refused[] => {
    const asked = classes.filter(({ asks }) => asks > 0);
    // nothing has to be asked for, and one price is for all
    if (asked.length === 0) return tier === 'Bulk' ? [] : [{ tier, why: 'no-restore' }];
    if (asked.some(({ storageClass }) => waitingOf(storageClass, tier) === undefined))
      return [{ tier, why: 'class' }];
    if (tier === 'Expedited' && asked.some(({ largest }) => largest > largestExpedited))
      return [{ tier, why: 'too-big' }];
    return [];
  });
}

/** What AWS will count, where it takes as long as it says at most and nothing breaks off. */
export function amountsOf({ chosen, copyDays }: Omit<Counting, 'prices'>, tier: Tier): Amounts[] {
  return chosen.classes.map((one) => {
    const { storageClass, bytes, ready, asks, ranges } = one;
    const needsNone = storageClass === 'GLACIER_IR';
    const asked = needsNone ? 0 : bytes - ready.bytes;
    return {
      storageClass,
      asks,
      retrieved: needsNone ? bytes : asked,
      looks: looks(one, tier),
      gets: ranges,
      out: bytes,
      copyByteDays: storageClass === 'VAULT' ? 0 : asked * copyDays,
    };
  });
}

/** Of S3: whether somebody asked before us, until it is there, and what it is to be compared with. */
function looks({ storageClass, archives, ready, asks }: ClassSum, tier: Tier): number {
  if (storageClass === 'VAULT') return 0;
  if (storageClass === 'GLACIER_IR') return archives;
  const waiting = waitingOf(storageClass, tier);
  return asks * (1 + (waiting === undefined ? 0 : looksOf(waiting))) + ready.archives + archives;
}

export function costWith(counting: Counting, tier: Tier): Cost {
  return costOf(amountsOf(counting, tier), tier, counting.prices);
}

export function choicesOf(counting: Counting): RestoreChoice[] {
  const { chosen } = counting;
  const refused = new Set(refusedOf(chosen).map(({ tier }) => tier));
  return order
    .filter((tier) => !refused.has(tier))
    .map((tier) => {
      const waits = chosen.classes
        .filter(({ asks }) => asks > 0)
        .flatMap(({ storageClass }) => waitingOf(storageClass, tier) ?? []);
      const latestMs = Math.max(0, ...waits.map((wait) => wait.latestMs));
      return {
        tier,
        retrieval: costWith(counting, tier).retrieval,
        earliestMs: waits.length === 0 ? 0 : Math.min(...waits.map((wait) => wait.earliestMs)),
        latestMs,
        days: chosen.days - 1 + Math.max(1, Math.ceil(latestMs / day)),
      };
    });
}

export interface Planned {
  readonly id: string;
  readonly of: Chosen;
  readonly perDay: number | undefined;
  readonly bytes: number;
  readonly madeAt: number;
}

/** The whole, as a plan shows it. */
export function wholeCost(counting: Counting, tier: Tier): number {
  return inAll(costWith(counting, tier));
}

export function planView(
  { id, perDay }: Planned,
  counting: Counting,
  place: { readonly free: number; readonly folder: string },
): RestorePlan {
  const { chosen, prices } = counting;
  const { transfer, copies, requests } = costWith(counting, 'Bulk');
  return {
    plan: id,
    archives: chosen.archives,
    bytes: chosen.bytes,
    names: chosen.names.map((name) => name.slice(0, 200)),
    leftOut: chosen.leftOut,
    ...(chosen.again === 0 ? {} : { again: chosen.again }),
    disk: { need: chosen.bytes, free: place.free },
    folder: place.folder,
    choices: choicesOf(counting),
    refused: refusedOf(chosen),
    transfer,
    copies,
    requests,
    ...(perDay === undefined ? {} : { perDay }),
    pricesOf: prices.of,
  };
}
