import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/client/client.ts';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import { remedyOf, sentenceOf, type ErrorCode } from '../../lib/errors.ts';
import { fromBase64, toBase64, utf8 } from '../../lib/protocol/bytes.ts';
import { decodeFrame, encodeFrame } from '../../lib/protocol/frame.ts';
import { hello } from '../../lib/protocol/handshake.ts';
import { boxKeyPair } from '../../lib/protocol/keys.ts';
import type { Notice, Request } from '../../lib/protocol/message.ts';
import type { Session } from '../../lib/protocol/session.ts';
import { ownAddresses } from '../../server/own-addresses.ts';
import { Disk } from '../support/disk.ts';
import { startHostileRelay, type HostileRelay } from '../support/hostile-relay.ts';
import { clock, dial, random, startHouse, type House, type PairedDevice } from '../support/house.ts';
import { TestHost } from '../support/test-host.ts';
import { until } from '../support/until.ts';

// Each refusal has its code, a sentence and a remedy; and nothing has happened: not on disk, not at the door.

let relay: HostileRelay;
let house: House;
let disk: Disk;
let phone: PairedDevice;
let client: Client;
let later = 0;
const host = new TestHost({ longestSeconds: 600 });
const [gate] = host.facts;

beforeAll(async () => {
  relay = await startHostileRelay();
  if (gate === undefined) throw new Error('no door');
  host.facts.push({ ...gate, name: 'lacking', problem: 'tool-missing' });
  house = await startHouse({
    file: {
      allow_private: false,
      relay: [{ url: relay.url, own: true }],
      observer: [{ key: relay.observerKey, url: '', family: 'any' }],
    },
    options: { helper: host, clock: { now: () => performance.now() + later, wall: () => Date.now() } },
  });
  disk = new Disk(house.directory);
  phone = await house.device();
  ({ client } = phone);
  await client.connect();
});
afterAll(async () => {
  disk.close();
  await house.stop();
  await relay.close();
});

let before: unknown;
beforeEach(() => {
  later = 0;
  relay.observe = (nonce) => relay.statement(nonce, '203.0.113.7');
  before = disk.state();
});

function nothingHappened(code: ErrorCode): void {
  expect(sentenceOf(code)).toMatch(/\.$/);
  expect(remedyOf(code)).toMatch(/\.$/);
  expect(disk.state()).toEqual(before);
  expect(host.opened).toEqual([]);
  expect(house.agent.openings.held.size).toBe(0);
}

async function refused(code: ErrorCode, act: () => Promise<unknown>): Promise<void> {
  await expect(act()).rejects.toMatchObject({ code });
  nothingHappened(code);
}

const own = ownAddresses().find((address) => !/^(?:127\.|::1$|fe80|f[cd]|10\.|172\.|192\.168)/.test(address));
const addresses: [what: string, address: string, code: ErrorCode][] = [
  ['loopback from elsewhere', '127.0.0.1', 'refused-address'],
  ['loopback of IPv6', '::1', 'refused-address'],
  ['multicast', '224.0.0.1', 'refused-address'],
  ['multicast of IPv6', 'ff02::1', 'refused-address'],
  ['link-local', '169.254.7.7', 'refused-address'],
  ['link-local of IPv6', 'fe80::7', 'refused-address'],
  ['unspecified', '0.0.0.0', 'refused-address'],
  ['broadcast', '255.255.255.255', 'refused-address'],
  ['private, where the file does not allow it', '192.168.7.7', 'refused-address-private'],
  ['carrier NAT', '100.64.7.7', 'refused-address-private'],
  ['unique local', 'fd00::7', 'refused-address-private'],
  ...(own === undefined
    ? []
    : ([['the home’s own', own, 'refused-address']] as [string, string, ErrorCode][])),
];
const shorthands = ['::ffff:203.0.113.7', '203.0.113.07', '0x7f.1', '2001:DB8::7', 'fe80::7%eth0', '1'];

describe('an address', () => {
  test.each(addresses)('%s: %s', async (_what, address, code) => {
    relay.observe = (nonce) => relay.statement(nonce, address);
    await refused(code, async () => client.release(await client.arm('gate'), { seconds: 60 }));
  });

  test.each(shorthands)('not canonical, signed all the same: %s', async (address) => {
    const armed = await client.arm('gate');
    const [statement] = armed.evidence;
    if (statement === undefined) throw new Error('no evidence');
    const evidence = [{ ...statement, address }];
    await refused('refused-evidence', () => client.release({ ...armed, evidence }, { seconds: 60 }));
  });

  test('of an observer that the file does not name, twice by one, by none', async () => {
    const foreign = toBase64(random(32));
    const first = await client.arm('gate');
    const other = first.evidence.map((one) => ({ ...one, observer: foreign }));
    await refused('refused-evidence', () => client.release({ ...first, evidence: other }));
    const second = await client.arm('gate');
    const twice = [...second.evidence, ...second.evidence];
    await refused('refused-evidence', () => client.release({ ...second, evidence: twice }));
    const third = await client.arm('gate');
    await refused('refused-evidence', () => client.release({ ...third, evidence: [] }));
  });
});

