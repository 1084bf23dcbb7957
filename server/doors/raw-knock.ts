import { randomInt } from 'node:crypto';
import { createRequire } from 'node:module';
import { isCanonical } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { buildPacket } from './knock-packet.ts';
import type { FlagName, Knock } from '../../lib/knockd/read.ts';

/** The part of npm's raw-socket that we use; it ships no types. */
interface RawSocket {
  send(
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: string,
    done: (error: Error | null) => void,
  ): void;
  setOption(level: number, option: number, value: number): void;
  on(event: 'error', listener: (error: Error) => void): void;
  close(): void;
}
interface RawSocketModule {
  createSocket(options: { protocol: number; addressFamily: number }): RawSocket;
  readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
  readonly SocketLevel: { readonly IPPROTO_IP: number };
  readonly SocketOption: { readonly IP_HDRINCL: number };
}

/** IPPROTO_RAW: our own IP header is sent as it is (raw(7); IPv6 too, since Linux 4.5). */
const rawProtocol = 255;

/** Loopback takes them at once; the rest is for a machine that was suspended in between. */
const sentWithinMs = 2000;

/**
 * Sockets at work. raw-socket's own handle on the event loop does not keep its JavaScript half alive: without
 * this, a garbage collection between send() and its callback takes socket, callback and promise away.
 */
const held = new Set<RawSocket>();

/**
 * Native, optional, and CommonJS: loaded on first use, so that a machine without it has every other door.
 * Throws `tool-missing`.
 */
function loadRawSocket(): RawSocketModule {
  try {
    return createRequire(import.meta.url)('raw-socket') as RawSocketModule;
  } catch (cause) {
    throw new LatchkeyError('tool-missing', 'npm package raw-socket (it needs a C++ compiler once)', {
      cause,
    });
  }
}

/** Throws `tool-missing` where knocking could not work for want of the package. */
export function requireRawSocket(): void {
  loadRawSocket();
}

/**
 * Sends the knocks, in order and without a pause, from `source` to this machine's own loopback address.
 * Nothing reaches a wire, no answer either (knock-packet.ts). Needs CAP_NET_RAW. Throws `tool-missing`, `tool-failed`.
 */
export async function sendKnocks(
  source: string,
  knocks: readonly Knock[],
  tcpFlags: ReadonlyMap<FlagName, boolean>,
): Promise<void> {
  const raw = loadRawSocket();
  const isV6 = isCanonical(source) === 6;
  const destination = isV6 ? '::1' : '127.0.0.1';
  const sourcePort = randomInt(32768, 61000); // Linux's own range for outgoing connections
  const packets = knocks.map((knock) =>
    buildPacket({ source, destination, knock, tcpFlags, sourcePort, number: randomInt(2 ** 32) }),
  );
  try {
    const addressFamily = isV6 ? raw.AddressFamily.IPv6 : raw.AddressFamily.IPv4;
    const socket = raw.createSocket({ protocol: rawProtocol, addressFamily });
    held.add(socket);
    let timer: NodeJS.Timeout | undefined;
    try {
      if (!isV6) socket.setOption(raw.SocketLevel.IPPROTO_IP, raw.SocketOption.IP_HDRINCL, 1);
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`not sent in ${sentWithinMs} ms`)), sentWithinMs);
        socket.on('error', reject);
        let left = packets.length;
        for (const packet of packets) {
          const bytes = Buffer.from(packet);
          socket.send(bytes, 0, bytes.length, destination, (error) => {
            if (error !== null) reject(error);
            else if (--left === 0) resolve();
          });
        }
      });
    } finally {
      clearTimeout(timer);
      held.delete(socket);
      socket.close();
    }
  } catch (cause) {
    throw new LatchkeyError('tool-failed', `raw socket: ${(cause as Error).message}`, { cause });
  }
}
