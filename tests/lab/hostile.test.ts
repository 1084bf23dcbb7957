import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Client } from '../../lib/client/client.ts';
import type { HomeRecord } from '../../lib/client/home-record.ts';
import { keysFrom, newSecretKeys, type ClientKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import { decodeFrame, encodeFrame } from '../../lib/protocol/frame.ts';
import { hello } from '../../lib/protocol/handshake.ts';
import { Agent } from '../../server/agent/agent.ts';
import type { Clock } from '../../server/agent/clock.ts';
import type { AgentFile, ObserverTable } from '../../server/agent/config.ts';
import { HelperClient } from '../../server/agent/helper-client.ts';
import { loadHomeKeys, type HomeKeys } from '../../server/agent/keys.ts';
import type { PairingNews } from '../../server/agent/pairing.ts';
import { observeWith } from '../../server/device/observe.ts';
import { loadObserver } from '../../server/relay/observer.ts';
import { localCertificate, subjectsOf } from '../../server/relay/tls.ts';
import { startWitness } from '../../server/witness/witness.ts';
import { clock, dial, observe, random } from '../support/house.ts';
import { until } from '../support/until.ts';
import { startHostileRelay, type HostileRelay } from '../support/hostile-relay.ts';
import { startLabHelper, type LabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';

/**
 * The relay of SECURITY.md's first screen, against the real home agent, the real helper and real nftables.
 * Every test ends by asking the kernel and the disk whether anything happened.
 */

// The home's clock can be moved on, so that no test waits ten seconds for a challenge to grow old.
let later = 0;
const homeClock: Clock = { now: () => performance.now() + later, wall: () => Date.now() };

interface Home {
  agent: Agent;
  readonly keys: HomeKeys;
  readonly directory: string;
  restart(): Promise<void>;
}

let lab: Lab;
let helper: LabHelper;
let relay: HostileRelay;
let home: Home;
let keys: ClientKeys;
let record: HomeRecord;
const clients: Client[] = [];

async function startHome(name: string, own: boolean, ...further: ObserverTable[]): Promise<Home> {
  const directory = mkdtempSync(join(lab.directory, 'agent-'));
  const homeKeys = loadHomeKeys(join(directory, 'home-keys.json'));
  const file: AgentFile = {
    name,
    allow_private: false,
    relay: [{ url: relay.url, own }],
    observer: [{ key: relay.observerKey, url: '', family: 'any' }, ...further],
    door: [],
  };
  const log: string[] = [];
  const start = async (): Promise<Agent> => {
    log.length = 0;
    const agent = await Agent.start({
      directory,
      file,
      keys: homeKeys,
      log: (line) => log.push(line),
      clock: homeClock,
      helper: new HelperClient({ path: helper.socket }),
    });
    await until(() => log.some((line) => line.includes('reached')));
    return agent;
  };
  const made: Home = {
    agent: await start(),
    keys: homeKeys,
    directory,
    async restart() {
      await made.agent.stop();
      made.agent = await start();
    },
  };
  return made;
}

/** What the disk and the kernel hold: openings, intents, outcomes, devices, offers, and the sets' elements. */
async function state(of: Home = home): Promise<{ rows: unknown; rules: string[] }> {
  const database = new Database(join(of.directory, 'agent.db'), { readonly: true });
  const tables = ['device', 'offer', 'request', 'opening'];
  const rows = tables.map((table) => database.prepare(`select * from ${table} order by 1, 2`).all());
  database.close();
  return { rows, rules: await rules() };
}

async function rules(): Promise<string[]> {
  const { stdout } = await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey']);
  // but for the sets that note who came
  return (
    stdout
      .replace(/set s[46]_\w+ \{[^}]*\}/g, '')
      .match(/(?:\d+\.\d+\.\d+\.\d+|[0-9a-f:]*:[0-9a-f:]+) timeout/g) ?? []
  );
}

function device(): Client {
  const client = new Client({ record, keys, dial, observe, random, clock });
  clients.push(client);
  return client;
}

async function pairWith(of: Home, name: string): Promise<{ keys: ClientKeys; record: HomeRecord }> {
  const offer = await of.agent.pairing.make(false, 5);
  const own = keysFrom(newSecretKeys(random));
  const link = checkLink(offer.links[0] ?? '');
  return {
    keys: own,
    record: await pair({ link, name, keys: own, dial, random, clock, waiting: () => undefined }).done,
  };
}

/** Long enough for anything that was let through to have reached the kernel and the disk. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250));

beforeAll(async () => {
  lab = await createLab({ firewall: 'none' });
  helper = await startLabHelper(lab, {
    cellar: 'driver = "nftables"\nport = 22\nmode = "gate"\nlongest = "60m"\n',
  });
  relay = await startHostileRelay();
  home = await startHome('attic', true);
  ({ keys, record } = await pairWith(home, 'Martas telephone'));
});
afterAll(async () => {
  await home?.agent.stop();
  await helper?.client.stop();
  await relay?.close();
  await lab?.destroy();
});
beforeEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  relay.tap = (_way, bytes) => [bytes];
  relay.route = (mailbox) => mailbox;
  relay.observe = (nonce) => relay.statement(nonce, '203.0.113.7');
  relay.seen.length = 0;
  later = 0;
  // The home's own limit on handshakes is not what these tests are about.
  await new Promise((resolve) => setTimeout(resolve, 400));
});

const upOf = (kind: string): Uint8Array[] =>
  relay.seen
    .filter((one) => one.way === 'up' && decodeFrame(one.bytes).kind === kind)
    .map((one) => one.bytes);

/** Opens honestly, closes again, and gives the frames that did it. */
async function openedOnce(client: Client): Promise<Uint8Array> {
  await client.connect();
  const armed = await client.arm('cellar');
  const before = upOf('sealed').length;
  await client.release(armed, { seconds: 60 });
  const frame = upOf('sealed')[before] as Uint8Array;
  expect(await rules()).toEqual(['203.0.113.7 timeout']);
  await client.close('cellar');
  expect(await rules()).toEqual([]);
  return frame;
}

describe('a hostile relay', () => {
  test('reads nothing: no door, device, home or address in what passes it', async () => {
    const client = device();
    await openedOnce(client);
    await client.activity(50);
    await client.devices();
    const everything = Buffer.concat(relay.seen.map((one) => one.bytes)).toString('latin1');
    for (const word of ['cellar', 'Martas', 'attic', '203.0.113.7', 'open', 'nftables', record.device]) {
      expect(everything.includes(word)).toBe(false);
    }
    expect(relay.seen.length).toBeGreaterThan(10);
  });

  test('forges: frames of its own making, in a real session or out of one, do nothing', async () => {
    const client = device();
    await client.connect();
    await client.doors();
    const before = await state();
    const real = decodeFrame(upOf('sealed').at(-1) as Uint8Array);
    if (real.kind !== 'sealed') throw new Error('no session');
    for (let i = 0; i < 20; i++) {
      const box = new Uint8Array(randomBytes(real.box.length));
      relay.toHome(encodeFrame({ ...real, sequence: real.sequence + 1 + i, box }), i % 2 === 0);
      relay.toHome(encodeFrame({ ...real, session: random(16), sequence: 1, box }));
      relay.toHome(new Uint8Array(randomBytes(1 + i * 30)));
    }
    // A relay knows S from no offer; with another key it is nobody.
    relay.toHome((await hello(keysFrom(newSecretKeys(random)).publicKey, random)).bytes);
    await settle();
    expect(await state()).toEqual(before);
    // and the session goes on: nothing that was forged counted as seen
    expect((await client.doors()).value[0]?.state).toBe('closed');
  });

  test('replays an opening within its session', async () => {
    const client = device();
    const frame = await openedOnce(client);
    const before = await state();
    for (let i = 0; i < 5; i++) relay.toHome(frame, i > 2);
    await settle();
    expect(await state()).toEqual(before);
  });

  test('replays an opening in the next session', async () => {
    const client = device();
    const frame = await openedOnce(client);
    client.disconnect();
    const next = device();
    await next.connect();
    const before = await state();
    relay.toHome(frame);
    await settle();
    expect(await state()).toEqual(before);
  });

  test('replays everything after a restart of the home agent', async () => {
    const client = device();
    await openedOnce(client);
    client.disconnect();
    const frames = relay.seen.filter((one) => one.way === 'up').map((one) => one.bytes);
    await home.restart();
    const before = await state();
    for (const frame of frames) relay.toHome(frame);
    for (const frame of frames) relay.toHome(frame, true);
    await settle();
    expect(await state()).toEqual(before);
  });

  test('reflects: each side gets its own frames back', async () => {
    const client = device();
    await openedOnce(client);
    const before = await state();
    for (const { way, bytes } of [...relay.seen]) {
      if (way === 'up') relay.toDevice(bytes);
      else relay.toHome(bytes);
    }
    await settle();
    expect(await state()).toEqual(before);
    expect((await client.doors()).value[0]?.state).toBe('closed');
  });

  test('reorders: an opening that comes after a later frame is void', async () => {
    const client = device();
    await client.connect();
    const armed = await client.arm('cellar');
    let held: Uint8Array | undefined;
    const before = await state();
    relay.tap = (way, bytes) => {
      if (way === 'down' || held !== undefined) return [bytes];
      held = bytes;
      return [];
    };
    const opening = client.release(armed, { seconds: 60 });
    opening.catch(() => undefined);
    await until(() => held !== undefined);
    await client.doors();
    relay.toHome(held as Uint8Array);
    await settle();
    expect(await state()).toEqual(before);
  });

  test('tampers: one changed bit anywhere in the opening', async () => {
    for (const place of [0, 1, 8, 17, 24, 25, 40, 41, 300, -1]) {
      relay.tap = (_way, bytes) => [bytes];
      const client = device();
      await client.connect();
      const armed = await client.arm('cellar');
      const before = await state();
      let sent = false;
      relay.tap = (way, bytes) => {
        // what the device sends again of its own accord is no forgery: it stays out of this
        if (way === 'down' || sent) return [];
        sent = true;
        const changed = bytes.slice();
        const at = place < 0 ? changed.length + place : place;
        changed[at] = (changed[at] as number) ^ 1;
        return [changed];
      };
      const opening = client.release(armed, { seconds: 60 });
      opening.catch(() => undefined);
      await until(() => sent);
      await settle();
      expect({ place, ...(await state()) }).toEqual({ place, ...before });
      client.disconnect();
    }
  });

  test('delays an opening past its challenge: refused, and the device is told why', async () => {
    const client = device();
    await client.connect();
    const armed = await client.arm('cellar');
    const before = await state();
    later = 10_001;
    await expect(client.release(armed, { seconds: 60 })).rejects.toMatchObject({ code: 'refused-challenge' });
    expect(await state()).toEqual(before);
  });

  test('redirects: another home gets the frames', async () => {
    const other = await startHome('shed', true);
    try {
      const client = device();
      await client.connect();
      const armed = await client.arm('cellar');
      const before = [await state(), await state(other)];
      relay.route = () => mailboxText(other);
      const opening = client.release(armed, { seconds: 60 });
      opening.catch(() => undefined);
      await settle();
      const fresh = device();
      fresh.connect().catch(() => undefined);
      await settle();
      expect([await state(), await state(other)]).toEqual(before);
    } finally {
      await other.agent.stop();
    }
  });

  test('steals the offer: first with the picture, but the person at home says no', async () => {
    const offer = await home.agent.pairing.make(true, 5);
    const news: PairingNews[] = [];
    const stop = home.agent.pairing.onNews((one) => news.push(one));
    const thief = keysFrom(newSecretKeys(random));
    const link = checkLink(offer.links[0] ?? '');
    const before = await state();
    const codes: string[] = [];
    const stealing = pair({
      link,
      name: 'Martas telephone',
      keys: thief,
      dial,
      random,
      clock,
      waiting: ({ code }) => codes.push(code),
    });
    const outcome = expect(stealing.done).rejects.toMatchObject({ code: 'pairing-refused' });
    await until(() => codes.length === 1);
    // the owner comes second, is refused, and sees another code than the home shows
    const owner = keysFrom(newSecretKeys(random));
    const second = pair({
      link,
      name: 'Martas telephone',
      keys: owner,
      dial,
      random,
      clock,
      waiting: () => undefined,
    });
    await expect(second.done).rejects.toMatchObject({ code: 'pairing-used' });
    const claimed = news.find((one) => one.event === 'claimed');
    if (claimed?.event !== 'claimed') throw new Error('the home was not asked');
    expect(claimed.code).toBe(codes[0]);
    expect(news.some((one) => one.event === 'second')).toBe(true);
    await home.agent.pairing.answer(claimed.device, false);
    await outcome;
    stop();
    const after = await state();
    // the offer is used up, on disk; nothing else is there, and the thief's key is nobody's
    const [devices, offers, ...rest] = after.rows as unknown[][];
    const [devicesBefore, offersBefore, ...restBefore] = before.rows as unknown[][];
    expect(devices).toEqual(devicesBefore);
    expect(rest).toEqual(restBefore);
    expect(offers?.length).toBe((offersBefore?.length ?? 0) + 1);
    expect(after.rules).toEqual(before.rules);
    expect(home.agent.devices.ofKey(thief.publicKey)).toBeUndefined();
  });

  test('lies about the address to one side: an unsigned change, another nonce, another key', async () => {
    const client = device();
    await client.connect();
    const lies: ((nonce: string) => Promise<object>)[] = [
      async (nonce) => ({ ...(await relay.statement(nonce, '203.0.113.7')), address: '198.51.100.66' }),
      async (nonce) => ({ ...(await relay.statement(nonce, '198.51.100.66')), address: '203.0.113.7' }),
      () => relay.statement(Buffer.from(randomBytes(32)).toString('base64url'), '198.51.100.66'),
    ];
    for (const lie of lies) {
      relay.observe = lie;
      const armed = await client.arm('cellar');
      const before = await state();
      await expect(client.release(armed, { seconds: 60 })).rejects.toMatchObject({
        code: 'refused-evidence',
      });
      expect(await state()).toEqual(before);
    }
    relay.observe = async (nonce) => ({
      ...(await relay.statement(nonce, '198.51.100.66')),
      observer: Buffer.from(randomBytes(32)).toString('base64url'),
    });
    await expect(client.arm('cellar')).rejects.toMatchObject({ code: 'protocol-malformed' });
    expect(await rules()).toEqual([]);
  });

  test('a stated limit: a foreign relay that tells both sides the same lie gets one address, that door, 5 minutes', async () => {
    const foreign = await startHome('loft', false);
    try {
      const paired = await pairWith(foreign, 'Tablet');
      const client = new Client({ ...paired, dial, observe, random, clock });
      clients.push(client);
      await client.connect();
      relay.observe = (nonce) => relay.statement(nonce, '198.51.100.66');
      const armed = await client.arm('cellar');
      await expect(client.release(armed, { seconds: 301 })).rejects.toMatchObject({ code: 'refused-time' });
      expect(await rules()).toEqual([]);
      const opened = await client.release(await client.arm('cellar'), {});
      expect(opened.value.vouched).toBe(true);
      expect(opened.value.address).toBe('198.51.100.66');
      expect(opened.value.remainingMs).toBeLessThanOrEqual(300_000);
      expect(await rules()).toEqual(['198.51.100.66 timeout']);
      // without the owner's hold there is no second one: the same frames again do nothing
      const before = await state(foreign);
      for (const { way, bytes } of [...relay.seen]) if (way === 'up') relay.toHome(bytes);
      await settle();
      expect(await state(foreign)).toEqual(before);
      await client.close('cellar');
      expect(await rules()).toEqual([]);
    } finally {
      await foreign.agent.stop();
    }
  });

  test('the same lie on both sides is refused where a witness was asked: it saw the device elsewhere', async () => {
    const folder = mkdtempSync(join(lab.directory, 'witness-'));
    const observer = loadObserver(folder);
    const certificate = await localCertificate(folder, subjectsOf('localhost'));
    const witness = await startWitness({ port: 0, certificate, observer });
    const url = `https://localhost:${witness.port}`;
    const key = Buffer.from(observer.key).toString('base64url');
    const watched = await startHome('shed', false, { key, url, family: 'any', witness: true });
    try {
      const paired = await pairWith(watched, 'Tablet');
      const asked: string[] = [];
      const both: typeof observe = (base, nonce) => {
        asked.push(base);
        return (base === url ? observeWith(certificate.spki, []) : observe)(base, nonce);
      };
      const client = new Client({ ...paired, dial, observe: both, random, clock });
      clients.push(client);
      await client.connect();
      const lie = (nonce: string) => relay.statement(nonce, '198.51.100.66');
      relay.observe = lie;
      const armed = await client.arm('cellar');
      expect(asked.sort()).toEqual([relay.url, url].sort());
      const before = await state(watched);
      await expect(client.release(armed, { seconds: 60 })).rejects.toMatchObject({
        code: 'refused-address-changed',
      });
      // nor with what the witness tells the relay itself: it was asked from there, with another nonce
      const [own] = armed.evidence.filter((one) => one.observer !== key);
      if (own === undefined) throw new Error('the relay did not lie');
      const nonce = Buffer.from(randomBytes(32)).toString('base64url');
      const said = (await observeWith(certificate.spki, [])(url, nonce)) as { signature: string };
      const forged = { observer: key, address: own.address, signature: said.signature };
      const again = await client.arm('cellar');
      await expect(
        client.release({
          ...again,
          evidence: [...again.evidence.filter((one) => one.observer !== key), forged],
        }),
      ).rejects.toMatchObject({ code: 'refused-evidence' });
      await expect(
        client.release({ ...(await client.arm('cellar')), evidence: [own] }),
      ).rejects.toMatchObject({ code: 'refused-evidence' });
      expect(await state(watched)).toEqual(before);
      expect(await rules()).toEqual([]);
    } finally {
      await watched.agent.stop();
      await witness.close();
    }
  });
});

function mailboxText(of: Home): string {
  return Buffer.from(of.keys.mailbox).toString('base64url');
}
