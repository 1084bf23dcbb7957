import { isCanonical } from '../../lib/address.ts';
import type { FlagName, Knock } from '../../lib/knockd/read.ts';

/** One knock as a whole IP packet for loopback, header included. Pure: what varies between packets is given. */
export interface KnockPacket {
  /** Canonical addresses of one family. */
  readonly source: string;
  readonly destination: string;
  readonly knock: Knock;
  /** Must be set (true) or clear; SYN is set unless this says no, as a client's first packet would have it. */
  readonly tcpFlags: ReadonlyMap<FlagName, boolean>;
  readonly sourcePort: number;
  /** 32 bits: TCP's sequence number; the low 16 are IPv4's identification. */
  readonly number: number;
}

const flagBits: Readonly<Record<FlagName, number>> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 };

export function flagByte(flags: ReadonlyMap<FlagName, boolean>): number {
  let byte = flagBits.syn;
  for (const [name, set] of flags) byte = set ? byte | flagBits[name] : byte & ~flagBits[name];
  return byte;
}

/** Throws RangeError for addresses that are not canonical or not of one family. */
export function buildPacket(packet: KnockPacket): Uint8Array {
  const family = isCanonical(packet.source);
  if (family === undefined || isCanonical(packet.destination) !== family) {
    throw new RangeError('source and destination must be canonical addresses of one family');
  }
  const source = addressBytes(packet.source, family);
  const destination = addressBytes(packet.destination, family);
  const isTcp = packet.knock.protocol === 'tcp';
  const protocol = isTcp ? 6 : 17;
  const segment = isTcp ? tcp(packet) : udp(packet);

  // RFC 9293 3.1, RFC 768, RFC 8200 8.1: the sum runs over a pseudo-header too. The two families' layouts
  // differ, their sums do not: addresses, length, protocol.
  const sum = checksum([
    ...source,
    ...destination,
    0,
    protocol,
    segment.length >> 8,
    segment.length & 255,
    ...segment,
  ]);
  new DataView(segment.buffer).setUint16(isTcp ? 16 : 6, spoil(sum));

  const header = family === 4 ? ipv4(packet, protocol, segment.length) : ipv6(protocol, segment.length);
  header.set(source, family === 4 ? 12 : 8);
  header.set(destination, family === 4 ? 16 : 24);
  if (family === 4) new DataView(header.buffer).setUint16(10, checksum([...header]));

  const whole = new Uint8Array(header.length + segment.length);
  whole.set(header);
  whole.set(segment, header.length);
  return whole;
}

/**
 * The sum in TCP and UDP is wrong on purpose. knockd reads packets before the kernel judges them, and does
 * not look at sums; the kernel then drops the packet without a word. With a right one it would answer: an
 * answer from ::1 does leave by the default route, and would show the sequence to the wire.
 */
function spoil(sum: number): number {
  // Never 0, which for UDP over IPv4 means "none given" and passes.
  return sum === 1 ? 2 : sum ^ 1;
}

/** RFC 1071, over an even number of bytes or one short. */
export function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function addressBytes(address: string, family: 4 | 6): number[] {
  if (family === 4) return address.split('.').map(Number);
  const [left = '', right] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const before = groups(left);
  const after = groups(right ?? '');
  const middle = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...middle, ...after].flatMap((group) => [group >> 8, group & 255]);
}

function tcp(packet: KnockPacket): Uint8Array {
  const segment = new Uint8Array(20);
  const view = new DataView(segment.buffer);
  view.setUint16(0, packet.sourcePort);
  view.setUint16(2, packet.knock.port);
  view.setUint32(4, packet.number >>> 0);
  view.setUint8(12, 5 << 4); // five words, no options
  view.setUint8(13, flagByte(packet.tcpFlags));
  view.setUint16(14, 64240); // the window a Linux client starts with
  return segment;
}

function udp(packet: KnockPacket): Uint8Array {
  const segment = new Uint8Array(8);
  const view = new DataView(segment.buffer);
  view.setUint16(0, packet.sourcePort);
  view.setUint16(2, packet.knock.port);
  view.setUint16(4, 8);
  return segment;
}

function ipv4(packet: KnockPacket, protocol: number, length: number): Uint8Array {
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, 20 + length);
  view.setUint16(4, packet.number & 0xffff);
  view.setUint16(6, 0x4000); // do not fragment
  view.setUint8(8, 64);
  view.setUint8(9, protocol);
  return header;
}

function ipv6(protocol: number, length: number): Uint8Array {
  const header = new Uint8Array(40);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, length);
  view.setUint8(6, protocol);
  view.setUint8(7, 64);
  return header;
}
