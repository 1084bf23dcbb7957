import type { DeviceKeys } from '../protocol/handshake.ts';
import { boxKeyPair, dhWith, signingPublicKey, signWith, type Random, type Sign } from '../protocol/keys.ts';

/**
 * A device's two long keys for one home. Only what they do is asked for, so that keys which cannot be read out
 * (WebCrypto) can stand in for bytes.
 */
export interface ClientKeys extends DeviceKeys {
  /** Ed25519, known to home and relay; signs admissions and nothing else. */
  readonly admissionKey: Uint8Array;
  readonly sign: Sign;
}

/** 32 random bytes each: secret scalar of C, seed of the admission key. */
export interface SecretKeys {
  readonly box: Uint8Array;
  readonly admission: Uint8Array;
}

export function newSecretKeys(random: Random): SecretKeys {
  return { box: random(32), admission: random(32) };
}

export function keysFrom(secrets: SecretKeys): ClientKeys {
  return {
    publicKey: boxKeyPair(secrets.box).publicKey,
    dh: dhWith(secrets.box),
    admissionKey: signingPublicKey(secrets.admission),
    sign: signWith(secrets.admission),
  };
}
