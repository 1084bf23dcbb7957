import { jobOf, minute } from './engine.ts';
import type { Counted } from './cost.ts';
import type { ItemChange, RestoreChange, RestoreItem, RestoreRecord } from './records.ts';
import type { Standing } from './retrieval.ts';
import { firstLook, stepOf, waitingOf } from './tiers.ts';

/**
 * What changes of an item by what AWS says of it at `now`. `counted`: what was counted on the way. `billed`: our
 * question was taken, and is heard of now.
 */
export function standingChange(
  record: RestoreRecord,
  item: RestoreItem,
  standing: Standing & { state: 'asked' | 'ready' },
  { billed, counted, now }: { billed: boolean; counted: Partial<Counted>; now: number },
): RestoreChange {
  const ready = standing.state === 'ready';
  const until = ready ? standing.until : null;
  const set: ItemChange = ready
    ? { state: 'ready', jobId: standing.jobId, heard: 1, readyAt: now, until, due: now }
    : { state: 'asked', jobId: standing.jobId, heard: 1, due: nextLook(record, item, now) };
  const { n, job } = item;
  return {
    restore: record.id,
    items: [{ n, set, add: { ...counted, ...(billed ? billOf(record, item) : {}) } }],
    ...(job === null
      ? {}
      : {
          jobs: [
            jobOf(item, record, ready ? 'ready' : 'running', {
              id: job,
              askedAt: item.askedAt ?? now,
              jobId: standing.jobId,
              completedAt: ready ? now : null,
              expiresAt: until,
            }),
          ],
        }),
  };
}

function billOf({ copyDays }: RestoreRecord, { bytes, storageClass }: RestoreItem): Partial<Counted> {
  return {
    asks: 1,
    retrieved: bytes,
    copyByteDays: storageClass === 'VAULT' ? 0 : bytes * copyDays,
  };
}

function nextLook(record: RestoreRecord, { storageClass, askedAt }: RestoreItem, now: number): number {
  const asked = askedAt ?? now;
  const waiting = waitingOf(storageClass, record.tier) ?? { earliestMs: 0, latestMs: 5 * minute };
  // vaults tell of fifty at once, for nothing
  if (storageClass === 'VAULT') return now + Math.min(Math.max((now - asked) / 6, minute), 20 * minute);
  const first = asked + firstLook(waiting);
  return now < first ? first : now + stepOf(waiting);
}
