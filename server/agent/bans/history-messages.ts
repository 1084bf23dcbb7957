import type { Ban } from '../../../lib/ban.ts';

/** How a ban ended. `unknown`: it was gone when somebody looked again, and nobody saw when. */
export type End = 'expired' | 'lifted' | 'others' | 'unknown';

/** What the worker writes down, in this order. Times are Unix ms. */
export type Note =
  /** It stands; new, lengthened, or as known. */
  | { readonly op: 'seen'; readonly ban: Ban; readonly at: number }
  | {
      readonly op: 'gone';
      readonly ban: Pick<Ban, 'source' | 'jail' | 'value'>;
      readonly at: number;
      readonly end: End;
      /** The device that lifted it. */
      readonly by?: string;
    }
  /** All that stands is told from here on, until `sweep`. */
  | { readonly op: 'begin' }
  /** Whatever was not told since `begin` is gone, but for what these sources ban: they cannot be read. */
  | { readonly op: 'sweep'; readonly at: number; readonly but: readonly string[] };

/** Bans that began in one slot. */
export interface SlotCount {
  readonly source: string;
  readonly jail: string;
  /** Unix ms divided by `slotMs`, whole. */
  readonly slot: number;
  readonly count: number;
}

export interface Remembered {
  /** When this home began to remember. */
  readonly began: number;
  readonly slots: readonly SlotCount[];
  /** Bans that began lately, the oldest first. */
  readonly recent: readonly {
    readonly source: string;
    readonly jail: string;
    readonly value: string;
    readonly at: number;
  }[];
  readonly lifts: readonly { readonly value: string; readonly at: number }[];
}

export type ToHistory =
  | { readonly ask: 'write'; readonly notes: readonly Note[] }
  | { readonly ask: 'times'; readonly id: number; readonly values: readonly string[]; readonly since: number }
  | { readonly ask: 'close' };

export type FromHistory =
  | { readonly say: 'ready'; readonly remembered: Remembered }
  | { readonly say: 'failed'; readonly text: string }
  /** `fresh`: which of the notes told of a ban that was not known. */
  | { readonly say: 'written'; readonly fresh: readonly number[]; readonly error?: string }
  | { readonly say: 'times'; readonly id: number; readonly times: ReadonlyMap<string, number> }
  | { readonly say: 'closed' };

/** Five minutes: every zone's midnight begins one. */
export const slotMs = 300_000;
/** How far back counts are kept at hand: the longest that a screen shows, and a day more at each end. */
export const countedMs = 32 * 86_400_000;
export const recentMs = 3_600_000;
/** A ban that comes again sooner than this after it was lifted is told so. */
export const againMs = 600_000;
