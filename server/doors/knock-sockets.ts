import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Knock } from '../../lib/knockd/read.ts';

/** A knock's socket ends long before its SYN would be sent again (1 s, RFC 6298): ms */
const socketLivesMs = 200;

/** No packet left this machine. Any other error is an answer, and knocks ask for none. */
const notSent = new Set(['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE']);

/**
 * Sends each knock when it is due, in order, from this machine's own address, and waits for no answer: a TCP knock is
 * the SYN of a connection that is given up, a UDP knock an empty datagram. `sent` is called after each. Resolves after
 * the last has left; throws `tool-failed` where the system would not send, without naming the port.
 */
export async function knockAt(
  target: { readonly address: string; readonly family: 4 | 6 },
  knocks: readonly Knock[],
  spacingMs: number,
  sent: (n: number) => void = () => undefined,
): Promise<void> {
  let refused: string | undefined;
  const failed = (error: NodeJS.ErrnoException | null | undefined): void => {
    if (error?.code !== undefined && notSent.has(error.code)) refused ??= error.code;
  };
  for (const [at, { port, protocol }] of knocks.entries()) {
    // From the last one on, not from the first: after a stall of this process two would leave together.
    if (at > 0) await sleep(spacingMs);
    await (protocol === 'tcp' ? sendSyn(target.address, port, failed) : sendDatagram(target, port, failed));
    if (refused !== undefined) throw new LatchkeyError('tool-failed', `knock ${at + 1}: ${refused}`);
    sent(at + 1);
  }
}

function sendSyn(host: string, port: number, failed: (error: Error) => void): Promise<void> {
  const socket = connect({ host, port });
  socket.on('error', failed);
  setTimeout(() => socket.destroy(), socketLivesMs);
  // net connects in the next tick; what the system says at once is told in the one after
  return new Promise((resolve) => setImmediate(resolve));
}

function sendDatagram(
  { address, family }: { readonly address: string; readonly family: 4 | 6 },
  port: number,
  failed: (error: Error | null) => void,
): Promise<void> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  socket.on('error', failed);
  return new Promise((resolve) => {
    // handed to the kernel, or refused by it: nobody's answer
    socket.send('', port, address, (error) => {
      failed(error);
      socket.close();
      resolve();
    });
  });
}

/** Pauses before further connects: a SYN that a closed door dropped comes again only after a second. ms */
const tries = [0, 60, 180, 420, 900, 1800];

/**
 * Whether a TCP port answers within the time; resolves with how long the answer took (ms), or undefined. Every socket
 * is gone when it resolves. Throws `tool-failed` where there is no network.
 */
export async function answersIn(host: string, port: number, withinMs: number): Promise<number | undefined> {
  const stops: (() => void)[] = [];
  try {
    return await new Promise<number | undefined>((resolve, reject) => {
      const end = setTimeout(() => resolve(undefined), withinMs);
      stops.push(() => clearTimeout(end));
      for (const pause of tries.filter((ms) => ms < withinMs)) {
        const timer = setTimeout(() => {
          const socket = connect({ host, port });
          stops.push(() => socket.destroy());
          const since = performance.now();
          socket.once('connect', () => resolve(performance.now() - since));
          socket.on('error', (error: NodeJS.ErrnoException) => {
            if (error.code !== undefined && notSent.has(error.code))
              reject(new LatchkeyError('tool-failed', `check: ${error.code}`, { cause: error }));
          });
        }, pause);
        stops.push(() => clearTimeout(timer));
      }
    });
  } finally {
    for (const stop of stops) stop();
  }
}
