import type { HomeState } from '../../../app/_state/types.ts';
import type { BansState, Said } from '../../../app/_state/ban-types.ts';
import { dayEdges } from '../../../app/_state/day-edges.ts';
import type { BanRow } from '../../../lib/protocol/bans.ts';
import type { ResultOf } from '../../../lib/protocol/message.ts';
import { atticKey } from './samples.ts';

/** The home of the design's pictures: Tuesday, 12 May 2026, 14:32. */
export const wall = new Date(2026, 4, 12, 14, 32).getTime();
export const now = 1_000_000;

const min = 60_000;
const day = 24 * 60 * min;
const said = <Value>(value: Value): Said<Value> => ({ value, at: now });
const at = (hour: number, minute: number, second = 0, days = 0) =>
  new Date(2026, 4, 12 - days, hour, minute, second).getTime();

const row = (jail: string, value: string, since: number, leftMs: number, why: Partial<BanRow>): BanRow => ({
  source: 'fail2ban',
  jail,
  value,
  since,
  leftMs,
  ...why,
});
export const rows: BanRow[] = [
  row('sshd', '198.51.100.23', at(14, 28), 56 * min, { failures: 5 }),
  row('sshd', '203.0.113.201', at(14, 6), 34 * min, { failures: 5 }),
  row('sshd', '2001:db8:4c::9:1', at(13, 58), 26 * min, { failures: 6 }),
  row('nginx-botsearch', '198.51.100.77', at(13, 49), 17 * min, { failures: 41 }),
  row('sshd', '203.0.113.18', at(13, 41), 9 * min, { failures: 5 }),
  row('recidive', '198.51.100.140', at(10, 31, 0, 1), 5 * day + 20 * 60 * min, { times: 6 }),
  row('recidive', '203.0.113.9', at(1, 52, 0, 3), 3 * day + 11 * 60 * min, { times: 5 }),
  row('recidive', '2001:db8:9e1::77', at(22, 5, 0, 4), 3 * day + 7 * 60 * min, { times: 5 }),
  row('recidive', '198.51.100.9', at(20, 1, 0, 4), 2 * day + 5 * 60 * min, { times: 5 }),
  row('recidive', '203.0.113.77', at(8, 12, 0, 5), day + 17 * 60 * min, { times: 7 }),
  row('recidive', '203.0.113.91', at(6, 40, 0, 5), 22 * 60 * min, { times: 5 }),
];

type Summary = ResultOf<'bans'>;
const jail = (name: string, banned: number, today = 0) => ({
  source: 'fail2ban',
  jail: name,
  banned,
  today,
});
export const summary: Summary = {
  type: 'bans',
  revision: 7,
  sources: [{ source: 'fail2ban', kind: 'fail2ban', canUnban: true, readMs: 500 }],
  jails: [jail('sshd', 4, 9), jail('recidive', 6), jail('nginx-botsearch', 1, 3)],
  more: 0,
  total: 11,
  today: 12,
  usual: 11,
  own: [{ address: '203.0.113.47', hits: [], again: false, lines: [] }],
  floods: [],
  mayUnban: true,
};

const sshd = [
  6, 9, 11, 7, 8, 8, 10, 12, 10, 6, 12, 8, 6, 7, 5, 11, 6, 41, 23, 7, 11, 8, 11, 9, 10, 7, 10, 6, 11, 9,
];
const recidive = [0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 4, 1, 0, 1, 0, 1, 2, 0, 1, 1, 1, 0];
const nginx = [0, 1, 0, 2, 3, 1, 1, 0, 0, 1, 0, 1, 2, 0, 1, 0, 0, 3, 1, 1, 0, 0, 2, 0, 0, 1, 0, 2, 4, 3];
const counts = (name: string, list: number[]) => ({ source: 'fail2ban', jail: name, counts: list });

