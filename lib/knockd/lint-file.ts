import { pieces } from './c-text.ts';
import type { Finding } from './finding.ts';
import type { LintCase } from './lint-case.ts';
import type { KnockdDirective, KnockdFile } from './read.ts';

/** `[options]`, and what may be wrong in any section. */
export function lintFile(text: string, its: LintCase): Finding[] {
  return [
    ...lintDoors(text, its),
    ...lintInterface(its),
    ...lintLog(its),
    ...its.file.directives.flatMap((directive) => lintValue(its.file, directive)),
    ...lintRepeats(its.file),
    ...lintLines(text),
  ];
}

/** knockd starts without a door, and says nothing of it. */
function lintDoors(text: string, { file }: LintCase): Finding[] {
  if (file.doors.length > 0) return [];
  const hasNul = text.includes('\0');
  return [
    {
      code: 'no-door',
      severity: 'error',
      text: hasNul
        ? 'knockd starts and hears no knock: it skips the rest of a line after a NUL byte, and what is left holds no door.'
        : 'knockd starts and hears no knock: the file holds no door, which is a section of any name but `options`.',
      remedy: hasNul
        ? 'Bring the file back from a copy, or write it anew as plain text without NUL bytes.'
        : 'Give it a section with a title, e.g. `[ssh]`, and under it `sequence = …` and `start_command = …`.',
    },
  ];
}

function lintInterface({ file, facts, directives }: LintCase): Finding[] {
  const found: Finding[] = [];
  const name = file.options.interface ?? '';
  const given = directives(undefined).filter((one) => one.key === 'INTERFACE');
  const line = given.find((one) => one.value !== '')?.line ?? 1;
  if (given.filter((one) => one.value !== '').length > 1) {
    found.push({
      code: 'interface-repeated',
      severity: 'warning',
      line: given.at(-1)?.line ?? 1,
      text: `Interface stands here more than once; knockd takes the first, ${name}, and no other.`,
      remedy: 'Keep one. For two interfaces run two knockd, each with a file of its own.',
    });
  }
  if (name === 'any') {
    found.push({
      code: 'interface-any',
      severity: 'error',
      line,
      text: 'On the interface `any` knockd starts, but has no address of its own there and hears no knock.',
      remedy: 'Name the interface that knocks come in by, e.g. `Interface = eth0`.',
    });
  } else if (/[\s,]/.test(name)) {
    found.push({
      code: 'interface-list',
      severity: 'error',
      line,
      text: `knockd takes all of “${name}” for the name of one interface, and exits.`,
      remedy: 'Name one. For two interfaces run two knockd, each with a file of its own.',
    });
  } else if (facts.interfaces?.includes(name === '' ? 'eth0' : name) === false) {
    const missing = name === '' ? 'The file names no interface, and eth0, knockd’s own choice,' : name;
    found.push({
      code: 'interface-missing',
      severity: 'error',
      line,
      text: `${missing} is not an interface of this machine: knockd exits unless -i names another.`,
      remedy: `Name one that is: ${facts.interfaces.filter((each) => each !== 'lo').join(', ')}.`,
    });
  }
  return found;
}

function lintLog({ file, at }: LintCase): Finding[] {
  const { logFile, pidFile, useSyslog } = file.options;
  const found: Finding[] = [];
  if (!useSyslog && (logFile ?? '') === '') {
    found.push({
      code: 'no-log',
      severity: 'note',
      text: 'Neither UseSyslog nor LogFile is set: unless -g is given, nobody can see later who knocked.',
      remedy: 'Write `UseSyslog` under `[options]`.',
    });
  }
  for (const [key, path] of [
    ['LogFile', logFile],
    ['PidFile', pidFile],
  ] as const) {
    if (path === undefined || path === '' || path.startsWith('/')) continue;
    found.push({
      code: 'path-relative',
      severity: 'warning',
      line: at(undefined, key.toUpperCase()),
      text: `${key} is “${path}”: as a daemon knockd works in /, so the file is looked for there after a reload.`,
      remedy: 'Write the whole path, from `/`.',
    });
  }
  return found;
}

const commands = /^(?:START_COMMAND|COMMAND|STOP_COMMAND)(?:_6)?$/;

function lintValue(file: KnockdFile, { key, value = '', line, door }: KnockdDirective): Finding[] {
  if (commands.test(key)) return [];
  const where = { line, ...(door === undefined ? {} : { door: file.doors[door]?.name ?? '' }) };
  const found: Finding[] = [];
  if (/^["']/.test(value)) {
    found.push({
      code: 'quoted-value',
      severity: 'error',
      ...where,
      text: `knockd keeps the quotes of ${value}: they are part of the value.`,
      remedy: 'Take the quotes away.',
    });
  }
  if (/(?:^|\s)(?:#|;|\/\/)/.test(value)) {
    found.push({
      code: 'inline-comment',
      severity: /TIMEOUT$/.test(key) ? 'note' : 'error',
      ...where,
      text: `A comment does not end a line of knockd.conf: the whole of “${value}” is the value.`,
      remedy: 'Put the comment on a line of its own, beginning with `#`.',
    });
  }
  return found;
}

const aliases: Readonly<Record<string, string>> = {
  COMMAND: 'START_COMMAND',
  COMMAND_6: 'START_COMMAND_6',
  TIMEOUT: 'SEQ_TIMEOUT',
};

function lintRepeats(file: KnockdFile): Finding[] {
  const found: Finding[] = [];
  const seen = new Map<string, KnockdDirective>();
  for (const directive of file.directives) {
    // Flags add up, Interface has a finding of its own.
    if (/^(?:TCPFLAGS|INTERFACE|USESYSLOG)$/.test(directive.key)) continue;
    const key = aliases[directive.key] ?? directive.key;
    const before = seen.get(`${directive.door}:${key}`);
    seen.set(`${directive.door}:${key}`, directive);
    if (before === undefined || before.value === directive.value) continue;
    found.push({
      code: 'key-repeated',
      severity: 'warning',
      ...(directive.door === undefined ? {} : { door: file.doors[directive.door]?.name ?? '' }),
      line: directive.line,
      text: `${before.key} of line ${before.line} is set again here as ${directive.key}: only the last one counts.`,
      remedy: 'Keep one of them.',
    });
  }
  const names = new Map<string, number>();
  for (const { name, line } of file.doors) {
    const first = names.get(name);
    if (first === undefined) names.set(name, line);
    else {
      found.push({
        code: 'name-repeated',
        severity: 'warning',
        door: name,
        line,
        text: `[${name}] stands in line ${first} already. Both are doors, and the log does not tell them apart.`,
        remedy: 'Give one of them another name.',
      });
    }
  }
  return found;
}

/** fgets takes 4095 bytes: what is longer goes on as a line of its own. */
export function lintLines(text: string): Finding[] {
  const found: Finding[] = [];
  let line = 0;
  for (const piece of pieces(text)) {
    line += 1;
    if (piece.length < 4095 || piece.endsWith('\n')) continue;
    found.push({
      code: 'line-too-long',
      severity: 'error',
      line,
      text: 'knockd reads 4095 bytes of a line, and takes the rest for the next line.',
      remedy: 'Put a long command into a script of its own, root’s alone, and call that.',
    });
  }
  return found;
}
