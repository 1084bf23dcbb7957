import { createServer, type Server as HttpServer } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { ofSocket } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { Entrance } from './entrance.ts';
import { headersMark } from './headers.ts';
import { defaultLimits, SourceCounts, sourceOf, type Limits } from './limits.ts';
import { Mailboxes } from './mailbox.ts';
import { Names } from './names.ts';
import type { Observer } from './observer.ts';
import { markWorker, type Pages } from './pages.ts';
import { Polls } from './poll.ts';
import { routes } from './routes.ts';
import { Sockets } from './socket.ts';
import type { Certificate } from './tls.ts';

export interface RelayOptions {
  /** HTTPS, on all addresses; 0 takes a free one. */
  readonly port: number;
  /** Plain HTTP, on 127.0.0.1 and ::1 only; 0 takes a free one. */
  readonly plainPort: number;
  /** Names it answers to besides localhost and the addresses that it is reached at; `name` or `name:port`. */
  readonly names: readonly string[];
  /** Mailbox ids served, as base64url. */
  readonly homes: readonly string[];
  readonly certificate: Certificate;
  readonly observer: Observer;
  readonly pages: Pages;
  /** Origins that its pages may ask for an address beside their own: names of one family, witnesses. */
  readonly asks?: readonly string[];
  readonly limits?: Partial<Limits>;
}

export interface RunningRelay {
  readonly port: number;
  readonly plainPort: number;
  /** Every base address it is reached at by name, HTTPS first: `https://localhost:7443`. */
  readonly origins: readonly string[];
  /** Serves exactly these mailboxes from now on. */
  serve(homes: readonly string[]): void;
  close(): Promise<void>;
}

/** Starts listening. Throws `config-port-in-use` naming the port, or `config-invalid`. */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const limits = { ...defaultLimits, ...options.limits };
  const names = new Names(options.names);
  const mailboxes = new Mailboxes(limits);
  mailboxes.serve(options.homes);
  const entrance = new Entrance(mailboxes, limits);
  const sockets = new Sockets(names, entrance, limits);
  const polls = new Polls(names, entrance, limits);
  const { app, server } = await appOn(options, names, limits, polls);
  const servers: (HttpServer | Http2SecureServer)[] = [];
  const opened = new SourceCounts();
  const live = new Set<Socket>();
  const start = async (each: HttpServer | Http2SecureServer, port: number, host: string): Promise<number> => {
    each.on('upgrade', (request, stream, head) => sockets.upgrade(request, stream, head));
    each.on('connection', (socket: Socket) => {
      live.add(socket);
      socket.on('close', () => live.delete(socket));
      countSocket(socket, opened, limits);
    });
    // malformed requests and TLS handshakes that fail are the peer's affair
    each.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
    servers.push(each);
    return listen(each, port, host);
  };
  const close = async (): Promise<void> => {
    sockets.close();
    polls.close();
    const closing = servers.map(closeServer);
    for (const socket of live) socket.destroy();
    await Promise.all(closing);
    await app.close();
  };
  try {
    const port = await listenOnAll(server, options.port, start);
    const plain = (): HttpServer => createServer(httpLimits, (request, reply) => app.routing(request, reply));
    const plainPort = await start(plain(), options.plainPort, '127.0.0.1');
    await start(plain(), plainPort, '::1').catch(unlessNoIpv6);
    const origins = [
      `https://localhost:${port}`,
      ...options.names.map((name) => `https://${/:\d+$/.test(name) ? name : `${name}:${port}`}`),
      `http://localhost:${plainPort}`,
    ];
    return { port, plainPort, origins, serve: (homes) => mailboxes.serve(homes), close };
  } catch (error) {
    await close();
    throw error;
  }
}

// A request is a line and a few headers, nobody needs long for it (ms, bytes).
// A connection is kept for a minute, so that a second hold needs no new TLS handshake.
const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 60_000,
  maxHeaderSize: 8192,
};

// Pages come over one connection, which a phone far away feels; a WebSocket and older clients speak HTTP/1.1. A browser
// asks for some thirty files at once; nobody else may ask for more (bytes, counts, ms).
const http2Limits = {
  allowHTTP1: true,
  maxSessionMemory: 1,
  maxHeaderListPairs: 64,
  maxSessionInvalidFrames: 10,
  maxSessionRejectedStreams: 10,
  unknownProtocolTimeout: 5000,
  settings: { maxConcurrentStreams: 64, maxHeaderListSize: 8192, enablePush: false },
};

async function appOn(
  options: RelayOptions,
  names: Names,
  limits: Limits,
  polls: Polls,
): Promise<{ app: FastifyInstance; server: Http2SecureServer }> {
  let server: Http2SecureServer | undefined;
  const app = Fastify({
    serverFactory: (handler) => {
      server = createSecureServer(
        {
          ...httpLimits,
          ...http2Limits,
          handshakeTimeout: 10_000,
          key: options.certificate.key,
          cert: options.certificate.certificate,
          minVersion: 'TLSv1.2',
        },
        (request, reply) => handler(request as never, reply as never),
      );
      server.on('session', (session) =>
        session.setTimeout(httpLimits.keepAliveTimeout, () => session.destroy()),
      );
      return server as unknown as HttpServer;
    },
    // X-Forwarded-For is ignored: the address of the socket is the only one there is
    trustProxy: false,
    bodyLimit: 1024,
    routerOptions: { maxParamLength: 64 },
    forceCloseConnections: true,
  });
  const headers = {
    strictTransport: options.certificate.authority === undefined,
    asks: options.asks ?? [],
  };
  const pages = markWorker(options.pages, headersMark(headers));
  routes(app, { ...options, pages, headers, names, limits });
  await app.register(polls.routes);
  await app.ready();
  if (server === undefined) throw new Error('no server was made');
  return { app, server };
}

function countSocket(socket: Socket, opened: SourceCounts, limits: Limits): void {
  socket.on('error', () => socket.destroy());
  const address = ofSocket(socket.remoteAddress);
  if (address === undefined) return void socket.destroy();
  const source = sourceOf(address);
  if (opened.of(source) >= limits.socketsPerSource) return void socket.destroy();
  opened.add(source);
  socket.on('close', () => opened.remove(source));
}

/** `::` takes IPv4 too; a machine without IPv6 has 0.0.0.0 alone. */
async function listenOnAll(
  server: Http2SecureServer,
  port: number,
  start: (server: Http2SecureServer, port: number, host: string) => Promise<number>,
): Promise<number> {
  try {
    return await start(server, port, '::');
  } catch (error) {
    unlessNoIpv6(error);
    return await listen(server, port, '0.0.0.0');
  }
}

function unlessNoIpv6(error: unknown): void {
  const cause = error instanceof LatchkeyError ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error;
}

function listen(server: HttpServer | Http2SecureServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => reject(listenError(cause, port));
    server.once('error', failed);
    server.listen({ port, host }, () => {
      server.off('error', failed);
      server.on('error', () => undefined);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function listenError(cause: NodeJS.ErrnoException, port: number): Error {
  if (cause.code === 'EADDRINUSE') return new LatchkeyError('config-port-in-use', `port ${port}`, { cause });
  if (cause.code === 'EACCES')
    return new LatchkeyError('config-invalid', `port ${port}: ports below 1024 need a privilege`, { cause });
  return cause;
}

function closeServer(server: HttpServer | Http2SecureServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
