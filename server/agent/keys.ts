import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';
import {
  boxKeyPair,
  mailboxOf,
  signingPublicKey,
  type BoxKeyPair,
  type Sign,
  type Verify,
} from '../../lib/protocol/keys.ts';

/** The home's own keys. They never rotate: a home that lost them pairs its devices again. */
export interface HomeKeys {
  readonly box: BoxKeyPair;
  readonly signingKey: Uint8Array;
  readonly sign: Sign;
  readonly mailbox: Uint8Array;
}

const file = v.strictObject({ version: v.literal(1), box: v.string(), signing: v.string() });

// RFC 8410: what stands before a raw Ed25519 seed (PKCS #8) and public key (SPKI) in DER
const seedPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([seedPrefix, seed]), format: 'der', type: 'pkcs8' });
}

/** Ed25519 by node:crypto: about a hundred times tweetnacl's speed, and it refuses malleable signatures. */
export const verifySignature: Verify = (publicKey, message, signature) => {
  try {
    const key = createPublicKey({
      key: Buffer.concat([publicPrefix, publicKey]),
      format: 'der',
      type: 'spki',
    });
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
};

function write(path: string): void {
  const text = JSON.stringify({
    version: 1,
    box: toBase64(randomBytes(32)),
    signing: toBase64(randomBytes(32)),
  } satisfies v.InferOutput<typeof file>);
  const temporary = `${path}.new`;
  const handle = openSync(temporary, 'w', 0o600);
  writeSync(handle, text);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** Reads the keys, making them at first. Throws `config-unreadable` or `config-invalid`, naming the file. */
export function loadHomeKeys(path: string): HomeKeys {
  let parsed: unknown;
  try {
    if (!existsSync(path)) write(path);
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', path, { cause });
  }
  if (!v.is(file, parsed)) throw new LatchkeyError('config-invalid', path);
  const seed = fromBase64(parsed.signing);
  const secret = fromBase64(parsed.box);
  if (seed.length !== 32 || secret.length !== 32) throw new LatchkeyError('config-invalid', path);
  const privateKey = privateKeyOf(seed);
  const signingKey = signingPublicKey(seed);
  return {
    box: boxKeyPair(secret),
    signingKey,
    sign: (message) => Promise.resolve(new Uint8Array(sign(null, message, privateKey))),
    mailbox: mailboxOf(signingKey),
  };
}
