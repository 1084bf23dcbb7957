import { expect, test } from 'vitest';
import { LatchkeyError } from '../../lib/errors.ts';
import { wholeList, type Entry, type WholeList } from '../../server/bans/whole-list.ts';

const start = Date.UTC(2026, 10, 22, 12);

/** A list in memory, and a clock. */
function tried(more: Partial<WholeList> = {}) {
  const it = {
    now: start,
    reads: 0,
    entries: [] as Entry[],
    broken: undefined as LatchkeyError | undefined,
    set: [] as (number | undefined)[],
  };
  const source = wholeList(
    {
      kind: 'tried',
      canUnban: true,
      read() {
        it.reads++;
        return it.broken === undefined
          ? Promise.resolve({ jails: new Map([['a', it.entries]]), tellsTimes: true })
          : Promise.reject(it.broken);
      },
      lift(value) {
        const before = it.entries.length;
        it.entries = it.entries.filter((entry) => entry.value !== value);
        return Promise.resolve(before - it.entries.length);
      },
      set(_jail, value, leftMs) {
        it.set.push(leftMs);
        it.entries = [...it.entries, { value }];
        return Promise.resolve();
      },
      ...more,
    },
    { source: 'one', log: () => undefined, now: () => it.now },
  );
  return { it, source };
}

test('however often it is looked at, it is read every two seconds at most, and never for a list', async () => {
  const { it, source } = tried();
  for (let n = 0; n < 50; n++) await source.look();
  await source.list('a');
  expect(it.reads).toBe(1);
  it.now += 1999;
  await source.look();
  expect(it.reads).toBe(1);
  it.now += 1;
  await source.look();
  expect(it.reads).toBe(2);
  await source.banned('203.0.113.7');
  expect(it.reads).toBe(3);
});

test('it is read as soon as a ban has ended or was lifted, or a hint came', async () => {
  let hint = () => undefined as void;
  const { it, source } = tried({ onHint: (listener) => (hint = listener) });
  it.entries = [{ value: '203.0.113.7', until: start + 500 }];
  expect((await source.look()).nextEnd).toBe(start + 500);
  it.now += 501;
  it.entries = [{ value: '203.0.113.8' }];
  expect((await source.look()).state.jails).toEqual([{ jail: 'a', banned: 1 }]);
  expect(it.reads).toBe(2);
  await source.unban!('203.0.113.8');
  expect((await source.look()).state.jails).toEqual([{ jail: 'a', banned: 0 }]);
  let heard = 0;
  source.onHint!(() => void heard++);
  it.entries = [{ value: '203.0.113.9' }];
  hint();
  expect(heard).toBe(1);
  expect((await source.look()).state.jails).toEqual([{ jail: 'a', banned: 1 }]);
});

test('a clock of whole seconds makes no news; a ban that is longer now does', async () => {
  const { it, source } = tried();
  const look = async (until: number, since: number) => {
    it.entries = [{ value: '203.0.113.7', until: start + until, since: start + since }];
    it.now += 2000;
    const { stamps } = await source.look();
    return [stamps.get('a'), (await source.list('a'))[0]] as const;
  };
  const [first, ban] = await look(60_000, 0);
  expect(ban).toEqual({
    source: 'one',
    jail: 'a',
    value: '203.0.113.7',
    until: start + 60_000,
    since: start,
  });
  expect(await look(60_999, 999)).toEqual([first, ban]);
  expect(await look(59_200, -800)).toEqual([first, ban]);
  const [second, longer] = await look(120_000, 60_000);
  expect(second).not.toBe(first);
  // It has banned all the time.
  expect(longer).toMatchObject({ until: start + 120_000, since: start });
});

test('what cannot be read is a problem, and no list', async () => {
  const { it, source } = tried();
  it.entries = [{ value: '203.0.113.7' }];
  await source.look();
  it.broken = new LatchkeyError('tool-ended');
  it.now += 2000;
  expect((await source.look()).state.problem).toBe('tool-ended');
  await expect(source.list('a')).rejects.toMatchObject({ code: 'tool-ended' });
  await expect(source.banned('203.0.113.7')).rejects.toMatchObject({ code: 'tool-ended' });
  it.broken = undefined;
  it.now += 2000;
  const { state } = await source.look();
  expect(state.problem).toBeUndefined();
  await expect(source.list('b')).rejects.toMatchObject({ code: 'tool-failed' });
});

test('networks and what only its source can compare', async () => {
  const { it, source } = tried();
  it.entries = [
    { value: '203.0.113.0/24' },
    { value: 'from-to', covers: (address) => address === '203.0.113.7' },
    { value: '203.0.113.8' },
  ];
  const values = async (address: string) => (await source.banned(address)).map(({ value }) => value);
  expect(await values('203.0.113.7')).toEqual(['203.0.113.0/24', 'from-to']);
  expect(await values('203.0.113.8')).toEqual(['203.0.113.0/24', '203.0.113.8']);
  expect(await values('198.51.100.1')).toEqual([]);
  // Functions stay here: a ban is data.
  expect(Object.keys((await source.list('a'))[1]!)).toEqual(['source', 'jail', 'value']);
});

test('a ban that is set again has the rest of its time, not a new one', async () => {
  const { it, source } = tried();
  it.entries = [{ value: '203.0.113.7', until: start + 60_000 }, { value: '203.0.113.8' }];
  await source.look();
  await source.unban!('203.0.113.7');
  await source.unban!('203.0.113.8');
  it.now += 10_000;
  await source.ban!('a', '203.0.113.7');
  await source.ban!('a', '203.0.113.8');
  expect(it.set).toEqual([50_000, undefined]);
});
