import type { ErrorCode } from '../errors.ts';
import type { DeviceKeys } from '../protocol/handshake.ts';
import type { Random, Sign } from '../protocol/keys.ts';
import type { Challenge, Notice } from '../protocol/message.ts';
import type { Clock, Dial } from './transport.ts';

export type ConnectionState =
  | { readonly phase: 'off' }
  /** `code`: why the last try failed, if it did. */
  | { readonly phase: 'connecting'; readonly failures: number; readonly code?: ErrorCode }
  /** The home has answered on this link, sealed. */
  | { readonly phase: 'ready'; readonly relay: string }
  /** Not reached; `failures` counts whole rounds over all relays since it last was, `until` is monotonic ms. */
  | { readonly phase: 'waiting'; readonly code: ErrorCode; readonly failures: number; readonly until: number }
  /** The home said no, sealed. It stays so until `start`. */
  | { readonly phase: 'refused'; readonly code: ErrorCode };

export interface ConnectionEvents {
  state(state: ConnectionState): void;
  /** Frames can be sealed and sent now: in a new session, or (`resumed`) in the one from before this link. */
  sendable(resumed: boolean): void;
  /** WELCOME's challenge, good in the session that becomes sendable right after. */
  greeting(challenge: Challenge | undefined, transcript: Uint8Array): void;
  notice(notice: Notice): void;
  /** The relay says it has passed `n` frames of this link on. */
  taken(n: number): void;
}

export interface ConnectionOptions {
  readonly relays: readonly string[];
  /** S. */
  readonly home: Uint8Array;
  readonly mailbox: Uint8Array;
  readonly admission: { readonly key: Uint8Array; readonly sign: Sign };
  readonly device: DeviceKeys;
  /** INITIATE's claim: JSON of `Claim` when pairing, else empty. */
  readonly claim: string;
  readonly dial: Dial;
  readonly random: Random;
  readonly clock: Clock;
  readonly events: ConnectionEvents;
}

export interface Sent {
  /** What a reply names as `re`. */
  readonly sequence: number;
  /** Which frame of this link it is, for `taken`. */
  readonly frame: number;
  /** Monotonic ms. */
  readonly at: number;
}
