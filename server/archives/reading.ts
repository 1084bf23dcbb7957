import type Database from 'better-sqlite3';
import {
  dialects,
  sourceStates,
  storageClasses,
  type ArchiveState,
  type Counted,
  type Job,
} from '../../lib/archive.ts';
import { mappingVault } from '../../lib/archive/synology.ts';
import type { ArchiveView, JobQuery, Totals, VaultView } from './catalogue.ts';
import { dialectNumber, hashOf, own } from './encode.ts';

export interface ArchiveRow {
  readonly ord: number;
  readonly vault: number;
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly dialect: number;
  readonly createdAt: number | null;
  readonly size: number;
  readonly treeHash: Buffer | null;
  readonly class: number;
  readonly state: number;
  readonly until: number | null;
  readonly own: number;
}

export const archiveColumns =
  'ord, vault, id, name, description, dialect, createdAt, size, treeHash, class, state, until, own';

interface VaultRow {
  readonly n: number;
  readonly key: string;
  readonly kind: 'vault' | 'bucket';
  readonly name: string | null;
  readonly region: string | null;
  readonly account: string | null;
  readonly countedAt: number | null;
  readonly countedArchives: number | null;
  readonly countedBytes: number | null;
  readonly inventoryAt: number | null;
  readonly archives: number;
  readonly bytes: number;
}

/** Answers from the database, as it is at that moment. */
export class Reader {
  readonly db: Database.Database;

  constructor(db: Database.Database) {
    this.db = db;
  }

  vaultRows(): VaultRow[] {
    return this.db
      .prepare(
        `select vault.*, coalesce(sum(archives), 0) as archives, coalesce(sum(bytes), 0) as bytes
         from vault left join year on year.vault = vault.n group by vault.n
         order by vault.name is null, vault.name collate nocase, vault.key`,
      )
      .all() as VaultRow[];
  }

  vaults(): VaultView[] {
    const rows = this.vaultRows();
    return rows.map((row) => {
      const counted = countedOf(row);
      const { key, kind, name, region, account, inventoryAt, archives, bytes } = row;
      return {
        key,
        kind,
        name,
        region,
        account,
        inventoryAt,
        archives,
        bytes,
        ...(counted === null ? {} : { counted }),
        ...this.#mappingOf(row, rows),
      };
    });
  }

