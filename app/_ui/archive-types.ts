import type { ReactNode } from 'react';
import type { ChartFace } from './ban-types.ts';
import type { ExportState } from '../_state/archive-export.ts';
import type { ArchiveSort, ArchiveRow } from '../../lib/protocol/archives.ts';
import type { ArchiveQuery } from '../_state/archive-types.ts';

/** What the screens of Archives are given: words ready to print. Names are text of others, made fit to be shown. */

export interface ArchiveRowFace {
  readonly key: string;
  readonly row: ArchiveRow;
  /** Absent: nobody described it. */
  readonly name?: string;
  readonly vault: string;
  readonly created: string;
  readonly size: string;
  readonly state: ArchiveStateFace;
}

export interface ArchiveStateFace {
  readonly words: string;
  /** `now`: under way; `brass`: ready. */
  readonly tone: 'dim' | 'now' | 'brass';
}

export interface ArchiveListFace {
  readonly title: string;
  /** Rows that are loaded. */
  readonly total: number;
  readonly row: (index: number) => ArchiveRowFace | undefined;
  readonly more: boolean;
  readonly settling: boolean;
  /** Not what is so now: the home does not answer. */
  readonly old: boolean;
  readonly chosen?: string;
  readonly sort: ArchiveSort;
  readonly descending: boolean;
  /** 11 of 214 shown. */
  readonly shown?: string;
}

export interface VaultFilter {
  readonly key: string;
  readonly query: ArchiveQuery;
  readonly label: string;
  readonly count: string;
  readonly on: boolean;
}

export interface ArchivesFace {
  readonly title: string;
  readonly lede: string;
  /** Where there is room for it. */
  readonly ledeWide: string;
  /** What is wrong: a sentence, and what can be done. */
  readonly troubles: readonly (readonly [sentence: string, remedy: string])[];
  /** What AWS or the home is at, one sentence each. */
  readonly notes: readonly string[];
  /** A list on its way into the catalogue, from here or elsewhere. */
  readonly taking?: TakingFace;
  readonly filters: readonly VaultFilter[];
  readonly moreVaults?: string;
  readonly search: string;
  readonly active: readonly ArchiveRowFace[];
  readonly list: ArchiveListFace;
  /** In place of a list. */
  readonly empty?: string;
  /** Nothing is there, and what may be done about it stands on the screen itself. */
  readonly begins: boolean;
  readonly more: MoreFace;
}

export interface TakingFace {
  readonly title: string;
  readonly words: string;
  /** How much of it is done. */
  readonly left?: number;
  readonly of?: number;
  /** Ends it, where this device can. */
  readonly stops: boolean;
  /** It is over: well, or not. */
  readonly ended?: 'done' | 'failed';
  /** The file names no vault: a person may. */
  readonly asks?: true;
}

/** What is done with lists as a whole. */
export interface MoreFace {
  readonly chart?: ChartFace;
  readonly ask: string;
  readonly asking: boolean;
  /** What came of asking. */
  readonly asked?: string;
  /** In place of asking and bringing: where it is allowed. */
  readonly mayNot?: { readonly words: string; readonly command: string };
  readonly exports: string;
  readonly exporting: ExportState;
  readonly exportWords?: string;
  readonly busy: boolean;
}

export interface CopyFact {
  readonly term: string;
  /** Made fit to be shown. */
  readonly value: string;
  /** What is copied: as it is. */
  readonly whole: string;
  readonly copy: string;
}

export interface ArchiveDetailFace {
  readonly key: string;
  readonly row: ArchiveRow;
  readonly title: string;
  readonly named: boolean;
  /** Above the title where there is room: its vault. */
  readonly over: string;
  readonly lede: string;
  readonly waiting?: {
    readonly title: string;
    readonly words: string;
    readonly label: string;
    readonly left: number;
    readonly of: number;
  };
  readonly size: string;
  readonly bytes: string;
  readonly facts: readonly (readonly [term: string, value: string, mono?: boolean])[];
  readonly state: ArchiveStateFace;
  /** What is copied whole. */
  readonly copies: readonly CopyFact[];
  readonly loading: boolean;
  readonly failed?: string;
}

/** Rows are choices: several are got back together. */
export interface Choosing {
  readonly chosen: ReadonlySet<string>;
  readonly onToggle: (row: ArchiveRowFace) => void;
  /** Why this one cannot be chosen; undefined: it can. */
  readonly refuses?: (row: ArchiveRowFace) => string | undefined;
}

/** What getting back and sending add to the screen, each where the design has it. */
export interface ArchiveSlots {
  /** At the foot of the detail: *Get it back*. */
  readonly act?: ReactNode;
  /** Between filters and lists: what is under way as a whole. */
  readonly above?: ReactNode;
  /** At the foot of the list while several are chosen. */
  readonly below?: ReactNode;
  readonly choosing?: Choosing;
}
