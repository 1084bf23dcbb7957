import nacl from 'tweetnacl';
import { LatchkeyError } from '../errors.ts';
import { concat, uint, utf8 } from './bytes.ts';
import { paddedSizes } from './version.ts';

/** Two bytes of length, the message, zeros up to the next of the padded sizes. Throws `protocol-oversized`. */
export function pad(message: Uint8Array): Uint8Array {
  const size = paddedSizes.find((candidate) => candidate >= message.length + 2);
  if (size === undefined) throw new LatchkeyError('protocol-oversized', `${message.length} bytes`);
  const padded = new Uint8Array(size);
  padded.set(uint(message.length, 2));
  padded.set(message, 2);
  return padded;
}

/** Throws `protocol-malformed` unless it is exactly what `pad` makes. */
export function unpad(padded: Uint8Array): Uint8Array {
  const length = ((padded[0] ?? 0) << 8) | (padded[1] ?? 0);
  const fits = paddedSizes.find((candidate) => candidate >= length + 2) === padded.length;
  if (!fits || padded.subarray(2 + length).some((byte) => byte !== 0)) {
    throw new LatchkeyError('protocol-malformed', 'padding');
  }
  return padded.slice(2, 2 + length);
}

export type BoxLabel = 'lk1HELLO' | 'lk1WELCM' | 'lk1INITI' | 'lk1VOUCH';

/** Handshake nonces: an 8-byte label of the box's own, then 16 random bytes. */
export function boxNonce(label: BoxLabel, random: Uint8Array): Uint8Array {
  return concat(utf8(label), random);
}

export type Direction = 'device→home' | 'home→device';

const directionLabels = { 'device→home': utf8('lk1 device->home'), 'home→device': utf8('lk1 home->device') };

/** Session nonces: a 16-byte direction label, then the frame's sequence, big-endian. */
export function sessionNonce(direction: Direction, sequence: number): Uint8Array {
  return concat(
    directionLabels[direction],
    uint(Math.floor(sequence / 2 ** 32), 4),
    uint(sequence % 2 ** 32, 4),
  );
}

export function seal(plain: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  return nacl.secretbox(plain, nonce, key);
}

/** Throws `protocol-key` where key, nonce or a single bit does not fit. */
export function unseal(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  const plain = box.length < nacl.secretbox.overheadLength ? null : nacl.secretbox.open(box, nonce, key);
  if (plain === null) throw new LatchkeyError('protocol-key', 'seal does not fit');
  return plain;
}
