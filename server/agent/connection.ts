import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import { LatchkeyError } from '../../lib/errors.ts';
import { admissionBytes } from '../../lib/protocol/admission.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../lib/protocol/frame.ts';
import { maxFrame } from '../../lib/protocol/version.ts';
import type { RelayTable } from './config.ts';
import type { HomeKeys } from './keys.ts';
import type { Route } from './live-sessions.ts';

// Jittered doubling: a relay that restarts is not met by all homes at once.
const firstWait = 250;
const longestWait = 30_000;
// Silence for two pings of the relay and some: the network is gone without a word.
const silence = 75_000;
const networkLook = 1000;

export interface ConnectionParts {
  readonly relay: RelayTable;
  readonly keys: HomeKeys;
  /** What the relay may admit now. */
  readonly admission: () => {
    readonly devices: readonly Uint8Array[];
    readonly offer: Uint8Array | undefined;
  };
  readonly onFrame: (bytes: Uint8Array, route: Route) => void;
  readonly onState: (state: 'reached' | 'lost', reason: string) => void;
}

/** Dials out to one relay, proves the home's key, and keeps the line: back at once when the network returns. */
export class Connection {
  private readonly parts: ConnectionParts;
  private socket: WebSocket | undefined;
  private proven = false;
  private stopped = false;
  private wait = firstWait;
  private retry: NodeJS.Timeout | undefined;
  private quiet: NodeJS.Timeout | undefined;
  private network = '';
  private readonly look: NodeJS.Timeout;

  constructor(parts: ConnectionParts) {
    this.parts = parts;
    this.network = addressesNow();
    this.look = setInterval(() => this.lookAtNetwork(), networkLook);
    this.look.unref();
  }

  start(): void {
    this.dial();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.look);
    clearTimeout(this.retry);
    clearTimeout(this.quiet);
    this.socket?.terminate();
  }

  /** Registers devices and offer again; keys that are no longer there lose their sockets at the relay. */
  sendKeys(): void {
    if (!this.proven) return;
    const { devices, offer } = this.parts.admission();
    this.send({ kind: 'keys', admission: devices, ...(offer === undefined ? {} : { offer }) });
  }

  private lookAtNetwork(): void {
    const now = addressesNow();
    if (now === this.network) return;
    this.network = now;
    if (!this.proven) {
      clearTimeout(this.retry);
      this.wait = firstWait;
      this.socket?.terminate();
      this.dial();
    } else {
      // The old path may be dead without a word: ask now, not after the next silence.
      this.socket?.ping();
      this.listenFor(3000);
    }
  }

  private dial(): void {
    if (this.stopped) return;
    const { relay } = this.parts;
    const url = `${relay.url.replace(/^http/, 'ws')}/relay/home`;
    let ca: Buffer | undefined;
    try {
      ca = relay.ca === undefined ? undefined : readFileSync(relay.ca);
    } catch (cause) {
      this.later(`${relay.ca} cannot be read: ${String(cause)}`);
      return;
    }
    const socket = new WebSocket(url, {
      ...(ca === undefined ? {} : { ca }),
      perMessageDeflate: false,
      maxPayload: maxFrame + 64,
      handshakeTimeout: 10_000,
    });
    socket.binaryType = 'nodebuffer';
    this.socket = socket;
    let reason = 'closed';
    socket.on('error', (error) => (reason = error.message));
    socket.on('ping', () => this.listenFor(silence));
    socket.on('pong', () => this.listenFor(silence));
    socket.on('message', (data: Buffer) => {
      // What an abandoned line still says is no longer asked.
      if (this.socket !== socket) return;
      try {
        this.take(decodeFrame(new Uint8Array(data)));
      } catch (error) {
        // A relay that speaks nonsense is left; nothing it said has changed anything.
        reason = String(error);
        socket.terminate();
      }
    });
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.proven = false;
      clearTimeout(this.quiet);
      this.later(reason);
    });
    this.listenFor(silence);
  }

  private listenFor(time: number): void {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.socket?.terminate(), time);
    this.quiet.unref();
  }

  private later(reason: string): void {
    if (this.stopped) return;
    this.parts.onState('lost', reason);
    const wait = this.wait * (0.5 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, longestWait);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.dial(), wait);
  }

  private send(frame: Frame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(encodeFrame(frame), { binary: true });
  }

  private take(frame: Frame): void {
    if (frame.kind === 'challenge') {
      void this.prove(frame.nonce);
    } else if (frame.kind === 'from') {
      const { connection } = frame;
      this.parts.onFrame(frame.bytes, {
        name: toBase64(connection),
        send: (bytes) => this.send({ kind: 'to', connection, bytes }),
      });
    } else if (frame.kind === 'gone') {
      this.parts.onState('lost', new LatchkeyError(frame.code).message);
    }
    // `left` needs nothing: sessions outlive connections, and sending to a connection that is gone is silent.
  }

  private async prove(relayNonce: Uint8Array): Promise<void> {
    const { keys, relay } = this.parts;
    const nonce = new Uint8Array(randomBytes(32));
    const host = new URL(relay.url).host;
    const signature = await keys.sign(
      admissionBytes({ role: 'home', host, mailbox: keys.mailbox, relayNonce, ownNonce: nonce }),
    );
    this.send({ kind: 'prove', key: keys.signingKey, nonce, signature });
    this.proven = true;
    this.wait = firstWait;
    this.sendKeys();
    this.parts.onState('reached', relay.url);
  }
}

function addressesNow(): string {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => (addresses ?? []).filter((one) => !one.internal).map((one) => one.address))
    .sort()
    .join(' ');
}
