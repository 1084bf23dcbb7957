import { pieces, toUnicode, trim, upper } from './c-text.ts';
import { lintLines } from './lint-file.ts';
import { readLine } from './read.ts';
import type { Finding } from './finding.ts';
import type { KnockdFile } from './read.ts';

const options = new Set(['LOGFILE', 'PIDFILE', 'INTERFACE']);
const inDoors = [
  ...['SEQUENCE', 'ONE_TIME_SEQUENCES', 'SEQ_TIMEOUT', 'TIMEOUT', 'TCPFLAGS', 'TARGET', 'CMD_TIMEOUT'],
  ...['START_COMMAND', 'COMMAND', 'START_COMMAND_6', 'COMMAND_6', 'STOP_COMMAND', 'STOP_COMMAND_6'],
];

/** Why knockd does not start with the file, and what mends the line. */
export function explainRejection(text: string, file: KnockdFile): Finding[] {
  const { line, reason } = file.error ?? { line: 1, reason: '' };
  const { section, raw } = place(text, line);
  const found = lintLines(text);
  if (section !== undefined && section !== 'options' && /^options$/i.test(section.trim())) {
    found.push({
      code: 'options-name',
      severity: 'error',
      line,
      text: `[${section}] is a door to knockd: only \`[options]\`, in small letters, holds its options.`,
      remedy: `Write \`[options]\` instead of \`[${section}]\`.`,
    });
  }
  const door = section === undefined || section === '' || section === 'options' ? {} : { door: section };
  found.push({
    code: 'rejected',
    severity: 'error',
    ...door,
    line,
    text: `knockd does not start: line ${line}: ${reason}. One bad line, and no door of the file works.`,
    remedy: remedyOf(reason, raw, section),
  });
  return found;
}

/** The section that a line stands in, and the line itself without space around it. */
function place(text: string, line: number): { section?: string; raw: string } {
  let section: string | undefined;
  let number = 0;
  for (const piece of pieces(text)) {
    number += 1;
    const read = readLine(piece);
    if (read?.kind === 'section') section = toUnicode(read.name);
    if (number === line) return { ...(section === undefined ? {} : { section }), raw: trim(piece) };
  }
  return { raw: '' };
}

const remedies: readonly [RegExp, string][] = [
  [
    /^unrecognized flag/,
    'Write flags with commas and no space, e.g. `tcpflags = syn,!ack`, and no comment behind.',
  ],
  [
    /unknown protocol in knock sequence$/,
    'Write `tcp` or `udp` after the colon, e.g. `7000:udp,8000`, and no comment behind.',
  ],
  [/: port .* is invalid$/, 'Write a port from 1 to 65535.'],
  [/too many ports in knock sequence$/, 'Write at most 32 ports.'],
  [/has an empty knock sequence$/, 'Give the section a `sequence = …`, or take its title away.'],
  [/^bad section name$/, 'Write a name between the brackets.'],
  [/^target /, 'Write one IP address, as `ip address` prints it.'],
  [
    /cannot be opened for reading and writing$/,
    'Create the file of one-time sequences, writable for knockd.',
  ],
  [/^no more sequences left/, 'Write new sequences into the file, one a line.'],
];

function remedyOf(reason: string, raw: string, section: string | undefined): string {
  for (const [pattern, remedy] of remedies) if (pattern.test(reason)) return remedy;
  if (raw.startsWith('\xef\xbb\xbf')) return 'Save the file without a byte order mark.';
  if (/^(?:;|\/\/)/.test(raw)) return 'Begin a comment with `#`: knockd knows no other.';
  if (raw.startsWith('[')) return 'End the title with `]`: nothing may follow it, a comment neither.';
  if (section === undefined) return 'Put `[options]`, or the title of a door, before it.';
  const [name = ''] = raw.split('=');
  const key = upper(trim(name));
  if (key === 'USESYSLOG') return 'Write `UseSyslog` alone, without `=`.';
  if (!raw.includes('=')) return 'Write `directive = value`, or begin the line with `#`.';
  if (section === 'options' && inDoors.includes(key)) return `Move ${trim(name)} into the section of a door.`;
  if (section !== 'options' && options.has(key)) return `Move ${trim(name)} under \`[options]\`.`;
  const meant = [...inDoors, ...options].find((each) => plain(each) === plain(key));
  if (meant !== undefined) return `Write \`${meant.toLowerCase()}\`.`;
  return 'Take the line away: knockd has no such directive.';
}

function plain(key: string): string {
  return key.replace(/[^A-Z0-9]/g, '');
}
