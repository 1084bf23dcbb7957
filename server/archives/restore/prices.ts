import path from 'node:path';
import * as v from 'valibot';
import type { StorageClass, Tier } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { readPlain } from '../../files.ts';
import shipped from '../prices.json' with { type: 'json' };

const dollars = v.pipe(v.number(), v.finite(), v.minValue(0));
const byTier = v.strictObject({
  Expedited: v.exactOptional(dollars),
  Standard: v.exactOptional(dollars),
  Bulk: v.exactOptional(dollars),
});
const byClass = v.strictObject({
  VAULT: dollars,
  GLACIER: dollars,
  DEEP_ARCHIVE: dollars,
  GLACIER_IR: dollars,
});

/** A table of prices in US dollars, as `prices.json` beside the catalogue's code has it. GB are 2^30 bytes, as AWS counts. */
const table = v.strictObject({
  /** When they were looked up, YYYY-MM-DD. */
  of: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\d$/, 'must be a day, YYYY-MM-DD')),
  /** Where from: for whoever checks them. */
  from: v.optional(v.string(), ''),
  retrievalPerGb: v.strictObject({
    VAULT: byTier,
    GLACIER: byTier,
    DEEP_ARCHIVE: byTier,
    /** Billed as it is read. */
    GLACIER_IR: v.strictObject({ Standard: dollars }),
  }),
  /** A question is a request: InitiateJob, RestoreObject. */
  retrievalPerThousand: v.strictObject({ VAULT: byTier, GLACIER: byTier, DEEP_ARCHIVE: byTier }),
  getPerThousand: byClass,
  egressPerGb: dollars,
  /** Of each month, for the whole account. */
  freeEgressGb: dollars,
  /** What S3 has ready is kept beside its archive, as STANDARD. */
  copyPerGbMonth: dollars,
  /** Of the archives themselves, and for how many days at least that is billed. */
  keepingPerGbMonth: byClass,
  leastDays: byClass,
});
export type Prices = v.InferOutput<typeof table>;

export function readPrices(read: unknown, file: string): Prices {
  const checked = v.safeParse(table, read);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new LatchkeyError('config-invalid', `${file}: ${v.getDotPath(issue) ?? 'file'}: ${issue.message}`);
}

export const shippedPrices: Prices = readPrices(shipped, 'prices.json');

/** The home's own `prices.json`, whole, in place of ours. Read at every plan, so that an edit counts at once. Throws `config-*`. */
export function pricesIn(directory: string): Prices {
  const file = path.join(directory, 'prices.json');
  const text = readPlain(file);
  if (text === undefined) return shippedPrices;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw new LatchkeyError('config-invalid', `${file}: ${(cause as Error).message}`, { cause });
  }
  return readPrices(read, file);
}

/** Undefined: AWS offers no such tier for the class. An archive that needs no restore has one price for all. */
export function pricePerGb(prices: Prices, storageClass: StorageClass, tier: Tier): number | undefined {
  if (storageClass === 'GLACIER_IR') return prices.retrievalPerGb.GLACIER_IR.Standard;
  return prices.retrievalPerGb[storageClass][tier];
}

/** Of keeping an archive: US dollars for a GB (2^30 bytes) and month, and the days that are billed at least. */
export function keepingIn(directory: string) {
  return (storageClass: StorageClass): { readonly perGbMonth: number; readonly leastDays: number } => {
    const { keepingPerGbMonth, leastDays } = pricesIn(directory);
    return { perGbMonth: keepingPerGbMonth[storageClass], leastDays: leastDays[storageClass] };
  };
}
