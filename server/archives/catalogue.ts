import type {
  Archive,
  ArchiveState,
  Counted,
  Dialect,
  Job,
  JobStatus,
  StorageClass,
  Vault,
} from '../../lib/archive.ts';
import type {
  Choosing,
  Chosenness,
  ItemQuery,
  RestoreChange,
  RestoreItem,
  RestoreRecord,
  RestoreSums,
} from './restore/records.ts';

/**
 * The home's list of what lies in Glacier: `archives.db` in the home agent's folder (SQLite, WAL) behind a worker
 * thread. Every write is on disk when it resolves, all of it or none. Throws `tool-failed` with what SQLite said, and
 * `archives-busy` where another process has held the file for a minute.
 */
export interface Catalogue {
  /**
   * Takes a file in: an inventory (JSON or AWS's CSV), the log of `upload-archive`, or the mapping of Synology's Glacier
   * Backup. One transaction: an `archives-*` error changes nothing, and names the byte. Runs in a thread of its own; the questions below go on meanwhile.
   */
  importFile(source: FileToImport, progress?: (progress: ImportProgress) => void): Promise<Imported>;

  /** New ones are added; of known ones what AWS counted is renewed. */
  putVaults(vaults: readonly Vault[]): Promise<void>;
  /** Rows of a list that began at `listedAt`; each call is whole in itself. The vault must be known. */
  putArchives(vault: string, rows: readonly Archive[], listedAt: number): Promise<{ inserted: number }>;
  /** The list that began at `listedAt` was all of it: what it did not have is gone. */
  endList(vault: string, listedAt: number): Promise<{ gone: number }>;
  /** Ours since AWS counted: shown until an inventory of a day later tells the same, or does not. */
  uploaded(vault: string, rows: readonly Archive[], at: number): Promise<void>;
  deleted(vault: string, ids: readonly string[], at: number): Promise<void>;
  /** By `id`; also sets the state of the archive of a job of kind `archive`. */
  putJobs(jobs: readonly Job[]): Promise<void>;

  jobs(which?: JobQuery): Promise<Job[]>;
  /** By name, the vault of nobody last. */
  vaults(): Promise<VaultView[]>;
  totals(vault?: string): Promise<Totals>;
  page(query: PageQuery): Promise<Page>;
  archive(vault: string, id: string): Promise<ArchiveView | undefined>;
  /** Exact: for files that lie here and want their names back. */
  withTreeHash(treeHash: string, size: number): Promise<ArchiveView[]>;
  /** Another number after every change, whoever made it, another process too. */
  version(): Promise<number>;
  /** What is brought back. */
  readonly restores: KeptRestores;
  close(): Promise<void>;
}

/** Restores as they stand on the disk. A write is whole; `putJobs` is part of it. */
export interface KeptRestores {
  /** Newest first. */
  records(): Promise<RestoreRecord[]>;
  items(query: ItemQuery): Promise<RestoreItem[]>;
  sums(restore: string, since: number): Promise<RestoreSums>;
  chosenness(choosing: Choosing): Promise<Chosenness>;
  begin(choosing: Choosing, record: RestoreRecord): Promise<void>;
  change(change: RestoreChange): Promise<void>;
}

export interface FileToImport {
  /** Open for reading; closed by the caller. Read from where it stands, once, in order: a pipe will do. */
  readonly fd: number;
  /** Bytes, where they are known. */
  readonly size?: number;
  /** ARN, or name; required where the file does not say and rows should have one. */
  readonly vault?: string;
  /** Only part of an inventory (by date or by `Limit`): what it does not list stays. */
  readonly part?: boolean;
  /** Any other kind is refused. */
  readonly only?: Imported['kind'];
}

export interface ImportProgress {
  readonly bytes: number;
  /** Absent: not known (a pipe). */
  readonly ofBytes?: number;
  readonly rows: number;
  /** The file is read; names are being indexed and the whole is written. */
  readonly finishing: boolean;
}

export interface Imported {
  readonly kind: 'inventory-json' | 'inventory-csv' | 'upload-log' | 'synology-mapping';
  /** Null: the file does not say, and nobody did. */
  readonly vault: Vault | null;
  readonly inventoryAt: number | null;
  readonly rows: number;
  /** Of a mapping: how many of its rows are of archives that are listed here now, and who wrote it. */
  readonly mapping?: { readonly listed: number; readonly task: string | null; readonly host: string | null };
  /** Not known before. */
  readonly inserted: number;
  /** Known before, and no longer in this newer inventory. */
  readonly gone: number;
  /** True: a newer inventory of this vault is known, so nothing was changed. */
  readonly stale: boolean;
}

export interface JobQuery {
  readonly vault?: string;
  readonly kind?: Job['kind'];
  readonly status?: readonly JobStatus[];
}

export interface VaultView extends Vault {
  /** In the catalogue, own uploads counted and own deletions not. */
  readonly archives: number;
  readonly bytes: number;
  /** Of the inventory that was taken in last; null: none with a date. */
  readonly inventoryAt: number | null;
  /**
   * Synology keeps the names of this vault's archives in another one, and none of them is known here: its newest archive
   * (null: not listed yet) should be got back first, and taken in.
   */
  readonly mapping?: { readonly vault: string; readonly archive: string | null };
}

export interface Totals {
  readonly archives: number;
  readonly bytes: number;
  /** Archives whose size nobody told: the sum is at least that. */
  readonly unsized: number;
  readonly vaults: number;
  /** The oldest of the counts that the sum rests on, so that "as AWS counted" never promises too much. */
  readonly counted: Counted | null;
  readonly restoring: number;
  readonly ready: number;
  /** By year of creation (UTC), oldest first. */
  readonly years: readonly YearSize[];
}

export interface YearSize {
  readonly year: number;
  readonly archives: number;
  readonly bytes: number;
}

export const sorts = ['created', 'size', 'name', 'vault'] as const;
export type Sort = (typeof sorts)[number];

export interface PageQuery {
  /** Key. Absent: all. */
  readonly vault?: string;
  /** Every word must begin a word of the name, or all of it the id. Absent or blank: everything. */
  readonly search?: string;
  readonly sort?: Sort;
  /** Absent: newest and largest first, names from A. */
  readonly descending?: boolean;
  /** Only those under way, ready or failed. */
  readonly active?: boolean;
  readonly limit: number;
  /** `next` of the page before, with the same question. */
  readonly after?: string;
}

export interface Page {
  readonly rows: readonly ArchiveView[];
  readonly next: string | null;
  /** How many there are in all; at most `mostCounted + 1`, which means more. Only on the first page. */
  readonly count?: number;
}

export const mostCounted = 10_000;

/** One archive as it is shown. */
export interface ArchiveView {
  readonly id: string;
  /** Key of its vault. */
  readonly vault: string;
  readonly vaultName: string | null;
  /** As decoded; the raw text where that failed; '' where there is none. Text of others. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly description: string;
  readonly size: number | null;
  readonly createdAt: number | null;
  readonly treeHash: string | null;
  readonly storageClass: StorageClass;
  readonly state: ArchiveState;
  readonly until: number | null;
}
