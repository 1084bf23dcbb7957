import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDeny, without } from '../../server/bans/deny-lines.ts';
import { hostsDeny } from '../../server/bans/hosts-deny.ts';
import { ipset, parseIpset } from '../../server/bans/ipset.ts';
import { agoMs, readJiffies } from '../../server/bans/jiffies.ts';
import { nftElement, nftset, parseNftSet } from '../../server/bans/nftset.ts';
import { parseRecent, recent, turnedAway } from '../../server/bans/recent.ts';
import { count } from '../counts.ts';

const fixture = (path: string) => readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'latin1');
const now = Date.UTC(2026, 10, 22, 12);
const texts = fc.oneof(
  fc.string({ maxLength: 300, unit: 'binary' }),
  fc.json(),
  // near misses: real answers with something else in the middle
  fc
    .tuple(
      fc.constantFrom(
        'nftset/timed.json',
        'nftset/pairs.json',
        'ipset/nets.save',
        'recent/SSH',
        'hosts-deny/denyhosts.deny',
      ),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(40),
      fc.string({ maxLength: 20 }),
    )
    .map(([file, where, cut, put]) => {
      const text = fixture(file);
      const at = Math.floor(where * text.length);
      return text.slice(0, at) + put + text.slice(at + cut);
    }),
);
const runs = { numRuns: count(300, 100_000) };

