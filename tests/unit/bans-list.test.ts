import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { banKey, bans, type Ban } from '../../lib/ban.ts';
import { networkOf, parseNetwork } from '../../lib/network.ts';
import { isCanonical } from '../../lib/address.ts';
import { BanList } from '../../server/agent/bans/list.ts';
import { networkText, numbersOf } from '../../server/agent/bans/numbers.ts';
import type { BanChange } from '../../server/bans/host.ts';
import { count } from '../counts.ts';

const runs = count(200, 20_000);

const quad = fc
  .tuple(fc.constantFrom(10, 203, 0), fc.nat(2), fc.nat(2), fc.nat(255))
  .map((parts) => parts.join('.'));
const wide = fc
  .tuple(fc.nat(2), fc.nat(3), fc.nat(0xfff0))
  .map(([a, b, c]) => networkOf(`2001:db8:${a + 1}:${b + 1}::${(c + 1).toString(16)}`, 128).slice(0, -4));
const network = fc.oneof(
  fc
    .tuple(quad, fc.constantFrom(0, 8, 16, 23, 24, 25, 31, 32))
    .map(([address, prefix]) => networkOf(address, prefix)),
  fc
    .tuple(wide, fc.constantFrom(0, 32, 47, 48, 49, 64, 128))
    .map(([address, prefix]) => networkOf(address, prefix)),
);
const value = fc.oneof(
  { weight: 4, arbitrary: quad },
  { weight: 2, arbitrary: wide },
  network,
  fc.constantFrom('not an ip', '203.0.113', '10.0.0.1 ', '010.0.0.1', '__proto__', '<b>'),
);
const jail = fc.constantFrom('sshd', 'recidive', '__proto__');
const aBan: fc.Arbitrary<Ban> = fc
  .record({
    source: fc.constantFrom('fail2ban', 'guard'),
    jail,
    value,
    at: fc.option(fc.nat(40)),
    ends: fc.nat(3),
  })
  .map(({ source, jail: of, value: what, at, ends }) => ({
    source,
    jail: of,
    value: what,
    ...(at === null ? {} : { since: at }),
    ...(ends === 0 ? { permanent: true as const } : ends === 1 ? {} : { until: 1000 + ends }),
  }));
const change: fc.Arbitrary<BanChange> = fc.oneof(
  { weight: 3, arbitrary: aBan },
  aBan.map((ban) => ({ ...ban, gone: true as const })),
);
const search = fc.oneof(
  value,
  network,
  fc.constantFrom(
    '',
    '203',
    '203.0.',
    '2001:DB8:1',
    '::/0',
    '0.0.0.0/0',
    '10.0.0.7/24',
    '2001:db8:1::/33',
    ' 10.',
    '__',
  ),
);

/** The same told slowly: an array, and the house's own parser of networks. */
class Naive {
  bans: { ban: Ban; at: number }[] = [];

  apply(changes: readonly BanChange[], now: number): void {
    for (const { gone, ...ban } of changes) {
      const index = this.bans.findIndex((one) => banKey(one.ban) === banKey(ban));
      const before = this.bans[index];
      if (gone === true) {
        if (index >= 0) this.bans.splice(index, 1);
      } else if (before !== undefined && before.ban.since === ban.since)
        this.bans[index] = { ban, at: before.at };
      else {
        if (index >= 0) this.bans.splice(index, 1);
        this.bans.push({ ban, at: ban.since ?? now });
      }
    }
  }

  finds({ value: banned }: Ban, text: string): boolean {
    const raw = text.trim();
    const lower = raw.toLowerCase();
    if (banned.startsWith(raw) || banned.startsWith(lower)) return true;
    const asked = loose(lower);
    const own = loose(banned);
    if (asked === undefined || own === undefined) return false;
    return asked.contains(own.base) || own.contains(asked.base);
  }
}

/** An address as its narrowest network, and host bits let go. */
function loose(text: string): ReturnType<typeof parseNetwork> {
  const [base = '', prefix] = text.split('/');
  const family = isCanonical(base);
  if (family === undefined) return undefined;
  const length = Number(prefix ?? (family === 4 ? 32 : 128));
  return Number.isNaN(length) ? undefined : parseNetwork(networkOf(base, length));
}

const key = ({ source, jail: of, value: what }: Ban): string => `${source} ${of} ${what}`;

