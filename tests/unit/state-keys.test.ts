import { expect, it } from 'vitest';
import { generateKeyPairs, keysOf } from '../../app/_state/webcrypto-keys.ts';
import type { LatchkeyError } from '../../lib/errors.ts';
import { hello, initiate, readInitiate, readWelcome, welcome } from '../../lib/protocol/handshake.ts';
import { boxKeyPair } from '../../lib/protocol/keys.ts';
import { verify } from '../../server/ed25519.ts';
import { random } from './protocol/handshake.ts';

it('keys that cannot be read out make the same handshake and signatures', async () => {
  const pairs = await generateKeyPairs();
  expect(pairs.box.privateKey.extractable).toBe(false);
  expect(pairs.admission.privateKey.extractable).toBe(false);
  // as IndexedDB keeps them
  const keys = await keysOf(structuredClone(pairs));
  const home = boxKeyPair(random(32));
  const sent = await hello(home.publicKey, random, keys.newPair);
  const half = welcome(sent.bytes, home, '{}', random);
  const answer = await initiate(sent, readWelcome(half.bytes, sent), keys, '', random);
  expect(sent.ephemeral.publicKey).toHaveLength(32);
  const made = readInitiate(answer.bytes, half, home);
  expect(made.device).toEqual(keys.publicKey);
  expect(made.keys).toEqual(answer.keys);
  const message = random(100);
  expect(verify(keys.admissionKey, message, await keys.sign(message))).toBe(true);
});

it('a low-order key is refused as everywhere', async () => {
  const keys = await keysOf(await generateKeyPairs());
  const code = await keys.dh(new Uint8Array(32)).then(
    () => 'accepted',
    (error: LatchkeyError) => error.code,
  );
  expect(code).toBe('protocol-key');
});
