import type { ErrorCode } from '../errors.ts';

/**
 * What a device needs from the machine it runs on. Everything else in lib/client is pure, so that the PWA, the
 * terminal and the tests run the same code. A `Link` says nothing of what carries it, but for `polls`.
 */

/** An open way to a relay that carries whole frames in order. */
export interface Link {
  /** Never throws; after `close` or `closed` it does nothing. */
  send(frame: Uint8Array): void;
  /** No event follows. */
  close(): void;
  /**
   * True where long polling carries it for want of WebSockets: most likely something between answers for this network.
   * Known once a frame has come.
   */
  readonly polls?: boolean;
}

export interface LinkEvents {
  message(frame: Uint8Array): void;
  /** At most once, and nothing follows. The reason is `relay-*`. */
  closed(code: ErrorCode): void;
}

/**
 * Starts to reach `relay` (a base address, `https://host[:port]`) at its device endpoint. Returns at once;
 * frames sent before the socket is up may be lost: the relay speaks first.
 */
export type Dial = (relay: string, events: LinkEvents) => Link;

/**
 * GET `base`/relay/observe/`nonce`, and its JSON. No cookies, no cache, no redirects. Rejects with `relay-*`.
 */
export type Observe = (base: string, nonce: string) => Promise<unknown>;

export interface PollAnswer {
  readonly status: number;
  /** The header `latchkey-poll`. */
  readonly token: string | undefined;
  readonly body: Uint8Array;
}

export interface Posting {
  /** Rejects with `relay-*` where there was no answer in time. */
  readonly answer: Promise<PollAnswer>;
  /** `answer` rejects, if it still can. */
  cancel(): void;
}

/**
 * POSTs bytes (`application/octet-stream`) to an address of the relay's, with the header `latchkey-poll` where there is
 * a token, and waits at most `limit` ms. No cookies, no cache, no redirects.
 */
export type Post = (address: string, token: string | undefined, body: Uint8Array, limit: number) => Posting;

export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  now(): number;
  /** Runs once, `ms` from now, never inside this call. The result cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Host and port as dialled, as browsers and Node write the Host header (RFC 9110 section 7.2). */
export function hostOf(relay: string): string {
  return new URL(relay).host;
}

/** The WebSocket address of a relay's device endpoint. */
export function deviceEndpoint(relay: string): string {
  return `${relay.replace(/^http/, 'ws')}/relay/device`;
}

/** Where long polling begins; `/frames` and `/send` go on. */
export function pollEndpoint(relay: string): string {
  return `${relay}/relay/poll`;
}

export function observeEndpoint(base: string, nonce: string): string {
  return `${base}/relay/observe/${nonce}`;
}
