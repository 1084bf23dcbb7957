import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jailTroubles, type Ban } from '../../lib/ban.ts';
import type { Client } from '../../lib/client/client.ts';
import { decodeFrame } from '../../lib/protocol/frame.ts';
import { startHostileRelay, type HostileRelay } from '../support/hostile-relay.ts';
import { startHouse, type House, type PairedDevice } from '../support/house.ts';
import { ban, TestBans } from '../support/test-bans.ts';
import { TestHost } from '../support/test-host.ts';
import { until } from '../support/until.ts';

// What the home agent makes of what the room of bans tells it, and what leaves the house of it.

const mine = '203.0.113.7';
let host: TestBans;
let relay: HostileRelay;
let house: House;
let phone: PairedDevice;
let client: Client;
let wallLater = 0;

async function start(helper?: TestHost): Promise<void> {
  house = await startHouse({
    file: {
      relay: [{ url: relay.url, own: true }],
      observer: [{ key: relay.observerKey, url: '', family: 'any' }],
    },
    options: {
      bans: host,
      ...(helper === undefined ? {} : { helper }),
      clock: { now: () => performance.now(), wall: () => Date.now() + wallLater },
    },
  });
  phone = await house.device();
  ({ client } = phone);
  await client.connect();
}

beforeEach(async () => {
  wallLater = 0;
  host = new TestBans();
  relay = await startHostileRelay();
});
afterEach(async () => {
  await house.stop();
  await relay.close();
});

const midnight = (): number => Math.floor(Date.now() / 86_400_000) * 86_400_000;
const ask = async (addresses: string[] = []) => (await client.bans(addresses, midnight())).value;
async function told(): Promise<void> {
  await until(() => house.agent.bans.list.size === host.list.size);
  await house.agent.bans.settled();
}

test('a room that is away, that comes, that has no rights, and that ended: a state, never an error', async () => {
  host.away = true;
  await start();
  expect(await ask([mine])).toMatchObject({
    sources: [{ source: 'helper', problem: 'tool-helper-gone' }],
    total: 0,
    own: [],
  });
  expect((await client.banList({ from: 0, limit: 10 })).value.rows).toEqual([]);
  await expect(client.unban(mine)).rejects.toMatchObject({ code: 'tool-helper-gone' });
  host.away = false;
  host.put(ban(), ban({ jail: 'recidive' }));
  house.agent.bans.wake();
  await told();
  expect(await ask()).toMatchObject({ total: 2, sources: [{ source: 'fail2ban', canUnban: true }] });
  const [state] = host.sources;
  if (state === undefined) throw new Error('no source');
  // fail2ban has ended: nobody is protected by what it said.
  host.tell([{ ...state, problem: 'tool-ended' }]);
  await until(async () => (await ask()).total === 0);
  expect((await ask()).sources).toMatchObject([
    { problem: 'tool-ended', readMs: expect.any(Number) as number },
  ]);
  host.tell([{ ...state, jails: [{ jail: 'sshd', banned: 1, trouble: 'deaf' }] }]);
  await until(async () => (await ask()).total === 2);
  expect((await ask()).jails).toMatchObject([{ jail: 'sshd', banned: 1, trouble: 'deaf' }]);
  // Away again: what it said last, as old as it is.
  host.away = true;
  host.put();
  await until(async () => (await ask()).sources[0]?.problem === 'tool-helper-gone');
  expect((await ask()).total).toBe(2);
});

test('a room that goes is said in the log; one that goes because the home stops is not', async () => {
  await start();
  host.put(ban());
  await told();
  const said = (): string[] => house.log.filter((line) => line.includes('cannot be followed'));
  host.away = true;
  host.put(ban());
  await until(() => said().length === 1);
  host.away = false;
  house.agent.bans.wake();
  await told();
  host.away = true;
  host.put(ban());
  // as at every stop: the way to the helper ends first
  await new Promise((resolve) => setImmediate(resolve));
  await house.agent.stop();
  expect(said()).toHaveLength(1);
});

