import type { Family } from '../address.ts';
import { concat, uint, utf8 } from './bytes.ts';
import { labelledHash } from './keys.ts';
import { protocolVersion } from './version.ts';

/** One observer's word on the address it was asked from. */
export interface Statement {
  /** Ed25519 public key of the observer. */
  readonly observer: Uint8Array;
  /** 32 bytes, this observer's own (`observerNonce`). */
  readonly nonce: Uint8Array;
  readonly family: Family;
  /** Canonical. */
  readonly address: string;
}

export function statementBytes(statement: Statement): Uint8Array {
  const address = utf8(statement.address);
  return concat(
    utf8('latchkey 1 address'),
    uint(protocolVersion, 1),
    statement.observer,
    statement.nonce,
    uint(statement.family, 1),
    uint(address.length, 1),
    address,
  );
}

/**
 * Each observer gets a nonce of its own: with a shared one, a relay could fetch a witness's statement from
 * another host with the nonce it was handed.
 */
export function observerNonce(challenge: Uint8Array, observer: Uint8Array): Uint8Array {
  return labelledHash('latchkey 1 observer', challenge, observer).slice(0, 32);
}
