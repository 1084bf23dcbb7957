import { flagsOf, isInterface } from './iptables-rule.ts';
import { any, not, trackedState, type Maybe, type Packet } from './packet.ts';
import { fromPrefix, readPrefix, toPrefix } from './prefix.ts';

/** A part of nft's JSON (libnftables-json(5)). */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Elements of the named sets and maps of one table; undefined: not listed. */
export type Sets = (name: string) => readonly Json[] | undefined;

/**
 * What the left side of a match is for a packet. `never`: the packet has no such field (a UDP port of a TCP
 * packet), so that the rule does not match whatever stands right.
 */
type Field =
  | { readonly kind: 'is'; readonly value: string | number | boolean }
  | { readonly kind: 'words'; readonly all: readonly string[] }
  | { readonly kind: 'source' | 'destination' | 'interface' | 'unknown' | 'never' }
  | { readonly kind: 'tuple'; readonly parts: readonly Field[] };

const unknown: Field = { kind: 'unknown' };
const never: Field = { kind: 'never' };

function fieldOf(left: Json, packet: Packet): Field {
  if (!isObject(left)) return unknown;
  const { meta, payload, ct, fib, concat } = left;
  if (isObject(meta)) return metaField(meta['key'], packet);
  if (isObject(payload)) return payloadField(payload['protocol'], payload['field'], packet);
  if (isObject(ct)) {
    if (ct['key'] === 'state') return { kind: 'words', all: [trackedState(packet)] };
    if (ct['key'] === 'status') return { kind: 'words', all: packet.state === 'new' ? [] : ['assured'] };
    return unknown;
  }
  if (isObject(fib)) {
    if (fib['result'] === 'oif') return { kind: 'is', value: true }; // there is a way back to the caller
    const flags = fib['flags'];
    return Array.isArray(flags) && flags.includes('daddr') ? { kind: 'is', value: 'local' } : unknown;
  }
  if (Array.isArray(concat)) return { kind: 'tuple', parts: concat.map((part) => fieldOf(part, packet)) };
  const masked = left['&'];
  if (Array.isArray(masked)) return maskedField(fieldOf(masked[0] ?? null, packet), masked[1] ?? null);
  return unknown;
}

function metaField(key: Json | undefined, packet: Packet): Field {
  switch (key) {
    case 'l4proto':
      return { kind: 'is', value: packet.protocol };
    case 'nfproto':
      return { kind: 'is', value: packet.family === 4 ? 'ipv4' : 'ipv6' };
    case 'protocol':
      return { kind: 'is', value: packet.family === 4 ? 'ip' : 'ip6' };
    case 'iifname':
    case 'iif':
      return { kind: 'interface' };
    case 'mark':
      return packet.mark === undefined ? unknown : { kind: 'is', value: packet.mark };
    case 'pkttype':
      return { kind: 'is', value: 'host' };
    default:
      return unknown;
  }
}

function payloadField(protocol: Json | undefined, field: Json | undefined, packet: Packet): Field {
  switch (protocol) {
    case 'ip':
    case 'ip6':
      if ((protocol === 'ip') !== (packet.family === 4)) return never;
      if (field === 'saddr') return { kind: 'source' };
      if (field === 'daddr') return { kind: 'destination' };
      return field === 'protocol' || field === 'nexthdr' ? { kind: 'is', value: packet.protocol } : unknown;
    case 'th':
    case 'tcp':
    case 'udp':
      if (protocol !== 'th' && protocol !== packet.protocol) return never;
      if (field === 'dport') return { kind: 'is', value: packet.port };
      return field === 'flags' ? { kind: 'words', all: flagsOf(packet) } : unknown;
    case 'ether':
    case 'vlan':
      return unknown;
    default:
      return never; // icmp, icmpv6, sctp and their like: another protocol
  }
}

function maskedField(field: Field, mask: Json): Field {
  if (field.kind === 'is' && typeof field.value === 'number' && typeof mask === 'number') {
    return { kind: 'is', value: (field.value & mask) >>> 0 };
  }
  const words = wordsIn(mask);
  if (field.kind !== 'words' || words === undefined) return field.kind === 'never' ? never : unknown;
  return { kind: 'words', all: field.all.filter((word) => words.includes(word)) };
}

/** `["syn","ack"]`, `"syn"` or `{"|":["syn","ack"]}`. */
function wordsIn(value: Json): readonly string[] | undefined {
  const list = isObject(value) ? value['|'] : value;
  const all = Array.isArray(list) ? list : [list];
  return all.every((one) => typeof one === 'string') ? all : undefined;
}

/** `left op right` of a match statement. */
export function matches(op: Json | undefined, left: Json, right: Json, packet: Packet, sets: Sets): Maybe {
  const field = fieldOf(left, packet);
  if (field.kind === 'never') return false;
  const answer =
    op === '==' || op === 'in' || op === '!='
      ? isAmong(field, right, packet, sets, op)
      : ordered(op, field, right);
  return op === '!=' ? not(answer) : answer;
}

