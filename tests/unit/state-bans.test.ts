import { describe, expect, it } from 'vitest';
import type { Request } from '../../lib/protocol/message.ts';
import { dayEdges } from '../../app/_state/day-edges.ts';
import { settle } from './client/clock.ts';
import { addresses, banPageOf } from './state/ban-home.ts';

const own = (value = '203.0.113.7') => [
  {
    address: '203.0.113.7',
    hits: [{ source: 'fail2ban', jail: 'sshd', value, leftMs: 600_000 }],
    again: false,
    lines: [],
  },
];

async function ready() {
  const made = banPageOf();
  await settle();
  const asked = (type: Request['type']) => made.home.requests.filter((one) => one.type === type);
  const say = async () => {
    await made.clock.pass(5);
    made.home.push({ type: 'bans', revision: made.room.revision });
    await settle();
  };
  return { ...made, asked, say, bans: () => made.homeState().bans };
}

describe('how bans stand', () => {
  it('is asked when the home answers, with the address that the relay sees and the viewer’s midnight', async () => {
    const made = await ready();
    const last = made.asked('bans').at(-1);
    const midnight = new Date(1_780_000_000_000).setHours(0, 0, 0, 0);
    expect(last).toMatchObject({ addresses: [made.homeState().address], midnight });
    expect(made.bans()).toMatchObject({ fresh: true, summary: { value: { total: 0 } } });
  });

  it('is asked again on the home’s word, and by itself', async () => {
    const made = await ready();
    const before = made.asked('bans').length;
    made.room.rows = addresses(3);
    made.room.revision = 2;
    await made.say();
    expect(made.bans().summary?.value.total).toBe(3);
    expect(made.asked('bans')).toHaveLength(before + 1);
    await made.clock.pass(21_000);
    expect(made.asked('bans')).toHaveLength(before + 2);
  });

  it('is never the present while the page is hidden or the home silent, and keeps its age', async () => {
    const made = await ready();
    made.room.own = own();
    await made.say();
    expect(made.dial().phase).toBe('banned');
    await made.clock.pass(10);
    made.show(false);
    await made.clock.pass(60_000);
    expect(made.bans().fresh).toBe(false);
    expect(made.dial().phase).not.toMatch(/banned|closed/);
    made.room.own = [];
    made.show(true);
    await made.clock.pass(2000);
    expect(made.bans().fresh).toBe(true);
    expect(made.dial().phase).toBe('closed');
    made.relay.down = 'relay-home-away';
    made.relay.cut();
    await made.clock.pass(5000);
    expect(made.bans()).toMatchObject({ fresh: false, summary: { value: { own: [] } } });
  });

  it('a home that knows of none of it is asked seldom', async () => {
    const made = await ready();
    made.home.more = () => undefined;
    await made.say();
    const before = made.asked('bans').length;
    expect(made.bans().load).toMatchObject({ state: 'failed', code: 'tool-unsupported' });
    await made.clock.pass(10_000);
    expect(made.asked('bans')).toHaveLength(before);
    expect(made.dial().phase).toBe('closed');
  });
});

