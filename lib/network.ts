import ipaddr from 'ipaddr.js';
import { isCanonical, type Family } from './address.ts';

export interface Network {
  readonly family: Family;
  /** Canonical, no host bits set. */
  readonly base: string;
  readonly prefix: number;
  /** Of a canonical address. */
  contains(address: string): boolean;
}

/** A canonical network: canonical base without host bits, `/`, prefix without leading zeros. Never throws. */
export function parseNetwork(text: string): Network | undefined {
  if (!text.includes('/')) return undefined;
  const [base = '', length = '', more] = text.split('/');
  const family = isCanonical(base);
  if (family === undefined || more !== undefined || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefix = Number(length);
  if (prefix > (family === 4 ? 32 : 128)) return undefined;
  const parsed = ipaddr.parse(base);
  if (networkOf(base, prefix) !== text) return undefined;
  return {
    family,
    base,
    prefix,
    contains: (address) => isCanonical(address) === family && ipaddr.parse(address).match(parsed, prefix),
  };
}

/** The network of a canonical address with this prefix, as canonical text. */
export function networkOf(address: string, prefix: number): string {
  const parsed = ipaddr.parse(address);
  const bytes = parsed.toByteArray().map((byte, i) => {
    const bits = Math.min(8, Math.max(0, prefix - i * 8));
    return byte & (0xff << (8 - bits));
  });
  const base = ipaddr.fromByteArray(bytes);
  return `${base instanceof ipaddr.IPv6 ? base.toRFC5952String() : base.toString()}/${prefix}`;
}
