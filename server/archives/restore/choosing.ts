import type Database from 'better-sqlite3';
import { sourceStates, storageClasses, type StorageClass } from '../../../lib/archive.ts';
import { hashOf, own } from '../encode.ts';
import { Days, partBytesFor, partsOf, rangesIn } from './ranges.ts';
import type { Choosing, Chosenness, RestoreRecord } from './records.ts';

interface Candidate {
  readonly vault: string;
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly treeHash: Buffer | null;
  readonly class: number;
  readonly state: number;
  readonly until: number | null;
  readonly own: number;
}

const columns = 'vault.key as vault, archive.id, archive.name, size, treeHash, class, state, until, own';

function* candidates(db: Database.Database, { chosen }: Choosing): Generator<Candidate | undefined> {
  if ('vault' in chosen) {
    yield* db
      .prepare(
        `select ${columns} from archive join vault on vault.n = archive.vault where vault.key = ? order by ord`,
      )
      .iterate(chosen.vault) as IterableIterator<Candidate>;
    return;
  }
  const one = db.prepare(
    `select ${columns} from archive join vault on vault.n = archive.vault
     where hash = ? and archive.id = ? and vault.key = ?`,
  );
  for (const { vault, id } of chosen.archives) yield one.get(hashOf(id), id, vault) as Candidate | undefined;
}

interface Taken extends Candidate {
  readonly storageClass: StorageClass;
  readonly ready: boolean;
  readonly partBytes: number | undefined;
}

/** Those that can be brought back; `undefined` for one that is left out. */
function* taken(db: Database.Database, choosing: Choosing): Generator<Taken | undefined> {
  const { served, perDay, now } = choosing;
  const coming = db.prepare(
    `select 1 from restore_item join restore on restore.id = restore_item.restore
     where hash = ? and restore_item.id = ? and vault = ? and state not in ('back', 'failed')
     and (state <> 'waiting' or restore.status = 'running')`,
  );
  const askable = new Set(served);
  const seen = new Set<string>();
  for (const row of candidates(db, choosing)) {
    const key = row === undefined ? '' : `${row.vault} ${row.id}`;
    if (
      row === undefined ||
      row.own === own.deleted ||
      row.size < 0 ||
      !askable.has(row.vault) ||
      seen.has(key) ||
      coming.get(hashOf(row.id), row.id, row.vault) !== undefined
    ) {
      yield undefined;
      continue;
    }
    if ('archives' in choosing.chosen) seen.add(key);
    const storageClass = storageClasses[row.class] ?? 'VAULT';
    const ready = sourceStates[row.state] === 'ready' && (row.until === null || row.until > now);
    yield {
      ...row,
      storageClass,
      ready,
      // what is ready whole is fetched whole
      partBytes: ready ? undefined : partBytesFor(row.size, storageClass, perDay),
    };
  }
}

export function chosenness(db: Database.Database, choosing: Choosing): Chosenness {
  let [archives, bytes, leftOut, again] = [0, 0, 0, 0];
  const came = db.prepare(
    `select 1 from restore_item where hash = ? and id = ? and vault = ? and state = 'back' limit 1`,
  );
  const names: string[] = [];
  const days = new Days(choosing.perDay);
  const sums = new Map<StorageClass, { -readonly [Key in keyof ClassSums]: ClassSums[Key] }>();
  for (const row of taken(db, choosing)) {
    if (row === undefined) {
      leftOut++;
      continue;
    }
    archives++;
    bytes += row.size;
    if (came.get(hashOf(row.id), row.id, row.vault) !== undefined) again++;
    if (names.length < 4) names.push(row.name === '' ? row.id : row.name);
    const sum = sums.get(row.storageClass) ?? { ...noSums };
    sums.set(row.storageClass, sum);
    sum.archives++;
    sum.bytes += row.size;
    if (row.ready) {
      sum.readyArchives++;
      sum.readyBytes += row.size;
    }
    for (const part of partsOf(row.size, row.partBytes)) {
      sum.ranges += rangesIn(part.bytes);
      if (row.ready || row.storageClass === 'GLACIER_IR') continue;
      sum.asks++;
      sum.largest = Math.max(sum.largest, part.bytes);
      days.take(part.bytes);
    }
  }
  return {
    archives,
    bytes,
    leftOut,
    again,
    names,
    days: days.count,
    classes: [...sums].map(([storageClass, { readyArchives, readyBytes, ...sum }]) => ({
      storageClass,
      ...sum,
      ready: { archives: readyArchives, bytes: readyBytes },
    })),
  };
}

const noSums = {
  archives: 0,
  bytes: 0,
  readyArchives: 0,
  readyBytes: 0,
  asks: 0,
  ranges: 0,
  largest: 0,
};
type ClassSums = typeof noSums;

/** Writes down what is to be done; within a transaction of the caller's. */
export function begin(db: Database.Database, choosing: Choosing, record: RestoreRecord): void {
  db.prepare(
    `insert into restore (id, startedAt, startedBy, tier, perDay, status, pausing, folder, code, costInAll, copyDays, doneAt, archives, bytes)
     values (@id, @startedAt, @startedBy, @tier, @perDay, @status, @pausing, @folder, @code, @costInAll, @copyDays, @doneAt, @archives, @bytes)`,
  ).run(record);
  const add = db.prepare(
    `insert into restore_item (restore, n, whole, vault, hash, id, name, size, treeHash, class, part, parts, first, bytes, state)
     values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,'waiting')`,
  );
  let n = (db.prepare('select coalesce(max(n), 0) from restore_item').pluck().get() as number) + 1;
  // what is written must not change what is being read
  const rows = 'vault' in choosing.chosen ? [...taken(db, choosing)] : taken(db, choosing);
  for (const row of rows) {
    if (row === undefined) continue;
    const parts = partsOf(row.size, row.partBytes);
    const whole = n;
    for (const [index, { first, bytes }] of parts.entries())
      add.run(
        record.id,
        n++,
        whole,
        row.vault,
        hashOf(row.id),
        row.id,
        row.name,
        row.size,
        row.treeHash,
        row.class,
        index + 1,
        parts.length,
        first,
        bytes,
      );
  }
}
