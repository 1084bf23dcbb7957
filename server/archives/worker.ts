import { parentPort, workerData } from 'node:worker_threads';
import { setTimeout as wait } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { Job, Vault } from '../../lib/archive.ts';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { FileToImport, ImportProgress, JobQuery, PageQuery } from './catalogue.ts';
import { importFile } from './importing.ts';
import { Reader } from './reading.ts';
import { begin, chosenness } from './restore/choosing.ts';
import { change, items, records, sums } from './restore/keeping.ts';
import type { Choosing, ItemQuery, RestoreChange, RestoreRecord } from './restore/records.ts';
import { openDatabase } from './schema.ts';
import { page } from './searching.ts';
import { putJobs, putRows, within, type RowsToPut } from './writing.ts';

/** The two threads that touch archives.db: one answers and takes small writes, the other imports. */
export interface Task {
  readonly task: 'serve' | 'import';
  readonly file: string;
}

export type Ask =
  | { readonly ask: 'vaults' }
  | { readonly ask: 'totals'; readonly vault?: string; readonly now: number }
  | { readonly ask: 'page'; readonly query: PageQuery; readonly now: number }
  | { readonly ask: 'archive'; readonly vault: string; readonly id: string; readonly now: number }
  | { readonly ask: 'withTreeHash'; readonly treeHash: string; readonly size: number; readonly now: number }
  | { readonly ask: 'jobs'; readonly which: JobQuery }
  | { readonly ask: 'version' }
  | { readonly ask: 'restores' }
  | { readonly ask: 'restoreItems'; readonly query: ItemQuery }
  | { readonly ask: 'restoreSums'; readonly restore: string; readonly since: number }
  | { readonly ask: 'chosenness'; readonly choosing: Choosing }
  | { readonly ask: 'putRestore'; readonly change: RestoreChange }
  | { readonly ask: 'putBegin'; readonly choosing: Choosing; readonly record: RestoreRecord }
  | { readonly ask: 'putVaults'; readonly vaults: readonly Vault[] }
  | ({ readonly ask: 'put' } & RowsToPut)
  | { readonly ask: 'putJobs'; readonly jobs: readonly Job[] }
  /** The importing thread's only question. */
  | { readonly ask: 'import'; readonly source: FileToImport; readonly now: number }
  | { readonly ask: 'close' };

type Question = Exclude<Ask, { ask: 'close' | 'import' }>;

export interface ToWorker {
  readonly id: number;
  readonly ask: Ask;
}

export type FromWorker =
  | { readonly say: 'ready' }
  | { readonly say: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly say: 'refused'; readonly id: number; readonly code: ErrorCode; readonly detail?: string }
  | { readonly say: 'progress'; readonly id: number; readonly progress: ImportProgress };

/** Another import may write for a minute before a small write gives up; readers never wait. */
const patience = 60_000;

function answer(db: Database.Database, reader: Reader, ask: Question): unknown {
  switch (ask.ask) {
    case 'vaults':
      return reader.vaults();
    case 'totals':
      return reader.totals(ask.vault, ask.now);
    case 'page':
      return page(reader, ask.query, ask.now);
    case 'archive':
      return reader.archive(ask.vault, ask.id, ask.now);
    case 'withTreeHash':
      return reader.withTreeHash(ask.treeHash, ask.size, ask.now);
    case 'jobs':
      return reader.jobs(ask.which);
    case 'version':
      return versionOf(db);
    case 'restores':
      return records(db);
    case 'restoreItems':
      return items(db, ask.query);
    case 'restoreSums':
      return sums(db, ask.restore, ask.since);
    case 'chosenness':
      return chosenness(db, ask.choosing);
    case 'putRestore':
      return within(db, () => change(db, ask.change));
    case 'putBegin':
      return within(db, () => begin(db, ask.choosing, ask.record));
    case 'putVaults':
      return putRows(db, { vaults: ask.vaults });
    case 'put':
      return putRows(db, ask);
    case 'putJobs':
      return putJobs(db, ask.jobs);
  }
}

/** Each of the two only rises: what others committed, and what this connection changed itself. */
function versionOf(db: Database.Database): number {
  const own = db.prepare('select total_changes()').pluck().get() as number;
  return (db.pragma('data_version', { simple: true }) as number) + own;
}

function busy(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'SQLITE_BUSY';
}

/** What is thrown, as a code: the file's own, or what SQLite said. */
function refusal(error: unknown): { code: ErrorCode; detail?: string } {
  if (error instanceof LatchkeyError)
    return { code: error.code, ...(error.detail === undefined ? {} : { detail: error.detail }) };
  if (busy(error)) return { code: 'archives-busy' };
  return {
    code: 'tool-failed',
    detail: `archives: ${error instanceof Error ? error.message : String(error)}`,
  };
}

async function serve(port: NonNullable<typeof parentPort>, file: string): Promise<void> {
  const db = await openDatabase(file, { patience: 0, cacheMb: 32 });
  const reader = new Reader(db);
  const say = (message: FromWorker): void => port.postMessage(message);
  const reply = async (id: number, ask: Question): Promise<void> => {
    for (const end = performance.now() + patience; ; await wait(50)) {
      try {
        return say({ say: 'answer', id, value: answer(db, reader, ask) });
      } catch (error) {
        if (!busy(error) || performance.now() > end) return say({ say: 'refused', id, ...refusal(error) });
      }
    }
  };
  // one after the other: two writes of one caller keep their order, and reads pass them while they wait
  let writes = Promise.resolve();
  port.on('message', ({ id, ask }: ToWorker) => {
    if (ask.ask === 'close') {
      void writes.then(() => {
        db.close();
        say({ say: 'answer', id, value: undefined });
        port.close();
      });
    } else if (ask.ask === 'import') return;
    else if (ask.ask.startsWith('put')) writes = writes.then(() => reply(id, ask));
    else void reply(id, ask);
  });
  say({ say: 'ready' });
}

/** One import after the other; the database is open only meanwhile, and its memory is given back. */
function takeAll(port: NonNullable<typeof parentPort>, file: string): void {
  let last = Promise.resolve();
  port.on('message', ({ id, ask }: ToWorker) => {
    if (ask.ask === 'import') last = last.then(() => take(port, file, id, ask));
    else void last.then(() => port.close());
  });
}

async function take(
  port: NonNullable<typeof parentPort>,
  file: string,
  id: number,
  { source, now }: Ask & { readonly ask: 'import' },
): Promise<void> {
  const say = (message: FromWorker): void => port.postMessage(message);
  try {
    const db = await openDatabase(file, { patience, cacheMb: 32 });
    let told = 0;
    try {
      const imported = importFile(db, source, now, (progress) => {
        if (!progress.finishing && performance.now() - told < 100) return;
        told = performance.now();
        say({ say: 'progress', id, progress });
      });
      db.pragma('wal_checkpoint(truncate)');
      say({ say: 'answer', id, value: imported });
    } finally {
      db.close();
    }
  } catch (error) {
    say({ say: 'refused', id, ...refusal(error) });
  }
}

if (parentPort !== null) {
  const task = workerData as Task;
  // where it cannot be opened the thread ends with that, and its starter hears of it
  if (task.task === 'serve') void serve(parentPort, task.file);
  else takeAll(parentPort, task.file);
}
