import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface CountingProxy {
  readonly origin: string;
  /** Everything that came, in order: also from service workers, which a browser's own log leaves out. */
  readonly log: string[];
  /** Ends at once, with every connection: the origin is gone. */
  stop(): Promise<void>;
}

/**
 * Stands in front of an origin and passes everything on, headers as they are. A socket's upgrade is logged and refused.
 * `haltMs`: pages stop for so long in the middle of their body.
 */
export async function startCountingProxy(
  target: string,
  { haltMs = 0 }: { readonly haltMs?: number } = {},
): Promise<CountingProxy> {
  const log: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, answer) => {
    log.push(`${incoming.method} ${incoming.url}`);
    const isHalted = haltMs > 0 && incoming.headers.accept?.startsWith('text/html') === true;
    const headers = { ...incoming.headers, host: new URL(target).host };
    if (isHalted) delete headers['accept-encoding'];
    const onward = request(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method, headers },
      (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        if (isHalted) void halting(answered, answer, haltMs);
        else answered.pipe(answer);
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

/** Half of the body's element, then nothing for a while. */
async function halting(from: IncomingMessage, to: ServerResponse, ms: number): Promise<void> {
  const text = Buffer.concat(await from.toArray());
  const half = Math.floor((text.indexOf('<body') + text.length) / 2);
  to.write(text.subarray(0, half));
  await new Promise((resolve) => setTimeout(resolve, ms));
  to.end(text.subarray(half));
}