  /** Where the names of a vault's archives lie, as long as none of its oldest has one. */
  #mappingOf(
    { n, kind, name, region, account, archives }: VaultRow,
    all: readonly VaultRow[],
  ): Pick<VaultView, 'mapping'> {
    if (kind !== 'vault' || name === null || archives === 0) return {};
    const wanted = mappingVault(name);
    const vault = all.find(
      (other) =>
        other.name === wanted &&
        other.kind === 'vault' &&
        (region === null || other.region === null || (other.region === region && other.account === account)),
    );
    if (vault === undefined) return {};
    const named = this.db
      .prepare(
        'select 1 from (select dialect from archive where vault = ? order by ord limit 1000) where dialect = ? limit 1',
      )
      .get(n, dialectNumber('synology'));
    if (named !== undefined) return {};
    const archive = this.db
      .prepare(`select id from archive where vault = ? and own <> ${own.deleted} order by ord desc limit 1`)
      .pluck()
      .get(vault.n) as string | undefined;
    return { mapping: { vault: vault.key, archive: archive ?? null } };
  }

  totals(vault: string | undefined, now: number): Totals {
    const vaults = this.vaultRows().filter(({ key }) => vault === undefined || key === vault);
    const inVaults = `vault in (select value from json_each(?))`;
    const numbers = JSON.stringify(vaults.map(({ n }) => n));
    const years = this.db
      .prepare(
        `select year, sum(archives) as archives, sum(bytes) as bytes, sum(unsized) as unsized from year
         where ${inVaults} group by year having sum(archives) > 0 order by year`,
      )
      .all(numbers) as { year: number; archives: number; bytes: number; unsized: number }[];
    const active = this.db
      .prepare(
        `select coalesce(sum(state = 1), 0) as restoring,
         coalesce(sum(state = 2 and (until is null or until > ?)), 0) as ready
         from archive indexed by archive_active where state <> 0 and ${inVaults}`,
      )
      .get(now, numbers) as { restoring: number; ready: number };
    const sum = (of: (year: (typeof years)[number]) => number): number =>
      years.reduce((total, year) => total + of(year), 0);
    return {
      archives: sum((year) => year.archives),
      bytes: sum((year) => year.bytes),
      unsized: sum((year) => year.unsized),
      vaults: vaults.length,
      counted: together(vaults.filter(({ archives }) => archives > 0 || vaults.length === 1)),
      ...active,
      years: years
        .filter(({ year }) => year > 0)
        .map(({ year, archives, bytes }) => ({ year, archives, bytes })),
    };
  }

  jobs({ vault, kind, status }: JobQuery): Job[] {
    const states = status === undefined ? null : JSON.stringify(status);
    return this.db
      .prepare(
        `select * from job where (@vault is null or vault = @vault) and (@kind is null or kind = @kind)
         and (@states is null or status in (select value from json_each(@states))) order by askedAt desc, id`,
      )
      .all({ vault: vault ?? null, kind: kind ?? null, states }) as Job[];
  }

  archive(vault: string, id: string, now: number): ArchiveView | undefined {
    const row = this.db
      .prepare(
        `select ${archiveColumns} from archive where hash = ? and id = ? and vault = (select n from vault where key = ?)`,
      )
      .get(hashOf(id), id, vault) as ArchiveRow | undefined;
    return row && this.views([row], now)[0];
  }

  withTreeHash(treeHash: string, size: number, now: number): ArchiveView[] {
    const hash = Buffer.from(treeHash, 'hex');
    const rows = this.db
      .prepare(
        `select ${archiveColumns} from archive where substr(treeHash, 1, 6) = ? and treeHash is not null
         and treeHash = ? and size in (?, -1) order by ord desc limit 1000`,
      )
      .all(hash.subarray(0, 6), hash, size) as ArchiveRow[];
    return this.views(rows, now);
  }

  views(rows: readonly ArchiveRow[], now: number): ArchiveView[] {
    const vaults = new Map(
      (
        this.db.prepare('select n, key, name from vault').all() as {
          n: number;
          key: string;
          name: string | null;
        }[]
      ).map((vault) => [vault.n, vault]),
    );
    return rows.map((row) => {
      const { key = '', name = null } = vaults.get(row.vault) ?? {};
      const state = stateOf(row, now);
      return {
        id: row.id,
        vault: key,
        vaultName: name,
        name: row.name,
        dialect: dialects[row.dialect] ?? 'plain',
        description: row.description ?? row.name,
        size: row.size < 0 ? null : row.size,
        createdAt: row.createdAt,
        treeHash: row.treeHash?.toString('hex') ?? null,
        storageClass: storageClasses[row.class] ?? 'VAULT',
        state,
        until: state === 'ready' || state === 'restoring' ? row.until : null,
      };
    });
  }
}

function stateOf(row: ArchiveRow, now: number): ArchiveState {
  if (row.own === own.deleted) return 'deleted';
  const state = sourceStates[row.state] ?? 'archived';
  const over = state === 'ready' && row.until !== null && row.until <= now;
  if (state !== 'archived' && !over) return state;
  return row.own === own.uploaded ? 'uploaded' : 'archived';
}

function countedOf({ countedAt, countedArchives, countedBytes }: VaultRow): Counted | null {
  if (countedAt === null) return null;
  return { at: countedAt, archives: countedArchives ?? 0, bytes: countedBytes ?? 0 };
}

/** The sum of what AWS counted, as of the oldest; null where of one vault nobody counted. */
function together(vaults: readonly VaultRow[]): Counted | null {
  const all = vaults.map(countedOf);
  if (all.length === 0 || all.includes(null)) return null;
  return (all as Counted[]).reduce((sum, each) => ({
    at: Math.min(sum.at, each.at),
    archives: sum.archives + each.archives,
    bytes: sum.bytes + each.bytes,
  }));
}
