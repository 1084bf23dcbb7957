import ipaddr from 'ipaddr.js';

/** An address or network as four words of 32 bits, the highest first; IPv4 is in the first alone. */
export interface Numbers {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
  readonly prefix: number;
}

/** Undefined for any other text. Faster than a parser of addresses, and as strict for IPv4. Never throws. */
export function numbersOf(text: string): Numbers | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return addressOf(text);
  const length = text.slice(slash + 1);
  const base = addressOf(text.slice(0, slash));
  if (base === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefix = Number(length);
  return prefix > base.prefix ? undefined : { ...base, words: masked(base.words, prefix), prefix };
}

function addressOf(text: string): Numbers | undefined {
  if (text.includes(':')) return wideOf(text);
  const word = quadOf(text);
  return word < 0 ? undefined : { family: 4, words: [word, 0, 0, 0], prefix: 32 };
}

/** −1: no dotted quad. */
function quadOf(text: string): number {
  let value = 0;
  let part = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit === -2) {
      if (part < 0 || ++dots > 3) return -1;
      value = value * 256 + part;
      part = -1;
    } else if (digit < 0 || digit > 9 || part === 0) {
      return -1;
    } else {
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return -1;
    }
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1;
}

function wideOf(text: string): Numbers | undefined {
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const { parts } = ipaddr.IPv6.parse(text);
  const word = (i: number): number => (parts[i] ?? 0) * 65_536 + (parts[i + 1] ?? 0);
  return { family: 6, words: [word(0), word(2), word(4), word(6)], prefix: 128 };
}

function masked(words: Numbers['words'], prefix: number): Numbers['words'] {
  const keep = (i: number): number => {
    const bits = Math.min(32, Math.max(0, prefix - i * 32));
    return bits === 0 ? 0 : ((words[i] ?? 0) & (0xffffffff << (32 - bits))) >>> 0;
  };
  return [keep(0), keep(1), keep(2), keep(3)];
}

/** Whose neighbours share a network: /24 of IPv4, /48 of IPv6; what is wider stands for itself. */
export function neighbourhood({ family, words, prefix }: Numbers): Numbers {
  const wide = Math.min(prefix, family === 4 ? 24 : 48);
  return { family, words: masked(words, wide), prefix: wide };
}

/** Canonical text with its prefix. */
export function networkText({ family, words, prefix }: Numbers): string {
  const bytes = words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  const address = ipaddr.fromByteArray(bytes.slice(0, family === 4 ? 4 : 16));
  return `${address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()}/${prefix}`;
}
