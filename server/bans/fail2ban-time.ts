/**
 * fail2ban prints times of its machine's own zone and does not say which. It and this process share the machine and so
 * the zone (its TZ or /etc/localtime).
 */

const pattern = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;
const dayMs = 86_400_000;

/**
 * Every moment (Unix ms) that a clock on the wall here shows as `YYYY-MM-DD hh:mm:ss`, earliest first: none in the hour
 * that spring leaves out, two in the hour that autumn has twice.
 */
export function momentsOf(text: string): number[] {
  const parts = pattern.exec(text);
  if (parts === null) return [];
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  // No zone is changed twice within two days, so these are the two offsets that may hold.
  const offsets = new Set([offsetAt(utc - dayMs), offsetAt(utc + dayMs)]);
  return [...offsets]
    .map((offset) => utc - offset)
    .filter((moment) => moment + offsetAt(moment) === utc)
    .sort((a, b) => a - b);
}

/** Local time minus UTC, ms. */
function offsetAt(moment: number): number {
  return -new Date(moment).getTimezoneOffset() * 60_000;
}

/** `YYYY-MM-DD hh:mm:ss`: its length, and what stands between its digits. */
export const timeLength = 19;
const form = Uint8Array.from('0000-00-00 00:00:00', (letter) => (letter === '0' ? 0 : letter.charCodeAt(0)));

/** Does such a time stand at `from`? Letter by letter, since lists of bans ask it 100,000 times over. */
export function isTimeAt(text: string, from: number): boolean {
  if (text.length < from + timeLength) return false;
  for (let at = 0; at < timeLength; at++) {
    const letter = text.charCodeAt(from + at);
    const wanted = form[at];
    if (wanted === 0 ? letter < 48 || letter > 57 : letter !== wanted) return false;
  }
  return true;
}

/** Reads the times of many bans: most began in few different minutes. */
export class WallClock {
  /** By the digits up to the minute, as a number: the moments at its second 0. */
  readonly #minutes = new Map<number, readonly number[]>();

  /**
   * When a ban of `seconds` began that is in force at `now` (or was a moment ago), as the wall clock shows it at `start` of
   * the text, and its end at `end`; both are times (`isTimeAt`). In the doubled hour, the moment that fits both; undefined
   * for what no clock shows.
   */
  began(text: string, start: number, seconds: number, end: number, now: number): number | undefined {
    const known = this.#minute(text, start);
    if (known.length <= 1) return known.length === 0 ? undefined : (known[0] ?? 0) + secondsAt(text, start);
    const candidates = this.#moments(text, start);
    const ends = this.#moments(text, end);
    const fits = candidates.filter((moment) => ends.includes(moment + seconds * 1000));
    const possible = fits.length > 0 ? fits : candidates;
    const running = possible.filter(
      (moment) => moment <= now + 2000 && moment + seconds * 1000 >= now - 5000,
    );
    return running.at(-1) ?? possible[0];
  }

  #moments(text: string, from: number): number[] {
    return this.#minute(text, from).map((moment) => moment + secondsAt(text, from));
  }

  #minute(text: string, from: number): readonly number[] {
    let digits = 0;
    for (let at = 0; at < 16; at++)
      if (form[at] === 0) digits = digits * 10 + text.charCodeAt(from + at) - 48;
    let known = this.#minutes.get(digits);
    if (known === undefined) {
      if (this.#minutes.size > 5000) this.#minutes.clear();
      known = momentsOf(`${text.slice(from, from + 16)}:00`);
      this.#minutes.set(digits, known);
    }
    return known;
  }
}

/** ms of the minute. */
function secondsAt(text: string, from: number): number {
  return ((text.charCodeAt(from + 17) - 48) * 10 + text.charCodeAt(from + 18) - 48) * 1000;
}
