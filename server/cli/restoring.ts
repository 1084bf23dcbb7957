import { InvalidArgumentError, type Command } from 'commander';
import { createInterface } from 'node:readline/promises';
import { tiers, type Tier } from '../../lib/archive.ts';
import { shown } from '../../lib/archive/safe-text.ts';
import { codeOf, LatchkeyError, sentenceOf } from '../../lib/errors.ts';
import type { RestorePlan, RestoreRow, RestoreView } from '../../lib/protocol/restores.ts';
import { headlineSize, readSize } from '../../lib/restore.ts';
import { barOn } from './archives-bar.ts';
import { planReport, restoreReport, statusLine } from './restore-report.ts';

/** A restore as a terminal begins it, changes it and looks on: at home, and on a device. */

export interface RestoreOptions {
  readonly tier?: Tier;
  readonly perDay?: number;
  readonly size?: string;
  readonly wait?: boolean;
  readonly pause?: boolean;
  readonly stop?: boolean;
  readonly continue?: boolean;
  readonly json?: boolean;
}

export interface ArchiveKey {
  readonly vault: string;
  readonly id: string;
}

/** A whole vault by its key, or archives. */
export type Wanted = { vault: string } | { archives: ArchiveKey[] };

/** What the home says of the restore that is under way, or was last. */
export interface Seen {
  readonly restore?: RestoreView;
  readonly rows: readonly RestoreRow[];
  /** Where it is written. */
  readonly folder?: string;
}

/** Whoever is asked: the home agent here, or a home over its relay. */
export interface Restorer {
  /** The command that shows how it stands. */
  readonly command: string;
  /** The folder in a sentence. */
  place(folder: string): string;
  plan(of: Wanted & { perDay?: number }): Promise<{ plan: RestorePlan; folder: string }>;
  /** Gives the restore's id. */
  start(order: { plan: string; tier: Tier; typed: string; cost: number }): Promise<string>;
  seen(): Promise<Seen>;
  cap(restore: string, perDay: number): Promise<unknown>;
  goOn(restore: string): Promise<unknown>;
  pause(restore: string, now: boolean): Promise<unknown>;
}

/** While one looks on: ms. */
const askEvery = 1000;

export function withRestoreOptions(command: Command): Command {
  return command
    .option('--tier <tier>', tiers.join(', '), tier)
    .option('--per-day <size>', 'ask for no more than this in a day: 200GB', bytes)
    .option('--size <size>', 'the plan’s size, typed: begins without asking')
    .option('--wait', 'look on until it is back')
    .option('--pause', 'ask for no more; what is asked for still comes')
    .option('--stop', 'the same, and fetch nothing more, either')
    .option('--continue', 'go on with what was paused');
}

