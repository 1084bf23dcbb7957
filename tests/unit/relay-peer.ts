import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { admissionBytes } from '../../lib/protocol/admission.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../lib/protocol/frame.ts';
import { mailboxOf } from '../../lib/protocol/keys.ts';
import { publicKeyOf, signWith } from '../../server/ed25519.ts';
import { observerOf } from '../../server/relay/observer.ts';
import { loadPages } from '../../server/relay/pages.ts';
import { startRelay, type RelayOptions, type RunningRelay } from '../../server/relay/relay.ts';
import { certificateForTests } from './relay-certificate.ts';

/** The two ends of a relay, as real sockets on loopback that speak its frames and hold real keys. */

export interface Signer {
  readonly seed: Uint8Array;
  readonly key: Uint8Array;
}

export function signer(): Signer {
  const seed = randomBytes(32);
  return { seed, key: publicKeyOf(seed) };
}

export function id(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

export function mailbox(home: Signer): Uint8Array {
  return mailboxOf(home.key);
}

/** A relay on free ports. */
export async function relay(options: Partial<RelayOptions> = {}): Promise<RunningRelay> {
  return startRelay({
    port: 0,
    plainPort: 0,
    names: [],
    homes: [],
    certificate: await certificateForTests(),
    observer: observerOf(randomBytes(32)),
    pages: loadPages('/nonexistent'),
    ...options,
  });
}

/** One raw peer: frames in order, as they come. */
export class Peer {
  readonly socket: WebSocket;
  /** The code of the WebSocket's close. */
  readonly closed: Promise<number>;
  readonly frames: Buffer[] = [];
  private waiting: (() => void)[] = [];
  private ended = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      this.frames.push(data);
      this.wake();
    });
    this.closed = new Promise((resolve) =>
      socket.on('close', (code) => {
        this.ended = true;
        this.wake();
        resolve(code);
      }),
    );
  }

  /** The next frame's bytes; throws when the connection ends first. */
  async nextBytes(): Promise<Buffer> {
    while (this.frames.length === 0) {
      if (this.ended) throw new Error('the connection ended');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return this.frames.shift() as Buffer;
  }

  async next<Kind extends Frame['kind']>(kind: Kind): Promise<Frame & { kind: Kind }> {
    const frame = decodeFrame(await this.nextBytes());
    if (frame.kind !== kind) throw new Error(`${frame.kind} came instead of ${kind}`);
    return frame as Frame & { kind: Kind };
  }

  send(frame: Frame | Uint8Array): void {
    this.socket.send(frame instanceof Uint8Array ? frame : encodeFrame(frame));
  }

  close(): void {
    this.socket.terminate();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

export interface DialOptions {
  readonly host?: string;
  readonly origin?: string;
  readonly localAddress?: string;
}

/** Resolves with the HTTP status where there was no upgrade. */
export function dial(
  running: RunningRelay,
  role: 'device' | 'home',
  options: DialOptions = {},
): Promise<Peer | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${running.plainPort}/relay/${role}`, {
    perMessageDeflate: false,
    headers: {
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.origin === undefined ? {} : { origin: options.origin }),
    },
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
  });
  const peer = new Peer(socket);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(peer));
    socket.once('unexpected-response', (request, response: IncomingMessage) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}

export async function peer(
  running: RunningRelay,
  role: 'device' | 'home',
  options: DialOptions = {},
): Promise<Peer> {
  const result = await dial(running, role, options);
  if (typeof result === 'number') throw new Error(`status ${result}`);
  return result;
}

export interface Claim {
  readonly role?: 'device' | 'home';
  readonly host: string;
  readonly mailbox: Uint8Array;
  readonly relayNonce: Uint8Array;
}

/** The frame that answers a challenge, signed over the claim. */
export async function answer(who: Signer, claim: Claim): Promise<Uint8Array> {
  const { role = 'device' } = claim;
  const nonce = randomBytes(32);
  const signature = await signWith(who.seed)(admissionBytes({ ...claim, role, ownNonce: nonce }));
  return role === 'device'
    ? encodeFrame({ kind: 'admit', mailbox: claim.mailbox, key: who.key, nonce, signature })
    : encodeFrame({ kind: 'prove', key: who.key, nonce, signature });
}

/** A home that has proved itself and registered these keys. */
export async function homeAt(
  running: RunningRelay,
  home: Signer,
  admitted: readonly Signer[],
  offer?: Signer,
): Promise<Peer> {
  const connection = await peer(running, 'home');
  const { nonce } = await connection.next('challenge');
  connection.send(
    await answer(home, {
      role: 'home',
      host: `127.0.0.1:${running.plainPort}`,
      mailbox: mailbox(home),
      relayNonce: nonce,
    }),
  );
  registerKeys(connection, admitted, offer);
  return connection;
}

export function registerKeys(connection: Peer, admitted: readonly Signer[], offer?: Signer): void {
  connection.send({
    kind: 'keys',
    admission: admitted.map((device) => device.key),
    ...(offer === undefined ? {} : { offer: offer.key }),
  });
}

/** A device's connection with a right answer sent; `first` goes right behind it. */
export async function deviceAt(
  running: RunningRelay,
  home: Signer,
  device: Signer,
  first?: Uint8Array,
): Promise<Peer> {
  const connection = await peer(running, 'device');
  const { nonce } = await connection.next('challenge');
  connection.send(
    await answer(device, {
      host: `127.0.0.1:${running.plainPort}`,
      mailbox: mailbox(home),
      relayNonce: nonce,
    }),
  );
  if (first !== undefined) connection.send(first);
  return connection;
}

/** An end-to-end frame (`sealed`, 256-byte class) that nobody can open. */
export function sealed(size = 256): Uint8Array {
  return encodeFrame({
    kind: 'sealed',
    session: randomBytes(16),
    sequence: 1,
    box: randomBytes(size + 16),
  });
}

/** Lets everything in flight on loopback arrive. */
export function settle(milliseconds = 60): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
