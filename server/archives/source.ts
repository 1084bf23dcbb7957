import type { Archive, Job, Vault } from '../../lib/archive.ts';
import type { Retrieval } from './restore/retrieval.ts';

/**
 * One place that tells what lies in Glacier: a file, the vaults of AWS, its buckets. One file a type, one line in the
 * registry. Methods throw only LatchkeyError with an `archives-*` or `tool-*` code. A source keeps nothing: what it
 * tells goes into the catalogue, and what was asked is a job there, on disk before AWS is asked.
 *
 * Credentials stay inside a source. Nothing that it returns, throws or logs holds one.
 */
export interface ArchiveSource {
  /** Every vault or bucket that can be seen, of every region asked, with what AWS counted. */
  vaults(): Promise<readonly Vault[]>;
  /**
   * What a vault holds, straight away, in batches of at most some thousand rows; iterating to the end means that it was
   * all of it. Absent: it must be asked for, see `inventory`.
   */
  list?(vault: Vault): AsyncIterable<readonly Archive[]>;
  /** What has to be asked for, and waited for. Absent: nothing has. */
  readonly inventory?: InventoryJobs;
  /** Asks archives back and fetches them. */
  readonly retrieval?: Retrieval;
  stop(): Promise<void>;
}

/** Vaults: the list is a job of hours, its output a file. */
export interface InventoryJobs {
  /** Asks AWS. `job` is in the catalogue as `asking`; resolves with it as AWS answered. */
  ask(vault: Vault, job: Job): Promise<Job>;
  /** Every job of this vault that AWS knows now, other people's too (their `id` is AWS's). */
  jobs(vault: Vault): Promise<readonly Job[]>;
  /**
   * Writes the output of a `ready` job to `file`, from the byte where it ends now; resolves when all `job.size` bytes
   * are on disk. `archives-expired` where AWS no longer has it.
   */
  fetch(vault: Vault, job: Job, file: string, progress: (bytes: number) => void): Promise<void>;
}

export interface SourceContext {
  /** As configured. */
  readonly source: string;
  readonly log: (line: string) => void;
  /** Unix ms; a parameter for tests. */
  readonly now?: () => number;
  /** Waits so many ms before a question is repeated; a parameter for tests. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** What a source file exports. `read` gets the source's own TOML table without the common keys. */
export interface SourceType<Options = unknown> {
  readonly name: string;
  /** Throws LatchkeyError `config-invalid` whose detail names the key. */
  read(table: Readonly<Record<string, unknown>>): Options;
  create(options: Options, context: SourceContext): ArchiveSource;
}
