import ipaddr from 'ipaddr.js';
import type { ErrorCode } from './errors.ts';

/**
 * The one address parser of the house. An address is text equal to its own canonical print (dotted quad;
 * RFC 5952 for IPv6): no zone, no mapped IPv6, no number shorthand.
 */
export type Family = 4 | 6;

export type AddressKind = 'ordinary' | 'private' | 'loopback' | 'refused';

/** The family of a canonical address; undefined for any other text. Never throws. */
export function isCanonical(text: string): Family | undefined {
  if (text.length > 39) return undefined;
  if (text.includes(':')) {
    if (!/^[0-9a-f:]+$/.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
    const parsed = ipaddr.IPv6.parse(text);
    return !parsed.isIPv4MappedAddress() && parsed.toRFC5952String() === text ? 6 : undefined;
  }
  return dottedQuad.test(text) ? 4 : undefined;
}

/** Exactly what prints an IPv4 address: no leading zeros, none above 255. Lists of bans ask this 100,000 times over. */
const dottedQuad = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * A socket's peer as Node reports it, in canonical form: zone cut off, mapped IPv4 unwrapped.
 * Undefined when it is no address at all. For sockets only: what people or devices write is never mended.
 */
export function ofSocket(peer: string | undefined): string | undefined {
  if (peer === undefined) return undefined;
  const bare = peer.split('%')[0] ?? '';
  if (!ipaddr.isValid(bare)) return undefined;
  const parsed = ipaddr.process(bare);
  const text = parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
  return isCanonical(text) === undefined ? undefined : text;
}

// house.md, Doors. Documentation ranges are ordinary on purpose; ipaddr's range() calls them reserved.
const refused = [
  '0.0.0.0/8', // unspecified, "this network" (RFC 1122)
  '169.254.0.0/16', // link-local (RFC 3927)
  '224.0.0.0/4', // multicast (RFC 5771)
  '240.0.0.0/4', // reserved, with 255.255.255.255 broadcast (RFC 1112)
  '::/96', // unspecified and the deprecated IPv4-compatible; ::1 is told apart before
  'fe80::/10', // link-local (RFC 4291)
  'fec0::/10', // deprecated site-local (RFC 3879)
  'ff00::/8', // multicast (RFC 4291)
].map((range) => ipaddr.parseCIDR(range));

const privates = [
  '10.0.0.0/8', // RFC 1918
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10', // carrier NAT (RFC 6598)
  'fc00::/7', // unique local (RFC 4193)
].map((range) => ipaddr.parseCIDR(range));

const carrier = ['100.64.0.0/10'].map((range) => ipaddr.parseCIDR(range));

const loopbacks = ['127.0.0.0/8', '::1/128'].map((range) => ipaddr.parseCIDR(range));

function within(text: string, ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]): boolean {
  const address = ipaddr.parse(text);
  return ranges.some((range) => address.kind() === range[0].kind() && address.match(range));
}

/** What a canonical address is good for. `refused`: no door is ever opened for it. */
export function kindOf(canonical: string): AddressKind {
  if (within(canonical, loopbacks)) return 'loopback';
  if (within(canonical, refused)) return 'refused';
  return within(canonical, privates) ? 'private' : 'ordinary';
}

/** An address of a carrier's own NAT (RFC 6598): many customers leave by one public address behind it. */
export function isCarrierNat(canonical: string): boolean {
  return within(canonical, carrier);
}

export interface AddressRules {
  readonly allowPrivate: boolean;
  /** True only for doors of the home's own process (`proxy`), asked for through a loopback listener. */
  readonly allowLoopback: boolean;
  /** The home's own canonical addresses: a door for oneself is a mistake or an attack. */
  readonly own: readonly string[];
}

/** Undefined when a door may be opened for the address, else the code of the refusal. */
export function refusalOf(text: string, rules: AddressRules): ErrorCode | undefined {
  if (isCanonical(text) === undefined) return 'refused-address';
  const kind = kindOf(text);
  if (kind === 'loopback') return rules.allowLoopback ? undefined : 'refused-address';
  if (kind === 'refused' || rules.own.includes(text)) return 'refused-address';
  return kind === 'private' && !rules.allowPrivate ? 'refused-address-private' : undefined;
}
