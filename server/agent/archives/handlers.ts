import { vaultOf } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import type { ResultOf } from '../../../lib/protocol/message.ts';
import { mostCounted } from '../../archives/catalogue.ts';
import { fitting, room, sizeOf } from '../fit.ts';
import type { HandlerParts, Handlers } from '../handlers.ts';
import type { LiveSession } from '../live-sessions.ts';
import { unwrap } from '../outcome.ts';
import { summary } from './summary.ts';
import { cutText, cutToFit, rowView } from './views.ts';
import { wholeRow } from './whole-row.ts';

/** Bytes of JSON of a name, and of a description: with the longest id they fill a message. */
const longest = 4300;

type ArchiveTypes =
  | 'archives'
  | 'archiveList'
  | 'archive'
  | 'inventory'
  | 'importBegin'
  | 'importPart'
  | 'importEnd'
  | 'importStop';

export const archiveHandlers: Pick<Handlers, ArchiveTypes> = {
  archives({ live, parts }) {
    return summary(live.device, parts);
  },

  async archiveList({ request, parts: { archives } }) {
    const { type: _type, whole, ...query } = request;
    const view = whole === true ? wholeRow : rowView;
    const { catalogue, revision } = await archives.look();
    const answer: ResultOf<'archiveList'> = { type: 'archiveList', revision, rows: [] };
    if (catalogue === undefined) return query.after === undefined ? { ...answer, count: 0 } : answer;
    let page = await catalogue.page(query);
    const around = sizeOf(answer) + sizeOf({ count: mostCounted });
    const fit = fitting(page.rows.map(view), query.limit, room - around - sizeOf(page.next ?? '') - 20);
    // A page that is shorter than asked for ends with another row, so its `next` is another, too.
    if (fit.length < page.rows.length) page = await catalogue.page({ ...query, limit: fit.length });
    const { next, count } = page;
    return {
      ...answer,
      rows: page.rows.map(view),
      ...(next === null ? {} : { next }),
      ...(count === undefined || count > mostCounted ? {} : { count }),
    };
  },

  async archive({ request, parts: { archives } }) {
    const catalogue = await archives.catalogue();
    const found = await catalogue?.archive(request.vault, request.id);
    if (catalogue === undefined || found === undefined) return { type: 'archive' };
    const { name, description, dialect, storageClass, treeHash, vaultName } = found;
    const region = vaultOf(found.vault)?.region ?? undefined;
    const jobs = await catalogue.jobs({ vault: found.vault, kind: 'archive' });
    const job = jobs.find((one) => one.archive === found.id);
    const { cut: _cut, ...row } = rowView(found);
    return {
      type: 'archive',
      archive: {
        ...row,
        name: cutToFit(name, 1024, longest),
        description: cutToFit(description, 1024, longest),
        dialect,
        storageClass,
        ...(treeHash === null ? {} : { treeHash }),
        ...(region === undefined ? {} : { region }),
        ...(vaultName === null ? {} : { vaultName: cutText(vaultName, 255) }),
        ...(job === undefined ? {} : { askedAt: job.askedAt }),
        ...(job === undefined || job.askedBy === null ? {} : { askedBy: cutText(job.askedBy, 64) }),
      },
    };
  },

  async inventory({ request, live, parts: { archives } }) {
    const { vaults = 0 } = unwrap(await archives.asking.ask(request, live));
    return { type: 'inventoryAsked', vaults };
  },

  async importBegin({ request, live, parts }) {
    await requireRestore(live, parts);
    const spend = (): void => parts.requests.spend(live.device);
    const at = await parts.archives.dropped.begin(live.device, request, spend);
    return { type: 'importing', import: request.id, at };
  },

  async importPart({ request, live, parts }) {
    await requireRestore(live, parts);
    const at = await parts.archives.dropped.part(live.device, request);
    return { type: 'importing', import: request.import, at };
  },

  async importEnd({ request, live, parts }) {
    await requireRestore(live, parts);
    const { vault, inventoryAt, rows, inserted, gone, stale } = await parts.archives.dropped.end(
      live.device,
      request.import,
    );
    return {
      type: 'imported',
      import: request.import,
      ...(vault?.name === undefined || vault.name === null ? {} : { vault: cutText(vault.name, 255) }),
      ...(inventoryAt === null ? {} : { inventoryAt }),
      rows,
      inserted,
      gone,
      stale,
    };
  },

  async importStop({ request, live, parts }) {
    const at = await parts.archives.dropped.stop(live.device, request.import);
    return { type: 'importing', import: request.import, at };
  },
};

/**
 * An import changes nothing at AWS and costs nothing. It needs the permission all the same: what it says is what
 * restores are planned from, and an inventory of a later date takes from the list whatever it does not name.
 */
async function requireRestore(live: LiveSession, { archives, audit, devices }: HandlerParts): Promise<void> {
  if (archives.mayRestore(live.device)) return;
  const device = devices.nameOf(live.device);
  const by = device === undefined ? {} : { device };
  // A disk that is full changes nothing about the refusal.
  await audit.note({ kind: 'refused', code: 'refused-permission', ...by }).catch(() => undefined);
  throw new LatchkeyError('refused-permission');
}
