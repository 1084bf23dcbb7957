import { describe, expect, it } from 'vitest';
import { dayBefore, dayFace, nextDay } from '../../app/_live/day-face.ts';
import { banRows, grow, grownDays } from '../../app/_live/grown-rows.ts';
import { lookItems } from '../../app/_live/look-rows.ts';
import type { DayBans, HomeState } from '../../app/_state/types.ts';
import { dayStart } from '../../app/_ui/durations.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import { dial, door, home } from './app-home.ts';
import { settle } from './client/clock.ts';
import { page } from './state/page.ts';

const start = new Date(2026, 4, 12).getTime();
const at = (hour: number, minute: number) => new Date(2026, 4, 12, hour, minute).getTime();
const wall = at(14, 33);
const address = '203.0.113.47';

/** Newest first, as a home tells them; numbered by their order. */
function told(...events: Omit<EventView, 'n'>[]): EventView[] {
  return events.map((event, i) => ({ ...event, n: i + 1 })).reverse();
}
function withEvents(events: readonly EventView[], more: Partial<HomeState> = {}): HomeState {
  return { ...home, ...more, activity: { ...home.activity, ...more.activity, events } };
}
const rowsOf = (given: HomeState) => grownDays(given, wall, 'phone', start, nextDay(start), true);

function day(counts: Readonly<Record<number, number>>, jail = 'sshd'): DayBans {
  const edges = Array.from({ length: 145 }, (_, i) => start + i * 600_000);
  const slots = Array.from({ length: 144 }, (_, i) => counts[i] ?? 0);
  return { start, end: nextDay(start), edges, jails: [{ jail, counts: slots }], knownSince: 0 };
}

describe('an opening', () => {
  const opened = {
    kind: 'opened',
    at: at(8, 12),
    door: 'ssh',
    address,
    device: 'Laptop',
    seconds: 900,
  } as const;
  const connected = { kind: 'connected', at: at(8, 14), door: 'ssh', address, user: 'marta' } as const;
  const closed = { kind: 'closed', at: at(8, 27), door: 'ssh', address } as const;

  it('is one event that grows', () => {
    const [{ rows } = { rows: [] }] = rowsOf(withEvents(told(opened, connected, closed)));
    expect(rows.map(({ time, title, sub }) => [time, title, sub])).toEqual([
      ['08:12', 'Opened for 15 min', 'Laptop. marta connected at 08:14. Closed at 08:27.'],
    ]);
  });
  it('lengthened is the same; another address, or one after it closed, is another', () => {
    const again = { ...opened, at: at(8, 20), seconds: 1200 };
    const other = { ...opened, at: at(8, 21), address: '198.51.100.61' };
    const later = { ...opened, at: at(9, 0) };
    const { grown } = grow(told(opened, again, other, closed, later));
    expect(grown.map((one) => [one.seconds, one.closed?.at])).toEqual([
      [1200, at(8, 27)],
      [900, undefined],
      [900, undefined],
    ]);
  });
  it('that runs says so by what the home says of the door, with the pins that are known', () => {
    const own = { address, mine: true, by: 'Pixel', remainingMs: 248_000, overdue: false, seen: false };
    const running = {
      ...door,
      dial: { ...dial, phase: 'open' as const },
      shown: { ...door.shown, state: 'open' as const, own },
    };
    const events = told({ ...opened, at: at(14, 32) });
    const [open] = rowsOf(withEvents(events, { doors: [running] }))[0]?.rows ?? [];
    expect(open).toMatchObject({ mark: 'open', title: 'Open, 4:08 left' });
    expect(open?.pins?.states[0]).toBe('set');
    const [unsaid] = rowsOf(withEvents(events))[0]?.rows ?? [];
    expect(unsaid).toMatchObject({ mark: 'opened', title: 'Opened for 15 min' });
    expect(unsaid?.pins).toBeUndefined();
  });
});

