import type { ClientKeys } from '../../lib/client/keys.ts';
import type { PairKeys } from '../../lib/protocol/handshake.ts';
import type { Dh } from '../../lib/protocol/keys.ts';
import { LatchkeyError } from '../../lib/errors.ts';

/** Two key pairs whose private halves the browser never gives out, not even to this page. */
export interface KeyPairs {
  readonly box: CryptoKeyPair;
  readonly admission: CryptoKeyPair;
}

/** TypeScript's Uint8Array may lie on shared memory, which WebCrypto does not take; ours never does. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Rejects where this browser has no X25519 or Ed25519 (WebCrypto, Secure Curves). */
export async function generateKeyPairs(): Promise<KeyPairs> {
  const [box, admission] = await Promise.all([
    newX25519(),
    crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']),
  ]);
  return { box, admission: admission as CryptoKeyPair };
}

async function publicBytes(key: CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', key));
}

function dhOf({ privateKey }: CryptoKeyPair): Dh {
  return async (other) => {
    try {
      const peer = await crypto.subtle.importKey('raw', plain(other), { name: 'X25519' }, false, []);
      const bits = await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, privateKey, 256);
      return new Uint8Array(bits);
    } catch (cause) {
      // Browsers refuse all-zero results by themselves.
      throw new LatchkeyError('protocol-key', 'X25519', { cause });
    }
  };
}

async function newX25519(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits'])) as CryptoKeyPair;
}

async function newPair(): Promise<PairKeys> {
  const pair = await newX25519();
  return { publicKey: await publicBytes(pair.publicKey), dh: dhOf(pair) };
}

export async function keysOf(pairs: KeyPairs): Promise<ClientKeys> {
  const { box, admission } = pairs;
  const [publicKey, admissionKey] = await Promise.all([
    publicBytes(box.publicKey),
    publicBytes(admission.publicKey),
  ]);
  return {
    publicKey,
    admissionKey,
    dh: dhOf(box),
    newPair,
    sign: async (message) =>
      new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, admission.privateKey, plain(message))),
  };
}
