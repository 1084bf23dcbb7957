import nacl from 'tweetnacl';
import { LatchkeyError } from '../errors.ts';
import { concat, equal, fromUtf8, Reader, utf8 } from './bytes.ts';
import { decodeFrame, encodeFrame, type FrameOf } from './frame.ts';
import { boxKey, boxKeyPair, dhWith, sharedKey, type BoxKeyPair, type Dh, type Random } from './keys.ts';
import { boxNonce, pad, seal, unpad, unseal } from './seal.ts';
import { sessionKeys, type SessionKeys } from './session.ts';

/**
 * CurveZMQ's shape (RFC 26) without its cookie: PROTOCOL.md, Handshake. C and S are the long keys of device and
 * home, C' and S' the short ones, H the SHA-512 of the exact HELLO and WELCOME frames.
 */

const zeros = new Uint8Array(64);

/** An X25519 pair, by what it does. */
export interface PairKeys {
  readonly publicKey: Uint8Array;
  readonly dh: Dh;
  /** Erases the secret, where it is bytes. */
  readonly forget?: () => void;
}

/** C, and how C' is made: away from the page's thread where a browser can; absent, tweetnacl makes it. */
export interface DeviceKeys extends PairKeys {
  readonly newPair?: () => Promise<PairKeys>;
}

export interface Welcomed {
  /** S', opaque: hand it to `initiate`. */
  readonly ephemeral: Uint8Array;
  readonly half: Uint8Array;
  readonly transcript: Uint8Array;
  /** What the home sent with it: JSON text of the first challenge and observers (message.ts reads it). */
  readonly greeting: string;
}

export interface Hello {
  readonly bytes: Uint8Array;
  /** C'. */
  readonly ephemeral: PairKeys;
  readonly home: Uint8Array;
  /** C'→S: seals HELLO and opens WELCOME. */
  readonly key: Uint8Array;
}

/** The device's first frame to the home whose key S it holds from pairing. Throws `protocol-key` for a bad S. */
export async function hello(
  home: Uint8Array,
  random: Random,
  newPair?: DeviceKeys['newPair'],
): Promise<Hello> {
  const ephemeral = newPair === undefined ? byBytes(random(32)) : await newPair();
  const nonce = random(16);
  const key = boxKey(await ephemeral.dh(home));
  const box = seal(zeros, boxNonce('lk1HELLO', nonce), key);
  return {
    bytes: encodeFrame({ kind: 'hello', ephemeral: ephemeral.publicKey, nonce, box }),
    ephemeral,
    home,
    key,
  };
}

function byBytes(secret: Uint8Array): PairKeys {
  const { publicKey, secretKey } = boxKeyPair(secret);
  return { publicKey, dh: dhWith(secretKey), forget: () => secretKey.fill(0) };
}

export interface HalfOpen {
  /** 8 bytes that name it in INITIATE. */
  readonly half: Uint8Array;
  readonly bytes: Uint8Array;
  readonly transcript: Uint8Array;
  readonly deviceEphemeral: Uint8Array;
  /** S': the caller erases it after one INITIATE, right or wrong, or after `halfOpenTime`. */
  readonly ephemeral: BoxKeyPair;
}

/** The home's answer to HELLO. Throws `protocol-key` where the sender does not hold S. */
export function welcome(
  helloBytes: Uint8Array,
  home: BoxKeyPair,
  greeting: string,
  random: Random,
): HalfOpen {
  const frame = expectKind(helloBytes, 'hello');
  const key = sharedKey(home.secretKey, frame.ephemeral);
  if (!equal(unseal(frame.box, boxNonce('lk1HELLO', frame.nonce), key), zeros)) {
    throw new LatchkeyError('protocol-key', 'HELLO');
  }
  const ephemeral = boxKeyPair(random(32));
  const half = random(8);
  const nonce = random(16);
  const plain = concat(ephemeral.publicKey, pad(utf8(greeting)));
  const bytes = encodeFrame({
    kind: 'welcome',
    half,
    nonce,
    box: seal(plain, boxNonce('lk1WELCM', nonce), key),
  });
  const transcript = nacl.hash(concat(helloBytes, bytes));
  return { half, bytes, transcript, deviceEphemeral: frame.ephemeral, ephemeral };
}

