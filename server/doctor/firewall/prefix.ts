import ipaddr from 'ipaddr.js';
import { any, type Maybe, type Packet } from './packet.ts';

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, or one address; undefined for a name or anything else. */
export function readPrefix(text: string): Range | undefined {
  const [address = '', length] = text.split('/');
  try {
    const parsed = ipaddr.parse(address);
    if (length === undefined) return [parsed, parsed.kind() === 'ipv4' ? 32 : 128];
    const bits = /^\d+$/.test(length) ? Number(length) : ipaddr.parse(length).prefixLengthFromSubnetMask();
    return bits === null ? undefined : [parsed, bits];
  } catch {
    return undefined;
  }
}

export function contains([network, bits]: Range, address: string): boolean {
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && parsed.match(network, bits);
  return network instanceof ipaddr.IPv6 && parsed.match(network, bits);
}

/**
 * Is the packet's source in the prefix? Of a stranger's: everybody is in a prefix that holds all of the Internet
 * (`0.0.0.0/0`, `::/0`, `2000::/3`: RFC 4291, section 2.4), nobody in a smaller one, and a prefix of many countries
 * cannot be told.
 */
export function fromPrefix(packet: Packet, text: string): Maybe {
  const range = readPrefix(text);
  if (range === undefined) return undefined;
  const [network, bits] = range;
  if ((network.kind() === 'ipv4') !== (packet.family === 4)) return false;
  if (packet.source !== undefined) return contains(range, packet.source);
  if (packet.family === 4) return bits === 0 ? true : bits < 4 ? undefined : false;
  if (bits <= 3) return contains(range, '2000::');
  return bits < 12 && contains([ipaddr.parse('2000::'), 3], network.toString()) ? undefined : false;
}

/** Is one of this machine's own addresses, as the packet's destination, in the prefix? */
export function toPrefix(packet: Packet, text: string): Maybe {
  const range = readPrefix(text);
  if (range === undefined) return undefined;
  const within = packet.destinations.map((address) => contains(range, address));
  if (within.every(Boolean) && within.length > 0) return true;
  // which of them the packet is for is not known
  return within.includes(true) ? undefined : range[1] === 0;
}

/** Is a number among `22`, `22:80`, `22-80`, comma-separated? Undefined for names. */
export function inNumbers(value: number, text: string): Maybe {
  return any(
    text.split(',').map((part) => {
      const found = /^(\d*)(?:([:-])(\d*))?$/.exec(part.trim());
      if (found === null || part === '') return undefined;
      const from = Number(found[1] || 0);
      const to = found[2] === undefined ? from : Number(found[3] || 65535);
      return value >= from && value <= to;
    }),
  );
}
