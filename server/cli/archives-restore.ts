import { InvalidArgumentError, type Command } from 'commander';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { tiers, type Tier } from '../../lib/archive.ts';
import { shown } from '../../lib/archive/safe-text.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import {
  restorePage,
  type RestorePlan,
  type RestoreRow,
  type RestoreView,
} from '../../lib/protocol/restores.ts';
import { headlineSize, readSize } from '../../lib/restore.ts';
import { mostNamed } from '../agent/archives/restore-control.ts';
import type { KnownHere } from '../archives/known.ts';
import { ControlClient } from '../control-client.ts';
import { folders } from '../folders.ts';
import { databaseFile } from './archives.ts';
import { barOn } from './archives-bar.ts';
import { printRestored } from './archives-restored.ts';
import { takesIds } from './ids.ts';
import { openKnown } from './known-archives.ts';
import { planReport, restoreReport, statusLine } from './restore-report.ts';

interface Options {
  readonly vault?: string;
  readonly search?: string;
  readonly tier?: Tier;
  readonly perDay?: number;
  readonly size?: string;
  readonly wait?: boolean;
  readonly pause?: boolean;
  readonly stop?: boolean;
  readonly continue?: boolean;
  readonly ask?: boolean;
  readonly json?: boolean;
}

/** What the home agent says of the restore that is under way, or was last. */
interface Seen {
  readonly restore?: RestoreView;
  readonly rows: readonly RestoreRow[];
  readonly folder: string;
}

/** While one looks on: ms. */
const askEvery = 1000;

