import { atoi, pieces, trim, upper } from './c-text.ts';

/**
 * knockd.conf as knockd 0.8 reads it (parseconfig in src/knockd.c), with its surprises: one bad line rejects
 * the whole file, `;` starts no comment, `[Options]` is a door, ports go through atoi.
 */

export type Protocol = 'tcp' | 'udp';
export type FlagName = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg';

export interface Knock {
  readonly port: number;
  readonly protocol: Protocol;
}

export interface KnockdDoor {
  /** At most 127 bytes; names may repeat, and may hold spaces and colons. */
  readonly name: string;
  /** Line of the section, from 1. */
  readonly line: number;
  /** Empty only where the sequence comes from `oneTimeSequences`. */
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

export interface KnockdFile {
  readonly accepted: boolean;
  /** Why knockd exits instead of starting. `line` from 1. */
  readonly error?: { readonly line: number; readonly reason: string };
  readonly options: KnockdOptions;
  /** In file order; where the file is rejected, those read before the error. */
  readonly doors: readonly KnockdDoor[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface DoorInHand extends Mutable<Omit<KnockdDoor, 'tcpFlags'>> {
  readonly tcpFlags: Map<FlagName, boolean>;
}

class Rejection extends Error {}

const mostKnocks = 32; // SEQ_MAX

/** The value of a `Sequence`, or of a line in a one-time sequences file. Throws Rejection. */
function readSequence(value: string, door: string): Knock[] {
  const knocks: Knock[] = [];
  for (const item of value.split(',')) {
    if (knocks.length >= mostKnocks) {
      throw new Rejection(`section ${door}: too many ports in knock sequence`);
    }
    const [port = '', protocol] = item.split(':');
    const number = atoi(port);
    if (number > 65535) throw new Rejection(`section ${door}: port ${port} is invalid`);
    const name = protocol === undefined ? 'TCP' : upper(trim(protocol));
    if (name !== 'TCP' && name !== 'UDP') {
      throw new Rejection(`section ${door}: unknown protocol in knock sequence`);
    }
    knocks.push({ port: number & 0xffff, protocol: name === 'TCP' ? 'tcp' : 'udp' });
  }
  return knocks;
}

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

type DoorDirective = (door: DoorInHand, value: string) => void;
const startCommand: DoorDirective = (door, value) => (door.startCommand = value);
const startCommand6: DoorDirective = (door, value) => (door.startCommand6 = value);
const seqTimeout: DoorDirective = (door, value) => (door.seqTimeout = atoi(value));
const inDoor: Readonly<Record<string, DoorDirective>> = {
  TARGET: (door, value) => (door.target = value),
  SEQUENCE: (door, value) => (door.sequence = readSequence(value, door.name)),
  ONE_TIME_SEQUENCES: (door, value) => (door.oneTimeSequences = value),
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

/** `text` holds one character a byte (latin1), so that lengths are knockd's own. Never throws. */
export function readKnockdFile(text: string): KnockdFile {
  const options: Mutable<KnockdOptions> = { useSyslog: false };
  const doors: DoorInHand[] = [];
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
    if (read.value === undefined) {
      if (read.key !== 'USESYSLOG') throw new Rejection('syntax error');
      options.useSyslog = true;
    } else if (section === 'options') {
      if (!Object.hasOwn(inOptions, read.key)) throw new Rejection('syntax error');
      inOptions[read.key]?.(options, read.value);
    } else {
      const door = doors.at(-1);
      if (door === undefined || !Object.hasOwn(inDoor, read.key)) throw new Rejection('syntax error');
      inDoor[read.key]?.(door, read.value);
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
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { accepted: false, error: { line, reason: error.message }, options, doors };
  }
  return { accepted: true, options, doors };
}
