import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { isCanonical } from '../../lib/address.ts';
import { fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';
import { statementBytes } from '../../lib/protocol/evidence.ts';
import { decodeFrame, encodeFrame } from '../../lib/protocol/frame.ts';
import { mailboxOf } from '../../lib/protocol/keys.ts';
import type WebSocket from 'ws';
import { WebSocketServer } from 'ws';
import { publicKeyOf, signWith } from '../../server/ed25519.ts';

export type Way = 'up' | 'down';

interface DeviceLine {
  readonly id: Uint8Array;
  readonly socket: WebSocket;
  mailbox: string;
}

/**
 * A relay wholly in an attacker's hands, TLS and observer key included: it admits everybody, keeps every byte,
 * and does with each end-to-end frame what a test tells it.
 */
export interface HostileRelay {
  readonly url: string;
  readonly observerKey: string;
  /** Every end-to-end frame that came, in order. */
  readonly seen: { way: Way; bytes: Uint8Array }[];
  /** What becomes of a frame; default: passed on as it is. May return none, others, more. */
  tap: (way: Way, bytes: Uint8Array) => readonly Uint8Array[];
  /** The mailbox that a device's frames really go to; default: the one it asked for. */
  route: (mailbox: string) => string;
  /** What its observer says when asked with a nonce (base64url). */
  observe: (nonce: string) => Promise<object>;
  /** The observer's honest form: a signed statement on any address. */
  statement(
    nonce: string,
    address: string,
  ): Promise<{ observer: string; family: number; address: string; signature: string }>;
  /** Hands bytes to the home as if from the newest device connection (or from one made up). */
  toHome(bytes: Uint8Array, madeUp?: boolean): void;
  toDevice(bytes: Uint8Array): void;
  close(): Promise<void>;
}

export async function startHostileRelay(): Promise<HostileRelay> {
  const seed = new Uint8Array(randomBytes(32));
  const key = publicKeyOf(seed);
  const homes = new Map<string, WebSocket>();
  const devices: DeviceLine[] = [];
  const server: Server = createServer((request, response) => {
    const nonce = /^\/relay\/observe\/([A-Za-z0-9_-]+)$/.exec(request.url ?? '')?.[1];
    if (nonce === undefined) return void response.writeHead(404).end();
    void relay.observe(nonce).then((answer) => response.end(JSON.stringify(answer)));
  });
  const sockets = new WebSocketServer({ server });
  const home = (mailbox: string): WebSocket | undefined => homes.get(relay.route(mailbox));

  const relay: HostileRelay = {
    url: '',
    observerKey: toBase64(key),
    seen: [],
    tap: (_way, bytes) => [bytes],
    route: (mailbox) => mailbox,
    observe: (nonce) => relay.statement(nonce, '203.0.113.7'),
    async statement(nonce, address) {
      const family = isCanonical(address) ?? 4;
      const message = statementBytes({ observer: key, nonce: fromBase64(nonce), family, address });
      const signature = toBase64(await signWith(seed)(message));
      return { observer: toBase64(key), family, address, signature };
    },
    toHome(bytes, madeUp = false) {
      const line = devices.at(-1);
      const connection = madeUp || line === undefined ? new Uint8Array(randomBytes(16)) : line.id;
      const to = line === undefined ? [...homes.values()][0] : home(line.mailbox);
      to?.send(encodeFrame({ kind: 'from', connection, bytes }));
    },
    toDevice(bytes) {
      devices.at(-1)?.socket.send(bytes);
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  sockets.on('connection', (socket, request) => {
    socket.on('error', () => undefined);
    const send = (bytes: Uint8Array): void => socket.send(bytes);
    send(encodeFrame({ kind: 'challenge', nonce: new Uint8Array(randomBytes(32)) }));
    if (request.url === '/relay/home') {
      // as the real one does: without the home, its devices dial anew
      socket.on('close', () => {
        for (const [mailbox, one] of homes) if (one === socket) homes.delete(mailbox);
        for (const line of devices.splice(0)) line.socket.terminate();
      });
      socket.on('message', (data: Buffer) => {
        const frame = decodeFrame(new Uint8Array(data));
        if (frame.kind === 'prove') homes.set(toBase64(mailboxOf(frame.key)), socket);
        if (frame.kind !== 'to') return;
        relay.seen.push({ way: 'down', bytes: frame.bytes });
        const line = devices.find((one) => toBase64(one.id) === toBase64(frame.connection));
        for (const bytes of relay.tap('down', frame.bytes)) line?.socket.send(bytes);
      });
      return;
    }
    const line: DeviceLine = { id: new Uint8Array(randomBytes(16)), socket, mailbox: '' };
    devices.push(line);
    let taken = 0;
    socket.on('message', (data: Buffer) => {
      const bytes = new Uint8Array(data);
      const frame = decodeFrame(bytes);
      if (frame.kind === 'admit') {
        line.mailbox = toBase64(frame.mailbox);
        if (home(line.mailbox) === undefined) {
          send(encodeFrame({ kind: 'gone', code: 'relay-not-admitted' }));
          socket.close();
        }
        return;
      }
      relay.seen.push({ way: 'up', bytes });
      for (const passed of relay.tap('up', bytes)) {
        home(line.mailbox)?.send(encodeFrame({ kind: 'from', connection: line.id, bytes: passed }));
      }
      send(encodeFrame({ kind: 'taken', n: ++taken }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(relay, { url: `http://localhost:${port}` });
}