test('no helper at all', async () => {
  house = await startHouse();
  const { client: other } = await house.device();
  await other.connect();
  expect((await other.bans([], midnight())).value.sources).toMatchObject([{ problem: 'tool-helper-gone' }]);
  await expect(other.attacks()).rejects.toMatchObject({ code: 'tool-helper-gone' });
});

test('restarts of room, of fail2ban and of the home are no new bans; what went meanwhile is marked', async () => {
  await start();
  const many = Array.from({ length: 3000 }, () => ban());
  host.put(...many);
  await told();
  expect(await ask()).toMatchObject({ total: 3000, today: 3000, floods: [{ jail: 'sshd', count: 3000 }] });
  host.restart();
  await until(async () => (await ask()).total === 3000);
  // fail2ban's own restart: its list is empty, then as it was.
  host.drop(...many);
  await told();
  expect((await ask()).total).toBe(0);
  host.put(...many);
  await told();
  expect(await ask()).toMatchObject({ total: 3000, today: 3000, floods: [{ count: 3000 }] });
  const { revision } = await ask();
  host.drop(...many.slice(0, 10));
  await told();
  await house.agent.stop();
  host.drop(...many.slice(10, 30));
  host.put(ban());
  await house.restartAgent();
  await house.reached();
  await client.connect();
  await told();
  const after = await ask();
  expect(after).toMatchObject({ total: 2971, today: 3001 });
  expect(after.revision).toBeGreaterThan(revision);
  const database = new Database(join(house.directory, 'bans.db'), { readonly: true });
  const ends = database.prepare('select ended, count(*) as n from ban group by ended order by ended').all();
  database.close();
  expect(ends).toEqual([
    { ended: null, n: 2971 },
    { ended: 'others', n: 10 },
    { ended: 'unknown', n: 20 },
  ]);
}, 60_000);

test('followers are told at once, then at most twice a second; nothing of it is in the notice', async () => {
  await start();
  const at: number[] = [];
  client.subscribe((event) => {
    if (event.type === 'bans') at.push(performance.now());
  });
  await client.follow(true);
  await told();
  await new Promise((resolve) => setTimeout(resolve, 600));
  at.length = 0;
  const began = performance.now();
  host.put(ban());
  await until(() => at.length > 0);
  const first = (at[0] ?? 0) - began;
  const timer = setInterval(() => host.put(ban()), 5);
  await new Promise((resolve) => setTimeout(resolve, 1800));
  clearInterval(timer);
  const last = host.list.size;
  await until(() => house.agent.bans.list.size === last);
  console.log(
    `the first notice after ${first.toFixed(1)} ms, ${at.length} in ${(performance.now() - began).toFixed(0)} ms`,
  );
  for (let n = 1; n < at.length; n++) expect((at[n] ?? 0) - (at[n - 1] ?? 0)).toBeGreaterThan(300);
  expect(at.length).toBeGreaterThan(2);
});

test('an own address on a list is on the audit, once; a stranger’s is not', async () => {
  await start(new TestHost());
  await client.release(await client.arm('gate'), { seconds: 60 });
  await told();
  host.put(ban(), ban({ value: mine }));
  await told();
  const banned = async () => (await client.activity(50)).filter(({ kind }) => kind === 'banned');
  await until(async () => (await banned()).length > 0);
  // Lengthened, told again, and over a restart of the home: the same ban.
  const [, own] = [...host.list.values()];
  host.put({ ...(own as Ban), until: Date.now() + 900_000 });
  host.restart();
  await house.restartAgent();
  await house.reached();
  await client.connect();
  await told();
  host.put(ban({ value: '203.0.113.0/24', jail: 'wide' }));
  await until(async () => (await banned()).length === 2);
  expect((await banned()).map(({ address, jail, device }) => [address, jail, device])).toEqual([
    [mine, 'wide', 'phone'],
    [mine, 'sshd', 'phone'],
  ]);
});

