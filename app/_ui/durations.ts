import { text } from '../_text/en.ts';

// Intl's formatters would say the same: each costs a slow phone 50 ms to make.

/** 4:12, or 1:02:03 from an hour on. Rounded up, so that it reads 0:00 only when time is up. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const seconds = String(total % 60).padStart(2, '0');
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return `${minutes}:${seconds}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${seconds}`;
}

/** Time of day, 24 h, local; with seconds where a proof needs them. */
export function timeOfDay(at: number, seconds = false): string {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** Midnight of the local day. */
export function dayStart(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** 11 May; with the year where it is another one. */
export function dayOf(at: number, now: number): string {
  const date = new Date(at);
  const year = date.getFullYear();
  const day = `${date.getDate()} ${text.calendar.months[date.getMonth()] ?? ''}`;
  return year === new Date(now).getFullYear() ? day : `${day} ${year}`;
}

/** Tue 12 May */
export function weekdayOf(at: number): string {
  const date = new Date(at);
  return `${text.calendar.weekdays[date.getDay()] ?? ''} ${dayOf(at, at)}`;
}

/** How long ago, in one unit, or two for days: 2 s, 38 min, 5 h, 5 d. Never 0 s: nothing is that fresh. */
export function span(ms: number): string {
  const seconds = Math.max(1, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  const hours = Math.floor((seconds % 86_400) / 3600);
  return `${Math.floor(seconds / 86_400)} d${hours === 0 ? '' : ` ${hours} h`}`;
}
