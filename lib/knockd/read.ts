import { isCanonical } from '../address.ts';
import { atoi, pieces, trim, upper } from './c-text.ts';
import { readOneTimeSequences, readSequence } from './sequence.ts';
import type { Knock } from './sequence.ts';

export type { Knock, Protocol } from './sequence.ts';

/**
 * knockd.conf as knockd 0.8 reads it (parseconfig in src/knockd.c), with its surprises: one bad line rejects
 * the whole file, `;` starts no comment, `[Options]` is a door, ports go through atoi.
 */

export type FlagName = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg';

export interface KnockdDoor {
  /** At most 127 bytes; names may repeat, and may hold spaces and colons. */
  readonly name: string;
  /** Line of the section, from 1. */
  readonly line: number;
  /** Empty only where the sequence comes from `oneTimeSequences`, and that file was not read. */
  readonly sequence: readonly Knock[];
  /** A path. knockd also refuses a file that it cannot open, or that has no sequence left. */
  readonly oneTimeSequences?: string;
  /** Whole sequence, in seconds. */
  readonly seqTimeout: number;
  /** Must be set (true) or clear (false) on every TCP packet that counts. */
  readonly tcpFlags: ReadonlyMap<FlagName, boolean>;
  readonly target?: string;
  /** `%IP%` not yet replaced. Empty: nothing runs, no stop command either. */
  readonly startCommand?: string;
  readonly startCommand6?: string;
  /** Seconds between start and stop command. */
  readonly cmdTimeout: number;
  readonly stopCommand?: string;
  readonly stopCommand6?: string;
}

export interface KnockdOptions {
  readonly useSyslog: boolean;
  readonly logFile?: string;
  readonly pidFile?: string;
  readonly interface?: string;
}

/** One directive that took effect, or the one that ended the reading. */
export interface KnockdDirective {
  /** From 1. A line longer than 4095 bytes counts as several, as knockd counts. */
  readonly line: number;
  /** In capitals, as written: aliases are not resolved. */
  readonly key: string;
  /** Absent for `UseSyslog`. */
  readonly value?: string;
  /** Which door of `doors`; absent in `[options]`. */
  readonly door?: number;
}

/**
 * The text of another file, one character a byte; null where knockd could not open it to read and write,
 * undefined where nobody can tell.
 */
export type ReadOther = (path: string) => string | null | undefined;

