import { countedWords, nameOf, stateFace, utcDay } from './archive-words.ts';
import { listNotes, moreFace, problemWords, takingFace, yearsChart } from './archive-lists-view.ts';
import { reasonWords } from './words.ts';
import type { ArchiveRow, ArchiveVault } from '../../lib/protocol/archives.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import { headlineSize } from '../../lib/restore.ts';
import { shownText } from '../../lib/shown-text.ts';
import { archiveKey, type ArchiveQuery, type ArchivesState } from '../_state/archive-types.ts';
import type { HomeState } from '../_state/types.ts';
import type { ArchiveListFace, ArchiveRowFace, ArchivesFace, VaultFilter } from '../_ui/archive-types.ts';
import { span } from '../_ui/durations.ts';
import { grouped, sizeWords } from '../_ui/sizes.ts';
import { archivesText as words } from '../_text/archives.ts';

type Totals = ResultOf<'archives'>;

export interface ArchivesMoment {
  /** Monotonic ms. */
  readonly now: number;
  /** Unix ms. */
  readonly wall: number;
  /** What the home said may be shown as what is so. */
  readonly fresh: boolean;
}

/** What Archives says now. */
export function archivesFace(home: HomeState, state: ArchivesState, moment: ArchivesMoment): ArchivesFace {
  const said = state.totals?.value;
  const { query } = state.list;
  const active = activeRows(state, moment.wall);
  const list = listFace(state, active, moment);
  const empty = emptyWords(state);
  const taking = takingFace(state, moment.wall);
  const at = state.totals?.at ?? moment.now;
  return {
    ...headWords(home, state, moment),
    troubles: (said?.problems ?? []).map(({ code }) => problemWords(code)),
    notes: said === undefined ? [] : listNotes(said, moment.now - at),
    ...(taking === undefined ? {} : { taking }),
    begins: said !== undefined && (said.archives === 0 || said.vaults.every((one) => one.unlisted === true)),
    more: moreFace(home, state, said && yearsChart(said)),
    filters: said === undefined ? [] : filtersOf(said, query),
    ...((said?.more ?? 0) > 0 ? { moreVaults: words.moreVaults(said?.more ?? 0) } : {}),
    search: query.search ?? '',
    active,
    list,
    ...(empty === undefined ? {} : { empty }),
  };
}

function headWords(
  home: HomeState,
  { totals, load }: ArchivesState,
  { now, wall, fresh }: ArchivesMoment,
): Pick<ArchivesFace, 'title' | 'lede' | 'ledeWide'> {
  if (totals === undefined) {
    const asks = home.reach.state === 'asking' || home.reach.state === 'answered';
    const lede =
      load.state === 'failed' ? reasonWords(load.code) : (asks ? words.asking : words.notReached)(home.name);
    return { title: words.title, lede, ledeWide: lede };
  }
  const { value, at } = totals;
  const old = fresh ? '' : ` ${words.lastKnown(span(now - at))}`;
  const { archives, countedAt } = value;
  if (value.vaults.length === 0 && archives === 0)
    return { title: words.noVaults, lede: old.trim(), ledeWide: old.trim() };
  if (archives === 0 && countedAt === undefined)
    return { title: words.title, lede: words.notCounted + old, ledeWide: words.notCounted + old };
  const within = words.within(grouped(archives), archives === 1, placesOf(value));
  const least = value.unsized > 0 ? ` ${words.unsized(value.unsized)}` : '';
  const sentence = (wide: boolean) =>
    within +
    (countedAt === undefined
      ? words.uncounted
      : (wide ? words.countedWide : words.counted)(countedWords(countedAt, wall, wide))) +
    least +
    old;
  return { title: words.kept(headlineSize(value.bytes)), lede: sentence(false), ledeWide: sentence(true) };
}

function placesOf({ vaults, more }: Totals): string {
  const buckets = vaults.filter(({ kind }) => kind === 'bucket').length;
  const others = vaults.length - buckets + more;
  return [
    ...(others > 0 ? [words.vaults(others)] : []),
    ...(buckets > 0 ? [words.buckets(buckets)] : []),
  ].join(words.and);
}

export function vaultName({ vault, name }: Pick<ArchiveVault, 'vault' | 'name'>): string {
  return name === undefined ? (vault === '' ? words.noName : shownText(vault)) : shownText(name);
}

