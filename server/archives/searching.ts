import { mostCounted, type Page, type PageQuery, type Sort } from './catalogue.ts';
import { archiveColumns, type ArchiveRow, type Reader } from './reading.ts';
import { matchOf } from './search-text.ts';

/** Pages, with and without a search. Every question takes an index to its rows: a million stay quick. */

interface Order {
  /** Of a row, beside `ord`; null: `ord` alone. */
  readonly by: 'size' | 'name' | null;
  readonly descending: boolean;
}

/** Where the page before ended: what it was sorted by, and its number, which no other archive has. */
type Cursor = readonly [value: number | string | null, ord: number];

export function page(reader: Reader, query: PageQuery, now: number): Page {
  const { limit, vault, sort = 'created', active = false } = query;
  const order: Order = {
    by: sort === 'size' ? 'size' : sort === 'name' ? 'name' : null,
    descending: query.descending ?? (sort === 'created' || sort === 'size'),
  };
  const cursor = readCursor(reader, query.after);
  const vaults = reader.vaultRows().filter(({ key }) => vault === undefined || key === vault);
  const text = (query.search ?? '').trim();
  const rest = { reader, order, cursor, limit: limit + 1, active };
  let found: Found;
  if (text === '') {
    const numbers = vaults.map(({ n }) => n);
    found = {
      rows: sort === 'vault' ? inVaultOrder(numbers, rest) : walk(numbers, rest),
      ...(active ? {} : { count: vaults.reduce((sum, { archives }) => sum + archives, 0) }),
    };
  } else {
    const only = vault === undefined ? undefined : (vaults[0]?.n ?? -1);
    found = search(
      text,
      vaults.map(({ n }) => n),
      only,
      rest,
    );
  }
  const rows = found.rows.slice(0, limit);
  const last = rows.at(-1);
  const more = found.rows.length > limit && last !== undefined;
  return {
    rows: reader.views(rows, now),
    next: more ? writeCursor(last, sort) : null,
    ...(cursor === undefined && found.count !== undefined ? { count: found.count } : {}),
  };
}

interface Found {
  readonly rows: ArchiveRow[];
  readonly count?: number;
}

interface Rest {
  readonly reader: Reader;
  readonly order: Order;
  readonly cursor: Cursor | undefined;
  readonly limit: number;
  readonly active: boolean;
}

/** Each vault gives its own first rows from its index; the page is the first of them all. */
function walk(vaults: readonly number[], { reader, order, cursor, limit, active }: Rest): ArchiveRow[] {
  const way = order.descending ? 'desc' : 'asc';
  const key = keyOf(order);
  // left to itself, SQLite looks for the few that are under way among all of a vault
  const from = active ? 'archive indexed by archive_active' : 'archive';
  const statement = reader.db.prepare(
    `select ${archiveColumns} from ${from} where vault = @vault ${active ? 'and state <> 0' : ''} ${after(order, cursor, key, 'ord')}
     order by ${order.by === null ? '' : `${key} ${way}, `}ord ${way} limit @limit`,
  );
  const [value = null, ord = 0] = cursor ?? [];
  const rows = vaults.flatMap((vault) => statement.all({ vault, limit, value, ord }) as ArchiveRow[]);
  if (vaults.length > 1) rows.sort(comparer(order));
  return rows.slice(0, limit);
}

/** Vault by vault, newest first in each. The cursor's value is the vault's number. */
function inVaultOrder(vaults: readonly number[], rest: Rest): ArchiveRow[] {
  const order: Order = { by: null, descending: true };
  const [at = null, ord = 0] = rest.cursor ?? [];
  const list = rest.order.descending ? [...vaults].reverse() : [...vaults];
  const from = at === null ? 0 : Math.max(list.indexOf(Number(at)), 0);
  const rows: ArchiveRow[] = [];
  for (const [index, vault] of list.slice(from).entries()) {
    if (rows.length >= rest.limit) break;
    const cursor: Cursor | undefined = at !== null && index === 0 ? [null, ord] : undefined;
    const left = { ...rest, order, limit: rest.limit - rows.length };
    rows.push(...walk([vault], { ...left, cursor }));
  }
  return rows;
}

/** Where a search finds no more than so many, they are sorted; of more, the order's own index is followed. */
const mostSorted = 2000;