/** Is what a map is asked for equal to this key of it? */
export function isKey(key: Json, entry: Json, packet: Packet, sets: Sets): Maybe {
  const field = fieldOf(key, packet);
  return field.kind === 'never' ? false : isAmong(field, entry, packet, sets, '==');
}

function ordered(op: Json | undefined, field: Field, right: Json): Maybe {
  if (field.kind !== 'is' || typeof field.value !== 'number' || typeof right !== 'number') return undefined;
  if (op === '<') return field.value < right;
  if (op === '>') return field.value > right;
  if (op === '<=') return field.value <= right;
  return op === '>=' ? field.value >= right : undefined;
}

function isAmong(field: Field, right: Json, packet: Packet, sets: Sets, op: Json): Maybe {
  if (typeof right === 'string' && right.startsWith('@'))
    return inNamedSet(field, right.slice(1), packet, sets);
  if (isObject(right) && Array.isArray(right['set'])) {
    return any(right['set'].map((one) => isAmong(field, bare(one), packet, sets, '==')));
  }
  if (field.kind === 'words') {
    const words = wordsIn(right);
    if (words === undefined) return undefined;
    // `tcp flags == syn` means these and no others; a state is one of those named
    const exactly = op === '==' && !packetStates.has(words[0] ?? '');
    if (!exactly) return field.all.some((word) => words.includes(word));
    return words.length === field.all.length && words.every((word) => field.all.includes(word));
  }
  if (Array.isArray(right)) return any(right.map((one) => isAmong(field, one, packet, sets, op)));
  return isOne(field, bare(right), packet, sets);
}

const packetStates = new Set(['established', 'related', 'new', 'invalid', 'untracked']);

/** A set's element without its time, counter and comment. */
function bare(element: Json): Json {
  const inner = isObject(element) ? element['elem'] : undefined;
  return isObject(inner) ? (inner['val'] ?? null) : element;
}

function isOne(field: Field, right: Json, packet: Packet, sets: Sets): Maybe {
  if (right === '*') return true;
  switch (field.kind) {
    case 'is':
      return equals(field.value, right);
    case 'interface':
      return typeof right === 'string' ? isInterface(right, packet) : undefined;
    case 'source':
    case 'destination':
      return isAddress(field.kind, right, packet);
    case 'tuple': {
      const parts = isObject(right) ? right['concat'] : undefined;
      if (!Array.isArray(parts) || parts.length !== field.parts.length) return undefined;
      const each = field.parts.map((part, i) =>
        part.kind === 'never' ? false : isAmong(part, parts[i] ?? null, packet, sets, '=='),
      );
      return each.includes(false) ? false : each.includes(undefined) ? undefined : true;
    }
    default:
      return undefined;
  }
}

function equals(value: string | number | boolean, right: Json): Maybe {
  if (isObject(right) && Array.isArray(right['range'])) {
    const [from, to] = right['range'];
    if (typeof value !== 'number' || typeof from !== 'number' || typeof to !== 'number') return undefined;
    return value >= from && value <= to;
  }
  if (typeof right === typeof value) return right === value;
  const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, ipv4: 2, ipv6: 10 };
  return typeof value === 'string' && typeof right === 'number' && value in protocols
    ? protocols[value] === right
    : undefined;
}

function isAddress(kind: 'source' | 'destination', right: Json, packet: Packet): Maybe {
  const judge = kind === 'source' ? fromPrefix : toPrefix;
  if (typeof right === 'string') return readPrefix(right) === undefined ? undefined : judge(packet, right);
  if (!isObject(right)) return undefined;
  const { prefix, range } = right;
  if (isObject(prefix)) return judge(packet, `${String(prefix['addr'])}/${String(prefix['len'])}`);
  if (!Array.isArray(range)) return undefined;
  // One address at both ends is one; a longer range names neighbours, not strangers.
  const [from, to] = range.map((end) => (typeof end === 'string' ? readPrefix(end) : undefined));
  if (kind === 'source' && packet.source === undefined && from !== undefined && to !== undefined) {
    return sameHalf(from[0].toByteArray(), to[0].toByteArray()) ? false : undefined;
  }
  return undefined;
}

function sameHalf(from: readonly number[], to: readonly number[]): boolean {
  return from[0] === to[0];
}

function inNamedSet(field: Field, name: string, packet: Packet, sets: Sets): Maybe {
  const isSource = (one: Field): boolean =>
    one.kind === 'source' || (one.kind === 'tuple' && one.parts.some((part) => part.kind === 'source'));
  const path = packet.sets.some((set) => set.endsWith(` ${name}`));
  if (isSource(field) && path) return true;
  const elements = sets(name);
  // A set that is too long to list is one of addresses: no stranger is in it.
  if (elements === undefined) return isSource(field) && packet.source === undefined ? false : undefined;
  return any(elements.map((element) => isAmong(field, bare(element), packet, sets, '==')));
}