test('pages, networks, detail and counts', async () => {
  await start();
  const base = Date.now() - 100_000;
  host.put(
    ...Array.from({ length: 250 }, (_, n) =>
      ban({ value: `10.${n % 5}.0.${n}`, since: base + n, jail: n % 2 === 0 ? 'sshd' : 'recidive' }),
    ),
  );
  host.put(ban({ value: '10.0.0.0/8', since: base, jail: 'wide' }));
  host.facts.set('10.4.0.249', { failures: 5, times: 3 });
  await told();
  const first = (await client.banList({ from: 0, limit: 100 })).value;
  expect(first).toMatchObject({ total: 251, from: 0 });
  expect(first.rows[0]).toMatchObject({ value: '10.4.0.249', jail: 'recidive', failures: 5, times: 3 });
  const rows = [...first.rows];
  while (rows.length < 251)
    rows.push(...(await client.banList({ from: rows.length, limit: 100 })).value.rows);
  expect(new Set(rows.map(({ value }) => value)).size).toBe(251);
  expect((await client.banList({ search: '10.1.0.0/16', from: 0, limit: 100 })).value.total).toBe(51);
  const networks = (await client.banNetworks({ from: 0, limit: 10 })).value;
  expect(networks.total).toBe(6);
  expect(networks.rows[0]).toMatchObject({ count: 50 });
  host.evidence = { failures: 4, lines: [{ text: 'x'.repeat(300) }] };
  const detail = (await client.ban('fail2ban', 'sshd', '10.0.0.0')).value;
  expect(detail).toMatchObject({
    failures: 4,
    times: 1,
    next: { seconds: 600 },
    also: [{ value: '10.0.0.0/8' }],
  });
  expect((await client.ban('fail2ban', 'sshd', '10.9.9.9')).value.ban).toBe(undefined);
  const slot = Math.floor(base / 300_000) * 300_000;
  const counts = (await client.banCounts([slot - 300_000, slot, slot + 600_000])).value;
  expect(counts.jails.map(({ jail, counts: per }) => [jail, ...per])).toEqual([
    ['sshd', 0, 125],
    ['recidive', 0, 125],
    ['wide', 0, 1],
  ]);
  await expect(client.banCounts([5, 5])).rejects.toMatchObject({ code: 'protocol-malformed' });
});

test('whatever jails, lists and logs are called, every answer fits a message', async () => {
  await start();
  // letters that JSON writes as six each
  const long = (n: number, size: number): string => `${n}`.padEnd(size, '\u0001');
  const jails = Array.from({ length: 90 }, (_, n) => long(n, 128));
  host.sources = Array.from({ length: 20 }, (_, n) => ({
    source: `source-${n}`,
    kind: 'x'.repeat(32),
    tellsTimes: true,
    canUnban: true,
    jails: jails.map((jail) => ({ jail, banned: 40, trouble: jailTroubles[0] })),
  }));
  host.put(
    ...jails.flatMap((jail, j) =>
      Array.from({ length: j < 6 ? 40 : 1 }, (_, n) =>
        ban({ source: 'source-1', jail, value: long(n * 100 + j, 128), until: 9e15 }),
      ),
    ),
  );
  for (let n = 0; n < 20; n++)
    host.put(ban({ source: 'source-1', jail: jails[n] ?? '', value: '203.0.113.0/24' }));
  host.evidence = {
    count: 9,
    failures: 9,
    lines: Array.from({ length: 10 }, (_, n) => ({
      at: 1,
      user: long(n, 64),
      method: long(n, 32),
      text: long(n, 300),
    })),
  };
  host.seen = {
    reads: true,
    hours: Array.from({ length: 144 }, (_, n) => ({
      hour: Math.floor(Date.now() / 3_600_000 - (143 - n) / 3) * 3_600_000,
      kind: 'failed',
      count: 9e15,
      addresses: 9e15,
    })),
    recent: Array.from({ length: 20 }, (_, n) => ({
      at: 9e15,
      kind: 'failed',
      address: mine,
      user: long(n, 64),
      text: long(n, 200),
    })),
  };
  await told();
  const answer = await ask([mine, '2001:db8::7']);
  expect(answer.jails.length).toBeGreaterThan(3);
  expect(answer.jails.length + answer.more).toBe(20 * 90);
  expect(answer.own[0]?.hits.length).toBeGreaterThan(0);
  expect(answer.floods.length).toBeGreaterThan(0);
  const page = (await client.banList({ from: 0, limit: 100 })).value;
  expect(page.rows.length).toBeGreaterThan(5);
  expect((await client.banNetworks({ from: 0, limit: 100 })).value.rows.length).toBeGreaterThan(5);
  const [row] = page.rows;
  const detail = (await client.ban('source-1', row?.jail ?? '', row?.value ?? '')).value;
  expect(detail.lines.length).toBeGreaterThan(2);
  expect((await client.ban('source-1', jails[0] ?? '', '203.0.113.0/24')).value.also.length).toBeGreaterThan(
    1,
  );
  const edges = Array.from({ length: 151 }, (_, n) => midnight() - (120 - n) * 86_400_000);
  const counts = (await client.banCounts(edges)).value;
  expect(counts.jails.length).toBeGreaterThan(2);
  expect(counts.others?.reduce((all, one) => all + one, 0)).toBeGreaterThan(0);
  expect((await client.attacks()).value.recent.length).toBeGreaterThan(0);
  const may = house.agent.devices.get(phone.record.device);
  if (may !== undefined) await house.agent.devices.put({ ...may, allowed: 'unban' });
  for (const value of [row?.value ?? '', '203.0.113.0/24']) {
    const { value: lifted, id } = await client.unban(value);
    expect(lifted.lifted.length).toBeGreaterThan(0);
    expect((await client.reban(id)).value.hits.length).toBeGreaterThan(0);
  }
});