/** Every word begins a word of the name. What looks like the beginning of an id is tried as one first. */
function search(text: string, vaults: readonly number[], only: number | undefined, rest: Rest): Found {
  const { reader, order, cursor, limit } = rest;
  const ids = byId(text, only, rest);
  if (ids.length > 0) return { rows: cursor === undefined ? ids : [], count: ids.length };
  const match = matchOf(text, only);
  if (match === undefined) return { rows: [], count: 0 };
  const counted = (): number =>
    reader.db
      .prepare(`select count(*) from (select 1 from search where search match ? limit ${mostCounted + 1})`)
      .pluck()
      .get(match) as number;
  const count = order.by === null ? undefined : counted();
  if (count !== undefined && count > mostSorted) {
    const rows = vaults.flatMap((vault) => walkFound(match, vault, rest));
    return { rows: rows.sort(comparer(order)).slice(0, limit), count };
  }
  const [value = null, ord = 0] = cursor ?? [];
  const key = order.by === null ? 'search.rowid' : keyOf(order, 'archive.');
  const way = order.descending ? 'desc' : 'asc';
  const rows = reader.db
    .prepare(
      `select ${columnsOf('archive')} from search cross join archive on archive.ord = search.rowid
       where search match @match ${after(order, cursor, key, 'search.rowid')}
       order by ${order.by === null ? '' : `${key} ${way}, `}search.rowid ${way} limit @limit`,
    )
    .all({ match, value, ord, limit }) as ArchiveRow[];
  if (cursor !== undefined) return { rows };
  // what fits on the first page is counted; a search that finds little has looked through most of its lists
  return { rows, count: rows.length < limit ? rows.length : (count ?? counted()) };
}

function byId(text: string, only: number | undefined, { reader, limit }: Rest): ArchiveRow[] {
  if (!/^[A-Za-z0-9_-]{8,512}$/.test(text)) return [];
  return reader.db
    .prepare(
      `select ${archiveColumns} from archive where substr(id, 1, 8) = ? and class = 0
       and substr(id, 1, ?) = ? and (? is null or vault = ?) limit ?`,
    )
    .all(text.slice(0, 8), text.length, text, only ?? null, only ?? null, limit) as ArchiveRow[];
}

/** The index of the order has vault, key and ord, so that only what is shown is read from the table. */
function walkFound(match: string, vault: number, { reader, order, cursor, limit }: Rest): ArchiveRow[] {
  const [value = null, ord = 0] = cursor ?? [];
  const key = keyOf(order);
  const way = order.descending ? 'desc' : 'asc';
  return reader.db
    .prepare(
      `select ${archiveColumns} from archive indexed by archive_${order.by ?? 'vault'}
       where vault = @vault and +ord in (select rowid from search where search match @match)
       ${after(order, cursor, key, 'ord')} order by ${key} ${way}, ord ${way} limit @limit`,
    )
    .all({ match, vault, value, ord, limit }) as ArchiveRow[];
}

function columnsOf(table: string): string {
  return archiveColumns
    .split(', ')
    .map((column) => `${table}.${column}`)
    .join(', ');
}

/** What comes after the row that the page before ended with. */
function after({ by, descending }: Order, cursor: Cursor | undefined, key: string, ord: string): string {
  if (cursor === undefined) return '';
  const sign = descending ? '<' : '>';
  return by === null ? `and ${ord} ${sign} @ord` : `and (${key}, ${ord}) ${sign} (@value, @ord)`;
}

function keyOf({ by }: Order, table = ''): string {
  return by === 'name' ? `${table}name collate nocase` : `${table}${by ?? 'ord'}`;
}

/** As SQLite compares: NOCASE folds A to Z only, and UTF-8's order is that of code points. */
function comparer({ by, descending }: Order): (a: ArchiveRow, b: ArchiveRow) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    if (by === 'size' && a.size !== b.size) return sign * (a.size - b.size);
    const names = by === 'name' ? Buffer.compare(folded(a.name), folded(b.name)) : 0;
    return sign * (names !== 0 ? names : a.ord - b.ord);
  };
}

function folded(name: string): Buffer {
  return Buffer.from(name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
}

/** In characters; escaped, it may be six times as long, and a cursor crosses the wire. */
const longestInCursor = 400;

function writeCursor(row: ArchiveRow, sort: Sort): string {
  // a long name is looked up again
  const name = row.name.length > longestInCursor ? null : row.name;
  const values = { size: row.size, name, vault: row.vault, created: 0 };
  return JSON.stringify([values[sort], row.ord] satisfies Cursor);
}

/** Undefined for a first page, and for what no page has ever ended with. */
function readCursor(reader: Reader, text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  try {
    const [value, ord] = JSON.parse(text) as unknown[];
    if (typeof ord !== 'number') return undefined;
    if (typeof value === 'string' || typeof value === 'number') return [value, ord];
    const name = reader.db.prepare('select name from archive where ord = ?').pluck().get(ord);
    return typeof name === 'string' ? [name, ord] : undefined;
  } catch {
    return undefined;
  }
}
