import type { ShownDoor } from '../../lib/client/doors.ts';
import type { OpeningStep } from '../../lib/client/opening.ts';
import type { CheckResult } from '../../lib/checks.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { DeviceView, EventView } from '../../lib/protocol/message.ts';
import type { BanFlood } from '../../lib/protocol/bans.ts';
import type { HomeLine } from './archive-types.ts';
import type { BanName, BanQuery, BansState } from './ban-types.ts';

/**
 * What the store tells the screens, and what they may ask of it. Plain values, new objects on every change.
 * Durations are ms and count from `Snapshot.now`; moments ending in `At` are monotonic ms of the same clock,
 * except where a comment says Unix ms.
 */
export interface Snapshot {
  /** False until storage was read: show nothing yet, not "No home". */
  readonly loaded: boolean;
  /** Monotonic ms. A new snapshot comes at least once a second while anything counts, on the second's edge. */
  readonly now: number;
  /** What the browser says; false is certain, true is a guess. */
  readonly online: boolean;
  /** True where keys cannot be stored (private window, storage refused): pairing would not last. */
  readonly storageRefused: boolean;
  /** In the order they were paired. */
  readonly homes: readonly HomeState[];
  /** Of the current home; absent: no home. Always one of `homes`. */
  readonly current?: string;
  readonly pairing: PairingState;
  readonly settings: Settings;
}

export interface HomeState {
  readonly id: string;
  readonly name: string;
  /** The home's public key, 32 bytes: cuts the key picture. */
  readonly key: Uint8Array;
  /** This device's id and name there. */
  readonly device: string;
  readonly deviceName: string;
  /** False: addresses are vouched for by the relay alone, and times are short. */
  readonly ownRelay: boolean;
  /** Host of the relay, for people. */
  readonly relay: string;
  readonly reach: Reach;
  /** The address that the relay sees this device at; a hint for the closed door, proof of nothing. */
  readonly address?: string;
  /** No WebSocket comes through: a proxy speaks for this network, and `address` is the proxy's. */
  readonly polls?: boolean;
  /** Absent: the home has not said in this page's life. Embedded door first, in the home's order. */
  readonly doors?: readonly DoorEntry[];
  /** Name of the chosen door; absent while `doors` is absent or empty. */
  readonly door?: string;
  readonly activity: ActivityState;
  readonly devices: DevicesState;
  readonly checks: ChecksState;
  readonly bans: BansState;
}

/** The second line of the home button. */
export type Reach =
  /** On the way, nothing wrong yet. `sinceMs`: show "Asking attic" after 400. */
  | { readonly state: 'asking'; readonly sinceMs: number }
  | { readonly state: 'answered'; readonly agoMs: number }
  /** Not reached; tries go on by themselves. `agoMs` absent: it never answered in this page's life. */
  | {
      readonly state: 'silent';
      readonly code: ErrorCode;
      readonly agoMs?: number;
      /** Until the next try; absent while one runs. */
      readonly retryMs?: number;
    }
  /** The home said no, sealed: this device was revoked, or the home does not know it. */
  | { readonly state: 'refused'; readonly code: ErrorCode }
  /** This device has no network. */
  | { readonly state: 'offline'; readonly agoMs?: number };

export interface DoorEntry {
  readonly name: string;
  /** What the home said, and how it may be shown now (lib/client/doors). */
  readonly shown: ShownDoor;
  readonly dial: DialState;
}

/**
 * The dial. Each phase is either what the home said, or what this device is doing; none is reached by a clock alone.
 */
export type DialPhase =
  /** Nothing may be shown as the present: before the first answer, or after the page was hidden. */
  | 'asking'
  | 'closed'
  /** Thumb down, nothing sent to the door. The 900 ms are the screen's. */
  | 'holding'
  | 'sealing'
  | 'knocking'
  | 'open'
  /** *Open?*: the home could not read it back, or the time ran out here and the home was asked. */
  | 'unchecked'
  | 'connected'
  | 'connectedTimeUp'
  | 'closing'
  | 'closeUnconfirmed'
  | 'notOpened'
  | 'noAnswer'
  | 'offline'
  /** An opening that outlived its time, or that no device here made. */
  | 'stale'
  /** The home turns this device's address away: whatever the door is, nothing comes through it. */
  | 'banned';

