import { describe, expect, test } from 'vitest';
import { isCanonical } from '../../lib/address.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { observerNonce, statementBytes } from '../../lib/protocol/evidence.ts';
import type { Evidence, RequestOf } from '../../lib/protocol/message.ts';
import { authorizeOpen, provenAddresses, type Policy } from '../../server/agent/authorize.ts';
import type { ObserverTable } from '../../server/agent/config.ts';
import { publicKeyOf, signWith, verify } from '../../server/ed25519.ts';
import { TestHost } from '../support/test-host.ts';

const challenge = new Uint8Array(32).fill(7);
const seeds = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));

function observer(n: number, family: ObserverTable['family']): ObserverTable {
  return { key: toBase64(publicKeyOf(seeds[n] as Uint8Array)), url: '', family };
}

/** `asked`: whose nonce it was asked with; its own, where nobody cheats. */
async function says(n: number, address: string, asked = n): Promise<Evidence> {
  const seed = seeds[n] as Uint8Array;
  const key = publicKeyOf(seed);
  const family = isCanonical(address) ?? 4;
  const nonce = observerNonce(challenge, publicKeyOf(seeds[asked] as Uint8Array));
  const signature = await signWith(seed)(statementBytes({ observer: key, nonce, family, address }));
  return { observer: toBase64(key), address, signature: toBase64(signature) };
}

function policy(observers: ObserverTable[], ownRelay = true): Policy {
  return { observers, allowPrivate: false, ownRelay, verify, ownAddresses: () => [] };
}

function openRequest(evidence: Evidence[], seconds?: number): RequestOf<'open'> {
  return {
    type: 'open',
    id: 'A'.repeat(22),
    door: 'gate',
    challenge: toBase64(challenge),
    ...(seconds === undefined ? {} : { seconds }),
    evidence,
  };
}

