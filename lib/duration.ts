import { LatchkeyError } from './errors.ts';

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** A day: no opening, window or timeout of the house is longer. */
export const longestDuration = 86400;

/**
 * `90s`, `5m`, `1h30m`, `1d` or whole seconds as digits, as whole seconds in 1..86400.
 * Units fall (1m30s, not 30s1m), each at most once. Throws `config-invalid`, naming the text.
 */
export function parseDuration(text: string): number {
  const parts = /^(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?$/.exec(text);
  let seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (parts !== null) {
    seconds +=
      Number(parts[1] ?? 0) * unitSeconds.d +
      Number(parts[2] ?? 0) * unitSeconds.h +
      Number(parts[3] ?? 0) * unitSeconds.m +
      Number(parts[4] ?? 0) * unitSeconds.s;
  }
  if (seconds < 1 || seconds > longestDuration) {
    throw new LatchkeyError(
      'config-invalid',
      `"${text.slice(0, 40)}" is not a time such as 90s, 5m or 1h30m, at most 1d`,
    );
  }
  return seconds;
}

/** Whole seconds as `parseDuration` reads them back, in the fewest units: 90 → `1m30s`. */
export function formatDuration(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / unitSeconds[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitSeconds[unit];
  }
  return text === '' ? '0s' : text;
}

/** A countdown for people: 252000 ms → `4:12`; an hour and more → `1:02:03`. Rounds up: 0:00 is over. */
export function formatClock(milliseconds: number): string {
  const total = Math.max(0, Math.ceil(milliseconds / 1000));
  const seconds = String(total % 60).padStart(2, '0');
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}