describe('nftables sets', () => {
  const set = (name: string) => parseNftSet(fixture(`nftset/${name}.json`), now);
  const values = (name: string) => set(name)?.entries.map(({ value }) => value);

  test('addresses, networks and ranges, with their times', () => {
    const timed = set('timed');
    expect(timed?.timed).toBe(true);
    const in59 = { until: now + 3599_000, since: now - 1000 };
    expect(timed?.entries).toMatchObject([
      { value: '192.0.2.10-192.0.2.20', until: now + 599_000, since: now - 1000 },
      { value: '192.0.2.66', ...in59 },
      { value: '198.51.100.0/24', ...in59 },
      { value: '203.0.113.5', ...in59 },
      { value: '203.0.113.8', until: now + 14399_000, since: now - 1000 },
    ]);
  });

  test('without times, counted, empty, of several parts, of no addresses', () => {
    expect(set('six')).toMatchObject({ timed: false });
    expect(values('six')).toEqual([
      '2001:db8:0:1::/64',
      '2001:db8:1::dead:beef',
      '2001:db8:2::1-2001:db8:2::5',
    ]);
    expect(set('plain')?.entries).toEqual([{ value: '198.51.100.23' }, { value: '203.0.113.9' }]);
    expect(values('counted')).toEqual(['203.0.113.9']);
    expect(values('empty')).toEqual([]);
    expect(values('pairs')).toEqual(['203.0.113.7 . 22']);
    expect(values('ports')).toEqual([]);
  });

  test.each([
    [
      'timed',
      '192.0.2.10-192.0.2.20',
      ['192.0.2.10', '192.0.2.15', '192.0.2.20'],
      ['192.0.2.9', '192.0.2.21', '::1'],
    ],
    ['six', '2001:db8:2::1-2001:db8:2::5', ['2001:db8:2::4'], ['2001:db8:2::6', '192.0.2.15']],
    ['pairs', '203.0.113.7 . 22', ['203.0.113.7'], ['203.0.113.8', '22']],
  ])('%s: %s covers what lies in it', (name, value, inside, outside) => {
    const entry = set(name)?.entries.find((one) => one.value === value);
    for (const address of inside) expect(entry?.covers?.(address)).toBe(true);
    for (const address of outside) expect(entry?.covers?.(address)).toBe(false);
  });

  test('an element for nft is made of canonical addresses and numbers, or not at all', () => {
    expect(nftElement('203.0.113.7')).toEqual({ family: 4, text: '203.0.113.7' });
    expect(nftElement('2001:db8::/64')).toEqual({ family: 6, text: '2001:db8::/64' });
    expect(nftElement('192.0.2.10-192.0.2.20')).toEqual({ family: 4, text: '192.0.2.10-192.0.2.20' });
    for (const value of [
      '203.0.113.7 . 22',
      '203.0.113.7 }; flush ruleset; {',
      '203.0.113.7-::1',
      '2001:DB8::1',
      '',
    ])
      expect(nftElement(value)).toBeUndefined();
    fc.assert(
      fc.property(
        fc.oneof(texts, fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:/- }{;') })),
        (value) => {
          const made = nftElement(value);
          if (made !== undefined) expect(made.text).toMatch(/^[0-9a-f.:]+(?:[/-][0-9a-f.:]+)?$/);
        },
      ),
      runs,
    );
  });

  test('what a source may be told', () => {
    expect(nftset.read({ family: 'inet', table: 'filter', set: 'bad-hosts' })).toEqual({
      sets: [{ family: 'inet', table: 'filter', set: 'bad-hosts' }],
    });
    expect(nftset.read({ preset: 'sshguard' }).sets).toHaveLength(2);
    for (const [key, table] of [
      ['set', { family: 'inet', table: 'filter', set: 'a; flush ruleset' }],
      ['table', { family: 'inet', table: '-f', set: 'a' }],
      ['family', { family: 'arp', table: 'filter', set: 'a' }],
      ['preset', { preset: 'other' }],
      ['sets', { preset: 'sshguard', sets: [] }],
      ['family', {}],
    ] as const)
      expect(() => nftset.read(table)).toThrow(new RegExp(`config-invalid.*\\(${key}: `));
  });
});

describe('ipset', () => {
  const set = (name: string) => parseIpset(fixture(`ipset/${name}.save`), name, now);

  test('entries with the rest of their time, for ever, and without times', () => {
    expect(set('blocksshd')).toEqual({
      timed: true,
      excepted: [],
      entries: [
        { value: '203.0.113.7', until: now + 90_000 },
        { value: '203.0.113.5', until: now + 599_000 },
        { value: '203.0.113.6', permanent: true },
      ],
    });
    expect(set('nets')).toEqual({
      timed: false,
      excepted: [],
      entries: [{ value: '2001:db8:5::/64' }, { value: '2001:db8::dead:1' }],
    });
    expect(set('nets4').entries).toEqual([{ value: '198.51.100.0/24' }, { value: '198.51.100.9' }]);
    expect(set('empty').entries).toEqual([]);
    expect(set('l').entries).toEqual([{ value: 'nets4' }]);
  });

  test('an entry of a set with a mask is a network; one of several parts covers its address', () => {
    expect(set('masked').entries).toEqual([{ value: '203.0.113.0/24' }]);
    const [pair] = set('pairs').entries;
    expect(pair?.value).toBe('203.0.113.5,tcp:22');
    expect(pair?.covers?.('203.0.113.5')).toBe(true);
    expect(pair?.covers?.('203.0.113.6')).toBe(false);
  });

  test('a comment says nothing', () => {
    const text =
      'create a hash:ip family inet timeout 60 comment\nadd a 203.0.113.5 comment "timeout 9 add a 1.1.1.1"\n';
    expect(parseIpset(text, 'a', now).entries).toEqual([{ value: '203.0.113.5' }]);
    expect(parseIpset(text, 'b', now).entries).toEqual([]);
  });

  test('what is let through is no ban, whatever a comment says', () => {
    const { entries, excepted } = set('excepted');
    expect(entries.map(({ value }) => value)).toEqual(['203.0.113.5', '10.0.0.0/8']);
    expect(excepted).toEqual(['10.2.0.0/16', '10.1.2.3']);
  });

  test('what a source may be told', () => {
    expect(ipset.read({ set: 'f2b-sshd' })).toEqual({ set: 'f2b-sshd', program: 'ipset' });
    for (const set of ['-exist', 'a b', '', 'x'.repeat(32)])
      expect(() => ipset.read({ set })).toThrow(/\(set: /);
    expect(() => ipset.read({ set: 'a', program: 'ipset' })).toThrow(/\(program: /);
  });
});

describe('recent lists', () => {
  const list = parseRecent(fixture('recent/SSH'));
  const jiffies = readJiffies(fixture('recent/timer_list'))!;
  const rule = { list: 'SSH', seconds: 180, hitcount: 4 };

  test('the kernel’s clock is told by /proc/timer_list', () => {
    expect(jiffies).toEqual({ now: 4295385922, hz: 250 });
    expect(agoMs(jiffies, 4295385672)).toBe(1000);
    // 32 bits: passed the wrap
    expect(agoMs({ now: 50, hz: 100 }, 2 ** 32 - 50)).toBe(1000);
    expect(readJiffies('now at 300000000000 nsecs\njiffies: 7\n')).toBeUndefined();
  });

  test('who came, and who is turned away, since when and until when', () => {
    expect(list.map(({ address, stamps }) => [address, stamps.length])).toEqual([
      ['::1', 2],
      ['127.0.0.1', 12],
    ]);
    const away = list.map((one) => turnedAway(one, rule, jiffies, now));
    expect(away[0]).toBeUndefined();
    // the fourth packet of twelve; the ninth (the fourth from the end) keeps the door shut for 180 s
    expect(away[1]).toEqual({
      since: now - (4295385922 - 4295385767) * 4,
      until: now - (4295385922 - 4295385805) * 4 + 180_000,
    });
  });

  test('a rule without seconds turns away for good, one with fewer hits sooner; old packets do not count', () => {
    expect(turnedAway(list[0]!, { list: 'SSH', hitcount: 1 }, undefined, now)).toEqual({});
    expect(turnedAway(list[0]!, { list: 'SSH', hitcount: 3 }, jiffies, now)).toBeUndefined();
    expect(turnedAway(list[0]!, { ...rule, hitcount: 2 }, jiffies, now)).toBeDefined();
    const later = { ...jiffies, now: jiffies.now + 200 * 250 };
    expect(turnedAway(list[1]!, rule, later, now)).toBeUndefined();
  });

  test('a ban began with the first packet of the row that keeps it up', () => {
    const second = 250;
    const entry = { address: '203.0.113.7', stamps: [0, 1, 2, 400, 401, 402, 403].map((s) => s * second) };
    const at = (s: number) => ({ now: s * second, hz: 250 });
    expect(turnedAway(entry, { list: 'a', seconds: 100, hitcount: 3 }, at(410), now)).toEqual({
      since: now - 8000,
      until: now + 91_000,
    });
  });

  test('what a source may be told', () => {
    expect(recent.read({ list: 'SSH' })).toEqual({ list: 'SSH', hitcount: 1 });
    for (const list of ['../stat', '..', 'a/b', '']) expect(() => recent.read({ list })).toThrow(/\(list: /);
    expect(() => recent.read({ list: 'SSH', seconds: 0 })).toThrow(/\(seconds: /);
  });
});

describe('hosts.deny', () => {
  const text = fixture('hosts-deny/denyhosts.deny');
  const entries = readDeny(text);

  test('clients that are addresses or networks, with DenyHosts’ time', () => {
    expect(entries.map(({ value, alone }) => [value, alone])).toEqual([
      ['203.0.113.5', true],
      ['2001:db8::66', true],
      ['198.51.100.0/24', true],
      ['192.0.2.0/25', true],
      ['203.0.113.9', false],
      ['203.0.113.10', false],
      ['203.0.113.77', true],
    ]);
    expect(entries.map(({ since }) => since)).toEqual([
      new Date(2026, 10, 22, 6, 0, 0).getTime(),
      new Date(2026, 10, 22, 6, 10, 0).getTime(),
      ...Array<undefined>(5).fill(undefined),
    ]);
  });

  test('taking lines out leaves every other byte', () => {
    const two = entries.slice(0, 2);
    const cut = without(text, two);
    expect(cut.taken).toBe(text.split('\n').slice(6, 10).join('\n') + '\n');
    expect(cut.text).toBe([...text.split('\n').slice(0, 6), ...text.split('\n').slice(10)].join('\n'));
    expect(readDeny(cut.text).map(({ value }) => value)).toEqual(
      entries.filter((one) => !two.includes(one)).map(({ value }) => value),
    );
  });

  test.each([
    'sshd: 2001:db8::66\n', // libwrap takes the colons for the ends of fields
    'sshd: 203.0.113.7/24\n', // host bits: nobody matches
    'sshd: 203.0.113.07\n',
    'sshd: 203.0.113.7', // no newline: libwrap does not read it
    '#sshd: 203.0.113.7\n',
    'sshd: 203.0.113.7.\n',
    'sshd 203.0.113.7\n',
    'sshd: 203.0.113.7/33\n',
  ])('turns nobody away: %j', (line) => {
    expect(readDeny(line)).toEqual([]);
  });

  test('the note above is taken along only where it tells of this line', () => {
    const other = '# DenyHosts: Sun Nov 22 06:00:00 2026 | sshd: 203.0.113.6\nsshd: 203.0.113.5\n';
    const [entry] = readDeny(other);
    expect(without(other, [entry!]).text).toBe(other.split('\n')[0] + '\n');
  });

  test('what a source may be told', () => {
    expect(hostsDeny.read({})).toEqual({ file: '/etc/hosts.deny', work: '/var/lib/denyhosts' });
    expect(() => hostsDeny.read({ file: 'hosts.deny' })).toThrow(/\(file: /);
    expect(() => hostsDeny.read({ other: 1 })).toThrow(/\(other: /);
  });
});

test('any text gives an answer, never an exception', () => {
  fc.assert(
    fc.property(texts, (text) => {
      for (const { value, covers } of [
        ...(parseNftSet(text, now)?.entries ?? []),
        ...parseIpset(text, 'nets', now).entries,
      ]) {
        expect(typeof value).toBe('string');
        covers?.('203.0.113.7');
      }
      const jiffies = readJiffies(text) ?? { now: 1, hz: 100 };
      for (const one of parseRecent(text))
        turnedAway(one, { list: 'a', seconds: 9, hitcount: 1 }, jiffies, now);
      // What is cut out and what stays make up the text again.
      const found = readDeny(text);
      const cut = without(
        text,
        found.filter((one, i) => one.alone && found.findIndex((o) => o.to === one.to) === i),
      );
      const size = cut.taken.length + cut.text.length - text.length;
      expect(size === 0 || size === 1).toBe(true);
    }),
    runs,
  );
});
