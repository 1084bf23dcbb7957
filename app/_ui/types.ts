import type { DialPhase } from '../_state/types.ts';

/** What the screens are drawn from: plain facts, no store, no clock. Times are ms, counted down by the caller. */

/** What this device is called in sentences: it decides between "this phone" and "this browser". */
export type Place = 'phone' | 'tablet' | 'browser';

/** The states of the dial (DESIGN 3). Holding is the finger's own: the dial knows it before anybody else. */
export type Phase = Exclude<DialPhase, 'holding'>;

export type LinkState = 'set' | 'now' | 'wait' | 'stuck';

/** One thing that was separately seen, in words. Pin i of the proof row is link i of the chain. */
export interface ProofLink {
  readonly id: string;
  readonly state: LinkState;
  readonly title: string;
  readonly who: string;
  /** Seconds since the hold ended, or the clock. */
  readonly when?: string;
  /** Words of the row, where they differ from the chain's. */
  readonly row?: {
    readonly title: string;
    /** In mono, before `sub`. */
    readonly address?: string;
    readonly sub: string;
    readonly green?: boolean;
  };
  /** `who` is an address or a host's name. */
  readonly mono?: boolean;
  /** Stands within `title` or `who`. */
  readonly address?: string;
}

export interface HomeHead {
  readonly id: string;
  readonly name: string;
  /** The home's public key: its first bytes cut the key's picture. */
  readonly key: Uint8Array;
  /** Answered 2 s ago, Working on it, No answer for 38 min. */
  readonly line: string;
  /** In lists: Closed, Open, 4:12 left. */
  readonly state: string;
  /** What the homes' drawer adds to `state`: answered 2 s ago, for 38 min. */
  readonly since?: string;
  /** A door of it is open: the words turn brass. */
  readonly open: boolean;
}

export interface OtherDoor {
  readonly name: string;
  readonly label: string;
  readonly detail: string;
  readonly state: string;
  readonly open: boolean;
  /** Closed, and home answers: its row can be held. */
  readonly canOpen: boolean;
  readonly chosen: boolean;
}

export interface Length {
  readonly seconds: number;
  readonly words: string;
}

/** This device's address is banned. All of it is words. */
export interface BannedFace {
  readonly address: string;
  /** Lifted less than 10 minutes before. */
  readonly again: boolean;
  readonly ends: string;
  readonly jail: string;
  readonly why: string;
  readonly when: string;
  readonly tried?: { readonly users: readonly string[]; readonly how?: string };
  readonly lead: string;
  readonly lede: string;
  readonly canLift: boolean;
  /** What it takes to lift all of it, where this device may not. */
  readonly needs?: string;
  /** The button that opens a door then; absent: none can be opened. */
  readonly opens?: string;
  readonly busy: boolean;
  readonly failed?: string;
  /** What an unban left. */
  readonly stands?: string;
  /** Banned again: the logins that fail. */
  readonly failing: readonly string[];
  /** For whoever looks after the home. */
  readonly log: string;
}

