import { shownText } from '../../lib/shown-text.ts';
import { attackKinds } from '../../lib/ban.ts';
import type { HomeState } from '../_state/types.ts';
import { dayOf, timeOfDay } from '../_ui/durations.ts';
import type { ChartFace, ChartRow, TryingFace } from '../_ui/ban-types.ts';
import { momentOf } from './ban-words.ts';
import { bansText as words } from '../_text/bans.ts';

/** Jails with a row of their own; the rest is one. */
const mostRows = 6;
const hourMs = 3_600_000;
const hours = 24;

const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);

/** The highest bar of all, named. */
function peakOf(
  rows: readonly ChartRow[],
  label: (count: number, slot: number) => string,
): Partial<ChartFace> {
  const best = rows
    .flatMap(({ key, counts }) => counts.map((count, slot) => ({ row: key, slot, count })))
    .reduce((most, one) => (one.count > most.count ? one : most), { row: '', slot: 0, count: 0 });
  return best.count === 0
    ? {}
    : { peak: { row: best.row, slot: best.slot, label: label(best.count, best.slot) } };
}

/** New bans of 30 days by jail, the fullest first; undefined until the home has said. */
export function banChart(home: HomeState, wall: number): ChartFace | undefined {
  const { edges, said } = home.bans.counts;
  if (said === undefined || edges.length < 2) return undefined;
  const days = edges.slice(0, -1);
  const { jails, others, knownSince } = said.value;
  // In the home's order, the same as the filters; where there are too many, the fullest stay.
  const sorted = jails.length > mostRows ? [...jails].sort((a, b) => sum(b.counts) - sum(a.counts)) : jails;
  const rest = [
    ...sorted.slice(mostRows).map(({ counts }) => counts),
    ...(others === undefined ? [] : [others]),
  ];
  const rows: ChartRow[] = [
    ...sorted.slice(0, mostRows).map(({ source, jail, counts }) => ({
      key: `${source}\n${jail}`,
      label: shownText(jail),
      mono: true,
      counts,
    })),
    ...(rest.length === 0
      ? []
      : [
          {
            key: '',
            label: words.others,
            mono: false,
            counts: days.map((_, i) => sum(rest.map((one) => one[i] ?? 0))),
          },
        ]),
  ];
  const first = days[0] ?? 0;
  return {
    title: words.chart,
    what: words.chart,
    rows,
    slots: days.map((day) => dayOf(day, wall)),
    slotHead: words.day,
    axis: [0, 7, 14, 21].map((slot) => [slot, dayOf(days[slot] ?? first, wall)] as const),
    now: words.today,
    harm: true,
    ...peakOf(rows, (count, slot) => words.peak(count, longDay(days[slot] ?? first))),
    ...(knownSince > first ? { note: words.knownSince(dayOf(knownSince, wall)) } : {}),
  };
}

function longDay(at: number): string {
  const date = new Date(at);
  return `${date.getDate()} ${words.months[date.getMonth()] ?? ''}`;
}

/** What was tried in the last 24 hours, each in the viewer's time, and the latest of it. */
export function tryingFace(home: HomeState, wall: number): TryingFace | undefined {
  const { said } = home.bans.attacks;
  if (said === undefined) return undefined;
  const { hours: known, recent, reads } = said.value;
  const last = Math.max(Math.floor(wall / hourMs) * hourMs, ...known.map(({ hour }) => hour));
  const begins = Array.from({ length: hours }, (_, i) => last - (hours - 1 - i) * hourMs);
  const rows = attackKinds.map((kind) => ({
    key: kind,
    label: words.kinds[kind],
    mono: false,
    counts: begins.map((hour) => known.find((one) => one.kind === kind && one.hour === hour)?.count ?? 0),
  }));
  const any = rows.some(({ counts }) => sum(counts) > 0);
  const all = attackKinds.flatMap((kind, i) => {
    const count = sum(rows[i]?.counts ?? []);
    return count === 0 ? [] : [words.kindCounts[kind](count)];
  });
  return {
    sum:
      all.length === 0
        ? reads
          ? words.nothingTried
          : words.blind(home.name)
        : words.lastDay(all.join(', ')),
    ...(any
      ? {
          chart: {
            title: words.trying,
            what: words.tryingLede(hours),
            rows,
            slots: begins.map((hour) => momentOf(hour, wall)),
            slotHead: words.hour,
            axis: [0, 6, 12, 18].map((slot) => [slot, timeOfDay(begins[slot] ?? last)] as const),
            now: words.now,
            harm: false,
            note: words.kindsWhy,
            ...peakOf(rows, (count, slot) => words.peakHour(count, timeOfDay(begins[slot] ?? last))),
          },
        }
      : {}),
    ...(!reads ? { line: words.blind(home.name) } : any ? {} : { line: words.nothingTried }),
    recent: recent.map(({ at, kind, address, text }, i) => ({
      key: `${at} ${i}`,
      time: momentOf(at, wall, true),
      address: address ?? words.noAddress,
      kind: words.kinds[kind],
      text: shownText(text),
    })),
  };
}
