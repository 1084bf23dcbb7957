import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash, createPrivateKey, createPublicKey, diffieHellman, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { vectors } from './protocol/vectors.ts';

const file = new URL('../../lib/protocol/vectors.json', import.meta.url);

interface Vectors {
  readonly keys: Record<'secret' | 'otherPublicKey' | 'x25519' | 'homeSigningKey' | 'mailbox', string>;
  readonly handshake: Record<'hello' | 'welcome' | 'transcript' | 'session', string>;
  readonly admission: readonly Record<'message' | 'key' | 'signature', string>[];
  readonly evidence: readonly Record<'challenge' | 'observer' | 'nonce' | 'message' | 'signature', string>[];
}

const fromHex = (text: string): Buffer => Buffer.from(text, 'hex');
const sha512 = (...parts: (string | Buffer)[]): string => {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

// `LATCHKEY_WRITE_VECTORS=1 npx vitest run --project unit tests/unit/protocol-vectors.test.ts` writes them anew (then format it);
// after that, every other program that speaks the protocol has to change too.
describe('vectors.json', () => {
  it('is what this code makes', async () => {
    const made: unknown = JSON.parse(JSON.stringify(await vectors()));
    if (process.env['LATCHKEY_WRITE_VECTORS'] === '1') writeFileSync(file, JSON.stringify(made, null, 2));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(made);
  });

  it('agrees with another implementation of its primitives (node:crypto)', () => {
    const { keys, handshake, admission, evidence } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
    const x25519 = diffieHellman({
      privateKey: createPrivateKey({
        key: Buffer.concat([fromHex('302e020100300506032b656e04220420'), fromHex(keys.secret)]),
        format: 'der',
        type: 'pkcs8',
      }),
      publicKey: createPublicKey({
        key: Buffer.concat([fromHex('302a300506032b656e032100'), fromHex(keys.otherPublicKey)]),
        format: 'der',
        type: 'spki',
      }),
    });
    expect(x25519.toString('hex')).toBe(keys.x25519);
    expect(sha512('latchkey 1 mailbox', fromHex(keys.homeSigningKey)).slice(0, 64)).toBe(keys.mailbox);
    expect(sha512(fromHex(handshake.hello), fromHex(handshake.welcome))).toBe(handshake.transcript);
    expect(sha512('latchkey 1 session id', fromHex(handshake.transcript)).slice(0, 32)).toBe(
      handshake.session,
    );
    for (const { challenge, observer, nonce } of evidence) {
      expect(sha512('latchkey 1 observer', fromHex(challenge), fromHex(observer)).slice(0, 64)).toBe(nonce);
    }
    const signed = [...admission, ...evidence.map((one) => ({ ...one, key: one.observer }))];
    for (const { message, key, signature } of signed) {
      const publicKey = createPublicKey({
        key: Buffer.concat([fromHex('302a300506032b6570032100'), fromHex(key)]),
        format: 'der',
        type: 'spki',
      });
      expect(verify(null, fromHex(message), publicKey, fromHex(signature))).toBe(true);
    }
  });
});

describe('PROTOCOL.md', () => {
  const room = new URL('../../lib/protocol/', import.meta.url);
  const page = readFileSync(new URL('PROTOCOL.md', room), 'utf8');
  const code = readdirSync(room)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(new URL(name, room), 'utf8'))
    .join('\n');

  it('names every label, message, event and step of the code', () => {
    const labels = [...code.matchAll(/'(latchkey 1 [a-z ]+|lk1[ A-Z][^']+)'/g)].map(
      ([, label]) => label ?? '',
    );
    const types = [...code.matchAll(/type: v\.literal\('([a-z]+)'\)/g)].map(([, type]) => type ?? '');
    const lists = [...code.matchAll(/picklist\(\[([^\]]+)\]/g)].flatMap(([, list]) =>
      [...(list ?? '').matchAll(/'([^']+)'/g)].map(([, word]) => word ?? ''),
    );
    expect(labels.length).toBeGreaterThan(10);
    expect(types.length).toBeGreaterThan(20);
    expect([...labels, ...types, ...lists].filter((word) => !page.includes(word))).toEqual([]);
  });
});