describe('evidence', () => {
  test('an observer’s word on the other family is no proof, also where nobody is asked about that one', async () => {
    const only4 = policy([observer(0, 'v4')]);
    await expect(provenAddresses([await says(0, '203.0.113.7')], challenge, only4)).resolves.toMatchObject([
      { family: 4 },
    ]);
    await expect(provenAddresses([await says(0, '2001:db8::7')], challenge, only4)).rejects.toMatchObject({
      code: 'refused-evidence',
    });
  });

  test('with both families, in whatever order the network gave them', async () => {
    const both = policy([observer(0, 'any'), observer(1, 'v6')]);
    const evidence = [await says(1, '2001:db8::7'), await says(0, '203.0.113.7')];
    for (const given of [evidence, [...evidence].reverse()]) {
      await expect(provenAddresses(given, challenge, both)).resolves.toEqual([
        { address: '203.0.113.7', family: 4 },
      ]);
    }
  });

  test('one missing, or of another opinion', async () => {
    const two = policy([observer(0, 'any'), observer(1, 'any')]);
    await expect(provenAddresses([await says(0, '203.0.113.7')], challenge, two)).rejects.toMatchObject({
      code: 'refused-evidence',
    });
    const torn = [await says(0, '203.0.113.7'), await says(1, '203.0.113.8')];
    await expect(provenAddresses(torn, challenge, two)).rejects.toMatchObject({
      code: 'refused-address-changed',
    });
  });

  describe('one relay by three names', () => {
    const names = (['any', 'v4', 'v6'] as const).map((family) => observer(0, family));
    const home4 = { address: '203.0.113.7', family: 4 };
    const home6 = { address: '2001:db8::7', family: 6 };

    test('proves an address of each family, in the order of the evidence, each once', async () => {
      const [four, six] = [await says(0, home4.address), await says(0, home6.address)];
      await expect(provenAddresses([six, four], challenge, policy(names))).resolves.toEqual([home6, home4]);
      await expect(provenAddresses([four], challenge, policy(names))).resolves.toEqual([home4]);
    });

    test('two addresses of one family are none, and the other family stands', async () => {
      const torn = [await says(0, home4.address), await says(0, '203.0.113.8')];
      await expect(provenAddresses(torn, challenge, policy(names))).rejects.toMatchObject({
        code: 'refused-address-changed',
      });
      const six = await says(0, home6.address);
      await expect(provenAddresses([...torn, six], challenge, policy(names))).resolves.toEqual([home6]);
    });
  });

  describe('a foreign relay with a witness', () => {
    const witnessed = (family: ObserverTable['family']) =>
      policy([observer(0, 'any'), { ...observer(1, family), witness: true }], false);

    test('the same lie on both sides is refused: the witness saw the device elsewhere, or was not asked', async () => {
      const lie = await says(0, '198.51.100.66');
      const seen = await says(1, '203.0.113.7');
      for (const [evidence, code] of [
        [[lie, seen], 'refused-address-changed'],
        [[lie], 'refused-evidence'],
        [[lie, await says(1, '2001:db8::7')], 'refused-evidence'],
        // signed by the relay's own key in the witness's name
        [[lie, { ...lie, observer: seen.observer }], 'refused-evidence'],
        // the witness's word on the liar's address, asked with the nonce that the relay was given
        [[lie, await says(1, '198.51.100.66', 0)], 'refused-evidence'],
      ] as const) {
        await expect(provenAddresses(evidence, challenge, witnessed('any'))).rejects.toMatchObject({ code });
      }
    });

    test('a family that no witness sees opens nothing', async () => {
      const evidence = [await says(0, '2001:db8::66'), await says(1, '203.0.113.7')];
      await expect(provenAddresses(evidence, challenge, witnessed('v4'))).rejects.toMatchObject({
        code: 'refused-evidence',
      });
    });

    test('its whole time, where without one it is 5 minutes', async () => {
      const evidence = [await says(0, '203.0.113.7'), await says(1, '203.0.113.7')];
      const [door] = new TestHost().facts;
      if (door === undefined) throw new Error('no door');
      const ask = (seconds: number, by: Policy, given: Evidence[]) =>
        authorizeOpen(openRequest(given, seconds), challenge, door, by);
      await expect(ask(600, witnessed('any'), evidence)).resolves.toEqual({
        addresses: ['203.0.113.7'],
        seconds: 600,
      });
      const alone = policy([observer(0, 'any')], false);
      await expect(ask(600, alone, evidence.slice(0, 1))).rejects.toMatchObject({ code: 'refused-time' });
    });
  });

  test('a door of one family is opened for that one, a private address is left out', async () => {
    const [door] = new TestHost().facts;
    if (door === undefined) throw new Error('no door');
    const names = policy([observer(0, 'any')]);
    const both = openRequest([await says(0, '2001:db8::7'), await says(0, '203.0.113.7')]);
    const addresses = async (request: typeof both, families?: readonly (4 | 6)[]) =>
      (await authorizeOpen(request, challenge, { ...door, ...(families && { families }) }, names)).addresses;
    expect(await addresses(both)).toEqual(['2001:db8::7', '203.0.113.7']);
    expect(await addresses(both, [4])).toEqual(['203.0.113.7']);
    const inside = openRequest([await says(0, '192.168.1.7'), await says(0, '2001:db8::7')]);
    expect(await addresses(inside)).toEqual(['2001:db8::7']);
    await expect(addresses(openRequest(inside.evidence.slice(0, 1)))).rejects.toMatchObject({
      code: 'refused-address-private',
    });
  });

  test('loopback: for the home agent’s own doors, by the word of an own relay', async () => {
    const [door] = new TestHost({ closes: 'process' }).facts;
    if (door === undefined) throw new Error('no door');
    const request = openRequest([await says(0, '127.0.0.1')]);
    const ask = (own: boolean) => authorizeOpen(request, challenge, door, policy([observer(0, 'any')], own));
    await expect(ask(true)).resolves.toMatchObject({ addresses: ['127.0.0.1'] });
    await expect(ask(false)).rejects.toMatchObject({ code: 'refused-address' });
  });
});
