import type { BanName, BanQuery } from '../_state/ban-types.ts';

/** What Bans is drawn from: words, and numbers for bars. Text of strangers is made fit to be shown already. */

export interface BanRowFace {
  readonly key: string;
  readonly ban: BanName;
  readonly value: string;
  readonly jail: string;
  readonly why?: string;
  readonly since: string;
  readonly left: string;
}

export interface BanListFace {
  /** Rows in all. */
  readonly total: number;
  /** Undefined: not loaded yet. */
  readonly row: (index: number) => BanRowFace | undefined;
  /** It answers what was asked before. */
  readonly settling: boolean;
  /** Not the present. */
  readonly old: boolean;
  readonly chosen?: string;
}

export interface JailFilter {
  readonly key: string;
  readonly query: BanQuery;
  readonly label: string;
  readonly count: number;
  readonly mono: boolean;
  readonly on: boolean;
}

export interface OwnFace {
  readonly state: 'free' | 'banned' | 'old' | 'unknown';
  readonly words: string;
  readonly address?: string;
}

export interface FloodFace {
  readonly key: string;
  readonly source: string;
  readonly jailName: string;
  readonly jail: string;
  readonly title: string;
  readonly from: string;
  readonly slots: readonly number[];
  readonly label: string;
  readonly begins: string;
  readonly last: string;
}

export interface BansFace {
  readonly title: string;
  readonly lede: string;
  /** The sentence is about new bans alone, which a chart says too. */
  readonly calm: boolean;
  readonly own: OwnFace;
  /** What is wrong, one sentence each. */
  readonly troubles: readonly string[];
  readonly filters: readonly JailFilter[];
  readonly moreJails?: string;
  readonly search: string;
  /** So many that finding one takes a field. */
  readonly many: boolean;
  readonly floods: readonly FloodFace[];
  readonly list: BanListFace;
  /** In place of a list. */
  readonly empty?: string;
}

export interface BanDetailFace {
  readonly head: string;
  readonly value: string;
  readonly until: string;
  /** It stands. */
  readonly stands: boolean;
  readonly facts: readonly (readonly [term: string, value: string, mono?: string])[];
  readonly tries: readonly { readonly time: string; readonly user: string; readonly how: string }[];
  readonly lines: readonly { readonly time: string; readonly text: string }[];
  readonly loading: boolean;
  readonly failed?: string;
  readonly busy: boolean;
  /** Why it cannot be lifted from here. */
  readonly cannot?: string;
}

export interface ChartRow {
  readonly key: string;
  readonly label: string;
  readonly mono: boolean;
  readonly counts: readonly number[];
}

/** Bars of equal times, one row a jail or kind, all rows on one scale. */
export interface ChartFace {
  readonly title: string;
  readonly what: string;
  readonly rows: readonly ChartRow[];
  /** Each slot's name, for the table; the last is now. */
  readonly slots: readonly string[];
  readonly slotHead: string;
  /** Names under the bars, by slot. */
  readonly axis: readonly (readonly [slot: number, label: string])[];
  readonly now: string;
  /** The last bar is red: bans. */
  readonly harm: boolean;
  readonly peak?: { readonly row: string; readonly slot: number; readonly label: string };
  readonly note?: string;
  /** How a count is written; absent: as the number that it is. */
  readonly words?: (count: number) => string;
  /** What the table tells beside the bars, one for each slot. */
  readonly beside?: { readonly label: string; readonly cells: readonly string[] };
}

export interface TryingFace {
  readonly chart?: ChartFace;
  /** In one line. */
  readonly sum: string;
  readonly line?: string;
  readonly recent: readonly {
    readonly key: string;
    readonly time: string;
    readonly address: string;
    readonly kind: string;
    readonly text: string;
  }[];
}
