import type { StorageClass, Tier, Vault } from '../../../lib/archive.ts';
import type { RangeAnswer } from '../ranged-download.ts';

/**
 * How what lies in a vault or bucket is asked back and fetched. A source that can has one. Methods throw `archives-*`.
 * Nothing here decides: what is asked, and when, stands on the disk before.
 */
export interface Retrieval {
  /** Whether this vault or bucket is one that it can ask. */
  serves(vault: Vault): boolean;
  /**
   * Asks AWS, once: where the answer is lost it throws `archives-unreachable`, and `look` finds out. Says `ready` where
   * AWS has it ready already, which costs nothing.
   */
  ask(vault: Vault, wanted: Wanted, order: { readonly tier: Tier; readonly days: number }): Promise<Standing>;
  /**
   * How each stands now, in their order. What somebody else has asked for in the same way counts too: nothing is paid
   * for twice.
   */
  look(vault: Vault, wanted: readonly Wanted[]): Promise<readonly Standing[]>;
  /** Of one look, the requests that cost. */
  readonly looksCost: boolean;
  /** Bytes of the archive, inclusive. `archives-expired` where AWS no longer has them ready. */
  range(
    vault: Vault,
    wanted: Wanted,
    first: number,
    last: number,
    signal: AbortSignal,
  ): Promise<RetrievedRange>;
  /** What is known of the whole, beside the catalogue; asked once it is here. */
  sums(vault: Vault, wanted: Wanted): Promise<Sums>;
}

/** An archive, or a part of it. */
export interface Wanted {
  readonly id: string;
  /** Of the archive. */
  readonly size: number;
  readonly storageClass: StorageClass;
  /** Of the part. */
  readonly first: number;
  readonly bytes: number;
  /** Ours, which is its description at AWS; null: never asked. */
  readonly job: string | null;
  readonly jobId: string | null;
  readonly tier: Tier;
}

export type Standing =
  /** Nobody asked for it. */
  | { readonly state: 'none' }
  /** `ours`: by this question. */
  | { readonly state: 'asked'; readonly jobId: string | null; readonly ours: boolean }
  | {
      readonly state: 'ready';
      readonly jobId: string | null;
      readonly ours: boolean;
      /** Null: for ever. */
      readonly until: number | null;
    }
  | { readonly state: 'failed'; readonly message: string | null };

export interface RetrievedRange extends RangeAnswer {
  /** AWS's own, of this range; absent: it tells none. */
  readonly treeHash?: string;
}

export interface Sums {
  readonly treeHash?: string;
  /** S3's, without its quotes; absent where it is no hash of the bytes. */
  readonly etag?: string;
}