describe('a request', () => {
  test('for longer than the door may be open', () =>
    refused('refused-time', async () => client.release(await client.arm('gate'), { seconds: 601 })));

  test('with the challenge of another door, an old one, one of nobody, one that was used', async () => {
    const armed = await client.arm('lacking');
    await refused('refused-challenge', () => client.release({ ...armed, door: 'gate' }));
    const old = await client.arm('gate');
    later = 10_001;
    await refused('refused-challenge', () => client.release(old));
    later = 0;
    const mine = await client.arm('gate');
    await refused('refused-challenge', () =>
      client.release({ ...mine, challenge: toBase64(random(32)) }, { seconds: 60 }),
    );
    const used = await client.arm('gate');
    await refused('refused-time', () => client.release(used, { seconds: 601 }));
    await refused('refused-challenge', () => client.release(used, { seconds: 60 }));
  });

  test('for a door that is not there, and for one whose tool is missing', async () => {
    await refused('refused-door', () => client.arm('cellar'));
    await refused('refused-door', () => client.close('cellar'));
    await refused('tool-missing', async () => client.release(await client.arm('lacking')));
    expect((await client.doors()).value.find((door) => door.name === 'lacking')?.problem).toBe(
      'tool-missing',
    );
  });

  test('in other words than the protocol’s: refused whole, under the seal', async () => {
    const { connection } = client as unknown as {
      connection: { session: Session; options: { events: { notice: (notice: Notice) => void } } };
    };
    const id = toBase64(random(16));
    const { challenge, evidence } = await client.arm('gate');
    const open = { type: 'open', id, door: 'gate', challenge, evidence: [...evidence] } satisfies Request;
    const texts = [
      'open',
      '{}',
      JSON.stringify({ ...open, port: 22 }),
      JSON.stringify({ ...open, door: 'gate; reboot' }),
      JSON.stringify({ ...open, seconds: 1.5 }),
      JSON.stringify({ ...open, seconds: 86_401 }),
      JSON.stringify(open).replace('{', '{"type":"open",'),
      JSON.stringify(open, undefined, 1),
    ];
    const { events } = connection.options;
    const heard: Notice[] = [];
    const notice = events.notice.bind(events);
    events.notice = (one) => {
      heard.push(one);
      notice(one);
    };
    for (const text of texts) {
      const { bytes, sequence } = connection.session.seal(utf8(text));
      relay.toHome(bytes);
      await until(() => heard.some((one) => one.type === 'failure' && one.re === sequence));
      expect(heard.find((one) => 're' in one && one.re === sequence)).toMatchObject({
        code: 'protocol-malformed',
      });
    }
    events.notice = notice;
    nothingHappened('protocol-malformed');
  });
});

describe('a frame', () => {
  const home = (): Uint8Array => fromBase64(phone.record.home);
  const bytesOf = async (key: Uint8Array): Promise<Uint8Array> => (await hello(key, random)).bytes;
  const frames: [what: string, make: () => Uint8Array | Promise<Uint8Array>, code: ErrorCode][] = [
    [
      'of another version',
      async () => (await bytesOf(home())).map((byte, at) => (at === 1 ? 2 : byte)),
      'protocol-version',
    ],
    ['cut short', async () => (await bytesOf(home())).slice(0, -1), 'protocol-malformed'],
    ['of no kind', () => Uint8Array.of(99), 'protocol-malformed'],
    ['for another home’s key', () => bytesOf(boxKeyPair(random(32)).publicKey), 'protocol-key'],
    [
      'of no session',
      () => encodeFrame({ kind: 'sealed', session: random(16), sequence: 1, box: random(272) }),
      'session-none',
    ],
    [
      'INITIATE after nothing',
      () => encodeFrame({ kind: 'initiate', half: random(8), nonce: random(16), box: random(600) }),
      'session-none',
    ],
  ];
  test.each(frames)('%s', async (_what, make, code) => {
    relay.seen.length = 0;
    const answers = relay.tap;
    relay.tap = (way, bytes) => (way === 'down' && decodeFrame(bytes).kind === 'gone' ? [] : [bytes]);
    relay.toHome(await make());
    const gone = (): ErrorCode[] =>
      relay.seen.flatMap(({ way, bytes }) => {
        const frame = decodeFrame(bytes);
        return way === 'down' && frame.kind === 'gone' ? [frame.code] : [];
      });
    await until(() => gone().length > 0);
    relay.tap = answers;
    expect(gone()).toEqual([code]);
    nothingHappened(code);
  });
});

test('a relay whose frames are too large is left, and met again', async () => {
  house.log.length = 0;
  relay.toHome(new Uint8Array(16_897).fill(19));
  await until(() => house.log.some((line) => line.includes('lost') && line.includes('protocol-oversized')));
  await until(() => house.log.some((line) => line.includes('reached')));
  nothingHappened('protocol-oversized');
});

describe('an offer', () => {
  const claim = (link: string): Promise<unknown> =>
    pair({
      link: checkLink(link),
      name: 'other',
      keys: keysFrom(newSecretKeys(random)),
      dial,
      random,
      clock,
      waiting: () => undefined,
    }).done;

  test('that was used, that is too old, that another one replaced', async () => {
    const first = (await house.agent.pairing.make(false, 5)).links[0] ?? '';
    await claim(first);
    before = disk.state();
    await refused('pairing-used', () => claim(first));
    const second = (await house.agent.pairing.make(false, 5)).links[0] ?? '';
    await refused('pairing-expired', () => claim(first));
    later = 300_001;
    await refused('pairing-expired', () => claim(second));
  });
});
