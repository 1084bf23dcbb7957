import { isAbsolute } from 'node:path';
import { LatchkeyError } from '../../lib/errors.ts';
import { readKnockdFile } from '../../lib/knockd/read.ts';
import { readRootOwned, requireRootOwned } from '../root-owned.ts';
import { isPlainRemoval, readPlainRule, takesAway } from '../../lib/knockd/iptables-rule.ts';
import type { Family } from '../../lib/address.ts';
import type { KnockdDoor, KnockdFile } from '../../lib/knockd/read.ts';
import type { PlainRule } from '../../lib/knockd/iptables-rule.ts';

/** What knockd will do for addresses of one family. */
export interface FamilyPlan {
  /** Present where the start command is one plain iptables rule: then the system can be asked. */
  readonly rule?: PlainRule;
  /** With `%IP%` in it, as knockd runs it by a shell. Absent: knockd closes nothing. */
  readonly stopCommand?: string;
  /** The stop command does nothing but take a rule away. */
  readonly stopIsPlain: boolean;
  /** The section whose sequence closes early what this one opened. */
  readonly closer?: KnockdDoor;
}

export interface KnockdOptions {
  /** The door's own keys as written, to read the file again. */
  readonly table: Readonly<Record<string, unknown>>;
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** The file as it was when the door was read, one character a byte. */
  readonly text: string;
  readonly file: KnockdFile;
  readonly section: KnockdDoor;
  /** Families for which a start command exists. */
  readonly plans: Readonly<Partial<Record<Family, FamilyPlan>>>;
  readonly port: number;
  /** knockd itself: a name for the fixed search path, or an absolute path. */
  readonly program: string;
}

export const mostBytes = 1024 * 1024;
const keys = ['file', 'section', 'close_section', 'port', 'program'];

const invalid = (detail: string) => new LatchkeyError('config-invalid', detail);

/** Throws `config-invalid`, `config-unreadable`, `config-unsafe`. */
export function readKnockdOptions(table: Readonly<Record<string, unknown>>): KnockdOptions {
  for (const key of Object.keys(table)) if (!keys.includes(key)) throw invalid(`${key}: unknown key`);
  const { file: path, section: name, close_section: closing, port, program = 'knockd' } = table;
  if (typeof path !== 'string' || !isAbsolute(path)) throw invalid('file: an absolute path');
  if (typeof name !== 'string' || name === '') throw invalid('section: the name of a section in the file');
  if (closing !== undefined && (typeof closing !== 'string' || closing === '' || closing === name)) {
    throw invalid('close_section: the name of another section in the file');
  }
  if (typeof program !== 'string' || (program !== 'knockd' && !isAbsolute(program))) {
    throw invalid('program: an absolute path');
  }
  // The commands in the file run as root, and so does the program.
  if (isAbsolute(program)) requireRootOwned(program);
  const real = requireRootOwned(path);
  const text = readRootOwned(real, mostBytes);
  const file = readKnockdFile(text);
  if (!file.accepted) {
    throw invalid(`file: knockd refuses line ${file.error?.line ?? 0}: ${file.error?.reason ?? ''}`);
  }
  const section = findSection(file, name);
  const plans = readPlans(section);
  const named = closing === undefined ? undefined : findSection(file, closing, 'close_section');
  for (const family of [4, 6] as const) {
    const plan = plans[family];
    if (plan === undefined) continue;
    const closer = named ?? findCloser(file, section, family, plan);
    if (closer !== undefined) plans[family] = { ...plan, closer };
  }
  return { table, path: real, text, file, section, plans, port: readPort(port, plans), program };
}

/** Sections that the copy for lo leaves out: it could not serve them, or would harm the outer instance. */
export function isServed(door: KnockdDoor): boolean {
  return door.target === undefined && door.oneTimeSequences === undefined;
}

