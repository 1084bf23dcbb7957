import type { ResultOf } from '../../../lib/protocol/message.ts';
import type { Job } from '../../../lib/archive.ts';
import type { VaultView } from '../../archives/catalogue.ts';
import { fitting, room, sizeOf } from '../fit.ts';
import type { HandlerParts } from '../handlers.ts';
import { cutText } from './views.ts';

type Summary = ResultOf<'archives'>;

// What one message may hold (lib/protocol/archives.ts).
const mostVaults = 64;
const mostYears = 40;
const mostInventories = 16;
const mostProblems = 8;

/** What the whole comes to, and what is under way. */
export async function summary(
  device: string,
  { archives }: Pick<HandlerParts, 'archives'>,
): Promise<Summary> {
  const { catalogue, revision } = await archives.look();
  const now = archives.clock.wall();
  const problems = (archives.watch?.problems() ?? []).map(({ source, code, at }) => ({
    source: cutText(source, 32),
    code,
    ms: Math.max(0, Math.round(now - at)),
  }));
  const empty: Summary = {
    type: 'archives',
    revision,
    archives: 0,
    bytes: 0,
    unsized: 0,
    vaults: [],
    more: 0,
    years: [],
    inventories: [],
    ...(archives.dropped.view === undefined ? {} : { importing: archives.dropped.view }),
    problems: fitting(problems, mostProblems, room / 8),
    mayRestore: archives.mayRestore(device),
  };
  if (catalogue === undefined) return empty;
  const [totals, vaults, jobs] = await Promise.all([
    catalogue.totals(),
    catalogue.vaults(),
    catalogue.jobs({ kind: 'inventory' }),
  ]);
  const views = vaults.map(vaultView);
  const unlisted = views.filter((view) => view.unlisted === true);
  const sum = (of: 'archives' | 'bytes'): number => unlisted.reduce((all, view) => all + view[of], 0);
  const answer: Summary = {
    ...empty,
    archives: totals.archives + sum('archives'),
    bytes: totals.bytes + sum('bytes'),
    unsized: totals.unsized,
    ...countedAt(views),
    // The newest, should they be too many.
    years: totals.years.slice(-mostYears),
    inventories: fitting(inventoryViews(jobs, now), mostInventories, room / 4),
  };
  const fit = fittingVaults(views, room - sizeOf(answer));
  return { ...answer, vaults: fit, more: vaults.length - fit.length };
}

/** Of each vault the newest, where it is under way or failed. */
function inventoryViews(jobs: readonly Job[], now: number): Summary['inventories'] {
  const newest = new Map<string, Job>();
  for (const job of jobs) {
    const known = newest.get(job.vault);
    if (known === undefined || job.askedAt > known.askedAt) newest.set(job.vault, job);
  }
  return [...newest.values()]
    .filter(({ status, doneAt }) => doneAt === null || status === 'failed')
    .map(({ vault, status, askedAt, fetched, size, message }) => ({
      vault,
      status,
      askedMs: Math.max(0, Math.round(now - askedAt)),
      ...(status === 'ready' ? { fetched } : {}),
      ...(size === null ? {} : { size }),
      ...(message === null ? {} : { message: cutText(message, 300) }),
    }));
}

type VaultOfSummary = Summary['vaults'][number];

function vaultView(vault: VaultView): VaultOfSummary {
  const { key, kind, name, region, counted, inventoryAt } = vault;
  const isUnlisted = inventoryAt === null && vault.archives === 0 && counted !== undefined;
  // Rows of a file without a date are as old as nobody knows, whatever AWS has counted since.
  const at = isUnlisted ? counted.at : inventoryAt;
  return {
    vault: key,
    kind,
    ...(name === null ? {} : { name: cutText(name, 255) }),
    ...(region === null || region === '' ? {} : { region: cutText(region, 32) }),
    archives: isUnlisted ? counted.archives : vault.archives,
    bytes: isUnlisted ? counted.bytes : vault.bytes,
    ...(at === null ? {} : { countedAt: at }),
    ...(isUnlisted ? { unlisted: true as const } : {}),
  };
}

function countedAt(views: readonly VaultOfSummary[]): { countedAt?: number } {
  const full = views.filter(({ archives }) => archives > 0);
  const known = full.flatMap((view) => view.countedAt ?? []);
  return full.length === 0 || known.length < full.length ? {} : { countedAt: Math.min(...known) };
}

/** By name; the largest of them, where they are too many. */
function fittingVaults(views: readonly VaultOfSummary[], bytes: number): VaultOfSummary[] {
  if (fitting(views, mostVaults, bytes).length === views.length) return [...views];
  const largest = fitting(
    views.toSorted((a, b) => b.bytes - a.bytes || b.archives - a.archives),
    mostVaults,
    bytes,
  );
  return views.filter((view) => largest.includes(view));
}
