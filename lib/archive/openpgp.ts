/**
 * The first packets of an OpenPGP message (RFC 4880, section 4), as far as they tell what lies inside: gpg writes the
 * name of the file that it was given into the literal packet. Anything may be handed in; nothing is thrown.
 */

export type Opening =
  /** Section 5.9. `body` is where its data begin; `date` is Unix seconds, 0 for none. */
  | {
      readonly kind: 'literal';
      readonly name: Uint8Array;
      readonly date: number;
      readonly body: number;
    }
  /** Section 5.6: 1 ZIP (raw deflate), 2 ZLIB, 3 BZip2; what is compressed begins at `body`. */
  | { readonly kind: 'compressed'; readonly algorithm: number; readonly body: number }
  /** Needs a key. */
  | { readonly kind: 'encrypted' }
  /** It could be a message, but these bytes end too early. */
  | { readonly kind: 'more' }
  | { readonly kind: 'other' };

const tags = { signature: 2, onePass: 4, marker: 10, publicKeySession: 1, symmetricSession: 3 } as const;
const skipped = new Set<number>(Object.values(tags));

/** More are no message that gpg would write. */
const mostPackets = 64;

export function readOpening(bytes: Uint8Array): Opening {
  let at = 0;
  let session = false;
  for (let packets = 0; packets < mostPackets; packets++) {
    const header = readHeader(bytes, at);
    if (header === 'more' || header === 'other') return { kind: header };
    const { tag, body, length } = header;
    if (tag === 9 || tag === 18 || tag === 20) return { kind: session ? 'encrypted' : 'other' };
    if (tag === 8) {
      const algorithm = bytes[body];
      if (algorithm === undefined) return { kind: 'more' };
      return algorithm >= 1 && algorithm <= 3
        ? { kind: 'compressed', algorithm, body: body + 1 }
        : { kind: 'other' };
    }
    if (tag === 11) return readLiteral(bytes, body);
    if (!skipped.has(tag) || length === undefined) return { kind: 'other' };
    if (tag === tags.publicKeySession || tag === tags.symmetricSession) {
      const version = bytes[body];
      if (version === undefined) return { kind: 'more' };
      if (!sessionVersions[tag].includes(version)) return { kind: 'other' };
      session = true;
    }
    at = body + length;
  }
  return { kind: 'other' };
}

/** RFC 4880 and 9580, of session key packets. */
const sessionVersions: Record<1 | 3, readonly number[]> = { 1: [3, 6], 3: [4, 5, 6] };

interface Header {
  readonly tag: number;
  readonly body: number;
  /** Absent: it goes on until the end, or in parts. */
  readonly length?: number;
}

/** Section 4.2, both formats. */
function readHeader(bytes: Uint8Array, at: number): Header | 'more' | 'other' {
  const first = bytes[at];
  if (first === undefined) return 'more';
  if ((first & 0x80) === 0) return 'other';
  const big = (from: number, count: number) => {
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 256 + (bytes[from + index] ?? NaN);
    return value;
  };
  if ((first & 0x40) === 0) {
    const tag = (first >> 2) & 0x0f;
    const type = first & 3;
    if (type === 3) return { tag, body: at + 1 };
    const count = 2 ** type;
    const length = big(at + 1, count);
    return Number.isNaN(length) ? 'more' : { tag, body: at + 1 + count, length };
  }
  const tag = first & 0x3f;
  const second = bytes[at + 1];
  if (second === undefined) return 'more';
  if (second < 192) return { tag, body: at + 2, length: second };
  // a part: gpg's first one holds 512 bytes at least, so more than a literal packet says before its data
  if (second >= 224 && second < 255) return { tag, body: at + 2 };
  const [body, length] =
    second === 255 ? [at + 6, big(at + 2, 4)] : [at + 3, (second - 192) * 256 + big(at + 2, 1) + 192];
  return Number.isNaN(length) ? 'more' : { tag, body, length };
}

function readLiteral(bytes: Uint8Array, at: number): Opening {
  const mode = bytes[at];
  const length = bytes[at + 1];
  if (mode === undefined || length === undefined) return { kind: 'more' };
  if (!'btul1'.includes(String.fromCharCode(mode))) return { kind: 'other' };
  const body = at + 2 + length + 4;
  if (bytes.length < body) return { kind: 'more' };
  const date = new DataView(bytes.buffer, bytes.byteOffset + body - 4, 4).getUint32(0);
  return { kind: 'literal', name: bytes.slice(at + 2, at + 2 + length), date, body };
}