export interface DialState {
  readonly phase: DialPhase;
  /** Real steps of the last attempt in this page, oldest first; kept through open and notOpened. */
  readonly steps: readonly OpeningStep[];
  /** Unix ms at which the hold of `steps` ended, for clock times in the chain. */
  readonly releasedAt?: number;
  /** Seconds that the next opening asks for. */
  readonly seconds: number;
  /** notOpened, noAnswer: why. */
  readonly code?: ErrorCode;
  /** notOpened: how long the reason lasts, where the home said (`refused-door-open`). */
  readonly reasonMs?: number;
  /** notOpened: the last step that was reached; absent: nothing was sent. */
  readonly step?: OpeningStep['step'];
  /** notOpened: whether the door was ever open. `unknown` until the home has been asked again. */
  readonly wasOpen?: 'no' | 'yes' | 'unknown';
  /** The address that the last opening was made for. */
  readonly address?: string;
  /** The last opening's address was vouched for by the relay alone. */
  readonly vouched?: boolean;
  readonly busy?: 'closing' | 'adding' | 'asking';
  /** What went wrong with the last Add, Close or Ask; cleared by the next. */
  readonly failed?: { readonly what: 'adding' | 'closing' | 'asking'; readonly code: ErrorCode };
}

export interface ActivityState {
  /** Newest first. `at` is Unix ms of the home's clock. */
  readonly events: readonly EventView[];
  readonly load: Load;
  /** Older ones are there to load. */
  readonly more: boolean;
  /** Of the days that were asked for. */
  readonly days: readonly DayBans[];
  /** Numbers of the events that this device was told to set aside. */
  readonly settled: readonly number[];
}

/** New bans of one of the viewer's days: Unix ms, `counts[i]` between `edges[i]` and the next. */
export interface DayBans {
  readonly start: number;
  readonly end: number;
  readonly edges: readonly number[];
  /** Without a name: further jails, all in one. */
  readonly jails: readonly { readonly jail?: string; readonly counts: readonly number[] }[];
  /** The home remembers no further back. */
  readonly knownSince: number;
}

export interface DevicesState {
  readonly devices: readonly DeviceView[];
  readonly load: Load;
  /** Id of the device being revoked. */
  readonly revoking?: string;
  readonly revokeFailed?: { readonly device: string; readonly code: ErrorCode };
}

export interface ChecksState {
  /** Findings first. */
  readonly checks: readonly CheckResult[];
  /** Further sound ones, which did not fit into one message. */
  readonly more: number;
  /** How long ago the home looked; absent: it has not said in this page's life. */
  readonly lookedMs?: number;
  /** What it last found, also before this page's life; `since` is Unix ms. Absent: it never said. */
  readonly found?: readonly { readonly since: number; readonly seen: boolean }[];
  readonly load: Load;
}

/** Failed keeps what was there before. */
export type Load =
  | { readonly state: 'none' | 'loading' }
  | { readonly state: 'ready'; readonly agoMs: number }
  | { readonly state: 'failed'; readonly code: ErrorCode; readonly agoMs?: number };

export type PairingState =
  | { readonly step: 'none' }
  /** The link was good; the claim is on its way. */
  | { readonly step: 'claiming' }
  /** Compare, then wait: the home asks the person there. */
  | {
      readonly step: 'waiting';
      /** As 7KQ2-M4TX-9HPA. */
      readonly code: string;
      readonly home: string;
      readonly key: Uint8Array;
      readonly leftMs: number;
      /** How long the home waits in all, for the scale. */
      readonly totalMs: number;
    }
  | { readonly step: 'done'; readonly home: string; readonly name: string }
  /** Nothing was kept. */
  | { readonly step: 'failed'; readonly code: ErrorCode; readonly home?: string };

