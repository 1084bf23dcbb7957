import { shownText } from '../../lib/shown-text.ts';
import type { ArchiveRow } from '../../lib/protocol/archives.ts';
import type { ArchiveStateFace } from '../_ui/archive-types.ts';
import { dayOf, dayStart, timeOfDay } from '../_ui/durations.ts';
import { archivesText as words } from '../_text/archives.ts';
import { text } from '../_text/en.ts';

const day = 86_400_000;

/** Today the time alone, within six days the weekday, else the date: 18:40, Thu 09:10, 12 Jun, 09:10. */
export function momentWords(at: number, wall: number): string {
  const time = timeOfDay(at);
  if (dayStart(at) === dayStart(wall)) return time;
  if (Math.abs(at - wall) < 6 * day) return `${text.calendar.weekdays[new Date(at).getDay()] ?? ''} ${time}`;
  return `${dayOf(at, wall)}, ${time}`;
}

/** When AWS counted, within a sentence. */
export function countedWords(at: number, wall: number, wide: boolean): string {
  const time = timeOfDay(at);
  if (dayStart(at) === dayStart(wall)) return words.at(time);
  // noon: no change of the clocks moves it into another day
  const isYesterday = dayStart(dayStart(wall) - day / 2) === dayStart(at);
  if (isYesterday) return wide ? words.yesterdayWide(time) : words.yesterday(time);
  const date = dayOf(at, wall);
  return wide ? words.onWide(date, time) : words.on(date, time);
}

/** 2 Apr 2024: AWS's day, UTC, so that it is the same for everybody. */
export function utcDay(at: number): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${text.calendar.months[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`;
}

export function utcTime(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

export function stateFace(
  { state, until }: Pick<ArchiveRow, 'state' | 'until'>,
  wall: number,
): ArchiveStateFace {
  switch (state) {
    case 'archived':
      return { words: words.inGlacier, tone: 'dim' };
    case 'restoring':
      return {
        words: until === undefined ? words.restoring : words.about(momentWords(until, wall)),
        tone: 'now',
      };
    case 'ready':
      return {
        words: until === undefined ? words.ready : words.readyUntil(momentWords(until, wall)),
        tone: 'brass',
      };
    case 'failed':
      return { words: words.failed, tone: 'now' };
    case 'uploaded':
      return { words: words.uploaded, tone: 'dim' };
    case 'deleted':
      return { words: words.deleted, tone: 'dim' };
  }
}

/** What it is called in lists: its name, or nothing where nobody described it. */
export function nameOf({ name, cut }: Pick<ArchiveRow, 'name' | 'cut'>): string | undefined {
  if (name.trim() === '') return undefined;
  return shownText(name) + (cut === true ? '…' : '');
}
