import { describe, expect, test } from 'vitest';
import { isCanonical } from '../../lib/address.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { observerNonce, statementBytes } from '../../lib/protocol/evidence.ts';
import type { Evidence } from '../../lib/protocol/message.ts';
import { authorizeOpen, provenAddress, type Policy } from '../../server/agent/authorize.ts';
import type { ObserverTable } from '../../server/agent/config.ts';
import { publicKeyOf, signWith, verify } from '../../server/ed25519.ts';
import { TestHost } from '../support/test-host.ts';

const challenge = new Uint8Array(32).fill(7);
const seeds = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));

function observer(n: number, family: ObserverTable['family']): ObserverTable {
  return { key: toBase64(publicKeyOf(seeds[n] as Uint8Array)), url: '', family };
}

async function says(n: number, address: string): Promise<Evidence> {
  const seed = seeds[n] as Uint8Array;
  const key = publicKeyOf(seed);
  const family = isCanonical(address) ?? 4;
  const nonce = observerNonce(challenge, key);
  const signature = await signWith(seed)(statementBytes({ observer: key, nonce, family, address }));
  return { observer: toBase64(key), address, signature: toBase64(signature) };
}

function policy(observers: ObserverTable[], ownRelay = true): Policy {
  return { observers, allowPrivate: false, ownRelay, verify, ownAddresses: () => [] };
}

describe('evidence', () => {
  test('an observer’s word on the other family is no proof, also where nobody is asked about that one', async () => {
    const only4 = policy([observer(0, 'v4')]);
    await expect(provenAddress([await says(0, '203.0.113.7')], challenge, only4)).resolves.toMatchObject({
      family: 4,
    });
    await expect(provenAddress([await says(0, '2001:db8::7')], challenge, only4)).rejects.toMatchObject({
      code: 'refused-evidence',
    });
  });

  test('with both families, in whatever order the network gave them', async () => {
    const both = policy([observer(0, 'any'), observer(1, 'v6')]);
    const evidence = [await says(1, '2001:db8::7'), await says(0, '203.0.113.7')];
    for (const given of [evidence, [...evidence].reverse()]) {
      await expect(provenAddress(given, challenge, both)).resolves.toEqual({
        address: '203.0.113.7',
        family: 4,
      });
    }
  });

  test('one missing, or of another opinion', async () => {
    const two = policy([observer(0, 'any'), observer(1, 'any')]);
    await expect(provenAddress([await says(0, '203.0.113.7')], challenge, two)).rejects.toMatchObject({
      code: 'refused-evidence',
    });
    const torn = [await says(0, '203.0.113.7'), await says(1, '203.0.113.8')];
    await expect(provenAddress(torn, challenge, two)).rejects.toMatchObject({
      code: 'refused-address-changed',
    });
  });

  test('loopback: for the home agent’s own doors, by the word of an own relay', async () => {
    const [door] = new TestHost({ closes: 'process' }).facts;
    if (door === undefined) throw new Error('no door');
    const request = {
      type: 'open' as const,
      id: 'A'.repeat(22),
      door: 'gate',
      challenge: toBase64(challenge),
      evidence: [await says(0, '127.0.0.1')],
    };
    const ask = (own: boolean) => authorizeOpen(request, challenge, door, policy([observer(0, 'any')], own));
    await expect(ask(true)).resolves.toMatchObject({ address: '127.0.0.1' });
    await expect(ask(false)).rejects.toMatchObject({ code: 'refused-address' });
  });
});
