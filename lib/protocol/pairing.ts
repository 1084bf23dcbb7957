import { LatchkeyError } from '../errors.ts';
import { concat, fromBase64, fromUtf8, Reader, toBase64, uint, utf8 } from './bytes.ts';
import { labelledHash } from './keys.ts';
import { protocolVersion } from './version.ts';

/** What the link or its picture says, for one device, once: PROTOCOL.md, Pairing. */
export interface Offer {
  /** Base addresses of relays, `https://host[:port]`, in the order to try them; 1 to 3. */
  readonly relays: readonly string[];
  /** SHA-256 of the relay certificate's SubjectPublicKeyInfo, where a local CA issued it. */
  readonly spki?: Uint8Array;
  /** S. */
  readonly home: Uint8Array;
  readonly mailbox: Uint8Array;
  /** 16 random bytes; never sent anywhere. */
  readonly secret: Uint8Array;
}

export function encodeOffer(offer: Offer): Uint8Array {
  return concat(
    uint(protocolVersion, 1),
    offer.home,
    offer.mailbox,
    offer.secret,
    uint(offer.spki === undefined ? 0 : 1, 1),
    ...(offer.spki === undefined ? [] : [offer.spki]),
    uint(offer.relays.length, 1),
    ...offer.relays.flatMap((relay) => [uint(utf8(relay).length, 1), utf8(relay)]),
  );
}

/** Throws `pairing-version` or `pairing-malformed`. */
export function decodeOffer(bytes: Uint8Array): Offer {
  const reader = new Reader(bytes);
  try {
    if (reader.uint(1) !== protocolVersion) throw new LatchkeyError('pairing-version');
    const home = reader.take(32);
    const mailbox = reader.take(32);
    const secret = reader.take(16);
    const flag = reader.uint(1);
    const spki = flag === 1 ? reader.take(32) : undefined;
    const count = reader.uint(1);
    const relays = Array.from({ length: count }, () => readRelay(fromUtf8(reader.take(reader.uint(1)))));
    reader.end();
    if (flag > 1 || count < 1 || count > 3) throw new LatchkeyError('pairing-malformed');
    return { relays, home, mailbox, secret, ...(spki === undefined ? {} : { spki }) };
  } catch (cause) {
    if (cause instanceof LatchkeyError && cause.code.startsWith('pairing-')) throw cause;
    throw new LatchkeyError('pairing-malformed', undefined, { cause });
  }
}

/** True for what an offer may name and a device may dial: a base address, lower case, at most 255 bytes. */
export function isRelayAddress(text: string): boolean {
  const found = /^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?$/.exec(text);
  return found !== null && text.length <= 255 && Number(found[1] ?? 1) <= 65_535;
}

function readRelay(text: string): string {
  if (!isRelayAddress(text)) {
    throw new LatchkeyError('pairing-malformed', 'relay address');
  }
  return text;
}

/** The link for one of the offer's relays. The fragment never leaves the browser or terminal. */
export function offerLink(relay: string, offer: Offer): string {
  return `${relay}/pair#${toBase64(encodeOffer(offer))}`;
}

/** Reads a pasted link. The origin is what the link points at. Throws `pairing-*`. */
export function readLink(text: string): { origin: string; offer: Offer } {
  const parts = /^(https?:\/\/[^/\s#?]+)\/pair\/?#([A-Za-z0-9_-]{20,1200})$/.exec(text.trim());
  if (parts === null) throw new LatchkeyError('pairing-malformed');
  const [, origin = '', fragment = ''] = parts;
  try {
    return { origin: origin.toLowerCase(), offer: decodeOffer(fromBase64(fragment)) };
  } catch (cause) {
    if (cause instanceof LatchkeyError && cause.code.startsWith('pairing-')) throw cause;
    throw new LatchkeyError('pairing-malformed', undefined, { cause });
  }
}

/** Seed of the Ed25519 key that the relay admits for this offer alone. */
export function offerAdmissionSeed(secret: Uint8Array): Uint8Array {
  return labelledHash('latchkey 1 offer admission', secret).slice(0, 32);
}

/** Sent inside INITIATE: shows that the device holds the offer, without the offer's secret. */
export function offerProof(secret: Uint8Array): Uint8Array {
  return labelledHash('latchkey 1 offer proof', secret).slice(0, 32);
}

// Crockford's base 32: no I, L, O, U
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The code that both sides show: 60 bits over the offer, C, S and H, so that it covers the device's key.
 * As `7KQ2-M4TX-9HPA`.
 */
export function pairingCode(offer: Offer, device: Uint8Array, transcript: Uint8Array): string {
  const offerHash = labelledHash('latchkey 1 offer', encodeOffer(offer));
  const hash = labelledHash('latchkey 1 code', offerHash, device, offer.home, transcript);
  let bits = 0n;
  for (const byte of hash.slice(0, 8)) bits = (bits << 8n) | BigInt(byte);
  let code = '';
  for (let i = 0; i < 12; i++) {
    code += letters.charAt(Number((bits >> BigInt(59 - i * 5)) & 31n));
    if (i === 3 || i === 7) code += '-';
  }
  return code;
}