describe('the list', () => {
  it('of 100,000 fetches what is looked at, two pages at a time, and keeps few', async () => {
    const made = await ready();
    made.room.rows = addresses(100_000);
    made.room.revision = 2;
    await made.say();
    made.store.lookAtBans(0, 20);
    await settle();
    expect(made.bans().list).toMatchObject({ total: 100_000, settling: false });
    expect([...made.bans().list.pages.keys()]).toEqual([0]);

    let held: (() => void)[] = [];
    made.home.hold = (send) => held.push(send);
    for (let from = 1000; from <= 90_000; from += 500) made.store.lookAtBans(from, from + 20);
    await settle();
    expect(held).toHaveLength(2);
    while (held.length > 0) {
      const sent = held;
      held = [];
      sent.forEach((send) => send());
      await settle();
      expect(held.length).toBeLessThanOrEqual(2);
    }
    const { pages } = made.bans().list;
    expect(pages.get(900)?.value[0]).toEqual(made.room.rows[90_000]);
    expect(pages.size).toBeLessThan(20);
    // what was scrolled past was not asked for
    expect(made.asked('banList').length).toBeLessThan(8);
  });

  it('is fetched anew where it is looked at once the home says another revision', async () => {
    const made = await ready();
    made.room.rows = addresses(30);
    made.store.lookAtBans(0, 20);
    await settle();
    made.room.rows = [...addresses(1, 5000), ...made.room.rows];
    made.room.revision = 9;
    await made.say();
    expect(made.bans().list.total).toBe(31);
    expect(made.bans().list.pages.get(0)?.value[0]?.value).toBe('10.0.19.136');
    made.store.lookAtBans();
    const before = made.asked('banList').length;
    made.room.revision = 10;
    await made.say();
    expect(made.asked('banList')).toHaveLength(before);
    // a home that began anew counts from the beginning
    made.store.lookAtBans(0, 20);
    await settle();
    made.room.rows = [];
    made.room.revision = 0;
    await made.say();
    expect(made.bans().list.total).toBe(0);
  });

  it('searches as fast as the home answers: what was typed meanwhile is one question', async () => {
    const made = await ready();
    made.room.rows = addresses(300);
    made.store.lookAtBans(0, 20);
    await settle();
    const before = made.asked('banList').length;
    const held: (() => void)[] = [];
    made.home.hold = (send) => held.push(send);
    for (const search of ['1', '10', '10.', '10.0', '10.0.0.', '10.0.0.7']) {
      made.store.filterBans({ search });
      await settle();
    }
    expect(made.bans().list.settling).toBe(true);
    expect(made.asked('banList')).toHaveLength(before + 1);
    made.home.hold = undefined;
    held.forEach((send) => send());
    await settle();
    expect(made.asked('banList')).toHaveLength(before + 2);
    const { list } = made.bans();
    expect(list).toMatchObject({ settling: false, query: { search: '10.0.0.7' }, total: 11 });
    expect(list.pages.get(0)?.value.every(({ value }) => value.startsWith('10.0.0.7'))).toBe(true);
  });

  it('says that a page could not be fetched, and tries again by itself', async () => {
    const made = await ready();
    made.room.rows = addresses(300);
    made.store.lookAtBans(0, 20);
    await settle();
    made.room.fails = 'tool-failed';
    made.room.revision = 5;
    await made.say();
    made.room.fails = undefined;
    await made.say();
    expect(made.bans().list.load.state).toMatch(/ready|failed/);
    await made.clock.pass(7000);
    expect(made.bans().list.load.state).toBe('ready');
  });
});

describe('lifting', () => {
  it('a ban: the detail goes, what was lifted is said, undo brings it back within 8 s', async () => {
    const made = await ready();
    made.room.rows = addresses(3);
    made.room.revision = 2;
    await made.say();
    made.store.lookAtBans(0, 20);
    const [ban] = made.room.rows;
    made.store.chooseBan(ban);
    await settle();
    expect(made.bans().chosen?.said?.value).toMatchObject({ times: 1 });
    made.store.unban('10.0.0.0');
    await settle();
    expect(made.bans()).toMatchObject({
      lifted: { value: '10.0.0.0', undone: false, undoMs: 8000 },
      summary: { value: { total: 2 } },
      list: { total: 2 },
    });
    expect(made.bans().chosen).toBeUndefined();
    await made.clock.pass(7000);
    made.store.undoUnban();
    await settle();
    expect(made.bans()).toMatchObject({ lifted: { undone: true }, list: { total: 3 } });
    await made.clock.pass(9000);
    expect(made.bans().lifted).toBeUndefined();

    made.store.unban('10.0.0.1');
    await settle();
    await made.clock.pass(8500);
    const before = made.asked('reban').length;
    made.store.undoUnban();
    await settle();
    expect(made.asked('reban')).toHaveLength(before);
    expect(made.room.rows).toHaveLength(2);
  });

  it('refused: nothing is gone, the reason stands with the ban', async () => {
    const made = await ready();
    made.room.rows = addresses(3);
    await made.say();
    made.store.chooseBan(made.room.rows[0]);
    await settle();
    made.room.fails = 'refused-permission';
    made.store.unban('10.0.0.0');
    await settle();
    made.room.fails = undefined;
    expect(made.bans().liftFailed).toEqual({ value: '10.0.0.0', what: 'unban', code: 'refused-permission' });
    expect(made.bans().chosen?.ban.value).toBe('10.0.0.0');
    expect(made.bans().lifted).toBeUndefined();
    expect(made.room.rows).toHaveLength(3);
  });
});

