import { shown } from '../../lib/archive/safe-text.ts';
import type { Client } from '../../lib/client/client.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { archivePage, type ArchiveRow } from '../../lib/protocol/archives.ts';
import { mostChosen, restorePage } from '../../lib/protocol/restores.ts';
import { withHome } from '../device/device.ts';
import { keyOf } from './device-archives.ts';
import { folder, type Common } from './device-options.ts';
import {
  isNewRestore,
  noArchive,
  onceEach,
  restoreBy,
  type ArchiveKey,
  type Restorer,
  type RestoreOptions,
  type Wanted,
} from './restoring.ts';

interface Options extends Common, RestoreOptions {
  readonly vault?: string;
  readonly search?: string;
}

/** `latchkey device archives restore`: what the app's restore screens do. Needs the permission at home. */
export async function restore(wanted: readonly string[], options: Options): Promise<void> {
  const isNew = isNewRestore(wanted, options);
  await withHome(folder(), options.home, async (client) => {
    await restoreBy(
      deviceRestorer(client),
      isNew ? await chosen(client, wanted, options) : undefined,
      options,
    );
  });
}

function deviceRestorer({ archives }: Client): Restorer {
  return {
    command: 'latchkey device archives restore',
    place: (name) => `the folder ${name} at home`,
    async plan(of) {
      const { plan } = (await archives.plan(of)).value;
      return { plan, folder: plan.folder };
    },
    start: async (order) => (await archives.start(order)).value.restore,
    seen: async () => (await archives.restores({ from: 0, limit: restorePage })).value,
    cap: (id, perDay) => archives.cap(id, perDay),
    goOn: (id) => archives.goOn(id),
    pause: (id, now) => archives.pause(id, now),
  };
}

async function chosen(
  client: Client,
  wanted: readonly string[],
  { vault, search }: Options,
): Promise<Wanted> {
  const of =
    vault === undefined ? {} : { vault: keyOf(vault, (await client.archives.totals()).value.vaults) };
  if (wanted.length === 0 && search === undefined && of.vault !== undefined) return { vault: of.vault };
  const archives: ArchiveKey[] = [];
  if (search !== undefined)
    for await (const { vault: its, id } of rows(client, { ...of, search })) {
      archives.push({ vault: its, id });
      if (archives.length > mostChosen) break;
    }
  for (const each of wanted) archives.push(await oneOf(client, each, of));
  const once = onceEach(archives);
  if (once.length === 0) throw new LatchkeyError('config-missing', `--search ${shown(search ?? '')}`);
  if (once.length > mostChosen)
    throw new LatchkeyError('config-usage', `more than ${mostChosen} archives: name a --vault, or fewer`);
  return { archives: once };
}

async function* rows(client: Client, query: { vault?: string; search: string }): AsyncGenerator<ArchiveRow> {
  let after: string | undefined;
  do {
    const from = after === undefined ? {} : { after };
    const { value: page } = await client.archives.list({ ...query, ...from, limit: archivePage });
    yield* page.rows;
    after = page.next;
  } while (after !== undefined);
}

/** By its id, or by its whole name. Throws `config-missing`, `config-usage` for a name of several. */
async function oneOf(client: Client, wanted: string, of: { vault?: string }): Promise<ArchiveKey> {
  const found: ArchiveKey[] = [];
  for await (const { vault, id, name, cut } of rows(client, { ...of, search: wanted.slice(0, 200) })) {
    if (id === wanted || (name === wanted && cut !== true)) found.push({ vault, id });
    if (found.length > 1) break;
  }
  const [one] = found;
  if (one === undefined) throw noArchive(wanted);
  if (found.length > 1)
    throw new LatchkeyError(
      'config-usage',
      `several are called ${shown(wanted)}: name its id, ${shown(one.id)} or another`,
    );
  return one;
}
