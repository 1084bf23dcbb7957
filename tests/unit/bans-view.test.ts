import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { banChart, tryingFace } from '../../app/_live/ban-charts.ts';
import { banDetail } from '../../app/_live/ban-detail-view.ts';
import { momentOf, triedWords, whyWords } from '../../app/_live/ban-words.ts';
import { bannedFace } from '../../app/_live/banned-view.ts';
import { bansFace, countWords, leftWords, newWords } from '../../app/_live/bans-view.ts';
import { doorFace } from '../../app/_live/door-view.ts';
import { nothingOpen, stripDoor } from '../../app/_live/home-view.ts';
import type { HomeState, Snapshot } from '../../app/_state/types.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import { shownText } from '../../lib/shown-text.ts';
import { dial, door, home } from './app-home.ts';

const wall = new Date(2026, 4, 12, 14, 32).getTime();
const now = 1_000_000;
const at = (hour: number, minute: number) => new Date(2026, 4, 12, hour, minute).getTime();

type Summary = ResultOf<'bans'>;
const summary: Summary = {
  type: 'bans',
  revision: 1,
  sources: [{ source: 'fail2ban', kind: 'fail2ban', canUnban: true, readMs: 0 }],
  jails: [{ source: 'fail2ban', jail: 'sshd', banned: 2, today: 2 }],
  more: 0,
  total: 2,
  today: 2,
  own: [],
  floods: [],
  mayUnban: false,
};
function said(change: Partial<Summary> = {}, more: Partial<HomeState['bans']> = {}): HomeState {
  return {
    ...home,
    address: '203.0.113.47',
    bans: { ...home.bans, fresh: true, summary: { value: { ...summary, ...change }, at: now }, ...more },
  };
}
const own: Summary['own'] = [
  {
    address: '203.0.113.47',
    hits: [{ source: 'fail2ban', jail: 'sshd', value: '203.0.113.47', since: at(14, 24), leftMs: 3_120_000 }],
    again: false,
    failures: 5,
    lines: [
      { at: at(14, 21), user: 'root', method: 'publickey', text: 'first' },
      { at: at(14, 24), user: 'root', method: 'publickey', text: 'last' },
    ],
  },
];

