import { isCanonical, ofSocket } from './address.ts';

/**
 * What sshd's log says about sessions. Strangers choose the user names in those lines, so nothing is
 * searched for: each form is matched whole, from the first character of sshd's own message, and a line
 * that could be read in two ways says nothing.
 */

export type SshEvent =
  | {
      readonly kind: 'accepted';
      readonly user: string;
      readonly address: string;
      readonly port: number;
      readonly pid: number;
      /** Unix time in ms. */
      readonly at: number;
    }
  /** The connection from that address and port is over; sshd's unprivileged child says it, under its own pid. */
  | { readonly kind: 'ended'; readonly address: string; readonly port: number; readonly at: number }
  /** The session that this pid announced is over (PAM speaks through the same process). */
  | { readonly kind: 'closed'; readonly pid: number; readonly at: number };

// auth_log() in OpenSSH's auth.c. \S for the user on purpose: an account whose name holds a space is never
// shown rather than perhaps misread.
const accepted = /^Accepted (?:\S+) for (\S+) from (\S+) port (\d{1,5}) ssh2(?:: (.*))?$/;
const endings: readonly RegExp[] = [
  /^Disconnected from user \S+ (\S+) port (\d{1,5})$/,
  /^Received disconnect from (\S+) port (\d{1,5}):\d+: /,
  /^Connection (?:closed|reset) by (?:user \S+ )?(\S+) port (\d{1,5})$/,
  /^Timeout, client not responding from user \S+ (\S+) port (\d{1,5})$/,
];
const pamClosed = /^pam_unix\(sshd:session\): session closed for user \S+$/;

/** sshd's message alone, without time, host and tag. */
export function readSshMessage(message: string, pid: number, at: number): SshEvent | undefined {
  const found = accepted.exec(message);
  if (found !== null) {
    const [, user = '', from, port, extra = ''] = found;
    const peer = readPeer(from, port);
    // Keys and certificates are named behind `ssh2: `; a second address there means that somebody plays.
    if (peer === undefined || / from \S+ port \d/.test(extra)) return undefined;
    return { kind: 'accepted', user, ...peer, pid, at };
  }
  // A connection that never logged in ends nothing, and its lines carry names that strangers chose.
  if (message.endsWith(' [preauth]')) return undefined;
  for (const ending of endings) {
    const end = ending.exec(message);
    const peer = end === null ? undefined : readPeer(end[1], end[2]);
    if (peer !== undefined) return { kind: 'ended', ...peer, at };
  }
  return pamClosed.test(message) ? { kind: 'closed', pid, at } : undefined;
}

function readPeer(
  from: string | undefined,
  digits: string | undefined,
): { readonly address: string; readonly port: number } | undefined {
  const port = Number(digits);
  const address = ofSocket(from);
  if (address === undefined || port < 1 || port > 65535) return undefined;
  // ofSocket mends what sockets print; a log line with any other spelling is not sshd's.
  const bare = from?.split('%')[0]?.replace(/^::ffff:(?=\d+\.)/, '');
  return isCanonical(address) !== undefined && bare === address ? { address, port } : undefined;
}

const tagged = /^(\S+) (?:sshd|sshd-session)\[(\d{1,10})\]: (.*)$/;
const isoTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) (.*)$/;
const oldTime = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (.*)$/;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dayMs = 24 * 60 * 60 * 1000;

/**
 * A line of a syslog file, without its newline: `Nov 22 07:20:01 host sshd[77]: …` (this machine's local
 * time; no year, so the newest that is not after `now`) or `2026-11-22T07:20:01.5+01:00 host sshd[77]: …`.
 */
export function readSshLine(line: string, now: number): SshEvent | undefined {
  const iso = isoTime.exec(line);
  const old = iso === null ? oldTime.exec(line) : null;
  const at = iso !== null ? Date.parse(iso[1] ?? '') : old !== null ? oldInstant(old, now) : NaN;
  if (Number.isNaN(at)) return undefined;
  const found = tagged.exec(iso?.[2] ?? old?.[6] ?? '');
  return found === null ? undefined : readSshMessage(found[3] ?? '', Number(found[2]), at);
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

const daemons = ['sshd', 'sshd-session'];
const units = ['ssh.service', 'sshd.service'];

/**
 * One line of `journalctl -o json`. Fields with `_` in front are journald's own and cannot be forged:
 * `_UID` must be root's, and `_COMM` or `_SYSTEMD_UNIT` sshd's. (What sshd's unprivileged child says has
 * the user's uid and is left out: any program of that user could say it.)
 */
export function readSshJournal(line: string): SshEvent | undefined {
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
  if (field('_UID') !== '0') return undefined;
  const unit = field('_SYSTEMD_UNIT') ?? '';
  const bySshd =
    daemons.includes(field('_COMM') ?? '') || units.includes(unit) || /^sshd?@.*\.service$/.test(unit);
  const pid = Number(field('_PID'));
  const at = Math.floor(Number(field('__REALTIME_TIMESTAMP')) / 1000);
  const message = field('MESSAGE');
  if (!bySshd || message === undefined || !Number.isInteger(pid) || !Number.isInteger(at)) return undefined;
  return readSshMessage(message, pid, at);
}
