import { isCanonical } from '../../lib/address.ts';
import { longestJail, type Ban } from '../../lib/ban.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { parseNetwork } from '../../lib/network.ts';
import { isTimeAt, timeLength, type WallClock } from './fail2ban-time.ts';
import type { Pickled } from './pickle.ts';

/** Reads what fail2ban answers. Each throws `tool-failed` for an answer of another shape. */

function list(value: Pickled | undefined, what: string): readonly Pickled[] {
  if (!Array.isArray(value)) throw new LatchkeyError('tool-failed', `fail2ban: no list in ${what}`);
  return value as readonly Pickled[];
}

/** `[('Number of jail', 3), ('Jail list', 'a, b')]`: by name, since places differ between versions. */
function field(pairs: readonly Pickled[], name: string): Pickled | undefined {
  for (const pair of pairs) if (Array.isArray(pair) && pair[0] === name) return pair[1] as Pickled;
  return undefined;
}

/** `status`: names of jails. One text with ", " between them: a name that holds it cannot be told from two. */
export function readJails(answer: Pickled): string[] {
  const names = field(list(answer, 'status'), 'Jail list');
  if (typeof names !== 'string') throw new LatchkeyError('tool-failed', 'fail2ban: no jail list in status');
  return names === '' ? [] : [...new Set(names.split(', '))];
}

export interface JailCounts {
  readonly failing: number;
  readonly failed: number;
  readonly banned: number;
  readonly everBanned: number;
}

/** `status JAIL short`. */
export function readCounts(answer: Pickled): JailCounts {
  const parts = list(answer, 'status of a jail');
  const filter = list(field(parts, 'Filter'), 'Filter');
  const actions = list(field(parts, 'Actions'), 'Actions');
  const number = (value: Pickled | undefined): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw new LatchkeyError('tool-failed', 'fail2ban: no number in status of a jail');
    return value;
  };
  return {
    failing: number(field(filter, 'Currently failed')),
    failed: number(field(filter, 'Total failed')),
    banned: number(field(actions, 'Currently banned')),
    everBanned: number(field(actions, 'Total banned')),
  };
}

/** Jails of each value that was asked about, in the same order. */
export function readBanned(answer: Pickled, asked: number): string[][] {
  const rows = list(answer, 'banned');
  if (rows.length !== asked) throw new LatchkeyError('tool-failed', 'fail2ban: another answer to banned');
  return rows.map((row) => list(row, 'banned').filter((one) => typeof one === 'string'));
}

/** `unban`, `banip`: how many. */
export function readCount(answer: Pickled): number {
  if (typeof answer !== 'number' || !Number.isSafeInteger(answer) || answer < 0)
    throw new LatchkeyError('tool-failed', 'fail2ban: no number');
  return answer;
}

/** A setting of seconds or times; undefined for what is none. */
export function numberOf(answer: Pickled | LatchkeyError | undefined): number | undefined {
  return typeof answer === 'number' && Number.isFinite(answer) ? Math.trunc(answer) : undefined;
}

export function wordsOf(answer: Pickled | LatchkeyError | undefined): string[] {
  return Array.isArray(answer) ? answer.filter((one): one is string => typeof one === 'string') : [];
}

/** `203.0.113.5 \t2026-11-22 06:22:11 + 600 = 2026-11-22 06:32:11`; the value can be any text, with tabs in it. */
const times = /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d \+ (-?\d{1,12}) = \d{4,}-\d\d-\d\d \d\d:\d\d:\d\d$/;
/** As long as a value may be on the wire. */
const longestValue = 128;

export interface ListOptions {
  readonly source: string;
  readonly jail: string;
  readonly clock: WallClock;
  readonly now: number;
}

/** `get JAIL banip --with-time`. What is no address is still a ban, of that text. */
export function readBans(answer: Pickled, { source, jail, clock, now }: ListOptions): Ban[] {
  const bans: Ban[] = [];
  for (const line of list(answer, 'banip')) {
    if (typeof line !== 'string') throw new LatchkeyError('tool-failed', 'fail2ban: no text in banip');
    const tab = line.lastIndexOf('\t');
    const at = tab < 0 ? undefined : timesIn(line, tab + 1);
    if (at === undefined) throw new LatchkeyError('tool-failed', 'fail2ban: a ban without its times');
    const value = line.slice(0, line[tab - 1] === ' ' ? tab - 1 : tab).slice(0, longestValue);
    const { seconds, end } = at;
    const since = end === undefined ? undefined : clock.began(line, tab + 1, seconds, end, now);
    // Not the end that it prints: of a permanent one that is the year 9999.
    if (seconds < 0)
      bans.push(
        since === undefined
          ? { source, jail, value, permanent: true }
          : { source, jail, value, since, permanent: true },
      );
    else if (since === undefined) bans.push({ source, jail, value });
    else bans.push({ source, jail, value, since, until: since + seconds * 1000 });
  }
  return bans;
}

/** `end`: where its second time stands; absent: its times are of no year that a clock here shows. */
function timesIn(line: string, from: number): { seconds: number; end?: number } | undefined {
  const plus = from + timeLength;
  const equals = line.indexOf(' = ', plus + 3);
  const end = equals + 3;
  if (equals > 0 && line.startsWith(' + ', plus) && end + timeLength === line.length) {
    const seconds = secondsIn(line, plus + 3, equals);
    if (seconds !== undefined && isTimeAt(line, from) && isTimeAt(line, end)) return { seconds, end };
  }
  const found = times.exec(line.slice(from));
  return found === null ? undefined : { seconds: Number(found[1]) };
}

/** At most 12 digits, and a minus before them. */
function secondsIn(line: string, from: number, to: number): number | undefined {
  const negative = line.charCodeAt(from) === 45;
  const first = negative ? from + 1 : from;
  if (to <= first || to - first > 12) return undefined;
  let seconds = 0;
  for (let at = first; at < to; at++) {
    const digit = line.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    seconds = seconds * 10 + digit;
  }
  return negative ? -seconds : seconds;
}

export function isNetwork(value: string): boolean {
  return value.includes('/') && parseNetwork(value) !== undefined;
}

export function isAddress(value: string): boolean {
  return isCanonical(value) !== undefined;
}

export { longestJail };
