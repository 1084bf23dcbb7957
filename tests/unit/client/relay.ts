import nacl from 'tweetnacl';
import type { Dial, Link, LinkEvents, Observe } from '../../../lib/client/transport.ts';
import { hostOf } from '../../../lib/client/transport.ts';
import type { ErrorCode } from '../../../lib/errors.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { admissionBytes } from '../../../lib/protocol/admission.ts';
import { fromBase64, toBase64 } from '../../../lib/protocol/bytes.ts';
import { statementBytes } from '../../../lib/protocol/evidence.ts';
import { decodeFrame, encodeFrame, isEndToEnd } from '../../../lib/protocol/frame.ts';
import type { Random } from '../../../lib/protocol/keys.ts';

export const random: Random = (length) => nacl.randomBytes(length);

export interface HomeSide {
  readonly mailbox: Uint8Array;
  admits(key: Uint8Array): boolean;
  /** A frame of one connection; `answer` goes back to that connection. */
  frame(bytes: Uint8Array, answer: (bytes: Uint8Array) => void): void;
}

type Filter = (frame: Uint8Array) => readonly Uint8Array[];
const honest: Filter = (frame) => [frame];

interface Socket {
  readonly events: LinkEvents;
  readonly relay: string;
  admitted: boolean;
  closed: boolean;
  taken: number;
}

/**
 * A relay in memory with the real admission. Tests make it hostile: `toHome` and `toDevice` may drop, change,
 * repeat or hold frames, `inject` sends what nobody asked for.
 */
export class MemoryRelay {
  toHome: Filter = honest;
  toDevice: Filter = honest;
  /** What it says when dialled, if it is not reached. */
  down: ErrorCode | undefined;
  address = '203.0.113.47';
  tellTaken = true;
  dials = 0;
  /** Every end-to-end frame that devices sent, as they sent it. */
  readonly sent: Uint8Array[] = [];
  readonly received: Uint8Array[] = [];
  private readonly observer = nacl.sign.keyPair();
  private readonly sockets = new Set<Socket>();
  private readonly home: HomeSide;

  constructor(home: HomeSide) {
    this.home = home;
  }

  get observerKey(): Uint8Array {
    return this.observer.publicKey;
  }

  get open(): number {
    return this.sockets.size;
  }

  readonly dial: Dial = (relay, events) => {
    this.dials++;
    const socket: Socket = { events, relay, admitted: false, closed: false, taken: 0 };
    const nonce = random(32);
    if (this.down !== undefined) {
      const { down } = this;
      setImmediate(() => this.end(socket, down));
    } else {
      this.sockets.add(socket);
      setImmediate(() => this.deliver(socket, encodeFrame({ kind: 'challenge', nonce })));
    }
    const link: Link = {
      send: (frame) => {
        if (!socket.closed) setImmediate(() => this.take(socket, nonce, frame));
      },
      close: () => {
        socket.closed = true;
        this.sockets.delete(socket);
      },
    };
    return link;
  };

  readonly observe: Observe = (_base, nonce) => {
    if (this.down !== undefined) return Promise.reject(new LatchkeyError(this.down));
    const { address } = this;
    const family = address.includes(':') ? 6 : 4;
    const statement = {
      observer: this.observer.publicKey,
      nonce: fromBase64(nonce),
      family,
      address,
    } as const;
    const signature = nacl.sign.detached(statementBytes(statement), this.observer.secretKey);
    return Promise.resolve({
      observer: toBase64(statement.observer),
      family,
      address,
      signature: toBase64(signature),
    });
  };

  /** Cuts every connection, as a network change does. */
  cut(): void {
    for (const socket of [...this.sockets]) this.end(socket, 'relay-unreachable');
  }

  /** To every connected device, admitted or not. */
  inject(frame: Uint8Array): void {
    for (const socket of this.sockets) setImmediate(() => this.deliver(socket, frame));
  }

  private deliver(socket: Socket, frame: Uint8Array): void {
    if (!socket.closed) socket.events.message(frame);
  }

  private end(socket: Socket, code: ErrorCode): void {
    if (socket.closed) return;
    socket.closed = true;
    this.sockets.delete(socket);
    socket.events.closed(code);
  }

  private take(socket: Socket, relayNonce: Uint8Array, bytes: Uint8Array): void {
    if (socket.closed) return;
    if (!socket.admitted) return this.admit(socket, relayNonce, bytes);
    if (!isEndToEnd(bytes)) throw new Error('a device sent the relay something that is not end to end');
    this.sent.push(bytes);
    for (const frame of this.toHome(bytes)) {
      this.home.frame(frame, (answer) => {
        this.received.push(answer);
        for (const passed of this.toDevice(answer)) setImmediate(() => this.deliver(socket, passed));
      });
    }
    const n = ++socket.taken;
    if (this.tellTaken) this.deliver(socket, encodeFrame({ kind: 'taken', n }));
  }

  private admit(socket: Socket, relayNonce: Uint8Array, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame.kind !== 'admit') throw new Error(`${frame.kind} before admission`);
    const signed = admissionBytes({
      role: 'device',
      host: hostOf(socket.relay),
      mailbox: frame.mailbox,
      relayNonce,
      ownNonce: frame.nonce,
    });
    const fits =
      nacl.sign.detached.verify(signed, frame.signature, frame.key) &&
      toBase64(frame.mailbox) === toBase64(this.home.mailbox) &&
      this.home.admits(frame.key);
    if (fits) {
      socket.admitted = true;
      return;
    }
    this.deliver(socket, encodeFrame({ kind: 'gone', code: 'relay-not-admitted' }));
  }
}
