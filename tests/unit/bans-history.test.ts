import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ban } from '../../lib/ban.ts';
import { BanCounts } from '../../server/agent/bans/counts.ts';
import { Floods } from '../../server/agent/bans/floods.ts';
import { openHistory, type History, type Seen } from '../../server/agent/bans/history.ts';
import type { Note } from '../../server/agent/bans/history-messages.ts';
import { OwnAddresses } from '../../server/agent/bans/own.ts';

const minute = 60_000;
const day = 86_400_000;

describe('the history', () => {
  let folder: string;
  let file: string;
  let history: History;
  let fresh: string[] = [];
  const log: string[] = [];

  const open = async (): Promise<void> => {
    history = await openHistory({
      file,
      log: (line) => log.push(line),
      onFresh: (notes: readonly Seen[]) => fresh.push(...notes.map(({ ban }) => ban.value)),
    });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lk-history-'));
    file = join(folder, 'bans.db');
    fresh = [];
    log.length = 0;
    await open();
  });
  afterEach(async () => {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const now = Date.now();
  const of = (value: string, changes: Partial<Ban> = {}): Ban => ({
    source: 'fail2ban',
    jail: 'sshd',
    value,
    since: now,
    until: now + 10 * minute,
    ...changes,
  });
  const seen = (ban: Ban, at = now): Note => ({ op: 'seen', ban, at });
  const gone = (ban: Ban, end: 'expired' | 'lifted' | 'others', at: number, by?: string): Note => ({
    op: 'gone',
    ban,
    at,
    end,
    ...(by === undefined ? {} : { by }),
  });
  async function rows(): Promise<unknown[]> {
    await history.settled();
    const database = new Database(file, { readonly: true });
    const all = database.prepare('select value, ended, endedAt, "by" from ban order by id').all();
    database.close();
    return all;
  }

  test('every ban, how it was lengthened, and how it ended', async () => {
    const [a, b, c] = [of('10.0.0.1'), of('10.0.0.2'), of('10.0.0.3')];
    history.note(seen(a), seen(b), seen(c));
    history.note(seen({ ...a, until: now + 20 * minute }, now + minute));
    history.note(
      gone(a, 'expired', now + 20 * minute),
      gone(b, 'lifted', now + 5, 'phone'),
      gone(c, 'others', now + 6),
    );
    expect(await rows()).toEqual([
      { value: '10.0.0.1', ended: 'expired', endedAt: now + 20 * minute, by: null },
      { value: '10.0.0.2', ended: 'lifted', endedAt: now + 5, by: 'phone' },
      { value: '10.0.0.3', ended: 'others', endedAt: now + 6, by: null },
    ]);
    const database = new Database(file, { readonly: true });
    expect(database.prepare('select ban, at, until from extension').all()).toEqual([
      { ban: 1, at: now + minute, until: now + 20 * minute },
    ]);
    database.close();
    expect(fresh).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    // Gone, and told of as gone once more: the first word stands.
    history.note(gone(b, 'others', now + 9), seen(b, now + 10));
    expect((await rows())[1]).toMatchObject({ ended: 'lifted', by: 'phone' });
    // Another one of the same value.
    history.note(seen(of('10.0.0.2', { since: now + 8000 })));
    expect(await rows()).toHaveLength(4);
    expect(await history.times(['10.0.0.2', '10.0.0.9'], now - day)).toEqual(
      new Map([
        ['10.0.0.2', 2],
        ['10.0.0.9', 0],
      ]),
    );
  });

  test('a list that is empty and then full again is no thousand of new bans', async () => {
    const all = Array.from({ length: 3000 }, (_, n) => of(`10.1.${n >> 8}.${n & 255}`));
    history.note(...all.map((ban) => seen(ban)));
    history.note(...all.map((ban) => gone(ban, 'others', now + minute)));
    // fail2ban caps what it restores, and rounds.
    history.note(
      ...all.map((ban) => seen({ ...ban, since: now - 700, until: now + 3 * minute }, now + 2 * minute)),
    );
    const database = (await rows()) as { ended: unknown }[];
    expect(database).toHaveLength(3000);
    expect(database.every(({ ended }) => ended === null)).toBe(true);
    expect(fresh).toHaveLength(3000);
  });

  test('what went while nobody looked has an end of unknown time; a source that cannot be read ends nothing', async () => {
    const there = of('10.0.0.1');
    const other = of('10.0.0.2');
    const guarded = of('10.0.0.3', { source: 'guard' });
    const { since: _since, until: _until, ...timeless } = of('10.0.0.4', { source: 'set' });
    history.note(seen(there), seen(other), seen(guarded), seen(timeless));
    await history.settled();
    await history.close();
    await open();
    fresh = [];
    history.note({ op: 'begin' }, seen(there, now + day), { op: 'sweep', at: now + day, but: ['guard'] });
    expect(await rows()).toEqual([
      { value: '10.0.0.1', ended: null, endedAt: null, by: null },
      { value: '10.0.0.2', ended: 'unknown', endedAt: now + day, by: null },
      { value: '10.0.0.3', ended: null, endedAt: null, by: null },
      { value: '10.0.0.4', ended: 'unknown', endedAt: now + day, by: null },
    ]);
    // Its source was a little late.
    history.note(seen(timeless, now + day + minute));
    expect((await rows())[3]).toMatchObject({ ended: null });
    expect(fresh).toEqual([]);
    history.note(gone(timeless, 'others', now + day + 2 * minute), seen(timeless, now + day + 3 * minute));
    expect(await rows()).toHaveLength(5);
  });

  test('what is older than a year goes, in slices; what is remembered comes back at the next start', async () => {
    const old = Array.from({ length: 1300 }, (_, n) =>
      of(`10.2.${n >> 8}.${n & 255}`, { since: now - 366 * day }),
    );
    history.note(
      ...old.map((ban) => seen(ban)),
      seen(of('10.0.0.1')),
      seen(of('10.0.0.2', { since: now - 3 * day })),
    );
    history.note(gone(of('10.0.0.1'), 'lifted', now, 'phone'));
    await history.settled();
    await history.close();
    await open();
    const { slots, recent, lifts, began } = history.remembered;
    expect(slots.reduce((sum, { count }) => sum + count, 0)).toBe(2);
    expect(recent).toEqual([{ source: 'fail2ban', jail: 'sshd', value: '10.0.0.1', at: now }]);
    expect(lifts).toEqual([{ value: '10.0.0.1', at: now }]);
    expect(Math.abs(began - now)).toBeLessThan(60_000);
    for (let n = 0; n < 200 && (await rows()).length > 2; n++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await rows()).toHaveLength(2);
  });

  test('a file that is none, and a disk that takes no more, stop nobody', async () => {
    await history.close();
    writeFileSync(file, 'this is not a database, and long enough to be looked at '.repeat(40));
    for (const more of ['-wal', '-shm']) rmSync(file + more, { force: true });
    await open();
    expect(log[0]).toContain('cannot be kept');
    history.note(seen(of('10.0.0.1')));
    await history.settled();
    expect(fresh).toEqual(['10.0.0.1']);
    expect(await history.times(['10.0.0.1'], 0)).toEqual(new Map());
    await history.close();

    rmSync(file);
    await open();
    const database = new Database(file);
    database.exec("create trigger full before insert on ban begin select raise(abort, 'disk is full'); end");
    history.note(seen(of('10.0.0.1')));
    await history.settled();
    history.note(seen(of('10.0.0.2')));
    await history.settled();
    expect(log.filter((line) => line.includes('full'))).toHaveLength(1);
    database.exec('drop trigger full');
    history.note(seen(of('10.0.0.3')));
    expect(await rows()).toHaveLength(1);
    database.close();
  });
});

test('counts by edges: whole slots, days as their viewer has them, and the usual one', () => {
  const midnight = Date.UTC(2026, 4, 10, 22, 30);
  const counts = new BanCounts(midnight - 9.5 * day, []);
  for (let back = 1; back <= 9; back++)
    for (let n = 0; n < back * 10; n++)
      counts.add('fail2ban', n % 2 === 0 ? 'sshd' : 'recidive', midnight - back * day + n);
  counts.add('fail2ban', 'sshd', midnight);
  counts.add('fail2ban', 'sshd', midnight - 1);
  const now = midnight + 3_600_000;
  expect(counts.usual(midnight, now)).toBe(50);
  expect(counts.usual(midnight - 8 * day, now)).toBe(undefined);
  expect(counts.since(midnight, now)).toEqual([{ source: 'fail2ban', jail: 'sshd', count: 1 }]);
  expect(counts.between([midnight - 2 * day, midnight - day, midnight, midnight + day], now)).toEqual([
    { source: 'fail2ban', jail: 'sshd', counts: [10, 6, 1] },
    { source: 'fail2ban', jail: 'recidive', counts: [10, 5, 0] },
  ]);
  expect(counts.knownSince(now)).toBe(midnight - 9.5 * day);
});

test('a flood: more than 25 within the hour, by networks and slots', () => {
  const floods = new Floods();
  const now = Date.now();
  for (let n = 0; n < 25; n++) floods.add('fail2ban', 'sshd', `10.0.${n % 4}.${n}`, now - 1000 - n);
  expect(floods.now(now)).toEqual([]);
  floods.add('fail2ban', 'sshd', '2001:db8::1', now - 3_599_000);
  floods.add('fail2ban', 'recidive', '10.0.0.1', now);
  const [flood, ...others] = floods.now(now);
  expect(others).toEqual([]);
  expect(flood).toMatchObject({
    jail: 'sshd',
    count: 26,
    networks: 5,
    slots: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25],
  });
  expect([flood?.has('10.0.1.1'), flood?.has('10.9.9.9')]).toEqual([true, false]);
  expect(floods.now(now + 3_000)).toEqual([]);
});

test('whose an address is: proved within 12 hours, or open now', () => {
  const own = new OwnAddresses();
  const hour = 3_600_000;
  own.proved('phone', ['203.0.113.7', '2001:db8::7'], 0);
  own.proved('laptop', ['203.0.113.7'], 5 * hour);
  const hits = (now: number, value: string) =>
    own
      .hits(now, [{ device: 'tablet', address: '192.0.2.1' }])(value)
      .map(({ device, address }) => `${device} ${address}`);
  expect(hits(6 * hour, '203.0.113.7')).toEqual(['laptop 203.0.113.7', 'phone 203.0.113.7']);
  expect(hits(6 * hour, '2001:db8::/64')).toEqual(['phone 2001:db8::7']);
  expect(hits(13 * hour, '203.0.113.0/24')).toEqual(['laptop 203.0.113.7']);
  expect(hits(30 * hour, '192.0.2.1')).toEqual(['tablet 192.0.2.1']);
  expect(hits(1, 'not an ip')).toEqual([]);
  expect(own.of('phone', 6 * hour)).toEqual(['203.0.113.7', '2001:db8::7']);
});
