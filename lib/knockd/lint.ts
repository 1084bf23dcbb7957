import { toUnicode } from './c-text.ts';
import { lintClosing } from './lint-closing.ts';
import { lintCommands } from './lint-commands.ts';
import { lintFile } from './lint-file.ts';
import { explainRejection } from './lint-rejection.ts';
import { lintOneTime, lintSequences } from './lint-sequences.ts';
import { readKnockdFile } from './read.ts';
import { printSequence } from './sequence.ts';
import type { Finding } from './finding.ts';
import type { KnockdDoor, KnockdFile, ReadOther } from './read.ts';

export type { Finding, FindingCode, Severity } from './finding.ts';

/** What the machine says, where somebody can ask it. What is absent is not judged. */
export interface LintFacts {
  /** Reads one-time sequences files. */
  readonly other?: ReadOther;
  /** Names of this machine's network interfaces. */
  readonly interfaces?: readonly string[];
  /** False where the machine has no IPv6 but its loopback: nothing is then said about its commands. */
  readonly ipv6?: boolean;
}

/** A section as knockd 0.8 will work with it. Texts are Unicode: bytes that are not UTF-8 show as U+FFFD. */
export interface LintedDoor {
  readonly name: string;
  /** Of the section, from 1. */
  readonly line: number;
  /** `7000:tcp,8000:udp`. Empty where it comes from a file that was not read. */
  readonly sequence: string;
  readonly oneTimeSequences?: string;
  /** Seconds. */
  readonly seqTimeout: number;
  /** `syn,!ack`. */
  readonly tcpFlags?: string;
  readonly target?: string;
  readonly startCommand?: string;
  readonly startCommand6?: string;
  /** Seconds. */
  readonly cmdTimeout: number;
  readonly stopCommand?: string;
  readonly stopCommand6?: string;
}

export interface KnockdLint {
  /** Whether knockd starts with this file. */
  readonly accepted: boolean;
  readonly error?: { readonly line: number; readonly reason: string };
  /** In file order; of a rejected file those before the error. */
  readonly doors: readonly LintedDoor[];
  /** In the file's order. A rejected file has those only that say why. */
  readonly findings: readonly Finding[];
}

/** `text` holds one character a byte (latin1), as knockd reads it. Never throws. */
export function lintKnockd(text: string, facts: LintFacts = {}): KnockdLint {
  const file = decoded(readKnockdFile(text, facts.other));
  const { accepted, error } = file;
  const found = accepted ? lintAccepted(text, file, facts) : explainRejection(text, file);
  return {
    accepted,
    ...(error === undefined ? {} : { error }),
    doors: file.doors.map(view),
    findings: [...found].sort((one, other) => (one.line ?? 0) - (other.line ?? 0)),
  };
}

function lintAccepted(text: string, file: KnockdFile, facts: LintFacts): Finding[] {
  return [
    ...lintFile(text, file, facts),
    ...lintSequences(file),
    ...lintOneTime(file, facts),
    ...lintCommands(file, facts),
    ...lintClosing(file, facts),
  ];
}

function view(door: KnockdDoor): LintedDoor {
  const { sequence, tcpFlags, ...rest } = door;
  const flags = [...tcpFlags].map(([flag, set]) => (set ? flag : `!${flag}`)).join(',');
  return { ...rest, sequence: printSequence(sequence), ...(flags === '' ? {} : { tcpFlags: flags }) };
}

/** Bytes become text once the reader, which counts bytes, is done. */
function decoded(file: KnockdFile): KnockdFile {
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return toUnicode(value);
    if (typeof value !== 'object' || value === null || value instanceof Map) return value;
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)]));
  };
  return walk(file) as KnockdFile;
}