describe('words', () => {
  it('of new bans say how the day compares, and never that a morning is quiet', () => {
    const day = (today: number, usual?: number) =>
      newWords({ today, ...(usual === undefined ? {} : { usual }) });
    expect([
      day(12, 11),
      day(41, 20),
      day(90, 20),
      day(3, 20),
      day(0, 0),
      day(2, 0),
      day(5),
      day(0, 20),
    ]).toEqual([
      '12 new today, as on most days.',
      '41 new today, twice the usual.',
      '90 new today, 5 times the usual.',
      '3 new today so far.',
      'None new today, as on most days.',
      '2 new today. Most days bring none.',
      '5 new today.',
      'None new today so far.',
    ]);
  });

  it('of a row: by the jail’s usual name', () => {
    expect(whyWords('sshd', { failures: 5 })).toBe('5 failed logins');
    expect(whyWords('nginx-botsearch', { failures: 41, times: 2 })).toBe('41 probes');
    expect(whyWords('recidive', { failures: 3, times: 6 })).toBe('banned 6 times');
    expect(whyWords('attackers', { times: 1 })).toBe('banned once');
    expect(whyWords('own', { failures: 1 })).toBe('1 failure');
    expect(whyWords('own', {})).toBeUndefined();
  });

  it('of what is left: counted from when the home was asked', () => {
    expect(leftWords({ leftMs: 3_360_000 }, 0)).toBe('56 min');
    expect(leftWords({ leftMs: 61_000 }, 60_500)).toBe('Ending');
    expect(leftWords({ permanent: true }, 0)).toBe('No end');
    expect(leftWords({}, 0)).toBe('Not told');
    expect(countWords(100_000)).toBe('100,000');
    expect(momentOf(at(0, 5) - 600_000, wall)).toBe('11 May, 23:55');
  });

  it('of who was tried: three names, then how many more', () => {
    const tries = ['a', 'b', 'c', 'd', 'e'].map((user) => ({ user, method: 'password' }));
    expect(triedWords(tries)).toEqual({ users: ['a', 'b', 'c'], how: 'and 2 more' });
    expect(triedWords([{ user: 'root', method: 'publickey' }])).toEqual({
      users: ['root'],
      how: 'key not accepted',
    });
    expect(triedWords([{}])).toBeUndefined();
  });

  it('of strangers: nothing turns, hides, breaks the line or speaks to a terminal; the rest is as it was', () => {
    expect(shownText('pi\u202e\u0000\u001b[31m\n')).toBe('pi\\u{202e}\\u{0}\\u{1b}[31m\\u{a}');
    expect(shownText('<b>日本 é 👍</b>')).toBe('<b>日本 é 👍</b>');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(shownText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('Bans', () => {
  it('says banned, nobody, not protected, and what it does not know', () => {
    const head = (state: HomeState) => {
      const { title, lede, own: mine } = bansFace(state, now, wall);
      return [title, lede, mine.state];
    };
    const free = { address: home.address ?? '', hits: [], again: false, lines: [] };
    expect(head(said({ own: [free] }))).toEqual(['2 banned', '2 new today.', 'free']);
    // asked about nothing, or not everywhere
    expect(head(said())[2]).toBe('unknown');
    const silentOne = { source: 'deny', kind: 'hostsdeny', canUnban: true, problem: 'tool-failed' } as const;
    expect(
      bansFace(said({ own: [free], sources: [...summary.sources, silentOne] }), now, wall).own,
    ).toMatchObject({
      state: 'unknown',
      words: 'Nothing that answers bans you',
    });
    expect(head(said({ total: 0, today: 0 }))[0]).toBe('Nobody is banned');
    expect(head(home)).toEqual(['Bans', 'Asking attic.', 'unknown']);
    const silent = { ...home, reach: { state: 'silent', code: 'relay-home-away' } as const };
    expect(head(silent)).toEqual(['Bans', 'attic has not said yet.', 'unknown']);
    const down = [{ ...summary.sources[0], problem: 'tool-ended', readMs: 2_280_000 }] as Summary['sources'];
    expect(head(said({ sources: down, total: 0 }))).toEqual([
      'Not protected',
      'fail2ban is not running at attic. Last known 38 min ago.',
      'old',
    ]);
    expect(head(said({}, { fresh: false }))).toEqual(['2 banned', 'Last known 1 s ago.', 'old']);
    expect(head(said({ own }))[2]).toBe('banned');
    expect(head(said({ sources: [] }))[1]).toMatch(/nothing that bans/);
  });

  it('names each trouble once, in the jail’s own text', () => {
    const [jail] = summary.jails;
    const jails = [
      { ...jail, trouble: 'deaf' },
      { ...jail, jail: 're\u202ecidive', trouble: 'no-rule' },
    ] as Summary['jails'];
    const { troubles } = bansFace(said({ jails }), now, wall);
    expect(troubles).toHaveLength(2);
    expect(troubles[1]).toMatch(/^re\\u\{202e\}cidive/);
  });

  it('a flood is one row, and what is found is not folded', () => {
    const floods = [
      {
        source: 'fail2ban',
        jail: 'sshd',
        count: 412,
        networks: 3,
        yours: true,
        slots: [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 103],
      },
    ];
    const face = bansFace(said({ floods }), now, wall);
    expect(face.lede).toBe('All of them are turned away.');
    expect(face.floods[0]).toMatchObject({
      title: '412 addresses banned in the last hour',
      from: ', from 3 networks, yours is among them',
      last: '103 in the last 5 min',
    });
    const list = { ...home.bans.list, query: { search: '10.' } };
    expect(bansFace(said({ floods }, { list }), now, wall).floods).toEqual([]);
  });

  it('filters keep what is searched for, and jails of one name are told apart by their source', () => {
    const jails = ['fail2ban', 'other'].map((source) => ({ source, jail: 'sshd', banned: 1, today: 0 }));
    const list = { ...home.bans.list, query: { search: '10.', source: 'other', jail: 'sshd' } };
    const { filters } = bansFace(said({ jails }, { list }), now, wall);
    expect(filters.map(({ label, on, query }) => [label, on, query.search])).toEqual([
      ['All', false, '10.'],
      ['fail2ban sshd', false, '10.'],
      ['other sshd', true, '10.'],
    ]);
  });

  it('not banned is said on Doors of the address that is shown, freshly, and only where the home could tell', () => {
    const free = { address: '203.0.113.47', hits: [], again: false, lines: [] };
    const says = (...given: Parameters<typeof said>) =>
      doorFace(said(...given), door, 'phone', wall).notBanned === true;
    expect(says({ own: [free] })).toBe(true);
    expect(says({ own: [] })).toBe(false);
    expect(says({ own })).toBe(false);
    expect(says({ own: [{ ...free, address: '2001:db8::47' }] })).toBe(false);
    expect(says({ own: [free] }, { fresh: false })).toBe(false);
    expect(says({ own: [free], sources: [] })).toBe(false);
    const down = summary.sources.map((source) => ({ ...source, problem: 'tool-ended' as const }));
    expect(says({ own: [free], sources: down })).toBe(false);
    // who could not be asked may ban it
    expect(says({ own: [free], sources: [...summary.sources, ...down] })).toBe(false);
    expect(
      doorFace(said({ own: [free] }), { ...door, dial: { ...dial, phase: 'noAnswer' } }, 'phone', wall),
    ).not.toHaveProperty('notBanned');
  });

  it('a detail says why, until when, and why it cannot be lifted from here', () => {
    const ban = { source: 'fail2ban', jail: 'sshd', value: '198.51.100.9' };
    const text = `${'A'.repeat(299)}\u202e`;
    const chosen = {
      ban,
      said: {
        at: now,
        value: {
          type: 'ban' as const,
          ban: { ...ban, since: at(14, 6), leftMs: 2_040_000 },
          times: 3,
          next: { jail: 'recidive', seconds: 604_800 },
          lines: [{ at: at(14, 6), user: '<i>', method: 'password', text }],
          also: [],
        },
      },
      load: { state: 'ready', agoMs: 0 } as const,
    };
    const detail = banDetail(said({}, { chosen }), now, wall);
    expect(detail).toMatchObject({
      until: 'Turned away until 15:06',
      tries: [{ user: '<i>', how: 'password' }],
      cannot: 'This device may not lift bans of others. That is given at attic.',
    });
    expect(detail?.facts).toContainEqual(['Next time', 'A week, by ', 'recidive']);
    expect(detail?.lines[0]?.text).toMatch(/A\\u\{202e\} … \(cut by home\)$/);
    expect(banDetail(said({ mayUnban: true }, { chosen }), now, wall)?.cannot).toBeUndefined();
    const mine = [{ address: ban.value, hits: [], again: false, lines: [] }];
    expect(banDetail(said({ own: mine }, { chosen }), now, wall)?.cannot).toBeUndefined();
    const gone = {
      ...chosen,
      said: { at: now, value: { type: 'ban' as const, times: 0, lines: [], also: [] } },
    };
    expect(banDetail(said({}, { chosen: gone }), now, wall)).toMatchObject({
      stands: false,
      until: 'Not banned any more',
    });
  });

  it('charts: all rows, one peak, the viewer’s days; what is being tried by hour', () => {
    const edges = Array.from({ length: 31 }, (_, i) => new Date(2026, 3, 13 + i).getTime());
    const counts = Array.from({ length: 30 }, (_, i) => (i === 17 ? 41 : 2));
    const jails = Array.from({ length: 9 }, (_, i) => ({
      source: 'fail2ban',
      jail: `j${i}`,
      counts: counts.map((count) => count + (i === 0 ? 0 : -1)),
    }));
    const chart = banChart(
      said(
        {},
        {
          counts: {
            edges,
            said: {
              at: now,
              value: { type: 'banCounts', jails, others: counts.map(() => 1), knownSince: edges[3] ?? 0 },
            },
            load: { state: 'none' },
          },
        },
      ),
      wall,
    );
    expect(chart?.rows.map(({ label }) => label)).toEqual(['j0', 'j1', 'j2', 'j3', 'j4', 'j5', 'others']);
    // three jails that have no row of their own, and those of home
    expect(chart?.rows.at(-1)?.counts.slice(16, 18)).toEqual([4, 121]);
    expect(chart?.peak?.label).toBe('121 on 30 April');
    expect(chart?.note).toBe('Kept since 16 Apr.');
    const hour = Math.floor(wall / 3_600_000) * 3_600_000;
    const attacks = (reads: boolean, hours: ResultOf<'attacks'>['hours']) =>
      said(
        {},
        {
          attacks: {
            said: { at: now, value: { type: 'attacks', hours, recent: [], reads } },
            load: { state: 'none' },
          },
        },
      );
    const tried = tryingFace(attacks(true, [{ hour, kind: 'zombie', count: 4, addresses: 2 }]), wall);
    expect(tried?.chart?.rows.find(({ key }) => key === 'zombie')?.counts.at(-1)).toBe(4);
    expect(tried?.sum).toBe('4 hung up early in 24 hours');
    expect(tryingFace(attacks(true, []), wall)?.line).toBe('Nothing in the last 24 hours.');
    expect(tryingFace(attacks(false, []), wall)?.line).toMatch(/can read no log/);
  });
});

describe('banned here', () => {
  const banned = { ...door, dial: { ...dial, phase: 'banned' as const } };

  it('says jail, why, when, who, and when it ends by itself', () => {
    expect(bannedFace(said({ own }), banned, now, wall)).toMatchObject({
      jail: 'sshd',
      why: '5 failed logins',
      when: '14:21 to 14:24',
      tried: { users: ['root'], how: 'key not accepted' },
      ends: 'Ends by itself at 15:24',
      opens: 'Unban and open for 5 min',
      canLift: true,
      again: false,
    });
  });

  it('by a network: without the permission it says what it takes, with it lifts', () => {
    const wider = own.map((one) => ({
      ...one,
      hits: [{ source: 'fail2ban', jail: 'recidive', value: '203.0.113.0/24', permanent: true as const }],
    }));
    const face = bannedFace(said({ own: wider }), banned, now, wall);
    expect(face).toMatchObject({ canLift: false, ends: 'Does not end by itself' });
    expect(face.needs).toMatch(/given at attic/);
    expect(bannedFace(said({ own: wider, mayUnban: true }), banned, now, wall).canLift).toBe(true);
  });

  it('where its source is only read, it is said and nothing is offered', () => {
    const sources = [{ source: 'fail2ban', kind: 'hostsdeny', canUnban: false }];
    expect(bannedFace(said({ own, sources }), banned, now, wall)).toMatchObject({
      canLift: false,
      lede: 'attic only reads fail2ban: it is lifted there.',
    });
  });

  it('again: the failing login, and a text for the log without anybody else’s address', () => {
    const again = own.map((one) => ({ ...one, again: true }));
    const face = bannedFace(said({ own: again }), banned, now, wall);
    expect(face.failing).toEqual(['last']);
    expect(face.log).toContain('203.0.113.47: fail2ban, sshd');
    expect(face.log).toContain('first\nlast');
  });

  it('a door that is open behind the ban has its strip, and no update is taken', () => {
    const open = { ...banned, shown: { ...door.shown, state: 'open' as const, lastState: 'open' as const } };
    const state = { ...said({ own }), doors: [open] };
    expect(stripDoor(state, true)).toBe(open);
    expect(stripDoor({ ...state, doors: [banned] }, true)).toBeUndefined();
    const snapshot = { homes: [state] } as unknown as Snapshot;
    expect(nothingOpen(snapshot)).toBe(false);
    expect(nothingOpen({ ...snapshot, homes: [{ ...state, doors: [banned] }] })).toBe(true);
  });
});
