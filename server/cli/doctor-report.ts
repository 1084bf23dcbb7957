import type { CheckResult } from '../../lib/checks.ts';
import { wordsOf } from '../../lib/check-words.ts';
import type { Examination } from '../doctor/examine.ts';
import { printable } from './pair.ts';

/** Findings first, then what was not looked at, then one line. */
export function reportOf({ ready, checks }: Examination): string {
  const findings = checks.filter(({ state }) => state === 'finding');
  const unknowns = checks.filter(({ state }) => state === 'unknown');
  const fine = checks.length - findings.length - unknowns.length;
  const parts = [...findings.map(paragraph)];
  if (unknowns.length > 0)
    parts.push(
      `Not checked:\n${unknowns.map((one) => `  ${printable(wordsOf(one).text)}${behind(one)}\n`).join('')}`,
    );
  parts.push(
    ready
      ? `Ready. ${fine} of ${checks.length} are sound.\n`
      : `${verdict(findings.length, unknowns.length)} ${fine} of ${checks.length} are sound.\n`,
  );
  return parts.join('\n');
}

function verdict(findings: number, unknowns: number): string {
  const rest = unknowns === 0 ? '' : ` ${unknowns} not checked${asRoot()}.`;
  return `Not ready. ${findings === 0 ? 'Nothing found.' : `${findings} to look at.`}${rest}`;
}

function asRoot(): string {
  return process.getuid?.() === 0 ? '' : ' (as root, more can be)';
}

function behind({ door }: CheckResult): string {
  return door === undefined ? '' : ` (door ${door})`;
}

function paragraph(check: CheckResult): string {
  const { text, cost, remedy, command } = wordsOf(check);
  const lines = [cost, remedy, command === undefined ? undefined : `  ${command}`];
  const told = lines.flatMap((line) => (line === undefined ? [] : [`  ${printable(line)}\n`]));
  return `${printable(text)}${behind(check)}\n${told.join('')}`;
}