describe('this device is banned', () => {
  it('one tap unbans and opens; the challenge is fetched meanwhile', async () => {
    const made = await ready();
    made.room.own = own();
    await made.say();
    expect(made.dial().phase).toBe('banned');
    // the dial itself does nothing behind a ban
    made.store.armStart('front');
    made.store.release('front');
    await settle();
    expect(made.home.opened).toHaveLength(0);

    made.store.unbanHere('front');
    await settle();
    const order = made.home.requests
      .map(({ type }) => type)
      .filter((type) => /^(arm|unban|open)$/.test(type));
    expect(order.indexOf('arm')).toBeLessThan(order.indexOf('unban'));
    expect(order.at(-1)).toBe('open');
    expect(made.home.opened).toHaveLength(1);
    expect(made.dial().phase).toBe('open');
    expect(made.bans().summary?.value.own[0]?.hits).toEqual([]);
  });

  it('unban only: nothing is opened', async () => {
    const made = await ready();
    made.room.own = own();
    await made.say();
    made.store.unbanHere();
    await settle();
    expect(made.dial().phase).toBe('closed');
    expect(made.home.opened).toHaveLength(0);
  });

  it('by a network too: lifted with the permission, and without it said what stands, and not opened', async () => {
    const made = await ready();
    const network = { source: 'fail2ban', jail: 'recidive', value: '203.0.113.0/24' };
    made.room.own = own().map((one) => ({ ...one, hits: [...one.hits, network] }));
    made.room.mayUnban = false;
    await made.say();
    made.store.unbanHere('front');
    await settle();
    expect(made.home.opened).toHaveLength(0);
    expect(made.dial().phase).toBe('banned');
    expect(made.bans()).toMatchObject({ lifted: { left: [network] } });
    made.room.mayUnban = true;
    await made.say();
    made.store.unbanHere('front');
    await settle();
    expect(made.home.opened).toHaveLength(1);
  });

  it('an unban that fails opens nothing, and the ban stands', async () => {
    const made = await ready();
    made.room.own = own();
    await made.say();
    made.home.more = (request) => (request.type === 'bans' ? made.room.answer(request) : undefined);
    made.store.unbanHere('front');
    await settle();
    expect(made.home.opened).toHaveLength(0);
    expect(made.dial().phase).toBe('banned');
    expect(made.bans().liftFailed).toMatchObject({ code: 'tool-unsupported' });
  });

  it('while its door is open: the screen is banned, and the strip still closes it', async () => {
    const made = await ready();
    made.store.release('front');
    await settle();
    expect(made.dial().phase).toBe('open');
    made.room.own = own();
    await made.say();
    expect(made.dial().phase).toBe('banned');
    expect(made.entry().shown.state).toBe('open');
    made.store.closeNow('front');
    await settle();
    expect(made.entry().shown.state).toBe('closed');
  });
});

describe('what else is asked', () => {
  it('a flood by network, page after page', async () => {
    const made = await ready();
    made.store.openNetworks({ source: 'fail2ban', jail: 'sshd' });
    await settle();
    expect(made.bans().networks).toMatchObject({ total: 250, jail: 'sshd' });
    made.store.moreNetworks();
    made.store.moreNetworks();
    await settle();
    made.store.moreNetworks();
    await settle();
    expect(made.bans().networks?.rows.map(({ count }) => count)).toEqual(
      Array.from({ length: 250 }, (_, i) => 300 - i),
    );
    made.store.closeNetworks();
    await settle();
    expect(made.bans().networks).toBeUndefined();
  });

  it('counts by the viewer’s own days', async () => {
    const made = await ready();
    made.store.loadBanCharts(true);
    await settle();
    const [asked] = made.asked('banCounts');
    expect(asked?.type === 'banCounts' && asked.edges).toHaveLength(31);
    expect(made.bans().counts.said?.value.jails).toEqual([]);
  });
});

describe('days', () => {
  it('begin at the viewer’s midnight, also where one has 23 or 25 hours', () => {
    const zone = process.env['TZ'];
    try {
      for (const [tz, at, odd] of [
        ['Europe/Berlin', Date.UTC(2026, 2, 31, 12), 23],
        ['Europe/Berlin', Date.UTC(2026, 9, 26, 12), 25],
        ['Australia/Lord_Howe', Date.UTC(2026, 3, 6, 12), 24.5],
        ['UTC', Date.UTC(2026, 2, 31, 12), 24],
      ] as const) {
        process.env['TZ'] = tz;
        const edges = dayEdges(at, 30);
        expect(edges).toHaveLength(31);
        const hours = edges.slice(1).map((edge, i) => (edge - (edges[i] ?? 0)) / 3_600_000);
        expect(new Set(hours)).toEqual(new Set([24, odd]));
        expect(edges.every((edge) => new Date(edge).getHours() === 0)).toBe(true);
        expect(edges.at(-2)).toBeLessThanOrEqual(at);
        expect(edges.at(-1)).toBeGreaterThan(at);
      }
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});
