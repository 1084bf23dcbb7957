import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { wordsOf, type CheckResult } from '../../lib/checks.ts';
import { examine, type Examination } from '../doctor/examine.ts';
import { folders } from '../folders.ts';
import { printable } from './pair.ts';

interface Options {
  readonly dir?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Where the units keep the door files. */
const ofUnits = '/etc/latchkey';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('is this home ready? what is wrong, what it costs, what mends it; changes nothing')
    .option('--dir <folder>', 'folder of agent.toml (default: $LATCHKEY_DIR/agent)')
    .option('--config <folder>', 'DIR of the helper (default: $LATCHKEY_DIR/helper)')
    .option('--json')
    .action(async (options: Options) => {
      const usual = folders();
      const helper = !existsSync(usual.helper) && existsSync(ofUnits) ? ofUnits : usual.helper;
      const examined = await examine({
        agent: path.resolve(options.dir ?? usual.agent),
        helper: path.resolve(options.config ?? helper),
      });
      process.stdout.write(options.json === true ? jsonOf(examined) : reportOf(examined));
      if (!examined.ready) process.exitCode = 1;
    });
}

function jsonOf({ ready, checks }: Examination): string {
  return `${JSON.stringify({ ready, checks: checks.map((check) => ({ ...check, ...wordsOf(check) })) })}\n`;
}

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