/** The one section, heard on lo and named once, that runs our stop command or takes exactly our rule away. */
function findCloser(
  file: KnockdFile,
  section: KnockdDoor,
  family: Family,
  plan: FamilyPlan,
): KnockdDoor | undefined {
  const found = file.doors.filter((door) => {
    const [command] = commandsOf(door, family);
    if (door.name === section.name || !isServed(door) || command === undefined || command === '')
      return false;
    return command === plan.stopCommand || (plan.rule !== undefined && takesAway(command, plan.rule));
  });
  const [closer, ...others] = found;
  if (closer === undefined || others.length > 0) return undefined;
  const alone = file.doors.filter((door) => door.name === closer.name).length === 1;
  // With one sequence for both, knockd opens and closes at once, in no order.
  const same = JSON.stringify(closer.sequence) === JSON.stringify(section.sequence);
  return alone && !same ? closer : undefined;
}

/** Start and stop command of a door. NULL falls back to IPv4's command, an empty one does not (process_attempt). */
function commandsOf(door: KnockdDoor, family: Family): [start: string | undefined, stop: string | undefined] {
  return family === 4
    ? [door.startCommand, door.stopCommand]
    : [door.startCommand6 ?? door.startCommand, door.stopCommand6 ?? door.stopCommand];
}

function findSection(file: KnockdFile, name: string, key = 'section'): KnockdDoor {
  // The file is bytes, TOML is Unicode.
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  const found = file.doors.filter((door) => door.name === bytes);
  const [section] = found;
  if (section === undefined) throw invalid(`${key}: the file has no [${name}]`);
  if (found.length > 1) throw invalid(`${key}: the file has [${name}] more than once`);
  if (section.target !== undefined) {
    throw invalid(`${key}: [${name}] has a Target: it listens for another machine's address, not on lo`);
  }
  if (section.oneTimeSequences !== undefined) {
    throw invalid(`${key}: [${name}] has One_Time_Sequences: two instances would spend one list`);
  }
  if (section.cmdTimeout < 1) throw invalid(`${key}: [${name}] has a Cmd_Timeout below 1 second`);
  return section;
}

function readPlans(door: KnockdDoor): Partial<Record<Family, FamilyPlan>> {
  const plans: Partial<Record<Family, FamilyPlan>> = {};
  for (const family of [4, 6] as const) {
    const [start, stop] = commandsOf(door, family);
    if (start === undefined || start === '') continue;
    if (isPlainRemoval(start)) throw invalid(`section: [${door.name}] closes; name the section that opens`);
    const rule = readPlainRule(start);
    // An iptables rule cannot hold an IPv6 address, nor the other way round.
    if (rule !== undefined && rule.family !== family) continue;
    if (!start.includes('%IP%') || rule?.spec.some((word) => word.includes('%IP%')) === false) {
      throw invalid(`section: [${door.name}] opens for everyone: no %IP% in its start command`);
    }
    plans[family] = {
      ...(rule === undefined ? {} : { rule }),
      ...(stop === undefined || stop === '' ? {} : { stopCommand: stop }),
      stopIsPlain: stop === undefined || stop === '' || isPlainRemoval(stop),
    };
  }
  if (plans[4] === undefined && plans[6] === undefined) {
    throw invalid(`section: [${door.name}] has no start command that could open anything`);
  }
  return plans;
}

/** Given, or read from a plain rule's `--dport`. */
function readPort(port: unknown, plans: Partial<Record<Family, FamilyPlan>>): number {
  if (port !== undefined) {
    if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65535) return port;
    throw invalid('port: a whole number from 1 to 65535');
  }
  const spec = (plans[4] ?? plans[6])?.rule?.spec ?? [];
  const at = spec.findIndex((word) => word === '--dport' || word === '--destination-port');
  const said = spec[at + 1];
  const read = said === 'ssh' ? 22 : Number(/^\d{1,5}$/.exec(said ?? '')?.[0]);
  if (at === -1 || !(read >= 1 && read <= 65535)) {
    throw invalid('port: needed, since the start command does not say which port it opens');
  }
  return read;
}