/** Everything the door's screen says. Fields that a state does not use are absent. */
export interface DoorFace {
  readonly phase: Phase;
  readonly home: string;
  readonly place: Place;
  /** SSH, SFTP: what stands behind the door, in a sentence. */
  readonly service: string;
  readonly door: string;
  /** The door's label, said where the home has several. */
  readonly label?: string;
  readonly address?: string;
  /** The home said just now that `address` is not banned. */
  readonly notBanned?: boolean;
  /** Time left, from what the home verified. */
  readonly leftMs?: number;
  readonly lengthMs?: number;
  readonly seconds: number;
  readonly lengths: readonly Length[];
  readonly vouched: boolean;
  /** Whom the opened address stands for, where that is not who is let in elsewhere. */
  readonly sharing?: string;
  /** Closed: the relay's word alone caps the time at this, in minutes. */
  readonly vouchedMinutes?: number;
  readonly canAdd: boolean;
  readonly addSeconds: number;
  readonly steps: readonly LinkState[];
  /** Steps that are through, with their time: Sealed 0.02 s. */
  readonly stepLine?: readonly (readonly [string, string])[];
  readonly lede?: string;
  readonly links: readonly ProofLink[];
  /** The drawer's sentence, and its one remedy. */
  readonly proofLede?: string;
  readonly proofRemedy?: string;
  /** Who else comes by the opened address. */
  readonly proofNote?: string;
  readonly command?: { readonly text: string; readonly href?: string; readonly then?: string };
  readonly session?: { readonly user: string };
  readonly reason?: string;
  readonly remedy?: string;
  /** Instead of the state's own headline. */
  readonly title?: string;
  /** Home does not know this device any more: nothing else helps. `beside`: perhaps it does not. */
  readonly pairAgain?: 'instead' | 'beside';
  /** Why the last Close, Add or Ask did not work. */
  readonly failed?: string;
  readonly closesAt?: string;
  readonly known?: { readonly age: string; readonly facts: readonly (readonly [string, string])[] };
  readonly asksInSeconds?: number;
  readonly stale?: {
    readonly address: string;
    readonly by?: string;
    readonly at?: string;
    readonly minutes?: number;
    readonly here?: string;
    readonly mine: boolean;
  };
  readonly busy?: 'closing' | 'adding' | 'asking';
  readonly banned?: BannedFace;
}

export type Mark = 'open' | 'opened' | 'closed' | 'change' | 'ok' | 'cross' | 'gone' | 'ban';

export interface ActivityRow {
  readonly key: string;
  readonly time: string;
  readonly iso: string;
  readonly mark: Mark;
  readonly title: string;
  readonly sub?: string;
  /** An address at the end of `sub`. */
  readonly address?: string;
  readonly pins?: PastPins;
  /** In place of `sub`: jails with how many. */
  readonly counts?: readonly (readonly [string, number])[];
}

/** Links of an opening, and in two lines how many: 7 of 7, links. */
export interface PastPins {
  readonly states: readonly LinkState[];
  readonly words: readonly [string, string];
}

export interface ActivityDay {
  readonly key: string;
  readonly title: string;
  readonly rows: readonly ActivityRow[];
}

/** Something that wants a look, and what ends it. */
export interface LookItem {
  readonly key: string;
  readonly mark: Mark;
  readonly title: string;
  readonly sub?: string;
  /** An address at the end of `sub`. */
  readonly address?: string;
  readonly pins?: PastPins;
  /** Numbers of the home's events that it stands for. */
  readonly events: readonly number[];
  readonly act: 'seen' | 'mine' | 'checks';
  /** `mine`: the device that can be revoked. */
  readonly device?: {
    readonly id: string;
    readonly name: string;
    readonly revoking: boolean;
    readonly failed?: string;
  };
}

/** On the day's line: parts of the day, 0 to 1. `to` absent: nobody said how long. */
export interface DayMark {
  readonly kind: 'started' | 'session' | 'open' | 'opened' | 'stopped';
  readonly from: number;
  readonly to?: number;
}

export interface DayFace {
  readonly title: string;
  readonly today: boolean;
  readonly looks: number;
  readonly sentence: string;
  /** How much of the day is over: 0 to 1. */
  readonly now: number;
  /** Where 00, 06, 12 and 18 stand. */
  readonly hours: readonly number[];
  readonly marks: readonly DayMark[];
  readonly bars: readonly { readonly from: number; readonly count: number }[];
  /** All of the line in words. */
  readonly label: string;
}

export interface DeviceRow {
  readonly id: string;
  readonly name: string;
  readonly kind: Place;
  readonly self: boolean;
  /** Seen 11:07, and without the word. */
  readonly seen: string;
  readonly seenAt: string;
  readonly paired: string;
  readonly pairedDate: string;
  /** Doors, bans, restore: what home lets it do. */
  readonly allowed: string;
  /** The same after a full stop, where doors alone are said to be alone. */
  readonly allowedWords: string;
  /** Files, 2:40 left; and in a sentence: Files open, 2:40 left. */
  readonly open?: string;
  readonly openWords?: string;
  readonly openDoors: readonly string[];
  /** marta, since 13:36; absent: home knows of none. */
  readonly sessions?: string;
  readonly waiting: boolean;
}
