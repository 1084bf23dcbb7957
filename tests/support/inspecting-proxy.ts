import { once } from 'node:events';
import { createServer as createPlain, request as requestPlain, type IncomingMessage } from 'node:http';
import { createServer as createTls, request as requestTls } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/**
 * What stands between a client site and the world: ends TLS with a certificate of its own, where it has one, and asks
 * on in its own name, headers as they came. What it makes of a WebSocket is up to the site.
 */
export interface InspectingProxy {
  readonly port: number;
  /** pass; refuse: 400; hang: no answer; swallow: 101, and then nothing. */
  upgrades: 'pass' | 'refuse' | 'hang' | 'swallow';
  /** How many asked for one. */
  asked: number;
  /** Ends every connection. */
  cut(): void;
  stop(): Promise<void>;
}

export interface InspectingOptions {
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Where to ask on for a Host header. */
  readonly target: (host: string) => URL;
  /** PEM: whom it believes. */
  readonly ca?: string;
}

export async function startInspectingProxy(options: InspectingOptions): Promise<InspectingProxy> {
  const sockets = new Set<Socket>();
  const onward = (incoming: IncomingMessage) => {
    const target = options.target(incoming.headers.host ?? '');
    const { method, headers, url: path } = incoming;
    const common = { host: target.hostname, port: target.port, method, path, headers };
    return target.protocol === 'http:' ? requestPlain(common) : requestTls({ ...common, ca: options.ca });
  };
  const server = options.tls === undefined ? createPlain() : createTls(options.tls);
  server.on('request', (incoming, answer) => {
    const asking = onward(incoming);
    asking.on('response', (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    asking.on('error', () => answer.destroy());
    answer.on('close', () => asking.destroy());
    incoming.pipe(asking);
  });
  server.on('upgrade', (incoming, socket: Socket, head) => {
    proxy.asked++;
    socket.on('error', () => socket.destroy());
    if (proxy.upgrades === 'refuse') socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    if (proxy.upgrades !== 'pass' && proxy.upgrades !== 'swallow') return;
    const asking = onward(incoming);
    asking.on('error', () => socket.destroy());
    asking.on('upgrade', (answered, peer: Socket, first) => {
      const lines = Object.entries(answered.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      peer.on('error', () => socket.destroy());
      if (proxy.upgrades === 'swallow') return;
      socket.on('close', () => peer.destroy());
      peer.write(head);
      socket.write(first);
      peer.pipe(socket).pipe(peer);
    });
    asking.end();
  });
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(options.port ?? 0, options.port === undefined ? '127.0.0.1' : '0.0.0.0');
  await once(server, 'listening');
  const proxy: InspectingProxy = {
    port: (server.address() as AddressInfo).port,
    upgrades: 'refuse',
    asked: 0,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      proxy.cut();
      await closed;
    },
  };
  return proxy;
}