/** Throws `protocol-key` where the sender does not hold S. */
export function readWelcome(welcomeBytes: Uint8Array, sent: Hello): Welcomed {
  const frame = expectKind(welcomeBytes, 'welcome');
  const reader = new Reader(unseal(frame.box, boxNonce('lk1WELCM', frame.nonce), sent.key));
  const ephemeral = reader.take(32);
  const greeting = fromUtf8(unpad(reader.rest()));
  return { ephemeral, half: frame.half, transcript: nacl.hash(concat(sent.bytes, welcomeBytes)), greeting };
}

/** The device's second frame, and the session it makes. `claim` is JSON text, empty but for pairing. */
export async function initiate(
  sent: Hello,
  welcomed: Welcomed,
  device: DeviceKeys,
  claim: string,
  random: Random,
): Promise<{ bytes: Uint8Array; keys: SessionKeys }> {
  const identity = boxKey(await device.dh(welcomed.ephemeral));
  const between = boxKey(await sent.ephemeral.dh(welcomed.ephemeral));
  const vouchNonce = random(16);
  const vouch = seal(
    concat(sent.ephemeral.publicKey, sent.home, welcomed.transcript),
    boxNonce('lk1VOUCH', vouchNonce),
    identity,
  );
  const plain = concat(device.publicKey, vouchNonce, vouch, welcomed.transcript, pad(utf8(claim)));
  const nonce = random(16);
  const box = seal(plain, boxNonce('lk1INITI', nonce), between);
  const bytes = encodeFrame({ kind: 'initiate', half: welcomed.half, nonce, box });
  sent.ephemeral.forget?.();
  sent.key.fill(0);
  return { bytes, keys: sessionKeys(between, identity, welcomed.transcript) };
}

export interface Initiated {
  /** C: proved to be held by the sender, known or not. */
  readonly device: Uint8Array;
  readonly claim: string;
  readonly transcript: Uint8Array;
  readonly keys: SessionKeys;
}

const vouchLength = 32 + 32 + 64 + 16;

/** Reads INITIATE against its half-open handshake. Throws `protocol-key` or `protocol-malformed`. */
export function readInitiate(initiateBytes: Uint8Array, half: HalfOpen, home: BoxKeyPair): Initiated {
  const frame = expectKind(initiateBytes, 'initiate');
  const between = sharedKey(half.ephemeral.secretKey, half.deviceEphemeral);
  const reader = new Reader(unseal(frame.box, boxNonce('lk1INITI', frame.nonce), between));
  const device = reader.take(32);
  const vouchNonce = reader.take(16);
  const vouch = reader.take(vouchLength);
  const transcript = reader.take(64);
  const claim = fromUtf8(unpad(reader.rest()));
  const identity = sharedKey(half.ephemeral.secretKey, device);
  const vouched = unseal(vouch, boxNonce('lk1VOUCH', vouchNonce), identity);
  const wanted = concat(half.deviceEphemeral, home.publicKey, half.transcript);
  if (!equal(vouched, wanted) || !equal(transcript, half.transcript)) {
    throw new LatchkeyError('protocol-key', 'INITIATE');
  }
  return {
    device,
    claim,
    transcript: half.transcript,
    keys: sessionKeys(between, identity, half.transcript),
  };
}

function expectKind<Kind extends 'hello' | 'welcome' | 'initiate'>(
  bytes: Uint8Array,
  kind: Kind,
): FrameOf<Kind> {
  const frame = decodeFrame(bytes);
  if (frame.kind !== kind) throw new LatchkeyError('protocol-malformed', `${frame.kind} instead of ${kind}`);
  return frame as FrameOf<Kind>;
}
