import { dayTitle, namedDoor, rowWords, type Words } from './activity-rows.ts';
import { proofOf } from './proof-links.ts';
import { pinsOf, wayOf } from './steps.ts';
import { minutesWord } from './words.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import type { DayBans, DoorEntry, HomeState } from '../_state/types.ts';
import { clock, dayStart, timeOfDay } from '../_ui/durations.ts';
import type { ActivityDay, ActivityRow, LinkState, PastPins, Place } from '../_ui/types.ts';
import { dayText as words } from '../_text/activity.ts';
import { text } from '../_text/en.ts';

/** Bans further apart than this are two rows: ms. */
const quiet = 7_200_000;
/** A stopped opening of this page and the home's event of it are one, where they are no further apart: ms. */
const sameAttempt = 60_000;

/** An opening with all that came of it, oldest first; `opened` is the event that began it. */
export interface Grown {
  readonly opened: EventView;
  readonly connected: readonly EventView[];
  readonly closed?: EventView;
  /** As it was last lengthened. */
  readonly seconds?: number;
}

/** Openings grown together, and what belongs to none; `events` newest first. */
export function grow(events: readonly EventView[]): { grown: readonly Grown[]; rest: readonly EventView[] } {
  type Growing = { -readonly [Key in keyof Grown]: Grown[Key] } & { connected: EventView[] };
  const running = new Map<string, Growing>();
  const grown: Growing[] = [];
  const rest: EventView[] = [];
  for (const event of events.toReversed()) {
    const key = `${event.door ?? ''} ${event.address ?? ''}`;
    const before = running.get(key);
    const seconds = event.seconds === undefined ? {} : { seconds: event.seconds };
    if (event.kind === 'opened') {
      // Opened again while it was open: the same opening, lengthened.
      if (before !== undefined) Object.assign(before, seconds);
      else {
        const made: Growing = { opened: event, connected: [], ...seconds };
        running.set(key, made);
        grown.push(made);
      }
    } else if (before !== undefined && event.kind === 'connected') before.connected.push(event);
    else if (before !== undefined && (event.kind === 'closed' || event.kind === 'overdue')) {
      before.closed ??= event;
      if (event.kind === 'closed') running.delete(key);
    } else rest.push(event);
  }
  return { grown, rest };
}

interface Timed {
  readonly at: number;
  readonly row: ActivityRow;
}

function row(key: string, at: number, words: Words & Pick<ActivityRow, 'pins' | 'counts'>): Timed {
  return { at, row: { key, time: timeOfDay(at), iso: new Date(at).toISOString(), ...words } };
}

/** The rows of the day `from`, and of all before it where `before`: newest first, a heading a day. */
export function grownDays(
  home: HomeState,
  wall: number,
  place: Place,
  from: number,
  until: number,
  before: boolean,
): ActivityDay[] {
  const { events } = home.activity;
  const within = (at: number) => at < until && (before || at >= from);
  const { grown, rest } = grow(events);
  const rows = [
    ...grown.map((one) => grownRow(home, one, wall, place)),
    ...rest.map((event) =>
      row(String(event.n), event.at, {
        ...rowWords(event, home, false),
        ...pinsPart(stoppedPins(home, event)),
      }),
    ),
    ...home.activity.days.flatMap(banRows),
  ].filter(({ at }) => within(at));
  const days: { key: string; title: string; rows: ActivityRow[] }[] = [];
  for (const { at, row } of rows.sort((a, b) => b.at - a.at)) {
    const start = dayStart(at);
    const key = String(start);
    if (days.at(-1)?.key !== key)
      days.push({ key, title: start === from ? '' : dayTitle(at, wall), rows: [] });
    days.at(-1)?.rows.push(row);
  }
  return days;
}

