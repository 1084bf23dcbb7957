import type { Finding, KnockdLint, LintedDoor, Severity } from '../../lib/knockd/lint.ts';
import { printable } from './pair.ts';

/** For people: the verdict, then what is wrong in the file as a whole, then each door with its findings. */
export function lintReport(result: KnockdLint): string {
  const { accepted, error, doors, findings } = result;
  const lines = [
    accepted
      ? `Accepted: knockd starts with this file. ${count(doors.length, 'door')}, ${tally(findings)}.`
      : `Rejected: knockd does not start. Line ${error?.line ?? 0}: ${error?.reason ?? ''}.`,
  ];
  const rest = new Set(findings);
  const take = (mine: (finding: Finding) => boolean): string[] => {
    const taken = [...rest].filter(mine);
    for (const finding of taken) rest.delete(finding);
    return taken.flatMap(findingLines);
  };
  lines.push(...take((finding) => finding.door === undefined || !accepted));
  for (const [index, door] of doors.entries()) {
    if (!accepted) break;
    // Of two doors with one name each has the findings of its own lines.
    const end = doors[index + 1]?.line ?? Infinity;
    lines.push('', doorLine(door));
    lines.push(...take(({ door: name, line = 0 }) => name === door.name && line >= door.line && line < end));
  }
  lines.push(...take(() => true));
  return `${lines.map((line) => printable(line)).join('\n')}\n`;
}

function doorLine(door: LintedDoor): string {
  const sequence = door.sequence === '' ? 'sequence from a file' : door.sequence;
  const stops = (door.stopCommand ?? door.stopCommand6 ?? '') !== '';
  return `[${door.name}]  ${sequence}, within ${door.seqTimeout} s${stops ? `; open for ${door.cmdTimeout} s` : ''}`;
}

const widest = 'warning'.length;

function findingLines({ severity, line, code, text, remedy }: Finding): string[] {
  const where = line === undefined ? '' : `line ${line}, `;
  const indent = ' '.repeat(widest + 4);
  return [`  ${severity.padEnd(widest)}  ${where}${code}`, `${indent}${text}`, `${indent}→ ${remedy}`];
}

function tally(findings: readonly Finding[]): string {
  const kinds: readonly Severity[] = ['error', 'warning', 'note'];
  const some = kinds.flatMap((kind) => {
    const number = findings.filter(({ severity }) => severity === kind).length;
    return number === 0 ? [] : [count(number, kind)];
  });
  return some.length === 0 ? 'nothing to mend' : some.join(', ');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