const hour = 60 * min;
const lastHour = Math.floor(wall / hour) * hour;
const attacks: ResultOf<'attacks'> = {
  type: 'attacks',
  reads: true,
  hours: Array.from({ length: 24 }, (_, i) => lastHour - (23 - i) * hour).flatMap((begins, i) => [
    { hour: begins, kind: 'failed' as const, count: [31, 12, 44, 18, 25, 66, 20][i % 7] ?? 0, addresses: 9 },
    ...(i % 3 === 0 ? [{ hour: begins, kind: 'zombie' as const, count: 4 + (i % 5), addresses: 3 }] : []),
    ...(i % 6 === 1 ? [{ hour: begins, kind: 'noise' as const, count: 2, addresses: 0 }] : []),
  ]),
  recent: [
    {
      at: at(14, 31, 40),
      kind: 'failed',
      address: '198.51.100.61',
      user: 'root',
      text: 'Failed password for root from 198.51.100.61 port 40112 ssh2',
    },
    {
      at: at(14, 31, 2),
      kind: 'noise',
      text: 'sw-cp-server[812]: SSL_do_handshake() failed (SSL: error:1408F10B:SSL routines:SSL23_READ)',
    },
    {
      at: at(14, 29, 13),
      kind: 'zombie',
      address: '2001:db8:9e1:4c00:1234:5678:9abc:def0',
      text: 'Received disconnect from 2001:db8:9e1:4c00:1234:5678:9abc:def0 port 5522:11: Bye Bye [preauth]',
    },
  ],
};

const line = (time: number, user: string) => ({
  at: time,
  user,
  method: 'password',
  text: `Failed password for invalid user ${user} from 203.0.113.201 port 40112 ssh2`,
});
const detail: ResultOf<'ban'> = {
  type: 'ban',
  ban: { source: 'fail2ban', jail: 'sshd', value: '203.0.113.201', since: at(14, 6, 37), leftMs: 34 * min },
  failures: 5,
  times: 3,
  next: { jail: 'recidive', seconds: 604_800 },
  lines: [
    line(at(14, 6, 12), 'root'),
    line(at(14, 6, 16), 'admin'),
    line(at(14, 6, 19), 'pi'),
    line(at(14, 6, 24), 'git'),
    line(at(14, 6, 36), 'ubuntu'),
  ],
  also: [],
};
const chosen = {
  ban: { source: 'fail2ban', jail: 'sshd', value: '203.0.113.201' },
  said: said(detail),
  load: { state: 'ready', agoMs: 0 } as const,
};
/** What strangers write, as they would. */
const nasty = {
  ban: { source: 'fail2ban', jail: '<b>__proto__</b>', value: 'not an ip \u202e173.0.113.302' },
  said: said<ResultOf<'ban'>>({
    ...detail,
    ban: {
      source: 'fail2ban',
      jail: '<b>__proto__</b>',
      value: 'not an ip \u202e173.0.113.302',
      permanent: true,
    },
    lines: [
      {
        at: at(14, 6, 12),
        user: '<img src=x onerror=alert(1)>\u202e',
        method: 'password',
        text: `\u001b[31mFailed\u0000 ${'A'.repeat(300)}`.slice(0, 300),
      },
    ],
    also: [{ source: 'fail2ban', jail: 'recidive', value: 'not an ip' }],
  }),
  load: { state: 'ready', agoMs: 0 } as const,
};

const bans: BansState = {
  summary: said(summary),
  fresh: true,
  load: { state: 'ready', agoMs: 0 },
  list: {
    query: {},
    settling: false,
    total: rows.length,
    pages: new Map([[0, said(rows)]]),
    load: { state: 'ready', agoMs: 0 },
  },
  counts: {
    edges: dayEdges(wall, 30),
    said: said({
      type: 'banCounts',
      knownSince: 0,
      jails: [counts('sshd', sshd), counts('recidive', recidive), counts('nginx-botsearch', nginx)],
    }),
    load: { state: 'ready', agoMs: 0 },
  },
  attacks: { said: said(attacks), load: { state: 'ready', agoMs: 0 } },
};

export function home(change: Partial<BansState> = {}, summed: Partial<Summary> = {}): HomeState {
  return {
    id: 'attic',
    name: 'attic',
    key: atticKey,
    device: 'd',
    deviceName: 'Pixel',
    ownRelay: true,
    relay: 'relay.example.net',
    reach: { state: 'answered', agoMs: 2000 },
    address: '203.0.113.47',
    activity: { events: [], load: { state: 'none' }, more: false, days: [], settled: [] },
    devices: { devices: [], load: { state: 'none' } },
    checks: { checks: [], more: 0, load: { state: 'none' } },
    bans: { ...bans, summary: said({ ...summary, ...summed }), ...change },
  };
}