describe('the list', () => {
  test('says what an array would say, whatever changes come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 8 }),
        search,
        jail,
        fc.integer({ min: 1, max: 7 }),
        fc.nat(40),
        (batches, text, of, limit, since) => {
          const list = new BanList();
          const naive = new Naive();
          batches.forEach((batch, now) => {
            list.apply(batch, now + 20);
            naive.apply(batch, now + 20);
          });
          expect(list.size).toBe(naive.bans.length);
          for (const which of [{}, { search: text }, { jail: of }, { source: 'guard', search: text }] as {
            source?: string;
            jail?: string;
            search?: string;
          }[]) {
            const wanted = naive.bans.filter(
              ({ ban }) =>
                (which.source === undefined || ban.source === which.source) &&
                (which.jail === undefined || ban.jail === which.jail) &&
                naive.finds(ban, which.search ?? ''),
            );
            const rows: Ban[] = [];
            for (let from = 0; ; from += limit) {
              const page = list.page(which, from, limit);
              expect(page.total).toBe(wanted.length);
              rows.push(...page.rows);
              if (page.rows.length < limit) break;
            }
            expect(rows.map(key).sort()).toEqual(wanted.map(({ ban }) => key(ban)).sort());
            expect(new Map(rows.map((row) => [key(row), row]))).toEqual(
              new Map(wanted.map(({ ban }) => [key(ban), ban])),
            );
            const at = new Map(naive.bans.map((one) => [key(one.ban), one.at]));
            const times = rows.map((row) => at.get(key(row)) ?? 0);
            expect(times).toEqual([...times].sort((a, b) => b - a));
          }
          const counts = new Map<string, number>();
          for (const { ban, at } of naive.bans.filter((one) => one.at >= since)) {
            const own = loose(ban.value);
            const name =
              own === undefined
                ? ban.value
                : networkOf(own.base, Math.min(own.prefix, own.family === 4 ? 24 : 48));
            counts.set(name, (counts.get(name) ?? 0) + 1);
            expect(at).toBeGreaterThanOrEqual(since);
          }
          const groups: { network: string; count: number }[] = [];
          for (let from = 0; ; from += limit) {
            const page = list.networks({ since }, from, limit);
            expect(page.total).toBe(counts.size);
            groups.push(...page.rows);
            if (page.rows.length < limit) break;
          }
          expect(new Map(groups.map((one) => [one.network, one.count]))).toEqual(counts);
          expect(groups.map((one) => one.count)).toEqual(
            groups.map((one) => one.count).sort((a, b) => b - a),
          );
          for (const address of ['203.0.1.7', '10.0.0.1', '2001:db8:1:1::1'])
            expect(list.covering(address).map(key).sort()).toEqual(
              naive.bans
                .filter(({ ban }) => bans(ban, address))
                .map(({ ban }) => key(ban))
                .sort(),
            );
        },
      ),
      { numRuns: runs },
    );
  });

  test('told anew, what is not told again goes; hidden sources are neither listed nor counted', () => {
    const list = new BanList();
    const one = (of: string, source = 'fail2ban'): Ban => ({ source, jail: 'sshd', value: of, since: 1 });
    list.apply([one('10.0.0.1'), one('10.0.0.2'), one('10.0.0.3', 'guard')], 5);
    list.begin();
    list.apply([one('10.0.0.2')], 6);
    expect(list.size).toBe(3);
    expect(
      list
        .sweep()
        .map(({ value: of }) => of)
        .sort(),
    ).toEqual(['10.0.0.1', '10.0.0.3']);
    list.apply([one('10.0.0.3', 'guard')], 7);
    list.hide(new Set(['guard']));
    expect([list.total, list.page({}, 0, 9).total, list.networks({}, 0, 9).total]).toEqual([1, 1, 1]);
    expect(list.covering('10.0.0.3')).toEqual([]);
    expect(list.get('guard', 'sshd', '10.0.0.3')).toBe(undefined);
  });

  test('100,000 bans: a page, a search and the networks of any place', () => {
    const list = new BanList();
    const all = Array.from({ length: 100_000 }, (_, n) => ({
      source: 'fail2ban',
      jail: n % 3 === 0 ? 'sshd' : 'recidive',
      value:
        n % 5 === 0
          ? `2001:db8:${(n % 9999).toString(16)}::${n.toString(16)}`
          : `${1 + (n % 200)}.${(n >> 8) & 255}.${n & 255}.${(n * 7) & 255}`,
      since: (n * 7919) % 1_000_003,
    }));
    let longest = 0;
    for (let n = 0; n < all.length; n += 2000) {
      const began = performance.now();
      list.apply(all.slice(n, n + 2000), 0);
      longest = Math.max(longest, performance.now() - began);
    }
    const time = (run: () => unknown): number => {
      const times = Array.from({ length: 9 }, () => {
        const began = performance.now();
        run();
        return performance.now() - began;
      });
      return Number((times.sort((a, b) => a - b)[4] as number).toFixed(2));
    };
    console.log('list of', list.size, 'ms', {
      page: time(() => list.page({}, 90_000, 100)),
      search: time(() => list.page({ search: '2001:db8:1' }, 0, 100)),
      network: time(() => list.page({ search: '10.0.0.0/8' }, 0, 100)),
      networks: time(() => list.networks({}, 0, 100)),
      networksEnd: time(() => list.networks({}, 30_000, 100)),
      one: time(() => list.apply([{ ...(all[7] as Ban), since: 5, value: `9.9.9.${list.size % 250}` }], 0)),
      longestBatch: Number(longest.toFixed(2)),
    });
    expect(list.page({ jail: 'sshd' }, 0, 1).total).toBeGreaterThan(30_000);
  });
});

test('numbers of addresses: what the parser says, and nothing of what it refuses', () => {
  fc.assert(
    fc.property(fc.oneof(value, fc.string()), (text) => {
      const numbers = numbersOf(text);
      const own = loose(text);
      if (own !== undefined) expect(numbers && networkText(numbers)).toBe(`${own.base}/${own.prefix}`);
      else if (numbers?.family === 4) throw new Error(text);
    }),
    { numRuns: runs * 5 },
  );
  for (const text of [
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '1.2.3.4/33',
    '1.2.3.4/',
    '::/129',
    '0x7f.1',
    ':',
    'a',
  ])
    expect(numbersOf(text)).toBe(undefined);
});
