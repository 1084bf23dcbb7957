import { isCanonical, ofSocket } from './address.ts';
import { readJournal, readSyslog, type JournalEntry } from './syslog.ts';

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
  const address = loggedAddress(from);
  return address === undefined || port < 1 || port > 65535 ? undefined : { address, port };
}

/** The canonical address that sshd prints so; undefined for anything else, names too. */
export function loggedAddress(from: string | undefined): string | undefined {
  const address = ofSocket(from);
  // ofSocket mends what sockets print; a log line with any other spelling is not sshd's.
  const bare = from?.split('%')[0]?.replace(/^::ffff:(?=\d+\.)/, '');
  return address !== undefined && isCanonical(address) !== undefined && bare === address
    ? address
    : undefined;
}

/**
 * A line of a syslog file, without its newline: `Nov 22 07:20:01 host sshd[77]: …` (this machine's local
 * time; no year, so the newest that is not after `now`) or `2026-11-22T07:20:01.5+01:00 host sshd[77]: …`.
 */
export function readSshLine(line: string, now: number): SshEvent | undefined {
  const found = readSyslog(line, now);
  if (found?.pid === undefined || !daemons.includes(found.tag)) return undefined;
  return readSshMessage(found.message, found.pid, found.at);
}

/** What sshd calls itself; sshd-session since OpenSSH 9.8. */
export const daemons: readonly string[] = ['sshd', 'sshd-session'];
const units = ['ssh.service', 'sshd.service'];

/**
 * One line of `journalctl -o json`. Fields with `_` in front are journald's own and cannot be forged:
 * `_UID` must be root's, and `_COMM` or `_SYSTEMD_UNIT` sshd's. (What sshd's unprivileged child says has
 * the user's uid and is left out: any program of that user could say it.)
 */
export function readSshJournal(line: string): SshEvent | undefined {
  const entry = readJournal(line);
  return entry === undefined || !bySshd(entry)
    ? undefined
    : readSshMessage(entry.message, entry.pid, entry.at);
}

/** Root's sshd wrote it. */
export function bySshd({ uid, command, unit }: JournalEntry): boolean {
  return (
    uid === '0' && (daemons.includes(command) || units.includes(unit) || /^sshd?@.*\.service$/.test(unit))
  );
}
