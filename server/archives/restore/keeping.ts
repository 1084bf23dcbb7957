import type Database from 'better-sqlite3';
import { storageClasses } from '../../../lib/archive.ts';
import { shownOrder } from '../schema.ts';
import { setJobs } from '../writing.ts';
import type { Amounts } from './cost.ts';
import type { ItemQuery, RestoreChange, RestoreItem, RestoreRecord, RestoreSums } from './records.ts';

/** Restores in archives.db: what of them is read and written, within the catalogue's thread. */

export function records(db: Database.Database): RestoreRecord[] {
  return db.prepare('select * from restore order by startedAt desc, rowid desc').all() as RestoreRecord[];
}

interface Row extends Omit<RestoreItem, 'storageClass' | 'treeHash'> {
  readonly class: number;
  readonly treeHash: Buffer | null;
}

export function items(db: Database.Database, query: ItemQuery): RestoreItem[] {
  const { restore, limit } = query;
  const where = (rest: string, values: Record<string, unknown> = {}): RestoreItem[] =>
    (
      db
        .prepare(`select * from restore_item where ${rest} limit @limit offset @from`)
        .all({ restore, limit, from: 0, ...values }) as Row[]
    ).map(itemOf);
  const all = (rest: string, values?: Record<string, unknown>): RestoreItem[] =>
    where(`restore = @restore ${rest}`, values);
  switch (query.by) {
    case 'shown':
      return all(`order by ${shownOrder}, n`, { from: query.from });
    case 'waiting':
      return all(`and state = 'waiting' order by n`);
    case 'due':
      return all(`and state = 'asked' and due <= @now order by vault, n`, { now: query.now });
    case 'fetching':
      return all(`and state in ('ready', 'downloading', 'checking') order by coalesce(until, 9e15), n`);
    case 'whole':
      return all('and whole = @whole order by n', { whole: query.whole });
    case 'back':
      return where(
        `state = 'back' and part = 1 and n >= @first and restore in
         (select id from restore where folder = (select folder from restore where id = @restore)) order by n`,
        { first: query.first },
      );
  }
}

function itemOf({ class: number, treeHash, ...row }: Row): RestoreItem {
  const { hash: _, ...rest } = row as typeof row & { hash: number };
  return {
    ...rest,
    storageClass: storageClasses[number] ?? 'VAULT',
    treeHash: treeHash?.toString('hex') ?? null,
  };
}

export function sums(db: Database.Database, restore: string, since: number): RestoreSums {
  const states = db
    .prepare(
      `select state, count(*) as items, sum(bytes) as bytes, sum(part = 1) as archives,
       sum(case when part = 1 then size else 0 end) as whole, sum(down) as down
       from restore_item where restore = ? group by state`,
    )
    .all(restore) as RestoreSums['states'];
  const amounts = db
    .prepare(
      'select class, asks, retrieved, looks, gets, out, copyByteDays from restore_spent where restore = ?',
    )
    .all(restore) as (Omit<Amounts, 'storageClass'> & { class: number })[];
  const askedSince = db
    .prepare(
      'select coalesce(sum(bytes), 0) from restore_item where restore = ? and askedAt >= ? and job is not null',
    )
    .pluck()
    .get(restore, since) as number;
  return {
    states,
    amounts: amounts.map(({ class: number, ...each }) => ({
      ...each,
      storageClass: storageClasses[number] ?? 'VAULT',
    })),
    askedSince,
  };
}

function setHash(db: Database.Database, { item, treeHash }: NonNullable<RestoreChange['hashed']>): void {
  const blob = Buffer.from(treeHash, 'hex');
  const of = db.prepare('select whole, vault, hash, id, size from restore_item where n = ?').get(item);
  if (of === undefined) return;
  db.prepare('update restore_item set treeHash = @blob where whole = @whole').run({ ...of, blob });
  db.prepare(
    `update archive set treeHash = @blob where hash = @hash and id = @id and size = @size and treeHash is null
     and vault = (select n from vault where key = @vault)`,
  ).run({ ...of, blob });
}

const counters = ['asks', 'retrieved', 'looks', 'gets', 'out', 'copyByteDays'] as const;

/** Within a transaction of the caller's. */
export function change(
  db: Database.Database,
  { restore, record, items: changed, jobs, hashed }: RestoreChange,
): void {
  if (jobs !== undefined) setJobs(db, jobs);
  if (hashed !== undefined) setHash(db, hashed);
  const set = (
    table: string,
    values: Readonly<Record<string, unknown>>,
    where: string,
    keys: object,
  ): void => {
    const names = Object.keys(values);
    if (names.length === 0) return;
    db.prepare(
      `update ${table} set ${names.map((name) => `"${name}" = @${name}`).join(', ')} where ${where}`,
    ).run({ ...values, ...keys });
  };
  if (record !== undefined) set('restore', record, 'id = @key', { key: restore });
  for (const { n, set: values, add } of changed ?? []) {
    set('restore_item', values, 'n = @key', { key: n });
    if (add === undefined) continue;
    const more = Object.fromEntries(counters.map((name) => [name, add[name] ?? 0]));
    db.prepare(
      `update restore_item set ${counters.map((name) => `${name} = ${name} + @${name}`).join(', ')} where n = @n`,
    ).run({ ...more, n });
    db.prepare(
      `insert into restore_spent (restore, class, ${counters.join(', ')})
       select restore, class, ${counters.map((name) => `@${name}`).join(', ')} from restore_item where n = @n
       on conflict (restore, class) do update set ${counters.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`,
    ).run({ ...more, n });
  }
}
