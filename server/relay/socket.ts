import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer, type WebSocket } from 'ws';
import { ofSocket } from '../../lib/address.ts';
import { maxFrame } from '../../lib/protocol/version.ts';
import type { Entrance } from './entrance.ts';
import { sourceOf, type Limits } from './limits.ts';
import { isOwnOrigin, type Names } from './names.ts';
import type { Transport } from './transport.ts';

const roles = { '/relay/device': 'device', '/relay/home': 'home' } as const;

/** How long a peer may take to answer a polite end (ms). */
const closingTime = 2000;

/** The WebSocket endpoints of the relay. */
export class Sockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    // sealed bytes do not shrink, and deflate costs memory for each connection
    perMessageDeflate: false,
    maxPayload: maxFrame,
    clientTracking: false,
  });
  private readonly live = new Set<WebSocketTransport>();
  private readonly names: Names;
  private readonly entrance: Entrance;
  private readonly limits: Limits;

  constructor(names: Names, entrance: Entrance, limits: Limits) {
    this.names = names;
    this.entrance = entrance;
    this.limits = limits;
  }

  /** For the `upgrade` event of an HTTP or HTTPS server. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const socket = stream as Socket;
    // a peer that resets while it is being refused is no error of ours
    socket.on('error', () => socket.destroy());
    const role = Object.hasOwn(roles, request.url ?? '')
      ? roles[request.url as keyof typeof roles]
      : undefined;
    const encrypted = (socket as Partial<TLSSocket>).encrypted === true;
    const host = this.names.accept(request.headers.host, {
      localAddress: socket.localAddress,
      localPort: socket.localPort,
      encrypted,
    });
    const address = ofSocket(socket.remoteAddress);
    if (role === undefined) return refuse(socket, 404, 'Not Found');
    if (host === undefined || address === undefined) return refuse(socket, 421, 'Misdirected Request');
    if (!isOwnOrigin(request.headers.origin, host, encrypted)) return refuse(socket, 403, 'Forbidden');
    const source = sourceOf(address);
    if (this.entrance.isFull(source)) return refuse(socket, 503, 'Service Unavailable');
    // One flight: the challenge leaves together with the 101.
    socket.cork();
    this.server.handleUpgrade(request, socket, head, (webSocket) =>
      this.serve(
        new WebSocketTransport(webSocket, socket, address, host, this.limits.pingEvery),
        role,
        source,
      ),
    );
    process.nextTick(() => socket.uncork());
  }

  close(): void {
    for (const transport of this.live) transport.drop();
    this.server.close();
  }

  private serve(transport: WebSocketTransport, role: 'device' | 'home', source: string): void {
    this.live.add(transport);
    transport.onClose(() => this.live.delete(transport));
    this.entrance.serve(transport, role, source);
  }
}

function refuse(socket: Socket, status: number, reason: string): void {
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}

/** A WebSocket (RFC 6455) of binary messages, one frame each. */
class WebSocketTransport implements Transport {
  readonly address: string;
  readonly host: string;
  private readonly webSocket: WebSocket;
  private readonly socket: Socket;
  private readonly pings: NodeJS.Timeout;
  private alive = true;
  private open = true;

  constructor(webSocket: WebSocket, socket: Socket, address: string, host: string, pingEvery: number) {
    this.webSocket = webSocket;
    this.socket = socket;
    this.address = address;
    this.host = host;
    // oversized and malformed WebSocket frames end here; `close` follows
    webSocket.on('error', () => webSocket.terminate());
    webSocket.on('pong', () => {
      this.alive = true;
    });
    // Each connection has a timer of its own, so that ten thousand pings don't leave in one burst.
    this.pings = setInterval(() => this.ping(), pingEvery);
    webSocket.on('close', () => {
      this.open = false;
      clearInterval(this.pings);
    });
  }

  get buffered(): number {
    return this.webSocket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    if (this.open && this.webSocket.readyState === this.webSocket.OPEN)
      this.webSocket.send(bytes, { binary: true }, () => undefined);
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!this.open) return;
      if (isBinary) listener(data);
      else this.drop();
    });
  }

  onClose(listener: () => void): void {
    this.webSocket.on('close', listener);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.webSocket.close(1000);
    setTimeout(() => this.drop(), closingTime).unref();
  }

  drop(): void {
    this.open = false;
    this.webSocket.terminate();
    this.socket.destroy();
  }

  private ping(): void {
    if (!this.alive) return this.drop();
    this.alive = false;
    if (this.webSocket.readyState === this.webSocket.OPEN) this.webSocket.ping(() => undefined);
  }
}
