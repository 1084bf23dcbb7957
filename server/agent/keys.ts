import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';
import { boxKeyPair, mailboxOf, type BoxKeyPair, type Sign } from '../../lib/protocol/keys.ts';
import { publicKeyOf, signWith } from '../ed25519.ts';

/** The home's own keys. They never rotate: a home that lost them pairs its devices again. */
export interface HomeKeys {
  readonly box: BoxKeyPair;
  readonly signingKey: Uint8Array;
  readonly sign: Sign;
  readonly mailbox: Uint8Array;
}

const file = v.strictObject({ version: v.literal(1), box: v.string(), signing: v.string() });

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
  const signingKey = publicKeyOf(seed);
  return {
    box: boxKeyPair(secret),
    signingKey,
    sign: signWith(seed),
    mailbox: mailboxOf(signingKey),
  };
}