function grownRow(home: HomeState, one: Grown, wall: number, place: Place): Timed {
  const { opened, connected, closed, seconds } = one;
  const door = namedDoor(home, opened.door);
  const entry = home.doors?.find(({ name }) => name === opened.door);
  const runs = runsNow(home, one);
  const own = entry?.shown.own?.address === opened.address ? entry?.shown.own : undefined;
  const left =
    own?.remainingMs ?? entry?.shown.others.find(({ address }) => address === opened.address)?.remainingMs;
  const said = [
    ...(opened.device === undefined ? [] : [words.by(opened.device)]),
    ...connected.slice(0, 1).map(({ user, at }) => words.connectedAt(user, timeOfDay(at))),
    ...(closed === undefined
      ? []
      : [(closed.kind === 'overdue' ? words.closedLate : words.closedAt)(timeOfDay(closed.at))]),
  ];
  const pins =
    runs && own !== undefined && entry !== undefined ? runningPins(home, entry, place, wall) : undefined;
  return row(String(opened.n), opened.at, {
    mark: runs ? 'open' : 'opened',
    title: runs
      ? words.open(door, left === undefined ? undefined : clock(left))
      : text.activity.opened(door, seconds === undefined ? undefined : minutesWord(seconds)),
    sub: said.join(' '),
    ...pinsPart(pins),
  });
}

/** By what the home says of its doors now, not by the time that was asked for. */
export function runsNow(home: HomeState, { opened, closed }: Grown): boolean {
  const shown = home.doors?.find(({ name }) => name === opened.door)?.shown;
  if (closed !== undefined || shown?.standing !== 'present') return false;
  return [shown.own, ...shown.others].some((opening) => opening?.address === opened.address);
}

function pinsPart(pins: PastPins | undefined): { pins?: PastPins } {
  return pins === undefined ? {} : { pins };
}

function told(states: readonly LinkState[]): PastPins {
  const stuck = states.indexOf('stuck');
  const set = states.filter((state) => state === 'set').length;
  return {
    states,
    words: stuck < 0 ? words.links(set, states.length) : words.stuck(stuck + 1, states.length),
  };
}

/** The links of an opening that runs, as the door's own screen has them. */
function runningPins(home: HomeState, entry: DoorEntry, place: Place, wall: number): PastPins | undefined {
  const states = proofOf(home, entry, place, wall).links.map(({ state }) => state);
  return states.length === 0 ? undefined : told(states);
}

/** How far this page saw its own attempt come; of others nobody here knows. */
export function stoppedPins(home: HomeState, { kind, door, device, at }: EventView): PastPins | undefined {
  if ((kind !== 'failed' && kind !== 'refused') || device !== home.deviceName) return undefined;
  const dial = home.doors?.find(({ name }) => name === door)?.dial;
  if (dial?.phase !== 'notOpened' || dial.releasedAt === undefined || dial.steps.length === 0)
    return undefined;
  if (Math.abs(at - dial.releasedAt) > sameAttempt) return undefined;
  return told(pinsOf(wayOf(dial.steps), true));
}

/** Bans of a day that follow one another closely are one row, at the latest, with when they began. */
export function banRows({ edges, jails }: DayBans): Timed[] {
  const totals = edges
    .slice(0, -1)
    .map((_, i) => jails.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0));
  const runs: { first: number; last: number }[] = [];
  totals.forEach((total, i) => {
    if (total === 0) return;
    const run = runs.at(-1);
    const at = edges[i] ?? 0;
    if (run !== undefined && at - (edges[run.last] ?? 0) <= quiet) run.last = i;
    else runs.push({ first: i, last: i });
  });
  return runs.map(({ first, last }) => {
    const sum = (counts: readonly number[]) => counts.slice(first, last + 1).reduce((a, b) => a + b, 0);
    const counts = jails
      .map(({ jail, counts }) => [jail ?? words.others, sum(counts)] as const)
      .filter(([, count]) => count > 0)
      .sort((a, b) => b[1] - a[1]);
    const total = sum(totals);
    const since = first === last ? undefined : timeOfDay(edges[first] ?? 0);
    return row(`bans ${edges[first] ?? 0}`, edges[last] ?? 0, {
      mark: 'ban',
      title: words.bannedSince(total, since),
      counts: counts.slice(0, 4),
    });
  });
}
