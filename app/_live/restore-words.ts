import { shownText } from '../../lib/shown-text.ts';
import type { HomeState } from '../_state/types.ts';
import { dayOf, dayStart, timeOfDay, weekdayOf } from '../_ui/durations.ts';
import type { CapFace } from '../_ui/restore-types.ts';
import { capsFor } from '../_state/restore-caps.ts';
import { headlineSize } from '../../lib/restore.ts';
import { restoreText as words } from '../_text/restore.ts';
import { text } from '../_text/en.ts';

const minute = 60_000;
const hour = 3_600_000;
const day = 24 * hour;

/** How long AWS takes: 5 to 12 h, 1 to 5 min, within 48 h; undefined: nothing need be asked. */
export function waitWords(earliestMs: number, latestMs: number): string | undefined {
  if (latestMs === 0) return undefined;
  const unit = latestMs < hour ? minute : hour;
  const name = unit === minute ? 'min' : 'h';
  const [from, to] = [Math.round(earliestMs / unit), Math.max(1, Math.round(latestMs / unit))];
  return from > 0 && from < to ? words.range(from, to, name) : words.within(`${to} ${name}`);
}

/** 2026-05-03: 3 May; with the year where it is another one. */
export function priceDate(date: string, wall: number): string {
  const [, year, month, of] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date) ?? [];
  const name = text.calendar.months[Number(month) - 1];
  if (year === undefined || name === undefined) return shownText(date);
  const same = Number(year) === new Date(wall).getFullYear();
  return `${Number(of)} ${name}${same ? '' : ` ${year}`}`;
}

/** The size of what is on its way, which changes while one reads it: 61 GB, 4.1 MB. */
export function roughSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let at = 0;
  let value = bytes;
  while (at < units.length - 1 && value >= (at === 0 ? 1000 : 999.5)) {
    value /= 1000;
    at += 1;
  }
  return `${value.toFixed(at === 0 || value >= 9.95 ? 0 : 1)} ${units[at] ?? ''}`;
}

/** Which day it is from here, whatever the clocks do: 0 today, -1 yesterday. */
function daysFrom(at: number, wall: number): number {
  return Math.round((dayStart(at) - dayStart(wall)) / day);
}

/** 08:55 today; Sun 10 May of late and soon; else 9 May. */
export function momentCell(at: number, wall: number): string {
  const days = daysFrom(at, wall);
  if (days === 0) return timeOfDay(at);
  return days > -3 && days < 7 ? weekdayOf(at) : dayOf(at, wall);
}

/** Within a sentence, to the minute: 13:52 tomorrow, 18:40, Thu 14 May, 09:10. */
export function momentIn(at: number, wall: number): string {
  const days = daysFrom(at, wall);
  const time = timeOfDay(at);
  if (days === 0) return time;
  return days === 1 ? words.tomorrow(time) : `${momentCell(at, wall)}, ${time}`;
}

/** When something was done: today, 14:02; 9 May, 08:00. */
export function momentDone(at: number, wall: number): string {
  return daysFrom(at, wall) === 0 ? words.today(timeOfDay(at)) : `${momentCell(at, wall)}, ${timeOfDay(at)}`;
}

/** The caps that fit a size, the present one among them, and none. */
export function capFaces(bytes: number, now: number | undefined): CapFace[] {
  const sizes = new Set([...capsFor(bytes), ...(now === undefined ? [] : [now])]);
  if (sizes.size === 0) return [];
  return [
    ...[...sizes]
      .sort((a, b) => a - b)
      .map((value) => {
        const size = capSize(value);
        return { value, words: size, spoken: words.capSpoken(size) };
      }),
    { value: 0, words: words.noCap, spoken: words.noCap },
  ];
}

/** 200 GB, 1 TB: what was chosen, without places that say nothing. */
export function capSize(bytes: number): string {
  return headlineSize(bytes).replace(/\.0+(?= )/, '');
}

/** What gives this device the permission, to be run at home. */
export function allowCommand({ deviceName, device }: Pick<HomeState, 'deviceName' | 'device'>): string {
  // a name that a shell reads as one word, else the id
  const plain = /^[A-Za-z0-9._-]+$/.test(deviceName) && !deviceName.startsWith('-');
  return `latchkey allow ${plain ? deviceName : device} restore`;
}

/** Of 100, never all while something is missing, never nothing once something is there. */
export function shareOf(part: number, whole: number): number {
  if (whole <= 0 || part <= 0) return 0;
  return part >= whole ? 100 : Math.min(99, Math.max(1, Math.round((part / whole) * 100)));
}