const flooded = rows.map((one) => ({ ...one }));
const longest = row('sshd', '2001:db8:9e1:4c00:1234:5678:9abc:def0', at(14, 31), 60 * min, { failures: 5 });
const flood = {
  total: 423,
  floods: [
    {
      source: 'fail2ban',
      jail: 'sshd',
      count: 412,
      networks: 3,
      yours: false,
      slots: [2, 1, 3, 2, 4, 9, 22, 41, 58, 73, 94, 103],
    },
  ],
  jails: [jail('sshd', 416, 412), jail('recidive', 6), jail('nginx-botsearch', 1, 3)],
};
const many = { ...bans.list, total: 423 };

export const homes = {
  calm: () => home(),
  drawer: () => home({ chosen }),
  nasty: () => home({ chosen: nasty }, { jails: [...summary.jails, jail('<b>__proto__</b>', 1)] }),
  undo: () =>
    home(
      {
        list: { ...bans.list, total: 10, pages: new Map([[0, said(rows.filter((_, i) => i !== 1))]]) },
        lifted: {
          value: '203.0.113.201',
          hits: [{ source: 'fail2ban', jail: 'sshd', value: '203.0.113.201' }],
          left: [],
          undoMs: 7000,
          comesBack: false,
          undone: false,
        },
      },
      { total: 10, jails: [jail('sshd', 3, 9), jail('recidive', 6), jail('nginx-botsearch', 1, 3)] },
    ),
  flood: () => home({ list: { ...many, pages: new Map([[0, said([...flooded, longest])]]) } }, flood),
  networks: () =>
    home(
      {
        list: many,
        networks: {
          source: 'fail2ban',
          jail: 'sshd',
          rows: [
            { network: '198.51.100.0/24', count: 203 },
            { network: '203.0.113.0/24', count: 144 },
            { network: '2001:db8:4c::/48', count: 65 },
          ],
          total: 140,
          load: { state: 'ready', agoMs: 0 },
        },
      },
      flood,
    ),
  found: () => home({ list: { ...bans.list, query: { search: '192.0.2' }, total: 0, pages: new Map() } }),
  empty: () =>
    home(
      { list: { ...bans.list, total: 0, pages: new Map() } },
      { total: 0, today: 0, usual: 0, jails: [jail('sshd', 0)] },
    ),
  loading: () => {
    const { summary: _none, ...rest } = bans;
    return {
      ...home(),
      bans: {
        ...rest,
        fresh: false,
        load: { state: 'loading' } as const,
        list: { query: {}, settling: true, pages: new Map(), load: { state: 'loading' } as const },
        counts: { edges: [], load: { state: 'none' } as const },
        attacks: { load: { state: 'none' } as const },
      },
    };
  },
  down: () =>
    home(
      {},
      {
        sources: [
          { source: 'fail2ban', kind: 'fail2ban', canUnban: true, problem: 'tool-ended', readMs: 38 * min },
        ],
      },
    ),
  trouble: () =>
    home(
      {},
      {
        jails: [
          { ...jail('sshd', 4), trouble: 'deaf' },
          { ...jail('recidive', 6), trouble: 'no-rule' },
          jail('nginx-botsearch', 1),
        ],
      },
    ),
  old: () => ({
    ...home({ fresh: false, summary: { value: summary, at: now - 38 * min } }),
    reach: { state: 'silent', code: 'relay-home-away', agoMs: 38 * min } as const,
  }),
  own: () => home({}, { own: ownBan }),
};

const tried = (second: number, minute: number) => ({
  at: at(14, minute, second),
  user: 'root',
  method: 'publickey',
  text: 'Connection closed by authenticating user root 203.0.113.47 port 50122 [preauth]',
});
export const ownBan: Summary['own'] = [
  {
    address: '203.0.113.47',
    hits: [{ source: 'fail2ban', jail: 'sshd', value: '203.0.113.47', since: at(14, 24), leftMs: 52 * min }],
    again: false,
    failures: 5,
    lines: [tried(2, 21), tried(50, 24)],
  },
];
export const ownAgain: Summary['own'] = ownBan.map((one) => ({ ...one, again: true }));
export const ownNetwork: Summary['own'] = ownBan.map((one) => ({
  ...one,
  hits: [{ source: 'fail2ban', jail: 'recidive', value: '203.0.113.0/24', permanent: true }],
}));