describe('bans of a day', () => {
  it('fold: one row where they follow closely, at the latest, with when they began', () => {
    const rows = banRows(day({ 1: 1, 77: 3, 80: 10, 86: 1 }));
    expect(rows.map(({ row: { time, title } }) => [time, title])).toEqual([
      ['00:10', '1 banned'],
      ['14:20', '14 banned since 12:50'],
    ]);
  });
  it('a flood is one row, and its jail’s name is text', () => {
    const flood = day(Object.fromEntries(Array.from({ length: 87 }, (_, i) => [i, 60])), '<img src=x>');
    expect(banRows(flood).map(({ row }) => row.counts)).toEqual([[['<img src=x>', 5220]]]);
  });
});

describe('what wants a look', () => {
  const failed = {
    kind: 'failed',
    at: at(11, 7),
    door: 'ssh',
    device: 'Tablet',
    code: 'tool-not-open',
  } as const;
  const seen = (given: HomeState) => lookItems(given, wall).map(({ title }) => title);

  it('a stopped knock, until that device opens that door, it is set aside, or a week is over', () => {
    expect(seen(withEvents(told(failed)))).toEqual(['Knock stopped at 11:07']);
    const opened = { kind: 'opened', at: at(11, 9), door: 'ssh', device: 'Tablet' } as const;
    expect(seen(withEvents(told(failed, opened)))).toEqual([]);
    expect(seen(withEvents(told(failed, { ...opened, device: 'Pixel' })))).toHaveLength(1);
    expect(seen(withEvents(told({ ...failed, at: wall - 8 * 86_400_000 })))).toEqual([]);
    const events = told(failed);
    expect(seen({ ...home, activity: { ...home.activity, events, settled: [1] } })).toEqual([]);
  });
  it('lists that came are one, until seen; one that did not come is over when it does', () => {
    const list = { kind: 'inventory', archives: 31 } as const;
    const photos = { ...list, at: at(9, 0), vault: 'photos' };
    const failed = {
      kind: 'inventory-failed',
      at: at(9, 30),
      vault: 'studio',
      code: 'archives-expired',
    } as const;
    expect(
      lookItems(withEvents(told(photos, { ...photos, at: at(10, 5), vault: 'papers' })), wall),
    ).toMatchObject([
      {
        title: '2 lists of archives came, the last at 10:05',
        sub: '62 archives',
        events: [1, 2],
        act: 'seen',
      },
    ]);
    expect(seen(withEvents(told(photos)))).toEqual(['The list of photos came at 09:00']);
    const done = { ...home.activity, settled: [1] };
    expect(seen(withEvents(told(photos), { activity: done }))).toEqual([]);
    expect(seen(withEvents(told(failed)))).toEqual(['The list of studio did not come, at 09:30']);
    expect(seen(withEvents(told(failed, { ...photos, at: at(11, 0), vault: 'studio' })))).toEqual([
      'The list of studio came at 11:00',
    ]);
  });
  it('the same again is one, and goes at once', () => {
    const [item] = lookItems(withEvents(told(failed, { ...failed, at: at(11, 8) })), wall);
    expect(item).toMatchObject({ title: 'Knock stopped at 11:08, 2 times', events: [1, 2] });
  });
  it('a device paired by a link, and none that somebody at home said yes to, or that is gone', () => {
    const paired = { kind: 'paired', at: at(9, 20), device: 'Tablet' } as const;
    const device = {
      id: 'A'.repeat(22),
      name: 'Tablet',
      pairedAt: at(9, 20),
      self: false,
      confirmed: true,
      allowed: [],
      openings: [],
      sessions: [],
    };
    const devices = { devices: [device], load: { state: 'none' } } as const;
    const given = withEvents(told(paired), { devices });
    expect(lookItems(given, wall)).toMatchObject([{ act: 'mine', device: { id: device.id } }]);
    const asked = { kind: 'pairing', at: at(9, 19), device: 'Tablet' } as const;
    expect(seen(withEvents(told(asked, paired), { devices }))).toEqual([]);
    expect(seen(withEvents(told(paired)))).toEqual([]);
    const self = { ...devices, devices: [{ ...device, self: true }] };
    expect(seen(withEvents(told(paired), { devices: self }))).toEqual([]);
  });
  it('an own address banned until it is lifted, an opening that outlived its time, findings: oldest first', () => {
    const banned = { kind: 'banned', at: at(10, 0), device: 'Pixel', address, jail: 'sshd' } as const;
    const overdue = { kind: 'overdue', at: at(10, 30), door: 'ssh', address } as const;
    const checks = { ...home.checks, found: [{ since: at(9, 0), seen: false }] };
    expect(seen(withEvents(told(banned, overdue), { checks }))).toEqual([
      '1 new finding in Checks',
      'Your address was banned at 10:00',
      'A door closed late at 10:30',
    ]);
    const lifted = { kind: 'unbanned', at: at(10, 1), device: 'Pixel', address } as const;
    expect(seen(withEvents(told(banned, lifted)))).toEqual([]);
    const known = { ...checks, found: [{ since: at(9, 0), seen: true }] };
    expect(seen({ ...home, checks: known })).toEqual([]);
  });
});

