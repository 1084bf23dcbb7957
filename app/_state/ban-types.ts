import type { ErrorCode } from '../../lib/errors.ts';
import type { BanHit, BanRow, OwnBan } from '../../lib/protocol/bans.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import type { Load } from './types.ts';

/** What the home said. Durations in it count from `at`, monotonic ms: when it was asked, so never too young. */
export interface Said<Value> {
  readonly value: Value;
  readonly at: number;
}

export interface BansState {
  /** Absent: the home has not said in this page's life. */
  readonly summary?: Said<ResultOf<'bans'>>;
  /** `summary` may be shown as what is so; else it is the last that is known. */
  readonly fresh: boolean;
  readonly load: Load;
  readonly list: BanListState;
  readonly chosen?: ChosenBan;
  readonly networks?: NetworksState;
  readonly counts: CountsState;
  readonly attacks: { readonly said?: Said<ResultOf<'attacks'>>; readonly load: Load };
  /** An `unban` on its way: the value, or this device's own address. */
  readonly lifting?: string;
  /** What the last one came to; goes by itself, or with the next. */
  readonly lifted?: Lifted;
  readonly liftFailed?: { readonly value: string; readonly what: 'unban' | 'undo'; readonly code: ErrorCode };
}

export interface BanQuery {
  readonly source?: string;
  readonly jail?: string;
  readonly search?: string;
}

export interface BanListState {
  readonly query: BanQuery;
  /** What is there answers the query before this one. */
  readonly settling: boolean;
  /** Rows in all; absent: not known yet. */
  readonly total?: number;
  /** Rows by page number, `banPage` each: only pages near to what is looked at. */
  readonly pages: ReadonlyMap<number, Said<readonly BanRow[]>>;
  readonly load: Load;
}

export type BanName = Pick<BanHit, 'source' | 'jail' | 'value'>;

export interface ChosenBan {
  readonly ban: BanName;
  readonly said?: Said<ResultOf<'ban'>>;
  readonly load: Load;
}

export interface NetworksState {
  readonly source: string;
  readonly jail: string;
  readonly rows: ResultOf<'banNetworks'>['rows'];
  readonly total?: number;
  readonly load: Load;
}

export interface CountsState {
  /** Unix ms, one more than there are days: the viewer's own midnights. */
  readonly edges: readonly number[];
  readonly said?: Said<ResultOf<'banCounts'>>;
  readonly load: Load;
}

export interface Lifted {
  readonly value: string;
  readonly hits: readonly BanHit[];
  /** What still turns it away. */
  readonly left: readonly BanHit[];
  /** What set it will set it again. */
  readonly comesBack: boolean;
  /** It can be taken back for so long; absent: not any more, or never. */
  readonly undoMs?: number;
  /** It was taken back. */
  readonly undone: boolean;
}

/** What turns this device away now. */
export interface OwnBanned extends OwnBan {
  /** What `leftMs` counts from: monotonic ms. */
  readonly at: number;
}