export interface KnockdFile {
  readonly accepted: boolean;
  /** Why knockd exits instead of starting. `line` from 1. */
  readonly error?: { readonly line: number; readonly reason: string };
  readonly options: KnockdOptions;
  /** In file order; where the file is rejected, those read before the error. */
  readonly doors: readonly KnockdDoor[];
  /** In file order. */
  readonly directives: readonly KnockdDirective[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface DoorInHand extends Mutable<Omit<KnockdDoor, 'tcpFlags'>> {
  readonly tcpFlags: Map<FlagName, boolean>;
}

class Rejection extends Error {}

function readFlags(value: string, flags: Map<FlagName, boolean>): void {
  for (const flag of upper(value).split(',')) {
    const [, not, name] = /^(!?)(FIN|SYN|RST|PSH|ACK|URG)$/.exec(flag) ?? [];
    if (name === undefined) throw new Rejection(`unrecognized flag "${flag}"`);
    flags.set(name.toLowerCase() as FlagName, not === '');
  }
}

const inOptions: Readonly<Record<string, (options: Mutable<KnockdOptions>, value: string) => void>> = {
  LOGFILE: (options, value) => (options.logFile = value.slice(0, 4095)),
  PIDFILE: (options, value) => (options.pidFile = value.slice(0, 4095)),
  // The first Interface holds: a later one finds the name set already.
  INTERFACE: (options, value) => {
    if (options.interface === undefined || options.interface === '') options.interface = value.slice(0, 31);
  },
};

type DoorDirective = (door: DoorInHand, value: string, other?: ReadOther) => void;
const startCommand: DoorDirective = (door, value) => (door.startCommand = value);
const startCommand6: DoorDirective = (door, value) => (door.startCommand6 = value);
const seqTimeout: DoorDirective = (door, value) => (door.seqTimeout = atoi(value));
const inDoor: Readonly<Record<string, DoorDirective>> = {
  TARGET: (door, value) => (door.target = value),
  SEQUENCE: (door, value) => {
    const knocks = readSequence(value);
    if (typeof knocks === 'string') throw new Rejection(`section ${door.name}: ${knocks}`);
    door.sequence = knocks;
  },
  ONE_TIME_SEQUENCES: (door, value, other) => {
    door.oneTimeSequences = value;
    const text = other?.(value);
    if (text === undefined) return;
    if (text === null) throw new Rejection(`${value}: cannot be opened for reading and writing`);
    const [first] = readOneTimeSequences(text).sequences;
    if (first === undefined) {
      const left = `no more sequences left in the one time sequences file for door ${door.name}`;
      throw new Rejection(`${left} --> disabling the door`);
    }
    door.sequence = first;
  },
  SEQ_TIMEOUT: seqTimeout,
  TIMEOUT: seqTimeout,
  START_COMMAND: startCommand,
  COMMAND: startCommand,
  START_COMMAND_6: startCommand6,
  COMMAND_6: startCommand6,
  CMD_TIMEOUT: (door, value) => (door.cmdTimeout = atoi(value)),
  STOP_COMMAND: (door, value) => (door.stopCommand = value),
  STOP_COMMAND_6: (door, value) => (door.stopCommand6 = value),
  TCPFLAGS: (door, value) => readFlags(value, door.tcpFlags),
};

/**
 * One line, trimmed and neither empty nor a comment, as knockd sorts them. `directive` has no `value` where
 * the line has no `=`.
 */
export type KnockdLine =
  | { readonly kind: 'section'; readonly name: string }
  | { readonly kind: 'directive'; readonly key: string; readonly value?: string };

/** Undefined for a line that knockd skips. The section name is empty for `[]`, which rejects the file. */
export function readLine(piece: string): KnockdLine | undefined {
  const line = trim(piece);
  if (line === '' || line.startsWith('#')) return undefined;
  if (line.startsWith('[') && line.endsWith(']')) {
    return { kind: 'section', name: line.slice(1, 256).slice(0, -1) };
  }
  const equals = line.indexOf('=');
  if (equals === -1) return { kind: 'directive', key: upper(line) };
  return { kind: 'directive', key: upper(trim(line.slice(0, equals))), value: trim(line.slice(equals + 1)) };
}

/**
 * libpcap refuses the filter that knockd makes of such a Target, and knockd exits right after it has read the
 * file. Other texts start it: host names that can be looked up, and addresses written in another way than it
 * compares them. Those are never heard (lint.ts).
 */
function refuseTarget(target: string): void {
  if (isCanonical(target) !== undefined) return;
  const inFilter = /^[0-9A-Za-z][0-9A-Za-z._:-]*$|^::/.test(target);
  const quad = /^\d+(?:\.\d+){0,3}$/.test(target);
  if (!inFilter || (quad && target.split('.').some((part) => Number(part) > 255)))
    throw new Rejection(`target "${target}" is no address`);
}

/**
 * `text` holds one character a byte (latin1), so that lengths are knockd's own. `other` reads one-time
 * sequences files; without it they count as readable, and their doors have no sequence. Never throws.
 */
export function readKnockdFile(text: string, other?: ReadOther): KnockdFile {
  const options: Mutable<KnockdOptions> = { useSyslog: false };
  const doors: DoorInHand[] = [];
  const directives: KnockdDirective[] = [];
  let section = '';
  let line = 0;

  const take = (read: KnockdLine): void => {
    if (read.kind === 'section') {
      section = read.name;
      if (section === '') throw new Rejection('bad section name');
      if (section === 'options') return;
      doors.push({
        name: section.slice(0, 127),
        line,
        sequence: [],
        seqTimeout: 25,
        cmdTimeout: 10,
        tcpFlags: new Map(),
      });
      return;
    }
    if (section === '') throw new Rejection('all directives must belong to a section');
    const { key, value } = read;
    const inside = section === 'options' ? {} : { door: doors.length - 1 };
    directives.push({ line, key, ...(value === undefined ? {} : { value }), ...inside });
    if (read.value === undefined) {
      if (read.key !== 'USESYSLOG') throw new Rejection('syntax error');
      options.useSyslog = true;
    } else if (section === 'options') {
      if (!Object.hasOwn(inOptions, read.key)) throw new Rejection('syntax error');
      inOptions[read.key]?.(options, read.value);
    } else {
      const door = doors.at(-1);
      if (door === undefined || !Object.hasOwn(inDoor, read.key)) throw new Rejection('syntax error');
      inDoor[read.key]?.(door, read.value, other);
    }
  };

  try {
    for (const piece of pieces(text)) {
      line += 1;
      const read = readLine(piece);
      if (read !== undefined) take(read);
    }
    for (const door of doors) {
      if (door.sequence.length > 0 || door.oneTimeSequences !== undefined) continue;
      line = door.line;
      throw new Rejection(`section '${door.name}' has an empty knock sequence`);
    }
    for (const { key, value, door, line: at } of directives) {
      // Of several Targets in a door the last one counts.
      if (key !== 'TARGET' || door === undefined || doors[door]?.target !== value) continue;
      line = at;
      refuseTarget(value ?? '');
    }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { accepted: false, error: { line, reason: error.message }, options, doors, directives };
  }
  return { accepted: true, options, doors, directives };
}
