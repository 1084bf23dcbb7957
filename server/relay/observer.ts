import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isCanonical } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { toBase64, fromBase64 } from '../../lib/protocol/bytes.ts';
import { statementBytes } from '../../lib/protocol/evidence.ts';
import type { Sign } from '../../lib/protocol/keys.ts';
import { publicKeyOf, signWith } from '../ed25519.ts';

/** Says which address a socket comes from, in its own name (PROTOCOL.md, Address evidence). */
export interface Observer {
  /** Ed25519, 32 bytes. */
  readonly key: Uint8Array;
  readonly sign: Sign;
}

/**
 * The observer of the relay's folder: `observer.key`, a 32-byte seed as base64url, 0600, made where there is none.
 * Homes have its public key in their files, so it is never replaced. Throws `config-unreadable` or `config-invalid`.
 */
export function loadObserver(folder: string): Observer {
  const file = path.join(folder, 'observer.key');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${toBase64(randomBytes(32))}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new LatchkeyError('config-unreadable', file, { cause });
  }
  return observerOf(readSeed(file));
}

export function observerOf(seed: Uint8Array): Observer {
  return { key: publicKeyOf(seed), sign: signWith(seed) };
}

function readSeed(file: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', file, { cause });
  }
  try {
    const seed = fromBase64(text);
    if (seed.length === 32) return seed;
  } catch {
    // said below
  }
  throw new LatchkeyError('config-invalid', `${file}: not a key of 32 bytes`);
}

/**
 * A page asks from the relay's main name, so it may read the answer: what it says of the asker, the asker's site can see
 * as well.
 */
export const forAnyPage = {
  'access-control-allow-origin': '*',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'cross-origin',
} as const;

/** JSON of one statement; keys, nonce and signature as base64url. */
export interface StatementJson {
  readonly observer: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly signature: string;
}

/** Undefined where the nonce is not 32 bytes in canonical base64url, or there is no address to speak of. */
export async function observe(
  observer: Observer,
  nonceText: string,
  address: string | undefined,
): Promise<StatementJson | undefined> {
  const nonce = readNonce(nonceText);
  const family = address === undefined ? undefined : isCanonical(address);
  if (nonce === undefined || address === undefined || family === undefined) return undefined;
  const signature = await observer.sign(statementBytes({ observer: observer.key, nonce, family, address }));
  return { observer: toBase64(observer.key), family, address, signature: toBase64(signature) };
}

function readNonce(text: string): Uint8Array | undefined {
  if (text.length !== 43) return undefined;
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}
