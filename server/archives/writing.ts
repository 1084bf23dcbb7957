import type Database from 'better-sqlite3';
import { type Archive, type Job, type SourceState, type Vault } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { hashOf, stateNumber } from './encode.ts';
import { Writer } from './writer.ts';

/** The small writes of sources and jobs, each a transaction of its own. */

export interface RowsToPut {
  readonly vaults?: readonly Vault[];
  /** Key; with it, one of the following. */
  readonly vault?: string;
  readonly rows?: readonly Archive[];
  readonly listedAt?: number;
  /** The rows are ours, uploaded then. */
  readonly uploadedAt?: number;
  readonly deleted?: { readonly ids: readonly string[]; readonly at: number };
  /** The list of `listedAt` was all of it. */
  readonly end?: boolean;
}

export function putRows(db: Database.Database, put: RowsToPut): { inserted: number; gone: number } {
  return within(db, () => {
    const writer = new Writer(db);
    for (const vault of put.vaults ?? []) writer.vault(vault);
    let [inserted, gone] = [0, 0];
    if (put.vault !== undefined) {
      const { n, inventoryAt } = known(db, put.vault);
      const listed = put.listedAt ?? inventoryAt ?? 0;
      for (const row of put.rows ?? []) if (writer.put(n, row, listed, put.uploadedAt)) inserted++;
      for (const id of put.deleted?.ids ?? []) writer.delete(n, id, put.deleted?.at ?? 0);
      if (put.end === true) {
        gone = writer.endList(n, listed);
        writer.setInventory(n, listed);
      }
    }
    writer.finish();
    return { inserted, gone };
  });
}

const columns = [
  'id',
  'vault',
  'kind',
  'jobId',
  'archive',
  'tier',
  'status',
  'askedAt',
  'askedBy',
  'completedAt',
  'expiresAt',
  'size',
  'fetched',
  'doneAt',
  'message',
] as const satisfies readonly (keyof Job)[];

/** What a job makes of its archive. Of an inventory's, nothing. */
const states: Readonly<Record<Job['status'], SourceState>> = {
  asking: 'restoring',
  running: 'restoring',
  ready: 'ready',
  failed: 'failed',
};

export function putJobs(db: Database.Database, jobs: readonly Job[]): void {
  within(db, () => setJobs(db, jobs));
}

/** Within a transaction of the caller's. */
export function setJobs(db: Database.Database, jobs: readonly Job[]): void {
  const put = db.prepare(
    `insert or replace into job (${columns.join(', ')}) values (${columns.map((name) => `@${name}`).join(', ')})`,
  );
  const set = db.prepare(
    `update archive set state = ?, until = ? where hash = ? and id = ?
       and vault = (select n from vault where key = ?) and (? is null or size in (?, -1))`,
  );
  for (const job of jobs) {
    put.run(job);
    if (job.kind === 'archive' && job.archive !== null)
      set.run(
        stateNumber(states[job.status]),
        job.expiresAt,
        hashOf(job.archive),
        job.archive,
        job.vault,
        // a part that is ready makes no archive ready
        job.size,
        job.size,
      );
  }
}

function known(db: Database.Database, key: string): { n: number; inventoryAt: number | null } {
  const found = db.prepare('select n, inventoryAt from vault where key = ?').get(key);
  if (found === undefined) throw new LatchkeyError('config-missing', `vault "${key}"`);
  return found as { n: number; inventoryAt: number | null };
}

export function within<T>(db: Database.Database, write: () => T): T {
  db.exec('begin immediate');
  try {
    const result = write();
    db.exec('commit');
    return result;
  } catch (error) {
    if (db.inTransaction) db.exec('rollback');
    throw error;
  }
}
