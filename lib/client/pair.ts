import { LatchkeyError, type ErrorCode } from '../errors.ts';
import { toBase64 } from '../protocol/bytes.ts';
import { signingPublicKey, signWith, type Random } from '../protocol/keys.ts';
import type { Notice, NoticeOf } from '../protocol/message.ts';
import { offerAdmissionSeed, offerProof, pairingCode, readLink, type Offer } from '../protocol/pairing.ts';
import { backoff } from './backoff.ts';
import { Connection } from './connection.ts';
import type { ConnectionState } from './connection-types.ts';
import type { HomeRecord } from './home-record.ts';
import type { ClientKeys } from './keys.ts';
import type { Clock, Dial } from './transport.ts';

export interface CheckedLink {
  readonly offer: Offer;
  /** The relays that this device will use, in order. */
  readonly relays: readonly string[];
}

/**
 * Reads a pasted or scanned link. A page can only use the relay that it came from: give its `origin`, and an
 * offer that does not list it is refused. A terminal uses the link's own relay first, and never plain HTTP but
 * where the link itself says so. Throws `pairing-*`.
 */
export function checkLink(text: string, origin?: string): CheckedLink {
  const { origin: linked, offer } = readLink(text);
  if (origin !== undefined) {
    if (!offer.relays.includes(origin)) throw new LatchkeyError('pairing-other-relay');
    return { offer, relays: [origin] };
  }
  if (!offer.relays.includes(linked)) throw new LatchkeyError('pairing-other-relay', linked);
  const others = offer.relays.filter((relay) => relay !== linked && relay.startsWith('https:'));
  return { offer, relays: [linked, ...others] };
}

export interface PairingWait {
  /** As the home shows it; the person compares. */
  readonly code: string;
  readonly home: string;
  /** Monotonic ms: nobody is waited for after that. */
  readonly until: number;
}

export interface PairOptions {
  readonly link: CheckedLink;
  /** What this device calls itself: 1 to 64 characters. */
  readonly name: string;
  readonly keys: ClientKeys;
  readonly dial: Dial;
  readonly random: Random;
  readonly clock: Clock;
  /** The home has taken the claim and asks the person there. Not called where nobody is asked. */
  readonly waiting: (wait: PairingWait) => void;
}

export interface Pairing {
  /** What to store. Throws the home's reason, or why it was not reached; then nothing is worth keeping. */
  readonly done: Promise<HomeRecord>;
  cancel(): void;
}

/** The most that anybody is waited for where the home does not say: an offer's life. */
const longestWait = 300_000;

export function pair(options: PairOptions): Pairing {
  const run = new PairingRun(options);
  return { done: run.done, cancel: () => run.fail('pairing-refused') };
}

class PairingRun {
  readonly done: Promise<HomeRecord>;
  private readonly options: PairOptions;
  private connection: Connection;
  private own = false;
  private transcript: Uint8Array = new Uint8Array(0);
  /** The home's first READY: it has the claim, and shows the code of that handshake. */
  private ready: NoticeOf<'ready'> | undefined;
  private swaps = 0;
  private over = false;
  private cancelTimer: () => void = () => undefined;
  private cancelSwap: () => void = () => undefined;
  private resolve: (record: HomeRecord) => void = () => undefined;
  private reject: (error: LatchkeyError) => void = () => undefined;

  constructor(options: PairOptions) {
    this.options = options;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.connection = this.connect();
    this.connection.start();
  }

  fail(code: ErrorCode): void {
    if (!this.over) this.reject(new LatchkeyError(code));
    this.end();
  }

  private end(): void {
    this.over = true;
    this.cancelTimer();
    this.cancelSwap();
    this.connection.stop();
  }

  /** With the offer's admission key at first; once the home has said yes, only the device's own is admitted. */
  private connect(): Connection {
    const { link, name, keys, dial, random, clock } = this.options;
    const seed = offerAdmissionSeed(link.offer.secret);
    const claim = {
      proof: toBase64(offerProof(link.offer.secret)),
      name,
      admission: toBase64(keys.admissionKey),
    };
    const connection: Connection = new Connection({
      relays: link.relays,
      home: link.offer.home,
      mailbox: link.offer.mailbox,
      admission: this.own
        ? { key: keys.admissionKey, sign: keys.sign }
        : { key: signingPublicKey(seed), sign: signWith(seed) },
      device: keys,
      claim: this.own ? '' : JSON.stringify(claim),
      dial,
      random,
      clock,
      events: {
        state: (state) => this.onState(connection, state),
        sendable: (resumed) => {
          // The answer says how it stands, and the home learns where this device is now.
          if (resumed) connection.send({ type: 'doors' });
        },
        greeting: (_challenge, transcript) => {
          this.transcript = transcript;
        },
        notice: (notice) => {
          if (connection === this.connection) this.onNotice(notice);
        },
        taken: () => undefined,
      },
    });
    return connection;
  }

  private onState(connection: Connection, state: ConnectionState): void {
    if (this.over || connection !== this.connection) return;
    if (state.phase === 'refused') return this.fail(state.code);
    if (state.phase !== 'waiting' || state.failures === 0) return;
    if (this.ready === undefined) return this.fail(state.code);
    if (state.code === 'relay-not-admitted') this.swapKey();
  }

  private swapKey(): void {
    this.connection.stop();
    const wait = backoff(++this.swaps, this.options.random);
    this.cancelSwap = this.options.clock.after(wait, () => this.reconnect(!this.own));
  }

  private reconnect(own: boolean): void {
    this.own = own;
    this.connection.stop();
    this.connection = this.connect();
    this.connection.start();
  }

  private onNotice(notice: Notice): void {
    if (this.over) return;
    switch (notice.type) {
      case 'ready':
        return this.onReady(notice);
      case 'paired':
        return notice.ok ? this.finish() : this.fail(notice.code ?? 'pairing-refused');
      case 'reply':
        return this.finish();
      case 'failure':
        return notice.code === 'session-unconfirmed' ? undefined : this.fail(notice.code);
      default:
        return;
    }
  }

  private onReady(notice: NoticeOf<'ready'>): void {
    const first = this.ready === undefined;
    this.ready ??= notice;
    if (notice.pairing !== 'waiting') return this.finish();
    if (!first) return;
    const { clock, link, keys, waiting } = this.options;
    const until = clock.now() + (notice.waitMs ?? longestWait);
    this.cancelTimer = clock.after(until - clock.now(), () => this.fail('pairing-unanswered'));
    const code = pairingCode(link.offer, keys.publicKey, this.transcript);
    waiting({ code, home: notice.home.name, until });
  }

  private finish(): void {
    const { ready } = this;
    // READY was lost with its link: who this device is there comes with the next, by its own key.
    if (ready === undefined) return this.reconnect(true);
    const { link, keys } = this.options;
    const { offer } = link;
    this.resolve({
      version: 1,
      name: ready.home.name,
      home: toBase64(offer.home),
      mailbox: toBase64(offer.mailbox),
      relays: [...link.relays],
      ...(offer.spki === undefined ? {} : { spki: toBase64(offer.spki) }),
      ownRelay: ready.home.ownRelay,
      device: ready.device,
      deviceName: ready.name,
      publicKey: toBase64(keys.publicKey),
      admissionKey: toBase64(keys.admissionKey),
    });
    this.end();
  }
}
