import nacl from 'tweetnacl';
import { LatchkeyError } from '../errors.ts';
import { concat, utf8 } from './bytes.ts';

/** Cryptographically secure bytes; the only source of randomness in `lib`. */
export type Random = (length: number) => Uint8Array;

/** Ed25519 (RFC 8032) over the message, with a key the caller holds. 64 bytes. */
export type Sign = (message: Uint8Array) => Promise<Uint8Array>;

/** Never throws; false for any key or signature that does not fit. */
export type Verify = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** Raw X25519 (RFC 7748) of the holder's key with the public key: 32 bytes, not hashed. */
export type Dh = (publicKey: Uint8Array) => Promise<Uint8Array>;

export interface BoxKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** An X25519 pair from 32 secret bytes. */
export function boxKeyPair(secret: Uint8Array): BoxKeyPair {
  return nacl.box.keyPair.fromSecretKey(secret);
}

/** The Ed25519 public key of a 32-byte seed. */
export function signingPublicKey(seed: Uint8Array): Uint8Array {
  return nacl.sign.keyPair.fromSeed(seed).publicKey;
}

/** Ed25519 by tweetnacl: right for a device; server code passes node:crypto instead (facts: 100 times faster). */
export function signWith(seed: Uint8Array): Sign {
  const pair = nacl.sign.keyPair.fromSeed(seed);
  return (message) => Promise.resolve(nacl.sign.detached(message, pair.secretKey));
}

export function dhWith(secret: Uint8Array): Dh {
  return (publicKey) => Promise.resolve(nacl.scalarMult(secret, publicKey));
}

// tweetnacl exports it, its types do not
const hsalsa20 = (
  nacl as unknown as {
    lowlevel: {
      crypto_core_hsalsa20(out: Uint8Array, input: Uint8Array, key: Uint8Array, c: Uint8Array): void;
    };
  }
).lowlevel.crypto_core_hsalsa20;
const sigma = utf8('expand 32-byte k');

/**
 * The NaCl box key of a raw X25519 result (crypto_box_beforenm). Throws `protocol-key` on all zeros, which is
 * what every low-order public key gives: tweetnacl itself would go on (RFC 7748 section 6.1).
 */
export function boxKey(raw: Uint8Array): Uint8Array {
  if (raw.length !== 32 || raw.every((byte) => byte === 0))
    throw new LatchkeyError('protocol-key', 'low-order key');
  const key = new Uint8Array(32);
  hsalsa20(key, new Uint8Array(16), raw, sigma);
  return key;
}

export function sharedKey(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return boxKey(nacl.scalarMult(secret, publicKey));
}

/** SHA-512 over a label and parts of fixed length: every hash of the protocol has a label of its own. */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return nacl.hash(concat(utf8(label), ...parts));
}

/** The mailbox of a home: nobody can take one without the home's Ed25519 key. */
export function mailboxOf(homeSigningKey: Uint8Array): Uint8Array {
  return labelledHash('latchkey 1 mailbox', homeSigningKey).slice(0, 32);
}
