import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../lib/client/client.ts';
import { Disk } from '../support/disk.ts';
import { startHostileRelay, type HostileRelay } from '../support/hostile-relay.ts';
import { startHouse, type House, type PairedDevice } from '../support/house.ts';
import { ban, TestBans } from '../support/test-bans.ts';
import { until } from '../support/until.ts';

// What a device is told of bans, and what it may lift. A refusal: no verb, the list as it was, a row of the audit.

const mine = '203.0.113.7';
const stranger = '198.18.0.9';
const host = new TestBans();
let relay: HostileRelay;
let house: House;
let disk: Disk;
let phone: PairedDevice;
let client: Client;
let later = 0;
let wallLater = 0;

beforeAll(async () => {
  relay = await startHostileRelay();
  house = await startHouse({
    file: {
      relay: [{ url: relay.url, own: true }],
      observer: [{ key: relay.observerKey, url: '', family: 'any' }],
    },
    options: {
      bans: host,
      clock: { now: () => performance.now() + later, wall: () => Date.now() + wallLater },
    },
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
beforeEach(async () => {
  later = wallLater = 0;
  host.failure = undefined;
  host.afterUnban = () => undefined;
  relay.tap = (_way, bytes) => [bytes];
  relay.observe = (nonce) => relay.statement(nonce, mine);
  host.drop(...host.list.values());
  await until(() => house.agent.bans.list.size === 0);
  host.verbs.length = 0;
});

const midnight = (): number => Math.floor(Date.now() / 86_400_000) * 86_400_000;
const ask = async (addresses: string[] = [mine]) => (await client.bans(addresses, midnight())).value;
const told = (): Promise<void> => until(() => house.agent.bans.list.size === host.list.size);

async function allow(...permissions: string[]): Promise<void> {
  const row = house.agent.devices.get(phone.record.device);
  if (row === undefined) throw new Error('no device');
  await house.agent.devices.put({ ...row, allowed: permissions.join(' ') });
}

/** Of this kind alone: that an own address was banned is told when it is, beside whatever is asked. */
async function newest(kind: string, limit: number) {
  return (await client.activity(50)).filter((event) => event.kind === kind).slice(0, limit);
}

let last = 0;
async function refuses(act: Promise<unknown>, code: string): Promise<void> {
  const before = [[...host.list.keys()], disk.state()];
  await expect(act).rejects.toMatchObject({ code });
  expect(host.verbs).toEqual([]);
  expect([[...host.list.keys()], disk.state()]).toEqual(before);
  const [event] = await newest('refused', 1);
  expect(event).toMatchObject({ code, device: 'phone' });
  expect(event?.n).toBeGreaterThan(last);
  last = event?.n ?? 0;
}

test('the own address, why, and until when; nothing of it is asked from memory', async () => {
  host.put(ban({ value: mine, jail: 'sshd' }), ban({ value: stranger }));
  host.evidence = {
    count: 2,
    failures: 5,
    lines: [{ at: 1, user: 'root', method: 'password', text: 'Failed password for root' }],
  };
  await told();
  const answer = await ask([mine, '2001:db8::7']);
  expect(answer.total).toBe(2);
  expect(answer.sources).toMatchObject([{ source: 'fail2ban', canUnban: true }]);
  expect(answer.jails).toMatchObject([{ jail: 'sshd', banned: 2 }]);
  expect(answer.own).toMatchObject([
    { address: mine, again: false, failures: 5, hits: [{ jail: 'sshd', value: mine }] },
    { address: '2001:db8::7', hits: [], lines: [] },
  ]);
  expect(answer.own[0]?.hits[0]?.leftMs).toBeGreaterThan(590_000);
  const list = [...host.list];
  host.list.clear();
  expect((await ask()).own[0]?.hits).toEqual([]);
  for (const [key, one] of list) host.list.set(key, one);
});

test('lifts the own address, and says so after asking again', async () => {
  host.put(ban({ value: mine }), ban({ value: mine, jail: 'recidive' }), ban({ value: stranger }));
  await told();
  const { value: answer } = await client.unban(mine);
  expect(answer.lifted.map(({ jail }) => jail).sort()).toEqual(['recidive', 'sshd']);
  expect(answer.left).toEqual([]);
  expect(answer.undoMs).toBeGreaterThan(50_000);
  expect(host.verbs).toEqual([`unban ${mine}`]);
  expect([...host.list.values()].map(({ value }) => value)).toEqual([stranger]);
  const events = await newest('unbanned', 2);
  expect(events.map(({ kind, address, device }) => [kind, address, device])).toEqual([
    ['unbanned', mine, 'phone'],
    ['unbanned', mine, 'phone'],
  ]);
  // Banned again within ten minutes says so.
  host.put(ban({ value: mine, since: Date.now() }));
  expect((await ask()).own[0]).toMatchObject({ again: true, hits: [{ jail: 'sshd' }] });
});

test('what was lifted and will be set again says so', async () => {
  host.put(ban({ value: mine }));
  await told();
  host.failure = { code: 'tool-comes-back', acts: true };
  const { value: answer } = await client.unban(mine);
  expect(answer).toMatchObject({ comesBack: true, left: [], lifted: [{ jail: 'sshd' }] });
  host.failure = undefined;
});

test('what is still banned afterwards is told', async () => {
  host.put(ban({ value: mine }), ban({ value: '203.0.113.0/24', jail: 'wide' }));
  const { value: answer } = await client.unban(mine);
  expect(answer.lifted.map(({ value }) => value)).toEqual([mine]);
  expect(answer.left.map(({ value }) => value)).toEqual(['203.0.113.0/24']);
});

test('without the permission no other address, no network around the own one, no word', async () => {
  host.put(ban({ value: stranger }), ban({ value: '203.0.113.0/24' }), ban({ value: 'not an ip' }));
  await told();
  for (const value of [stranger, '203.0.113.0/24', 'not an ip', '0.0.0.0/0', '198.18.0.10'])
    await refuses(client.unban(value), 'refused-permission');
});

test('with the permission, whatever is on a list; it is read again at every request', async () => {
  host.put(ban({ value: stranger }), ban({ value: '203.0.113.0/24' }), ban({ value: 'not an ip' }));
  await told();
  await allow('unban');
  expect((await ask()).mayUnban).toBe(true);
  expect((await client.unban(stranger)).value.lifted).toHaveLength(1);
  expect((await client.unban('203.0.113.0/24')).value.lifted).toHaveLength(1);
  expect((await client.unban('not an ip')).value.lifted).toHaveLength(1);
  host.verbs.length = 0;
  // On no list and no address: no verb carries it.
  expect((await client.unban('0.0.0.0/0')).value).toMatchObject({ lifted: [], left: [] });
  expect((await client.unban('some.host.name')).value).toMatchObject({ lifted: [], left: [] });
  expect(host.verbs).toEqual([]);
  await allow();
  host.put(ban({ value: stranger }));
  await refuses(client.unban(stranger), 'refused-permission');
});

test('an address that was not proven, or that two observers tell apart, is no own one', async () => {
  host.put(ban({ value: mine }));
  relay.observe = (nonce) => relay.statement(nonce, stranger);
  await refuses(client.unban(mine), 'refused-permission');
  relay.observe = async (nonce) => ({ ...(await relay.statement(nonce, mine)), signature: 'A'.repeat(86) });
  await refuses(client.unban(mine), 'refused-evidence');
});

test('a challenge that is too old, for a door, or used before lifts nothing', async () => {
  host.put(ban({ value: mine }));
  relay.observe = async (nonce) => {
    later += 11_000;
    return relay.statement(nonce, mine);
  };
  await refuses(client.unban(mine), 'refused-challenge');
});

test('a delayed or repeated request does nothing', async () => {
  host.put(ban({ value: mine }));
  let armed = false;
  const held: Uint8Array[] = [];
  relay.observe = (nonce) => {
    armed = true;
    return relay.statement(nonce, mine);
  };
  relay.tap = (way, bytes) => {
    if (way === 'up' && armed) {
      held.push(bytes);
      armed = false;
      return [];
    }
    return [bytes];
  };
  const lost = client.unban(mine);
  lost.catch(() => undefined);
  await until(() => held.length > 0);
  // A newer frame passes first; then the relay hands over what it held, twice, and half a minute later.
  await client.activity(1);
  for (const bytes of held) relay.toHome(bytes);
  later = 30_000;
  for (const bytes of held) relay.toHome(bytes, true);
  await client.activity(1);
  expect(host.verbs).toEqual([]);
  expect(host.list.size).toBe(1);
});

test('taken back within a minute, by the same device alone, once', async () => {
  const laptop = await house.device('laptop');
  await laptop.client.connect();
  host.put(ban({ value: mine }));
  const { id } = await client.unban(mine);
  host.verbs.length = 0;
  await expect(laptop.client.reban(id)).rejects.toMatchObject({ code: 'refused-undo' });
  wallLater = 61_000;
  await refuses(client.reban(id), 'refused-undo');
  wallLater = 0;
  expect((await client.reban(id)).value.hits).toMatchObject([{ jail: 'sshd', value: mine }]);
  expect(host.verbs).toEqual([`reban sshd ${mine}`]);
  expect((await newest('rebanned', 1))[0]).toMatchObject({ address: mine, jail: 'sshd' });
  // Meant and taken back: that it stands is no return.
  expect((await ask()).own[0]?.again).toBe(false);
  host.verbs.length = 0;
  await refuses(client.reban(id), 'refused-undo');
});

test('a tool that fails: told, and what it did all the same is told as done', async () => {
  host.put(ban({ value: mine }));
  host.failure = { code: 'tool-timeout', acts: false };
  await expect(client.unban(mine)).rejects.toMatchObject({ code: 'tool-timeout' });
  expect(host.list.size).toBe(1);
  host.failure = { code: 'tool-timeout', acts: true };
  expect((await client.unban(mine)).value.lifted).toHaveLength(1);
  host.failure = undefined;
  host.put(ban({ value: mine }));
  // The jail is quicker than we are.
  host.afterUnban = () => host.put(ban({ value: mine, since: Date.now() + 1000 }));
  expect((await client.unban(mine)).value).toMatchObject({
    lifted: [{ value: mine }],
    left: [{ value: mine }],
  });
});

test('revoked while its request is weighed: no verb', async () => {
  const thief = await house.device('thief');
  await thief.client.connect();
  host.put(ban({ value: mine }));
  const banned = host.banned.bind(host);
  host.banned = async (address) => {
    host.banned = banned;
    await client.revoke(thief.record.device);
    return banned(address);
  };
  await expect(thief.client.unban(mine)).rejects.toMatchObject({ code: 'session-revoked' });
  await client.activity(1);
  expect(host.verbs).toEqual([]);
  expect(host.list.size).toBe(1);
});
