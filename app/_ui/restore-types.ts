import type { Tier } from '../../lib/archive.ts';
import type { ProofLink } from './types.ts';

/** What the screens of getting back and sending are given: words ready to print. Names are text of others, made fit to be shown. */

/** At the foot of an archive's detail. */
export type OfferFace =
  /** This device may not: what to run at home. */
  | { readonly kind: 'mayNot'; readonly words: string; readonly command: string }
  | {
      readonly kind: 'offer';
      /** The least that it costs in all, in bold between words. */
      readonly cost?: string;
      readonly words: string;
      /** Why it is not known. */
      readonly failed?: string;
      readonly canGet: boolean;
      readonly canChoose: boolean;
    };

/** Rows are choices. */
export interface ChoiceFace {
  readonly words: string;
  /** Absent: nothing is chosen. */
  readonly get?: string;
  /** The whole vault whose filter is on. */
  readonly whole?: {
    readonly words: string;
    readonly vault: string;
    readonly name: string;
    readonly bytes: number;
  };
  readonly full?: string;
}

export interface TierFace {
  readonly tier: Tier;
  readonly words: string;
  readonly cost: string;
  readonly sub?: string;
}

export interface CapFace {
  /** Bytes a day; 0: no cap. */
  readonly value: number;
  readonly words: string;
  readonly spoken: string;
}

export interface PlanFace {
  readonly title: string;
  /** Some names, a tail that all share, how many more. */
  readonly names: readonly string[];
  readonly namesTail: string;
  readonly namesMore: string;
  /** `names[0]` is a vault's. */
  readonly wholeVault: boolean;
  /** Where there is room: each with its size. */
  readonly rows: readonly { readonly name: string; readonly size: string }[];
  /** Before the home has answered. */
  readonly waiting?: string;
  readonly failed?: string;
  readonly plan?: {
    readonly size: string;
    readonly disk: {
      readonly label: string;
      readonly words: string;
      readonly fits: boolean;
      readonly remedy?: string;
    };
    readonly leftOut?: string;
    /** Some came back before. */
    readonly again?: string;
    readonly tiers: readonly TierFace[];
    readonly tier?: Tier;
    /** Named where no way is there to name them under. */
    readonly refused: readonly string[];
    readonly caps: readonly CapFace[];
    readonly cap: number;
    readonly doneIn?: string;
    readonly capWhy: string;
    /** The parts of the bill, then the prices' date. */
    readonly bill: readonly [string, string];
    readonly total: string;
    /** There is nothing to start. */
    readonly nothing?: string;
    readonly canStart: boolean;
    /** Another plan is on its way. */
    readonly settling: boolean;
  };
  readonly typed: string;
  readonly ready: boolean;
  readonly starting: boolean;
  /** What the last start came to. */
  readonly refused?: string;
}

export type Tone = 'b' | 'dim' | 'green b';

export interface RestoreRowFace {
  readonly key: string;
  readonly name: string;
  readonly size: string;
  /** Phone: the second line. `after`: a name that follows `where`. */
  readonly where: string;
  readonly after?: string;
  readonly state: string;
  readonly tone: Tone;
  /** Of 100; absent: it has no scale. */
  readonly down?: number;
  readonly downLabel?: string;
  /** Table. */
  readonly cells: {
    readonly asked: Cell;
    readonly ready: Cell;
    readonly down: Cell;
    /** In place of the last two: what failed. */
    readonly says?: string;
    readonly checked?: string;
  };
}

export interface Cell {
  readonly words: string;
  readonly tone?: 'b' | 'dim';
}

export interface RestoringFace {
  readonly title: string;
  readonly lede: string;
  /** Where there is room for the whole cost too. */
  readonly ledeWide: string;
  /** Absent: nothing was asked back. */
  readonly run?: {
    /** Of 100. */
    readonly share: number;
    readonly label: string;
    /** For those who do not see it: says each archive once, as it comes. */
    readonly spoken: string;
    readonly cap: string;
    /** The cap's size in bold; absent: there is none. */
    readonly capSize?: string;
    readonly capValue: number;
    readonly caps: readonly CapFace[];
    /** The phone's one sentence; else label and size, in bold. */
    readonly disk: string;
    readonly diskLabel: string;
    readonly free: string;
    readonly stopped?: { readonly title: string; readonly words: string };
    readonly note?: string;
    readonly canPause: boolean;
    readonly canGoOn: boolean;
    readonly canChange: boolean;
    /** The act that is on its way, in words. */
    readonly busy?: string;
    readonly failed?: string;
    readonly mayNot?: { readonly words: string; readonly command: string };
  };
  readonly rows: readonly RestoreRowFace[];
  readonly more: boolean;
  readonly old: boolean;
}

export interface RestoreDetailFace {
  readonly key: string;
  readonly over: string;
  readonly name: string;
  readonly size: string;
  readonly links: readonly ProofLink[];
  /** Of a failure: what to do. */
  readonly remedy?: string;
  readonly nextPart?: string;
  readonly cost: string;
}

/** On the screen of Archives: what is under way as a whole. */
export interface EntryFace {
  readonly to: 'restoring' | 'sending';
  readonly words: string;
  readonly sub: string;
}

export interface SentRowFace {
  readonly key: string;
  readonly name: string;
  readonly size: string;
  readonly current: boolean;
  /** Of 100; absent: it has no parts to send. */
  readonly sent?: number;
  readonly state: string;
  readonly tone: Tone;
}

export interface SendingFace {
  readonly title: string;
  readonly lede: string;
  readonly run?: {
    readonly share: number;
    readonly label: string;
    readonly staged: string;
    readonly stagedAt: string;
    readonly parts: string;
    readonly rows: readonly SentRowFace[];
    /** 25 to 48 of 2,000. */
    readonly window?: string;
    readonly target: string;
    readonly facts: readonly (readonly [term: string, value: string, bold?: boolean])[];
    readonly current?: { readonly name: string; readonly words: string };
    readonly canPause: boolean;
    readonly busy: boolean;
    /** To be run at home. */
    readonly command?: string;
    readonly failed?: string;
  };
  readonly old: boolean;
}
