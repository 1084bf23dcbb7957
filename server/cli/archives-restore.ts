import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { shown } from '../../lib/archive/safe-text.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { restorePage, type RestorePlan } from '../../lib/protocol/restores.ts';
import { mostNamed } from '../agent/archives/restore-control.ts';
import type { KnownHere } from '../archives/known.ts';
import { ControlClient } from '../control-client.ts';
import { folders } from '../folders.ts';
import { databaseFile } from './archives.ts';
import { printRestored } from './archives-restored.ts';
import { takesIds } from './ids.ts';
import { openKnown } from './known-archives.ts';
import {
  isNewRestore,
  noArchive,
  onceEach,
  restoreBy,
  withRestoreOptions,
  type ArchiveKey,
  type RestoreOptions,
  type Restorer,
  type Seen,
  type Wanted,
} from './restoring.ts';

interface Options extends RestoreOptions {
  readonly vault?: string;
  readonly search?: string;
  readonly ask?: boolean;
}

/** Adds what gets archives back. The home agent does it: it goes on without this command. */
export function registerRestore(archives: Command): void {
  const command = takesIds(archives.command('restore [archive...]'))
    .description(
      'gets archives back, by id or name; without any: how the restore stands, and how to put it together',
    )
    .option('--vault <name>', 'of this vault or bucket, by name or ARN; without archives: all of it')
    .option('--search <text>', 'what `archives list --search` shows');
  withRestoreOptions(command)
    .option('--ask', 'gpg may ask for a passphrase, to read the names inside')
    .option('--json')
    .action(restore);
}

async function restore(wanted: readonly string[], options: Options): Promise<void> {
  const isNew = isNewRestore(wanted, options);
  const control = await ControlClient.connect(folders().controlSocket);
  try {
    const of = isNew ? await chosen(wanted, options) : undefined;
    const seen = await restoreBy(homeRestorer(control), of, options);
    const { restore: view, folder = '' } = seen ?? {};
    if (view !== undefined && view.back > 0) await printRestored(control, view, folder, options);
  } finally {
    control.close();
  }
}

function homeRestorer(control: ControlClient): Restorer {
  return {
    command: 'latchkey archives restore',
    place: (folder) => folder,
    async plan(of) {
      const { plan, folder } = await control.ask({ verb: 'restorePlan', ...of });
      return { plan: plan as RestorePlan, folder: String(folder) };
    },
    start: async (order) => String((await control.ask({ verb: 'restoreStart', ...order }))['restore']),
    seen: async () =>
      (await control.ask({ verb: 'restores', from: 0, limit: restorePage })) as unknown as Seen,
    cap: (id, perDay) => control.ask({ verb: 'restoreCap', restore: id, perDay }),
    goOn: (id) => control.ask({ verb: 'restoreGoOn', restore: id }),
    pause: (id, now) => control.ask({ verb: 'restorePause', restore: id, ...(now ? { now } : {}) }),
  };
}

/** What the plan is to be of. Throws `config-missing` for a name of nothing, `config-usage` for one of several. */
async function chosen(wanted: readonly string[], { vault, search }: Options): Promise<Wanted> {
  if (!existsSync(databaseFile())) throw new LatchkeyError('archives-nothing');
  const catalogue = await openKnown();
  try {
    const key = vault === undefined ? undefined : await keyOf(catalogue, vault);
    if (wanted.length === 0 && search === undefined && key !== undefined) return { vault: key };
    const of = key === undefined ? {} : { vault: key };
    const found = search === undefined ? [] : await all(catalogue, { ...of, search });
    for (const each of wanted) found.push(await oneOf(catalogue, each, of));
    if (found.length === 0) throw new LatchkeyError('config-missing', `--search ${shown(search ?? '')}`);
    return { archives: onceEach(found) };
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

async function all(catalogue: KnownHere, query: { vault?: string; search: string }): Promise<ArchiveKey[]> {
  const found: ArchiveKey[] = [];
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
async function oneOf(catalogue: KnownHere, wanted: string, of: { vault?: string }): Promise<ArchiveKey> {
  const found: ArchiveKey[] = [];
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
  if (one === undefined) throw noArchive(wanted);
  if (found.length > 1)
    throw new LatchkeyError(
      'config-usage',
      `several are called ${shown(wanted)}: name its id, ${one.id} or another`,
    );
  return one;
}
