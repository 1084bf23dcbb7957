import type { AttackKind } from './ban.ts';
import { bySshd, daemons, loggedAddress } from './ssh.ts';
import { readJournal, readSyslog } from './syslog.ts';

/**
 * What a log says of attacks. Strangers choose the user names in those lines, so nothing is searched for: each form is
 * matched whole, from the first character of the program's own message, and what could be read in two ways is told
 * without an address.
 */
export interface Attack {
  readonly kind: AttackKind;
  /** Canonical. Absent: the line has none, or none that is surely sshd's own. */
  readonly address?: string;
  /** Who it tried to be, at most 64 characters. */
  readonly user?: string;
  /**
   * sshd's own word (`password`, `publickey`, `keyboard-interactive/pam`), or `invalid`, `refused`: the account is not
   * there, or not allowed. Those come before the failures of the same connection.
   */
  readonly method?: string;
}

export interface AttackLine extends Attack {
  /** Unix ms. */
  readonly at: number;
  /** sshd's process, one a connection. */
  readonly pid?: number;
  /** The message without time, host and tag; whatever length. */
  readonly text: string;
}

const longestUser = 64;
const peer = / from (\S+) port (\d{1,5})/;
// auth_log() in OpenSSH's auth.c. Names may hold spaces and anything else: the last ` from ` is sshd's, for nothing of
// the stranger's comes after it, except in what describes a key.
const failed = /^Failed (\S{1,32}) for (?:invalid user )?(.*) from (\S+) port \d{1,5} ssh2$/;
const failedKey = /^Failed (\S{1,32}) for (?:invalid user )?(.*?) from (\S+) port \d{1,5} ssh2: (.*)$/;
// getpwnamallow() in auth.c; before 7.x without the port.
const invalid = /^Invalid user (.*) from (\S+)(?: port \d{1,5})?$/;
const refused = /^User (\S+) from (\S+) not allowed because /;
// ssh_packet_read_poll2() in packet.c: 11 is SSH_DISCONNECT_BY_APPLICATION; what follows is the client's text.
const zombies = [
  /^Received disconnect from (\S+) port \d{1,5}:11: .*\[preauth\]\s*$/,
  /^Received disconnect from (\S+): 11: .*\[preauth\]\s*$/,
];

/** sshd's message alone, without time, host and tag. Undefined: it is of no attack. Never throws. */
export function readSshAttack(message: string): Attack | undefined {
  const plain = failed.exec(message);
  if (plain !== null) return failure(plain[1], plain[2], plain[3]);
  const key = failedKey.exec(message);
  if (key !== null) {
    const [, method, user = '', from, described = ''] = key;
    // Who makes a certificate chooses the words in it: two addresses in one line, and neither counts.
    const sure = !peer.test(` ${described}`) && !peer.test(user);
    return sure ? failure(method, user, from) : failure(method, undefined, undefined);
  }
  const unknown = invalid.exec(message);
  if (unknown !== null) return failure('invalid', unknown[1], unknown[2]);
  const turned = refused.exec(message);
  if (turned !== null) return failure('refused', turned[1], turned[2]);
  for (const zombie of zombies) {
    const found = zombie.exec(message);
    if (found !== null) return { kind: 'zombie', ...addressOf(found[1]) };
  }
  return undefined;
}

function failure(method = '', user: string | undefined, from: string | undefined): Attack | undefined {
  // Every client asks with `none` first, to learn what else there is.
  if (method === 'none') return undefined;
  return {
    kind: 'failed',
    method,
    ...addressOf(from),
    ...(user === undefined || user === '' ? {} : { user: user.slice(0, longestUser) }),
  };
}

function addressOf(from: string | undefined): { address?: string } {
  const address = loggedAddress(from);
  return address === undefined ? {} : { address };
}

// lighttpd's connections.c, which Plesk's sw-cp-server was: OpenSSL's own words, and nothing of who it was.
const handshake =
  /^(?:\([\w.]{1,40}\) )?SSL: -?\d{1,3} error:[0-9A-Fa-f]{8}:SSL routines:\w{0,60}:[\w ]{0,40}handshake failure$/;

/** sw-cp-server's message alone. */
export function readPanelAttack(message: string): Attack | undefined {
  return handshake.test(message) ? { kind: 'noise' } : undefined;
}

const panel = 'sw-cp-server';
/** `2009-06-03 22:37:08: …`: sw-cp-server's own error_log, this machine's local time. */
const ownLog = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d): (.*)$/;

/** A line of a syslog file or of sw-cp-server's error_log, without its newline. Never throws. */
export function readAttackLine(line: string, now: number): AttackLine | undefined {
  const own = ownLog.exec(line);
  if (own !== null) {
    const [year, month, day, hour, minute, second] = own.slice(1, 7).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const text = own[7] ?? '';
    return told(readPanelAttack(text), new Date(year, month - 1, day, hour, minute, second).getTime(), text);
  }
  const found = readSyslog(line, now);
  if (found === undefined) return undefined;
  const { tag, message, at, pid } = found;
  if (tag === panel) return told(readPanelAttack(message), at, message);
  return daemons.includes(tag) ? told(readSshAttack(message), at, message, pid) : undefined;
}

/** One line of `journalctl -o json`: root's sshd, or the unit of sw-cp-server, as journald itself says. */
export function readAttackJournal(line: string): AttackLine | undefined {
  const entry = readJournal(line);
  if (entry === undefined) return undefined;
  const { message, at, pid, unit } = entry;
  if (bySshd(entry)) return told(readSshAttack(message), at, message, pid);
  return unit === `${panel}.service` ? told(readPanelAttack(message), at, message) : undefined;
}

function told(attack: Attack | undefined, at: number, text: string, pid?: number): AttackLine | undefined {
  if (attack === undefined || Number.isNaN(at)) return undefined;
  return { ...attack, at, text, ...(pid === undefined ? {} : { pid }) };
}
