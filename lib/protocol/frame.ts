import { LatchkeyError, isErrorCode, type ErrorCode } from '../errors.ts';
import { concat, fromUtf8, Reader, uint, utf8 } from './bytes.ts';
import { maxFrame, paddedSizes, protocolVersion } from './version.ts';

/**
 * What one transport message holds: PROTOCOL.md, Frames. The first byte is the kind; all lengths are fixed but
 * for the last field. The relay reads kinds 1 to 15 and the sizes of 16 and up, never what those hold.
 */
export type Frame =
  | { readonly kind: 'challenge'; readonly nonce: Uint8Array }
  | {
      readonly kind: 'admit';
      readonly mailbox: Uint8Array;
      readonly key: Uint8Array;
      readonly nonce: Uint8Array;
      readonly signature: Uint8Array;
    }
  | {
      readonly kind: 'prove';
      readonly key: Uint8Array;
      readonly nonce: Uint8Array;
      readonly signature: Uint8Array;
    }
  | { readonly kind: 'keys'; readonly admission: readonly Uint8Array[]; readonly offer?: Uint8Array }
  | { readonly kind: 'from' | 'to'; readonly connection: Uint8Array; readonly bytes: Uint8Array }
  | { readonly kind: 'left'; readonly connection: Uint8Array }
  | { readonly kind: 'taken'; readonly n: number }
  | { readonly kind: 'gone'; readonly code: ErrorCode }
  | {
      readonly kind: 'hello';
      readonly ephemeral: Uint8Array;
      readonly nonce: Uint8Array;
      readonly box: Uint8Array;
    }
  | {
      readonly kind: 'welcome';
      readonly half: Uint8Array;
      readonly nonce: Uint8Array;
      readonly box: Uint8Array;
    }
  | {
      readonly kind: 'initiate';
      readonly half: Uint8Array;
      readonly nonce: Uint8Array;
      readonly box: Uint8Array;
    }
  | {
      readonly kind: 'sealed';
      readonly session: Uint8Array;
      readonly sequence: number;
      readonly box: Uint8Array;
    };

export type FrameOf<Kind extends Frame['kind']> = Extract<Frame, { kind: Kind }>;

const kinds = {
  challenge: 1,
  admit: 2,
  prove: 3,
  keys: 4,
  from: 5,
  to: 6,
  left: 7,
  taken: 8,
  gone: 9,
  hello: 16,
  welcome: 17,
  initiate: 18,
  sealed: 19,
} as const satisfies Record<Frame['kind'], number>;

const kindOfByte = new Map<number, Frame['kind']>(
  (Object.entries(kinds) as [Frame['kind'], number][]).map(([kind, byte]) => [byte, kind]),
);

/** The most admission keys a home may register: its devices. */
export const maxAdmissionKeys = 256;

const boxOverhead = 16;
const sealedSizes: ReadonlySet<number> = new Set(paddedSizes.map((size) => size + boxOverhead));

function sequenceBytes(sequence: number): Uint8Array {
  return concat(uint(Math.floor(sequence / 2 ** 32), 4), uint(sequence % 2 ** 32, 4));
}

function body(frame: Frame): Uint8Array[] {
  switch (frame.kind) {
    case 'challenge':
      return [uint(protocolVersion, 1), frame.nonce];
    case 'admit':
      return [uint(protocolVersion, 1), frame.mailbox, frame.key, frame.nonce, frame.signature];
    case 'prove':
      return [uint(protocolVersion, 1), frame.key, frame.nonce, frame.signature];
    case 'keys':
      return [
        uint(frame.admission.length, 2),
        ...frame.admission,
        uint(frame.offer === undefined ? 0 : 1, 1),
        ...(frame.offer === undefined ? [] : [frame.offer]),
      ];
    case 'from':
    case 'to':
      return [frame.connection, frame.bytes];
    case 'left':
      return [frame.connection];
    case 'taken':
      return [uint(frame.n, 4)];
    case 'gone':
      return [utf8(frame.code)];
    case 'hello':
      return [uint(protocolVersion, 1), frame.ephemeral, frame.nonce, frame.box];
    case 'welcome':
    case 'initiate':
      return [frame.half, frame.nonce, frame.box];
    case 'sealed':
      return [frame.session, sequenceBytes(frame.sequence), frame.box];
  }
}

