import type { AttackHour, AttackKind, Ban, BanEvidence, SourceState } from '../../lib/ban.ts';
import type { BanFacts } from './source.ts';

/** A ban that is new or another (its times changed), or `gone`. */
export interface BanChange extends Ban {
  readonly gone?: true;
}

/**
 * Part of what changed since a cursor. `reset`: forget what was known, this begins anew. `more`: ask again at once with
 * the new cursor. Changes of one ban come in order; an answer holds at most 2000.
 */
export interface BanChanges {
  readonly cursor: string;
  readonly reset?: true;
  readonly more?: true;
  readonly changes: readonly BanChange[];
  readonly sources: readonly SourceState[];
}

export interface Attacks {
  /** The last 48 hours, oldest first. */
  readonly hours: readonly AttackHour[];
  /** Newest first, at most 20. */
  readonly recent: readonly {
    readonly at: number;
    readonly kind: AttackKind;
    readonly address?: string;
    readonly user?: string;
    /** The log's line, at most 200 characters. */
    readonly text: string;
  }[];
  /** False: no log can be read. */
  readonly reads: boolean;
}

/**
 * The room in which ban sources live: the root helper across its socket, or in tests the keeper itself.
 * Throws LatchkeyError `tool-*`, `refused-*`.
 */
export interface BanHost {
  /**
   * What changed since the cursor ('' at first). Where nothing did, it answers when something does, or after 20 s
   * with nothing. One such question at a time.
   */
  banChanges(cursor: string): Promise<BanChanges>;
  /** Every ban of every source that turns this canonical address away, asked now. */
  banned(address: string): Promise<readonly Ban[]>;
  /** At most 64 values. */
  banFacts(
    source: string,
    jail: string,
    values: readonly string[],
  ): Promise<readonly (BanFacts & { readonly value: string })[]>;
  banEvidence(source: string, jail: string, value: string): Promise<BanEvidence>;
  /** Lifts every ban of this value, wherever; what was lifted. Only values that are canonical, or on a list. */
  unban(value: string): Promise<readonly Ban[]>;
  /** Sets a ban again that this room lifted in the last 2 minutes: `refused-replay` otherwise. */
  reban(source: string, jail: string, value: string): Promise<void>;
  attacks(): Promise<Attacks>;
}
