import { createPrivateKey, createPublicKey, sign, verify as verifyNow, type KeyObject } from 'node:crypto';
import type { Sign } from '../lib/protocol/keys.ts';

// RFC 8410: what stands before the 32 raw bytes in a SubjectPublicKeyInfo and in a PKCS #8 key
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function privateKey(seed: Uint8Array) {
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
}

// Reading a key costs twice what a verification does, and every opening asks the same few observers.
const mostKeys = 64;
const keys = new Map<string, KeyObject>();

/** Throws where the bytes are no key. */
function keyOf(publicKey: Uint8Array): KeyObject {
  const der = Buffer.concat([publicPrefix, publicKey]);
  const name = der.toString('latin1');
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (keys.size >= mostKeys) keys.clear();
  keys.set(name, key);
  return key;
}

/** A `Verify` of lib/protocol/keys by node:crypto: about 100 times as fast as tweetnacl. Never throws. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return verifyNow(null, message, keyOf(publicKey), signature);
  } catch {
    return false;
  }
}

/** Signs with a 32-byte seed. */
export function signWith(seed: Uint8Array): Sign {
  const key = privateKey(seed);
  return (message) => Promise.resolve(new Uint8Array(sign(null, message, key)));
}

/** The 32-byte public key of a seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const der = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(publicPrefix.length));
}