export function encodeFrame(frame: Frame): Uint8Array {
  return concat(uint(kinds[frame.kind], 1), ...body(frame));
}

function readVersion(reader: Reader): void {
  const version = reader.uint(1);
  if (version !== protocolVersion) throw new LatchkeyError('protocol-version', `version ${version}`);
}

function readKeys(reader: Reader): FrameOf<'keys'> {
  const count = reader.uint(2);
  if (count > maxAdmissionKeys) throw new LatchkeyError('protocol-oversized', `${count} admission keys`);
  const admission = Array.from({ length: count }, () => reader.take(32));
  const flag = reader.uint(1);
  if (flag > 1) throw new LatchkeyError('protocol-malformed', `offer flag ${flag}`);
  return flag === 1 ? { kind: 'keys', admission, offer: reader.take(32) } : { kind: 'keys', admission };
}

function readGone(reader: Reader): FrameOf<'gone'> {
  const bytes = reader.rest();
  const code = bytes.length <= 64 ? fromUtf8(bytes) : '';
  if (!isErrorCode(code)) throw new LatchkeyError('protocol-malformed', 'unknown code');
  return { kind: 'gone', code };
}

function readSealed(reader: Reader): FrameOf<'sealed'> {
  const session = reader.take(16);
  const high = reader.uint(4);
  const sequence = high * 2 ** 32 + reader.uint(4);
  if (high >= 2 ** 21 || sequence === 0)
    throw new LatchkeyError('protocol-malformed', 'sequence out of range');
  const box = reader.rest();
  if (!sealedSizes.has(box.length))
    throw new LatchkeyError('protocol-malformed', `box of ${box.length} bytes`);
  return { kind: 'sealed', session, sequence, box };
}

/** Throws `protocol-oversized`, `protocol-version` or `protocol-malformed` with the byte. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > maxFrame) throw new LatchkeyError('protocol-oversized', `${bytes.length} bytes`);
  const reader = new Reader(bytes);
  const first = reader.uint(1);
  const kind = kindOfByte.get(first);
  if (kind === undefined) throw new LatchkeyError('protocol-malformed', `kind ${first}`);
  const frame = readBody(kind, reader);
  reader.end();
  return frame;
}

function readBody(kind: Frame['kind'], reader: Reader): Frame {
  switch (kind) {
    case 'challenge':
      readVersion(reader);
      return { kind, nonce: reader.take(32) };
    case 'admit':
      readVersion(reader);
      return {
        kind,
        mailbox: reader.take(32),
        key: reader.take(32),
        nonce: reader.take(32),
        signature: reader.take(64),
      };
    case 'prove':
      readVersion(reader);
      return { kind, key: reader.take(32), nonce: reader.take(32), signature: reader.take(64) };
    case 'keys':
      return readKeys(reader);
    case 'from':
    case 'to':
      return { kind, connection: reader.take(16), bytes: reader.rest() };
    case 'left':
      return { kind, connection: reader.take(16) };
    case 'taken':
      return { kind, n: reader.uint(4) };
    case 'gone':
      return readGone(reader);
    case 'hello':
      readVersion(reader);
      return { kind, ephemeral: reader.take(32), nonce: reader.take(16), box: reader.take(64 + boxOverhead) };
    case 'welcome':
    case 'initiate':
      return { kind, half: reader.take(8), nonce: reader.take(16), box: reader.rest() };
    case 'sealed':
      return readSealed(reader);
  }
}

/** True for what only the two ends read: the relay passes these on unread. */
export function isEndToEnd(bytes: Uint8Array): boolean {
  const first = bytes[0];
  return first !== undefined && first >= 16 && kindOfByte.has(first);
}

/** Frames in one body of long polling: PROTOCOL.md, Transport. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  return concat(...frames.flatMap((frame) => [uint(frame.length, 2), frame]));
}

/** Throws `protocol-oversized` or `protocol-malformed`. What the frames hold is not read. */
export function splitFrames(body: Uint8Array): Uint8Array[] {
  const reader = new Reader(body);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < body.length;) {
    const length = reader.uint(2);
    if (length > maxFrame) throw new LatchkeyError('protocol-oversized', `${length} bytes`);
    if (length === 0) throw new LatchkeyError('protocol-malformed', `an empty frame at byte ${at}`);
    frames.push(reader.take(length));
    at += 2 + length;
  }
  return frames;
}
