/** A line of a syslog file, taken apart. Pure; the text of the message is whoever's made the program say it. */
export interface SyslogLine {
  /** Unix time in ms. */
  readonly at: number;
  /** The program's name, as it says itself. */
  readonly tag: string;
  readonly pid?: number;
  readonly message: string;
}

const tagged = /^\S+ ([\w./-]{1,64})(?:\[(\d{1,10})\])?: (.*)$/;
const isoTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) (.*)$/;
const oldTime = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (.*)$/;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dayMs = 24 * 60 * 60 * 1000;

/**
 * `Nov 22 07:20:01 host sshd[77]: …` (this machine's local time; no year, so the newest that is not after `now`) or
 * `2026-11-22T07:20:01.5+01:00 host sshd[77]: …`, without the newline. Never throws.
 */
export function readSyslog(line: string, now: number): SyslogLine | undefined {
  const iso = isoTime.exec(line);
  const old = iso === null ? oldTime.exec(line) : null;
  const at = iso !== null ? Date.parse(iso[1] ?? '') : old !== null ? oldInstant(old, now) : NaN;
  if (Number.isNaN(at)) return undefined;
  const found = tagged.exec(iso?.[2] ?? old?.[6] ?? '');
  if (found === null) return undefined;
  const [, tag = '', pid, message = ''] = found;
  return { at, tag, ...(pid === undefined ? {} : { pid: Number(pid) }), message };
}

function oldInstant(found: RegExpExecArray, now: number): number {
  const month = months.indexOf(found[1] ?? '');
  if (month === -1) return NaN;
  const [day, hour, minute, second] = [found[2], found[3], found[4], found[5]].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const year = new Date(now).getFullYear();
  const at = new Date(year, month, day, hour, minute, second).getTime();
  return at > now + dayMs ? new Date(year - 1, month, day, hour, minute, second).getTime() : at;
}

/** One entry of `journalctl -o json`: what journald itself put there, and the message. */
export interface JournalEntry {
  /** Unix time in ms. */
  readonly at: number;
  readonly pid: number;
  readonly uid: string;
  /** The program's name as the kernel has it, and its unit; '' where there is none. Cannot be forged. */
  readonly command: string;
  readonly unit: string;
  readonly message: string;
}

/** Fields with `_` in front are journald's own (systemd.journal-fields(7)). Never throws. */
export function readJournal(line: string): JournalEntry | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null) return undefined;
  const field = (name: string): string | undefined => {
    const value: unknown = Object.hasOwn(entry, name) ? entry[name as keyof typeof entry] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const pid = Number(field('_PID'));
  const at = Math.floor(Number(field('__REALTIME_TIMESTAMP')) / 1000);
  const message = field('MESSAGE');
  if (message === undefined || !Number.isInteger(pid) || !Number.isInteger(at)) return undefined;
  return {
    at,
    pid,
    message,
    uid: field('_UID') ?? '',
    command: field('_COMM') ?? '',
    unit: field('_SYSTEMD_UNIT') ?? '',
  };
}
