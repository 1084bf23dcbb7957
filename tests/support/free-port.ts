import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Ports that nothing listens on and that no outgoing connection is given: the kernel gives those of
 * `ip_local_port_range`, 32768 and up, so that a port of `listen(0)`, once closed, is anybody's again.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** The first of two neighbours that are free: `up` takes PORT for HTTPS and PORT + 1 for HTTP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

/** On every address of both families. */
function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
