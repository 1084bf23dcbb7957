import type { Job, JobStatus, Vault } from '../../../lib/archive.ts';
import type { ErrorCode } from '../../../lib/errors.ts';
import type { Catalogue } from '../catalogue.ts';
import type { Prices } from './prices.ts';
import type { RestoreItem, RestoreRecord } from './records.ts';
import type { Retrieval, Wanted } from './retrieval.ts';

export interface RestoresParts {
  readonly catalogue: Pick<Catalogue, 'vaults' | 'restores'>;
  /** What can ask this vault or bucket; undefined: nothing of the home. */
  readonly retrieval: (vault: Vault) => Retrieval | undefined;
  /** Where archives are written; made where it is not there. */
  readonly folder: string;
  /** As they are now. Throws `config-*`. */
  readonly prices: () => Prices;
  /** Unix ms. */
  readonly now: () => number;
  /** 16 bytes. */
  readonly random: () => Uint8Array;
  readonly log: (line: string) => void;
  readonly pause?: (ms: number) => Promise<void>;
  /** Bytes that may still be written in the folder. */
  readonly free?: (folder: string) => Promise<number>;
  /** Days that S3 is to keep what it has ready. */
  readonly copyDays?: number;
  /** Something of a restore is another than before. */
  readonly changed?: () => void;
  /** An archive is back, compared, as this file. */
  readonly back?: (item: RestoreItem, file: string) => void;
  /** All of it is back, or failed. */
  readonly done?: (record: RestoreRecord, failed: number) => void;
}

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** How long an answer that never came may still turn up in AWS's list. */
export const grace = minute;

/** Where a restore as a whole stops, until what is missing is there. */
export const stopping: readonly ErrorCode[] = [
  'archives-space',
  'archives-folder',
  'archives-credentials',
  'archives-denied',
  'archives-policy',
  'archives-capacity',
  'tool-failed',
];
/** What is tried again by itself. */
export const passing: readonly ErrorCode[] = ['archives-unreachable', 'archives-throttled'];

export function wantedOf(item: RestoreItem, record: RestoreRecord): Wanted {
  const { id, size, storageClass, first, bytes, job, jobId } = item;
  return { id, size, storageClass, first, bytes, job, jobId, tier: record.tier };
}

/** The job that stands for an item, as it is now. `job` must be ours. */
export function jobOf(
  item: Pick<RestoreItem, 'vault' | 'id' | 'bytes'>,
  record: RestoreRecord,
  status: JobStatus,
  more: Pick<Job, 'id' | 'askedAt'> & Partial<Job>,
): Job {
  return {
    vault: item.vault,
    kind: 'archive',
    jobId: null,
    archive: item.id,
    tier: record.tier,
    status,
    askedBy: record.startedBy,
    completedAt: null,
    expiresAt: null,
    size: item.bytes,
    fetched: 0,
    doneAt: null,
    message: null,
    ...more,
  };
}