describe('the day', () => {
  it('in a sentence, as a line, and the line in words', () => {
    const events = told(
      { kind: 'started', at: at(6, 15) },
      { kind: 'opened', at: at(8, 12), door: 'ssh', address, seconds: 900 },
      { kind: 'connected', at: at(8, 14), door: 'ssh', address, user: 'marta' },
      { kind: 'closed', at: at(8, 27), door: 'ssh', address },
      { kind: 'failed', at: at(11, 7), door: 'ssh', device: 'Tablet', code: 'tool-not-open' },
    );
    const given = withEvents(events);
    const face = dayFace(
      { ...given, activity: { ...given.activity, days: [day({ 1: 2, 2: 1 })] } },
      start,
      wall,
      1,
    );
    expect(face).toMatchObject({ title: 'Today', looks: 1, sentence: 'One opening, 3 banned.' });
    expect(face.label).toBe(
      'Today by the hour: a door open 08:12 to 08:27, a session from 08:14, 3 bans, a knock stopped at 11:07, attic started at 06:15',
    );
    expect(face.marks.map(({ kind }) => kind)).toEqual(['started', 'session', 'opened', 'stopped']);
    expect(face.bars.map(({ count }) => count)).toEqual([3]);
    expect(face.now).toBeCloseTo((14 * 60 + 33) / 1440);
    const past = dayFace(given, dayBefore(start), wall, 1);
    expect(past).toMatchObject({
      title: 'Yesterday',
      looks: 0,
      now: 1,
      sentence: 'Nothing opened.',
      marks: [],
    });
  });
  it('days follow one another, also where the clocks change', () => {
    let each = dayStart(new Date(2026, 2, 20).getTime());
    for (let i = 0; i < 250; i += 1) {
      expect(dayBefore(nextDay(each))).toBe(each);
      expect(new Date(nextDay(each)).getHours()).toBe(0);
      each = nextDay(each);
    }
  });
  it('asks for its bans once, again when the home tells of some, and of a day that is over never', async () => {
    const made = page();
    const asked = () => made.home.requests.filter(({ type }) => type === 'banCounts');
    const counts = made.home.requests;
    await settle();
    made.home.more = ({ type }) => (type === 'banCounts' ? { type, jails: [], knownSince: 0 } : undefined);
    const now = 1_780_000_000_000;
    const today = dayStart(now);
    const load = async (day: number) => {
      made.store.loadDay(day, nextDay(day));
      await settle();
    };
    await load(today);
    await load(today);
    expect(asked()).toHaveLength(1);
    expect(counts.at(-1)).toMatchObject({
      edges: expect.arrayContaining([today, nextDay(today)]) as unknown,
    });
    expect(made.homeState().activity.days).toHaveLength(1);
    await load(dayBefore(today));
    made.home.push({ type: 'bans', revision: 2 });
    await made.clock.pass(11_000);
    await load(today);
    await load(dayBefore(today));
    expect(asked()).toHaveLength(3);
  });
  it('what was set aside stays so for the next page', async () => {
    const made = page();
    await settle();
    made.store.settle([7, 5, 7]);
    await settle();
    expect(made.homeState().activity.settled).toEqual([5, 7]);
    const [row] = [...made.vault.rows.values()];
    const next = page(true, undefined, false, row?.notes);
    await settle();
    expect(next.homeState().activity.settled).toEqual([5, 7]);
  });
});
