import { dayTitle } from './activity-rows.ts';
import { grow, runsNow, type Grown } from './grown-rows.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import type { DayBans, HomeState } from '../_state/types.ts';
import { dayStart, timeOfDay } from '../_ui/durations.ts';
import type { DayFace, DayMark } from '../_ui/types.ts';
import { dayText as words } from '../_text/activity.ts';

/** A bar of the line gathers so long: ms. */
const barLength = 1_800_000;

/** Midnight after a day that began then: the clocks may change within. */
export function nextDay(start: number): number {
  return dayStart(start + 26 * 3_600_000);
}

export function dayBefore(start: number): number {
  return dayStart(start - 3_600_000);
}

/** The day that began at `start` in a sentence and as a line. `looks`: how many things want a look. */
export function dayFace(home: HomeState, start: number, wall: number, looks: number): DayFace {
  const end = nextDay(start);
  const today = wall >= start && wall < end;
  const bans = home.activity.days.find((day) => day.start === start);
  const events = home.activity.events;
  const { grown } = grow(events);
  const openings = grown.filter((one) => one.opened.at < end && (endOf(home, one, wall) ?? start) >= start);
  const place = (at: number) => Math.min(1, Math.max(0, (at - start) / (end - start)));
  const inDay = ({ at }: EventView) => at >= start && at < end;
  const connected = events.filter((event) => event.kind === 'connected' && inDay(event)).toReversed();
  const stopped = events.filter((event) => isStopped(event) && inDay(event)).toReversed();
  const started = events.filter((event) => event.kind === 'started' && inDay(event)).toReversed();
  const total = bans === undefined ? undefined : sum(bans);

  const marks: DayMark[] = [
    ...started.map(({ at }) => ({ kind: 'started' as const, from: place(at) })),
    ...connected.map(({ at, address }) => {
      const until = sessionUntil(home, address, wall);
      return {
        kind: 'session' as const,
        from: place(at),
        ...(until === undefined ? {} : { to: place(until) }),
      };
    }),
    ...openings.map((one) => {
      const ended = endOf(home, one, wall);
      return {
        kind: runsNow(home, one) ? ('open' as const) : ('opened' as const),
        from: place(one.opened.at),
        ...(ended === undefined ? {} : { to: place(ended) }),
      };
    }),
    ...stopped.map(({ at }) => ({ kind: 'stopped' as const, from: place(at) })),
  ];
  return {
    title: today ? words.today : dayTitle(start, wall),
    today,
    looks: today ? looks : 0,
    sentence: sentence(home, openings.length, today, total),
    now: today ? place(wall) : 1,
    hours: [0, 6, 12, 18].map((hour) => place(new Date(start).setHours(hour))),
    marks,
    bars: bans === undefined ? [] : bars(bans),
    label: words.line(today ? words.today : dayTitle(start, wall), [
      ...said(
        openings.map((one) => {
          const from = timeOfDay(Math.max(start, one.opened.at));
          const ended = endOf(home, one, wall);
          if (runsNow(home, one)) return words.said.since(from);
          return ended === undefined
            ? words.said.between(from, from)
            : words.said.between(from, timeOfDay(ended));
        }),
        words.said.opened,
      ),
      ...said(
        connected.map(({ at }) => timeOfDay(at)),
        words.said.sessions,
      ),
      ...(total === undefined || total === 0 ? [] : [words.said.bans(total)]),
      ...said(
        stopped.map(({ at }) => timeOfDay(at)),
        words.said.stopped,
      ),
      ...said(
        started.map(({ at }) => timeOfDay(at)),
        (times) => words.said.started(home.name, times),
      ),
    ]),
  };
}

function said(times: readonly string[], say: (times: readonly string[]) => string): string[] {
  return times.length === 0 ? [] : [say(times)];
}

function sentence(home: HomeState, openings: number, today: boolean, total: number | undefined): string {
  const open = (home.doors ?? []).filter(({ dial }) => phases.has(dial.phase)).length;
  const doors = today && (open > 0 || openings === 0) ? words.doorsOpen(open) : words.openings(openings);
  return `${[doors, ...(total === undefined ? [] : [words.banned(total)])].join(', ')}.`;
}

const phases = new Set(['open', 'connected', 'unchecked', 'stale']);

function isStopped({ kind, door }: EventView): boolean {
  return kind === 'failed' || (kind === 'refused' && door !== undefined);
}

/** When an opening ended: now where it runs; undefined where nobody said. */
function endOf(home: HomeState, one: Grown, wall: number): number | undefined {
  if (runsNow(home, one)) return wall;
  return one.closed?.at;
}

/** A session that lives, or of which the home said when it ended; nothing else tells how long one was. */
function sessionUntil(home: HomeState, address: string | undefined, wall: number): number | undefined {
  for (const { shown } of home.doors ?? []) {
    for (const opening of [shown.own, ...shown.others]) {
      if (opening === undefined || opening.address !== address) continue;
      if (opening.session !== undefined) return wall;
      if (opening.proof?.ended !== undefined) return wall - opening.proof.ended.ms;
    }
  }
  return undefined;
}

function sum({ jails }: DayBans): number {
  return jails.reduce((all, { counts }) => all + counts.reduce((a, b) => a + b, 0), 0);
}

function bars({ start, end, edges, jails }: DayBans): DayFace['bars'] {
  const gathered = new Map<number, number>();
  for (const { counts } of jails) {
    counts.forEach((count, i) => {
      const at = Math.floor(((edges[i] ?? start) - start) / barLength);
      if (count > 0) gathered.set(at, (gathered.get(at) ?? 0) + count);
    });
  }
  return [...gathered]
    .sort(([a], [b]) => a - b)
    .map(([at, count]) => ({ from: ((at + 0.5) * barLength) / (end - start), count }));
}