test('what passes the relay holds no jail, no banned address and no line of a log', async () => {
  await start();
  const words = ['planted-jail', '198.18.99.99', '2001:db8:dead::1', 'planted-user', 'planted line'];
  host.put(
    ban({ jail: 'planted-jail', value: '198.18.99.99' }),
    ban({ jail: 'planted-jail', value: '2001:db8:dead::1' }),
    ban({ value: mine }),
  );
  host.evidence = { lines: [{ user: 'planted-user', text: 'planted line' }] };
  await told();
  await client.follow(true);
  await ask([mine]);
  await client.banList({ from: 0, limit: 100 });
  await client.ban('fail2ban', 'planted-jail', '198.18.99.99');
  await client.unban(mine);
  host.put(ban({ jail: 'planted-jail' }));
  await client.activity(50);
  expect(relay.seen.length).toBeGreaterThan(10);
  const sizes = new Set<number>();
  for (const { bytes } of relay.seen) {
    const text = Buffer.from(bytes).toString('latin1');
    for (const word of words) expect(text.includes(word)).toBe(false);
    if (decodeFrame(bytes).kind === 'sealed') sizes.add(bytes.length);
  }
  // Nor do sizes say more than one of four.
  expect(sizes.size).toBeLessThanOrEqual(4);
});

test('a hundred thousand bans at once, and a thousand a minute, delay no commit of the other file', async () => {
  await start();
  const commit = async (): Promise<number> => {
    const began = performance.now();
    await house.agent.audit.note({ kind: 'started' });
    return performance.now() - began;
  };
  const measure = async (n: number): Promise<number[]> => {
    const times: number[] = [];
    for (let i = 0; i < n; i++) {
      times.push(await commit());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return times.sort((a, b) => a - b);
  };
  const calm = await measure(60);
  host.put(
    ...Array.from({ length: 100_000 }, (_, n) =>
      ban({ value: `${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.7` }),
    ),
  );
  const began = performance.now();
  const busy = await measure(200);
  await told();
  const took = performance.now() - began;
  const of = (times: readonly number[], part: number): string =>
    (times[Math.floor((times.length - 1) * part)] ?? 0).toFixed(1);
  console.log(
    `a commit, ms: calm median ${of(calm, 0.5)} worst ${of(calm, 1)}; under 100,000 bans median ${of(busy, 0.5)} p95 ${of(busy, 0.95)} worst ${of(busy, 1)}; all written after ${took.toFixed(0)}`,
  );
  const began2 = performance.now();
  const page = (await client.banList({ from: 60_000, limit: 100 })).value;
  console.log(
    `a page of ${page.rows.length} through the house: ${(performance.now() - began2).toFixed(1)} ms`,
  );
  expect(page.total).toBe(100_000);
  expect((await ask()).today).toBe(100_000);
}, 90_000);
