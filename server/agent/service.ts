import { endianness } from 'node:os';
import { isCanonical, kindOf, ofSocket } from '../../lib/address.ts';
import type { ServiceState } from '../../lib/door.ts';
import type { DoorService } from '../doors/driver.ts';

/**
 * Whether a service waits behind a door, from the kernel's table of sockets. Nothing is connected to: a connection
 * that says nothing is a line in sshd's log, a count for those who read it, since OpenSSH 9.8 a penalty for its
 * source (127.0.0.1, from which every proxy door's sessions come), and for some services a job. The table is silent,
 * and knows more: which addresses, which family. What it cannot tell is whether the program is in its senses.
 */

/** A bound socket that takes whoever comes: TCP that listens, UDP without a peer. */
export interface BoundSocket {
  /** Canonical; `0.0.0.0` or `::` for all. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

const row =
  /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) (?:0{8}|0{32}):0{4} (0A|07) \S+ \S+ \S+ +\d+ +\d+ +(\d+)/;

/** Reads /proc/net/{tcp,tcp6,udp,udp6}, proc(5). Any text gives an answer. */
export function readSockets(text: string): BoundSocket[] {
  const sockets: BoundSocket[] = [];
  for (const line of text.split('\n')) {
    const [, hex = '', port = '', , inode = ''] = row.exec(line) ?? [];
    const address = hex === '' ? undefined : addressOf(hex);
    if (address !== undefined) sockets.push({ address, port: Number.parseInt(port, 16), inode });
  }
  return sockets;
}

/** The kernel prints each 32 bits as a number of the machine's own byte order. */
function addressOf(hex: string): string | undefined {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const four = [...Buffer.from(word, 'hex')];
    return endianness() === 'LE' ? four.reverse() : four;
  });
  if (bytes.every((byte) => byte === 0)) return bytes.length === 4 ? '0.0.0.0' : '::';
  if (bytes.length === 4) return ofSocket(bytes.join('.'));
  const groups = Array.from({ length: 8 }, (_, n) => Buffer.from(bytes.slice(2 * n, 2 * n + 2)));
  return ofSocket(groups.map((group) => group.toString('hex')).join(':'));
}

export interface Bound {
  readonly sockets: readonly BoundSocket[];
  /** Of a `::` socket: whether it refuses IPv4; undefined where nobody can tell. */
  readonly onlyIpv6: (inode: string) => boolean | undefined;
  /** This machine's own addresses. */
  readonly own: readonly string[];
}

/** What waits for connections from `address` where the door leads. `bound` undefined: nothing can be read here. */
export function serviceState(
  service: DoorService | undefined,
  address: string,
  bound: Bound | undefined,
): ServiceState {
  if (service === undefined || bound === undefined) return 'unknown';
  const at = bound.sockets.filter((socket) => socket.port === service.port);
  const here = service.host === undefined ? undefined : hostsOf(service.host, bound.own);
  if (service.host !== undefined && here === undefined) return 'unknown';
  if (at.length === 0) return 'silent';
  // A proxy door dials its target itself, whatever family came to the door.
  const wanted = here ?? [anyOf(address)];
  const takes = wanted.map((host) => takesFrom(at, host, bound));
  // UDP: somebody has the port, and whether there will be an answer only an answer can tell.
  if (takes.includes(true)) return service.protocol === 'udp' ? 'unknown' : 'listens';
  if (takes.includes(undefined)) return 'unknown';
  const reachable = at.some((socket) => isAny(socket.address) || kindOf(socket.address) !== 'loopback');
  return reachable ? 'family' : 'loopback';
}

function anyOf(address: string): string {
  return isCanonical(address) === 6 ? '::' : '0.0.0.0';
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** The addresses of this machine that a target's name stands for; undefined: it is elsewhere, or may be. */
export function hostsOf(host: string, own: readonly string[]): string[] | undefined {
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  const family = isCanonical(host);
  if (family === undefined) return undefined;
  return kindOf(host) === 'loopback' || own.includes(host) ? [host] : undefined;
}

/** True where a socket takes what is sent to `host`; for any address of a family: to one that others can reach. */
function takesFrom(at: readonly BoundSocket[], host: string, bound: Bound): boolean | undefined {
  const family = isCanonical(host) ?? (host === '::' ? 6 : 4);
  const any = anyOf(host);
  const fits = at.some(({ address }) => {
    if (address === any || address === host) return true;
    return isAny(host) && isCanonical(address) === family && kindOf(address) !== 'loopback';
  });
  if (fits || family === 6) return fits;
  const both = at.filter(({ address }) => address === '::').map(({ inode }) => bound.onlyIpv6(inode));
  if (both.includes(false)) return true;
  return both.includes(undefined) ? undefined : false;
}