/** Adds what gets archives back. The home agent does it: it goes on without this command. */
export function registerRestore(archives: Command): void {
  takesIds(archives.command('restore [archive...]'))
    .description(
      'gets archives back, by id or name; without any: how the restore stands, and how to put it together',
    )
    .option('--vault <name>', 'of this vault or bucket, by name or ARN; without archives: all of it')
    .option('--search <text>', 'what `archives list --search` shows')
    .option('--tier <tier>', tiers.join(', '), tier)
    .option('--per-day <size>', 'ask for no more than this in a day: 200GB', bytes)
    .option('--size <size>', 'the plan’s size, typed: begins without asking')
    .option('--wait', 'look on until it is back')
    .option('--pause', 'ask for no more; what is asked for still comes')
    .option('--stop', 'the same, and fetch nothing more, either')
    .option('--continue', 'go on with what was paused')
    .option('--ask', 'gpg may ask for a passphrase, to read the names inside')
    .option('--json')
    .action(restore);
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

async function restore(wanted: readonly string[], options: Options): Promise<void> {
  const isNew = wanted.length > 0 || options.vault !== undefined || options.search !== undefined;
  const acts = [options.pause, options.stop, options.continue].filter((each) => each === true).length;
  if (acts > 1 || (acts === 1 && isNew))
    throw new LatchkeyError('config-usage', 'one of --pause, --stop, --continue, and no archives beside it');
  const control = await ControlClient.connect(folders().controlSocket);
  try {
    if (isNew && !(await begin(control, wanted, options))) return;
    if (!isNew) await act(control, options);
    await look(control, options, isNew);
  } finally {
    control.close();
  }
}

/** Plans, shows the plan, asks for its size. False: nothing was begun. */
async function begin(control: ControlClient, wanted: readonly string[], options: Options): Promise<boolean> {
  const { perDay, json = false } = options;
  const answer = await control.ask({
    verb: 'restorePlan',
    ...(await chosen(wanted, options)),
    ...(perDay === undefined ? {} : { perDay }),
  });
  const { plan, folder } = answer as unknown as { plan: RestorePlan; folder: string };
  const choice = plan.choices.find((each) => each.tier === options.tier) ?? plan.choices[0];
  if (choice === undefined || (options.tier !== undefined && choice.tier !== options.tier))
    throw new LatchkeyError(
      'config-usage',
      `--tier: AWS takes ${plan.choices.map((each) => each.tier).join(' or ')} for these`,
    );
  const size = headlineSize(plan.bytes);
  if (json) process.stdout.write(`${JSON.stringify({ plan, folder, size })}\n`);
  else process.stdout.write(planReport(plan, folder, choice));
  const typed = options.size ?? (await ask(size, json));
  if (typed === undefined) {
    if (!json) process.stdout.write(`Nothing is asked yet. To begin: the same again with --size "${size}"\n`);
    return false;
  }
  const cost = choice.retrieval + plan.transfer + plan.copies + plan.requests;
  const begun = await control.ask({ verb: 'restoreStart', plan: plan.plan, tier: choice.tier, typed, cost });
  if (json) process.stdout.write(`${JSON.stringify({ restore: begun['restore'] })}\n`);
  return true;
}

/** Undefined: there is nobody to ask. */
async function ask(size: string, json: boolean): Promise<string | undefined> {
  if (json || !process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(`To begin, type the size, ${size}: `);
  } finally {
    lines.close();
  }
}

async function act(control: ControlClient, options: Options): Promise<void> {
  if (options.perDay === undefined && !options.pause && !options.stop && !options.continue) return;
  const { restore: view } = await seen(control);
  if (view === undefined) throw new LatchkeyError('archives-missing', 'no restore was ever begun');
  const { restore: id } = view;
  if (options.perDay !== undefined)
    await control.ask({ verb: 'restoreCap', restore: id, perDay: options.perDay });
  if (options.continue === true) await control.ask({ verb: 'restoreGoOn', restore: id });
  if (options.pause === true) await control.ask({ verb: 'restorePause', restore: id });
  if (options.stop === true) await control.ask({ verb: 'restorePause', restore: id, now: true });
}

async function seen(control: ControlClient): Promise<Seen> {
  return (await control.ask({ verb: 'restores', from: 0, limit: restorePage })) as unknown as Seen;
}

/** How it stands; with `--wait`, until it is over. */
async function look(control: ControlClient, options: Options, begun: boolean): Promise<void> {
  const { json = false } = options;
  const bar = barOn(process.stderr);
  let now = await seen(control);
  if (options.wait === true) {
    let said = '';
    while (now.restore?.status === 'running') {
      const { backBytes, bytes: of } = now.restore;
      const coming = now.rows.reduce((sum, row) => sum + (row.state === 'back' ? 0 : row.down), 0);
      const line = statusLine(now.restore);
      bar.tell({ label: line, done: Math.min(backBytes + coming, of), of });
      // where no bar is drawn, what changed is said once
      if (!json && !process.stderr.isTTY && line !== said) process.stderr.write(`${line}\n`);
      said = line;
      await new Promise((resolve) => setTimeout(resolve, askEvery));
      now = await seen(control);
    }
    bar.clear();
  }
  const { restore: view, rows, folder } = now;
  if (begun && options.wait !== true) {
    if (!json) process.stdout.write('Begun. It goes on by itself: latchkey archives restore\n');
    return;
  }
  if (json) process.stdout.write(`${JSON.stringify({ restore: view ?? null, rows, folder })}\n`);
  else process.stdout.write(restoreReport(view, rows, folder));
  if (view === undefined) return;
  if (view.back > 0) await printRestored(control, view, folder, options);
  if (view.status === 'done' && view.failed > 0) process.exitCode = 1;
}

/** What the plan is to be of. Throws `config-missing` for a name of nothing, `config-usage` for one of several. */
async function chosen(
  wanted: readonly string[],
  { vault, search }: Options,
): Promise<{ vault: string } | { archives: { vault: string; id: string }[] }> {
  if (!existsSync(databaseFile())) throw new LatchkeyError('archives-nothing');
  const catalogue = await openKnown();
  try {
    const key = vault === undefined ? undefined : await keyOf(catalogue, vault);
    if (wanted.length === 0 && search === undefined && key !== undefined) return { vault: key };
    const of = key === undefined ? {} : { vault: key };
    const found = search === undefined ? [] : await all(catalogue, { ...of, search });
    for (const each of wanted) found.push(await oneOf(catalogue, each, of));
    if (found.length === 0) throw new LatchkeyError('archives-nothing', `--search ${shown(search ?? '')}`);
    return { archives: found };
  } finally {
    await catalogue.close();
  }
}

async function keyOf(catalogue: KnownHere, wanted: string): Promise<string> {
  const found = (await catalogue.vaults()).filter(({ key, name }) => key === wanted || name === wanted);
  const [one] = found;
  if (one === undefined) throw new LatchkeyError('config-missing', `vault "${shown(wanted)}"`);
  if (found.length > 1) throw new LatchkeyError('config-usage', found.map(({ key }) => key).join(' or '));
  return one.key;
}

interface Key {
  readonly vault: string;
  readonly id: string;
}

async function all(catalogue: KnownHere, query: { vault?: string; search: string }): Promise<Key[]> {
  const found: Key[] = [];
  let after: string | undefined;
  do {
    const page = await catalogue.page({ ...query, limit: 1000, ...(after === undefined ? {} : { after }) });
    for (const { vault, id } of page.rows) found.push({ vault, id });
    after = page.next ?? undefined;
    if (found.length > mostNamed)
      throw new LatchkeyError('config-usage', `more than ${mostNamed} archives: name a vault, or fewer`);
  } while (after !== undefined);
  return found;
}

/** By its id, or by its whole name. */
async function oneOf(catalogue: KnownHere, wanted: string, of: { vault?: string }): Promise<Key> {
  const found: Key[] = [];
  let after: string | undefined;
  do {
    const page = await catalogue.page({
      ...of,
      search: wanted,
      limit: 1000,
      ...(after === undefined ? {} : { after }),
    });
    for (const { vault, id, name } of page.rows)
      if (id === wanted || name === wanted) found.push({ vault, id });
    after = page.next ?? undefined;
  } while (after !== undefined && found.length < 2);
  const [one] = found;
  if (one === undefined) throw new LatchkeyError('config-missing', `archive "${shown(wanted)}"`);
  if (found.length > 1)
    throw new LatchkeyError(
      'config-usage',
      `several are called ${shown(wanted)}: name its id, ${one.id} or another`,
    );
  return one;
}