function tier(text: string): Tier {
  const found = tiers.find((one) => one.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw new InvalidArgumentError(`${tiers.join(', ')}.`);
  return found;
}

function bytes(text: string): number {
  const read = readSize(text);
  if (read === undefined) throw new InvalidArgumentError('A size as 200GB or 1.5 TB.');
  return read;
}

/** Whether archives are wanted, and not how a restore stands. Throws `config-usage` for options that do not go together. */
export function isNewRestore(
  wanted: readonly string[],
  options: RestoreOptions & { readonly vault?: string; readonly search?: string },
): boolean {
  const { pause, stop, continue: goOn, vault, search } = options;
  if (search?.trim() === '') throw new LatchkeyError('config-usage', '--search: empty');
  const isNew = wanted.length > 0 || vault !== undefined || search !== undefined;
  const acts = [pause, stop, goOn].filter((each) => each === true).length;
  if (acts > 1 || (acts === 1 && isNew))
    throw new LatchkeyError('config-usage', 'one of --pause, --stop, --continue, and no archives beside it');
  for (const each of ['tier', 'size'] as const)
    if (!isNew && options[each] !== undefined)
      throw new LatchkeyError(
        'config-usage',
        `--${each}: for which archives? What is under way stays as it is`,
      );
  return isNew;
}

/** To be thrown for a word that is no archive: wrong usage where it looks like a mistyped option. */
export function noArchive(word: string): LatchkeyError {
  return word.startsWith('-')
    ? new LatchkeyError('config-usage', `no option and no archive: ${shown(word)}`)
    : new LatchkeyError('config-missing', `archive "${shown(word)}"`);
}

/** Each archive once, however often it was named and found. */
export function onceEach(archives: readonly ArchiveKey[]): ArchiveKey[] {
  return [...new Map(archives.map((one) => [JSON.stringify([one.vault, one.id]), one])).values()];
}

/**
 * Begins what is wanted, else changes what is under way, and prints how it stands; what was seen last, or undefined
 * where nothing was begun or it was begun alone.
 */
export async function restoreBy(
  restorer: Restorer,
  wanted: Wanted | undefined,
  options: RestoreOptions,
): Promise<Seen | undefined> {
  const { json = false, wait = false } = options;
  if (wanted === undefined) await change(restorer, options);
  else if (!(await begin(restorer, wanted, options))) return undefined;
  else if (!wait) {
    if (!json) process.stdout.write(`Begun. It goes on by itself: ${restorer.command}\n`);
    return undefined;
  }
  const seen = wait ? await lookOn(restorer, json) : await restorer.seen();
  const { restore: view, rows, folder } = seen;
  if (json)
    process.stdout.write(
      `${JSON.stringify({ restore: view ?? null, rows, ...(folder === undefined ? {} : { folder }) })}\n`,
    );
  else
    process.stdout.write(
      restoreReport(view, rows, restorer.place(folder ?? view?.folder ?? ''), restorer.command),
    );
  if (view?.status === 'done' && view.failed > 0) process.exitCode = 1;
  return seen;
}

/** Plans, shows the plan, asks for its size. False: nothing was begun. */
async function begin(restorer: Restorer, wanted: Wanted, options: RestoreOptions): Promise<boolean> {
  const { perDay, json = false } = options;
  const { plan, folder } = await restorer.plan({ ...wanted, ...(perDay === undefined ? {} : { perDay }) });
  const choice = plan.choices.find((each) => each.tier === options.tier) ?? plan.choices[0];
  if (choice === undefined || (options.tier !== undefined && choice.tier !== options.tier))
    throw new LatchkeyError(
      'config-usage',
      `--tier: AWS takes ${plan.choices.map((each) => each.tier).join(' or ')} for these`,
    );
  const size = headlineSize(plan.bytes);
  if (json) process.stdout.write(`${JSON.stringify({ plan, folder, size })}\n`);
  else process.stdout.write(planReport(plan, restorer.place(folder), choice));
  const typed = options.size ?? (await ask(size, json));
  if (typed === undefined) {
    if (!json) process.stdout.write(`Nothing is asked yet. To begin: the same again with --size "${size}"\n`);
    return false;
  }
  const cost = choice.retrieval + plan.transfer + plan.copies + plan.requests;
  const restore = await restorer.start({ plan: plan.plan, tier: choice.tier, typed, cost });
  if (json) process.stdout.write(`${JSON.stringify({ restore })}\n`);
  return true;
}

/** Undefined: there is nobody to ask. */
async function ask(size: string, json: boolean): Promise<string | undefined> {
  if (json || !process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(`To begin, type the size, ${size}: `);
  } catch {
    process.stdout.write('\n');
    return undefined; // Ctrl+C, Ctrl+D: nobody said yes
  } finally {
    lines.close();
  }
}

async function change(restorer: Restorer, options: RestoreOptions): Promise<void> {
  if (options.perDay === undefined && !options.pause && !options.stop && !options.continue) return;
  const { restore: view } = await restorer.seen();
  if (view === undefined) throw new LatchkeyError('config-usage', 'no restore was ever begun: name archives');
  if (view.status === 'done') throw new LatchkeyError('config-usage', 'that restore is done: name archives');
  const { restore: id } = view;
  if (options.perDay !== undefined) await restorer.cap(id, options.perDay);
  if (options.continue === true) await restorer.goOn(id);
  if (options.pause === true) await restorer.pause(id, false);
  if (options.stop === true) await restorer.pause(id, true);
}

/** Until it is over. A restore takes hours: a relay or home that is away for a while ends nothing. */
async function lookOn(restorer: Restorer, json: boolean): Promise<Seen> {
  const bar = barOn(process.stderr);
  let said = '';
  // where no bar is drawn, what changed is said once
  const say = (line: string): void => {
    if (!json && !process.stderr.isTTY && line !== said) process.stderr.write(`${line}\n`);
    said = line;
  };
  try {
    for (; ; await new Promise((resolve) => setTimeout(resolve, askEvery))) {
      const now = await restorer.seen().catch((error: unknown) => {
        const code = codeOf(error, 'tool-failed');
        if (!code.startsWith('relay-')) throw error;
        return code;
      });
      if (typeof now === 'string') {
        say(sentenceOf(now));
        continue;
      }
      if (now.restore?.status !== 'running') return now;
      const { backBytes, bytes: of } = now.restore;
      const coming = now.rows.reduce((sum, row) => sum + (row.state === 'back' ? 0 : row.down), 0);
      const line = statusLine(now.restore);
      bar.tell({ label: line, done: Math.min(backBytes + coming, of), of });
      say(line);
    }
  } finally {
    bar.clear();
  }
}