export interface Settings {
  readonly openBy: 'hold' | 'twice';
  /** Default length of an opening, in seconds; a door's own limit still holds. */
  readonly seconds: number;
  readonly theme: 'system' | 'light' | 'dark';
  /** Single-key shortcuts (O, C) on the desktop. */
  readonly shortcuts: boolean;
  /** Id of the home that was shown last; where it is gone, the first is shown. */
  readonly home?: string;
}

/** What a pasted or scanned text is, said while it is typed. */
export type LinkCheck =
  /** The link does not name the home: its key is all there is to show before the home has spoken. */
  { readonly ok: true; readonly key: Uint8Array } | { readonly ok: false; readonly code: ErrorCode };

/**
 * None of these throws and none needs awaiting: what came of it is in the snapshot. Doors are named within the
 * current home.
 */
export interface Actions {
  chooseHome(id: string): void;
  chooseDoor(door: string): void;
  /** Length of the next opening of this door. */
  setSeconds(door: string, seconds: number): void;

  /** Thumb down, first tap, key down: asks for a challenge and proves the address meanwhile. */
  armStart(door: string): void;
  /** The hold has ended: the request leaves, in one round trip. Without an `armStart` before, it does both. */
  release(door: string): void;
  /** Let go early: nothing was sent, nothing is. */
  cancel(door: string): void;
  /** *Stop* while knocking: closes whatever may be in place already. */
  stop(door: string): void;
  closeNow(door: string): void;
  /** Lengthens the running opening by 5 min, up to the door's longest. */
  addFive(door: string): void;
  /** The home reads the door back from the system. */
  askAgain(door: string): void;
  /** Leaves notOpened. */
  dismiss(door: string): void;
  /** A stale opening: close it, then open for the address here. */
  closeAndOpen(door: string): void;

  /** First call loads the newest 50, each later one 50 older. New events then come by themselves. */
  loadActivity(): void;
  /** Bans of a day, by the viewer's midnights, Unix ms; asks again only where they may be others. */
  loadDay(start: number, end: number): void;
  /** Events that were looked at: not shown as such any more, on this device. */
  settle(events: readonly number[]): void;
  loadDevices(): void;
  /** The home looks at itself again, unless it did a moment ago. */
  loadChecks(): void;
  /** The findings are on the screen: they are no news any more. */
  sawChecks(): void;
  /** Bans that are looked at: rows `from` to `to`, the last not included. Without: nobody looks. */
  lookAtBans(from?: number, to?: number): void;
  filterBans(query: BanQuery): void;
  /** Fetches why it is banned; without: none is chosen. */
  chooseBan(ban?: BanName): void;
  /** A flood by network, its next page, and away from it. */
  openNetworks(flood: Pick<BanFlood, 'source' | 'jail'>): void;
  moreNetworks(): void;
  closeNetworks(): void;
  /** What is being tried; `days`: and the new bans of 30 days. */
  loadBanCharts(days: boolean): void;
  /** The home is asked how bans stand. */
  askBans(): void;
  unban(value: string): void;
  undoUnban(): void;
  /** Lifts what turns this device away, as far as it may; with a door, opens that then. */
  unbanHere(door?: string): void;

  /** Revoking this device itself ends in `reach.state` refused. */
  revoke(device: string): void;

  /** Pure: for the field, as the text comes. */
  checkLink(text: string): LinkCheck;
  pair(link: string, deviceName: string): void;
  /** *They differ*, or stop: forgets everything of this pairing. */
  pairCancel(): void;
  /** Leaves done and failed. */
  pairDismiss(): void;
  /** Forgets a home and its keys on this device. It is not revoked there. */
  forgetHome(id: string): void;

  set<Name extends keyof Settings>(name: Name, value: Settings[Name]): void;
}

/** Made once by `createStore`; fits React's useSyncExternalStore. */
export interface Store extends Actions {
  subscribe(listener: () => void): () => void;
  getSnapshot(): Snapshot;
  /** A home for a screen that brings its own state; undefined: there is no such home. The same object every time. */
  lineOf(home: string): HomeLine | undefined;
  /** Nothing loaded, nobody paired: what the static export renders. The same object every time. */
  getServerSnapshot(): Snapshot;
}