function filtersOf({ archives, vaults }: Totals, query: ArchiveQuery): VaultFilter[] {
  const { vault: _vault, ...rest } = query;
  const twice = (one: ArchiveVault) => vaults.filter(({ name }) => name === one.name).length > 1;
  return [
    { key: 'all', query: rest, label: words.all, count: grouped(archives), on: query.vault === undefined },
    ...vaults.map((one) => ({
      key: `vault ${one.vault}`,
      query: { ...rest, vault: one.vault },
      label: twice(one) && one.region !== undefined ? `${vaultName(one)}, ${one.region}` : vaultName(one),
      count: grouped(one.archives),
      on: query.vault === one.vault,
    })),
  ];
}

/** A day that is over leaves an archive among them that is none any more. */
const underWay: ReadonlySet<ArchiveRow['state']> = new Set(['restoring', 'ready', 'failed']);

/** Under way and ready: not while something is searched, which may be anywhere. */
function activeRows(state: ArchivesState, wall: number): ArchiveRowFace[] {
  if (state.list.query.search !== undefined) return [];
  const names = namesOf(state);
  return (state.active.said?.value.rows ?? [])
    .filter((row) => underWay.has(row.state))
    .map((row) => rowFace(row, names, wall));
}

const cached = new WeakMap<
  readonly ArchiveRow[],
  { readonly without: string; readonly rows: readonly ArchiveRow[] }
>();

/** What stands above is not said again below. */
function rest(rows: readonly ArchiveRow[], active: readonly ArchiveRowFace[]): readonly ArchiveRow[] {
  const without = active.map(({ key }) => key).join('\n\n');
  const known = cached.get(rows);
  if (known?.without === without) return known.rows;
  const keys = new Set(active.map(({ key }) => key));
  const made = keys.size === 0 ? rows : rows.filter((row) => !keys.has(archiveKey(row)));
  cached.set(rows, { without, rows: made });
  return made;
}

function listFace(
  state: ArchivesState,
  active: readonly ArchiveRowFace[],
  { wall, fresh }: ArchivesMoment,
): ArchiveListFace {
  const { list, chosen, totals } = state;
  const { query } = list;
  const rows = rest(list.rows, active);
  const names = namesOf(state);
  const sort = query.sort ?? 'created';
  const descending = query.descending ?? (sort === 'created' || sort === 'size');
  const searched = query.search !== undefined;
  const all = searched ? list.count : inAll(totals?.value, query);
  return {
    title: searched
      ? words.found(list.count === undefined ? undefined : grouped(list.count))
      : words.lists[sort][descending === (sort === 'created' || sort === 'size') ? 0 : 1],
    total: rows.length,
    row: (index) => {
      const row = rows[index];
      return row === undefined ? undefined : rowFace(row, names, wall);
    },
    more: list.more,
    settling: list.settling && list.rows.length > 0,
    old: !fresh,
    ...(chosen === undefined ? {} : { chosen: archiveKey(chosen.row) }),
    sort,
    descending,
    ...(list.rows.length === 0
      ? {}
      : {
          shown:
            all === undefined || all < list.rows.length
              ? words.shownOnly(grouped(list.rows.length))
              : words.shown(grouped(list.rows.length), grouped(all)),
        }),
  };
}

function inAll(said: Totals | undefined, { vault }: ArchiveQuery): number | undefined {
  if (vault === undefined) return said?.archives;
  return said?.vaults.find((one) => one.vault === vault)?.archives;
}

function emptyWords({ list, totals }: ArchivesState): string | undefined {
  if (list.rows.length > 0 || list.settling) return undefined;
  if (list.query.search !== undefined) return words.nothingFound;
  return (totals?.value.archives ?? 0) > 0 ? words.nothingHere : undefined;
}

/** By its key, what a vault is called. */
function namesOf({ totals }: ArchivesState): ReadonlyMap<string, string> {
  return new Map((totals?.value.vaults ?? []).map((one) => [one.vault, vaultName(one)]));
}

/** A vault that is not among those told: what its key ends with. */
export function nameInKey(vault: string): string {
  return vault === ''
    ? words.noName
    : shownText(vault.slice(Math.max(vault.lastIndexOf('/'), vault.lastIndexOf(':')) + 1));
}

export function rowFace(row: ArchiveRow, names: ReadonlyMap<string, string>, wall: number): ArchiveRowFace {
  const name = nameOf(row);
  return {
    key: archiveKey(row),
    row,
    ...(name === undefined ? {} : { name }),
    vault: names.get(row.vault) ?? nameInKey(row.vault),
    created: row.createdAt === undefined ? words.notTold : utcDay(row.createdAt),
    size: row.size === undefined ? words.notTold : sizeWords(row.size),
    state: stateFace(row, wall),
  };
}
