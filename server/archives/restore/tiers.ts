import type { StorageClass, Tier } from '../../../lib/archive.ts';

/**
 * How long AWS takes, as it says (Amazon Glacier Developer Guide, "Archive Retrieval Options"; S3 User Guide, "Archive
 * retrieval options"). Where it names only the longest, both are that.
 */
export interface Waiting {
  readonly earliestMs: number;
  readonly latestMs: number;
}

const minute = 60_000;
const hour = 60 * minute;

const glacier: Readonly<Record<Tier, Waiting>> = {
  Expedited: { earliestMs: minute, latestMs: 5 * minute },
  Standard: { earliestMs: 3 * hour, latestMs: 5 * hour },
  Bulk: { earliestMs: 5 * hour, latestMs: 12 * hour },
};
const deep: Readonly<Record<'Standard' | 'Bulk', Waiting>> = {
  Standard: { earliestMs: 12 * hour, latestMs: 12 * hour },
  Bulk: { earliestMs: 48 * hour, latestMs: 48 * hour },
};
const none: Waiting = { earliestMs: 0, latestMs: 0 };

/** Expedited is quick for archives below this; above it AWS promises nothing. */
export const largestExpedited = 250_000_000;

/** Undefined: AWS refuses that tier for the class. */
export function waitingOf(storageClass: StorageClass, tier: Tier): Waiting | undefined {
  if (storageClass === 'GLACIER_IR') return none;
  if (storageClass === 'DEEP_ARCHIVE') return tier === 'Expedited' ? undefined : deep[tier];
  return glacier[tier];
}

/**
 * When it is looked whether S3 has it ready: each look is a request that costs. First when it may be, then at even
 * steps. Of vaults one request tells of fifty, and costs nothing.
 */
export function firstLook({ earliestMs, latestMs }: Waiting): number {
  return earliestMs < latestMs ? earliestMs : Math.round(latestMs * 0.75);
}

export function stepOf({ latestMs }: Waiting): number {
  return Math.max(minute, Math.round(latestMs / 24));
}

/** Looks until it is there, where AWS takes as long as it says at most. */
export function looksOf(waiting: Waiting): number {
  return 1 + Math.ceil((waiting.latestMs - firstLook(waiting)) / stepOf(waiting));
}
