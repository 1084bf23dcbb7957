import type { Job, StorageClass, Tier } from '../../../lib/archive.ts';
import type { RestoreState, RestoreStatus } from '../../../lib/restore.ts';
import type { Amounts, Counted } from './cost.ts';

/** What of a restore stands in archives.db. Sizes are bytes, times Unix ms, money millionths of a US dollar. */

/** A restore: what somebody asked for, once. */
export interface RestoreRecord {
  /** 22 letters. */
  readonly id: string;
  readonly startedAt: number;
  /** The device's or person's name; null: at home. */
  readonly startedBy: string | null;
  readonly tier: Tier;
  /** Bytes that may be asked for in a day; null: no cap. */
  readonly perDay: number | null;
  readonly status: RestoreStatus;
  /** 1: asks for no more; what is asked for still comes. */
  readonly pausing: 0 | 1;
  /** Where it is written. */
  readonly folder: string;
  /** Stopped by itself, and why; it goes on by itself. */
  readonly code: string | null;
  /** As the plan said. */
  readonly costInAll: number;
  /** Days that S3 keeps a copy for. */
  readonly copyDays: number;
  readonly doneAt: number | null;
  readonly archives: number;
  readonly bytes: number;
}

/** An archive of a restore, or a part of one that is asked for by itself. */
export interface RestoreItem {
  readonly restore: string;
  /** Unique, and the order in which they are asked for. */
  readonly n: number;
  /** `n` of the first part of the same archive. */
  readonly whole: number;
  /** Key. */
  readonly vault: string;
  readonly id: string;
  /** Of the archive: as the catalogue had it, bytes of the whole. */
  readonly name: string;
  readonly size: number;
  readonly treeHash: string | null;
  readonly storageClass: StorageClass;
  /** From 1. */
  readonly part: number;
  readonly parts: number;
  readonly first: number;
  readonly bytes: number;
  readonly state: RestoreState;
  /** Our id of the job; null: not asked for, or none is needed. */
  readonly job: string | null;
  /** AWS's; null until it has answered, and for S3. */
  readonly jobId: string | null;
  /** 1: AWS has answered the question. */
  readonly heard: 0 | 1;
  /** Staged a second time, since the first runs out: our id and AWS's. */
  readonly nextJob: string | null;
  readonly nextJobId: string | null;
  readonly askedAt: number | null;
  /** When it was, or should be, ready. */
  readonly readyAt: number | null;
  readonly until: number | null;
  /** When it is to be looked after. */
  readonly due: number;
  /** Bytes of this part that are on the disk. */
  readonly down: number;
  readonly checkedAt: number | null;
  /** What it was checked against. */
  readonly checked: Checked | null;
  readonly code: string | null;
  readonly message: string | null;
  /** Its name in the folder, once it is there. */
  readonly file: string | null;
  /** Times that AWS had it ready and it was not fetched in time. */
  readonly missed: number;
  readonly asks: number;
  readonly retrieved: number;
  readonly looks: number;
  readonly gets: number;
  readonly out: number;
  readonly copyByteDays: number;
}

/**
 * - `tree-hash`: Glacier's own, of the catalogue or of the object's metadata.
 * - `md5`: S3's ETag, of the whole or of its parts.
 * - `size`: nothing else is known of it.
 */
export type Checked = 'tree-hash' | 'md5' | 'size';

/** What may change of an item. */
export type ItemChange = Partial<
  Omit<RestoreItem, 'restore' | 'n' | 'whole' | 'vault' | 'id' | keyof Counted>
>;
export type RecordChange = Partial<Omit<RestoreRecord, 'id' | 'startedAt' | 'startedBy'>>;

/** One write, all of it or none. */
export interface RestoreChange {
  readonly restore: string;
  readonly record?: RecordChange;
  readonly items?: readonly {
    readonly n: number;
    readonly set: ItemChange;
    readonly add?: Partial<Counted>;
  }[];
  readonly jobs?: readonly Job[];
  /** The tree hash, in hexadecimal, of an archive of which none was known: by one of its items. */
  readonly hashed?: { readonly item: number; readonly treeHash: string };
}

/** What a restore is to bring back. */
export type Chosen =
  | { readonly vault: string }
  | { readonly archives: readonly { readonly vault: string; readonly id: string }[] };

export interface Choosing {
  readonly chosen: Chosen;
  readonly perDay?: number;
  /** Keys of vaults that some source of the home can ask. */
  readonly served: readonly string[];
  readonly now: number;
}

/** What is chosen, counted. */
export interface Chosenness {
  readonly archives: number;
  readonly bytes: number;
  readonly leftOut: number;
  /** Of the archives, those that came back before. */
  readonly again: number;
  /** The first four. */
  readonly names: readonly string[];
  readonly classes: readonly ClassSum[];
  /** Days that asking takes, by the cap. */
  readonly days: number;
}

export interface ClassSum {
  readonly storageClass: StorageClass;
  readonly archives: number;
  readonly bytes: number;
  /** That AWS has ready already. */
  readonly ready: { readonly archives: number; readonly bytes: number };
  /** Parts that must be asked for. */
  readonly asks: number;
  readonly ranges: number;
  /** Of the largest part. */
  readonly largest: number;
}

/** How a restore stands. */
export interface RestoreSums {
  readonly states: readonly {
    readonly state: RestoreState;
    readonly items: number;
    readonly bytes: number;
    /** First parts. */
    readonly archives: number;
    /** Bytes of archives of which this is the first part. */
    readonly whole: number;
    readonly down: number;
  }[];
  readonly amounts: readonly Amounts[];
  /** Bytes asked for since `since` of the question. */
  readonly askedSince: number;
}

export type ItemQuery = {
  readonly restore: string;
  readonly limit: number;
} & (
  | { readonly by: 'shown'; readonly from: number }
  /** In the order of asking. */
  | { readonly by: 'waiting' }
  /** That must be looked after now: asked for. */
  | { readonly by: 'due'; readonly now: number }
  /** Ready, coming or to be checked; what runs out first, first. */
  | { readonly by: 'fetching' }
  | { readonly by: 'whole'; readonly whole: number }
  /** Archives that came back into the same folder, of other restores too: from `first` on, by `n`. */
  | { readonly by: 'back'; readonly first: number }
);
