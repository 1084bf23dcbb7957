import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface CountingProxy {
  readonly origin: string;
  /** Everything that came, in order: also from service workers, which a browser's own log leaves out. */
  readonly log: string[];
  /** Ends at once, with every connection: the origin is gone. */
  stop(): Promise<void>;
}

/** Stands in front of an origin and passes everything on, headers as they are. A socket's upgrade is logged and refused. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const log: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, answer) => {
    log.push(`${incoming.method} ${incoming.url}`);
    const onward = request(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } },
      (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  server.on('upgrade', (incoming, socket) => {
    log.push(`UPGRADE ${incoming.url}`);
    socket.destroy();
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    log,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
