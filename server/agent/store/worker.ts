import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { Kysely } from 'kysely';
import { columns, migrate } from './schema.ts';
import type { Loaded, Row, Tables } from './rows.ts';

/**
 * The one thread that touches the disk. A `commit` carries every batch of rows that was queued when it was sent:
 * they become one transaction; if that fails, each batch is tried alone, so that one bad row fails only its own.
 */
export type ToWorker =
  | { readonly ask: 'commit'; readonly batches: readonly (readonly Row[])[] }
  | { readonly ask: 'events'; readonly id: number; readonly before: number; readonly limit: number }
  | { readonly ask: 'close' };

export type FromWorker =
  | { readonly say: 'ready'; readonly loaded: Loaded }
  | { readonly say: 'failed'; readonly text: string }
  | { readonly say: 'committed'; readonly errors: readonly (string | null)[] }
  | {
      readonly say: 'events';
      readonly id: number;
      readonly events: Tables['event'][];
      readonly error?: string;
    }
  | { readonly say: 'closed' };

const day = 86_400_000;

/** Older requests cannot act again: their challenge is long gone. The rest answers retries. */
async function prune(db: Kysely<Tables>, now: number): Promise<void> {
  await db
    .deleteFrom('request')
    .where('at', '<', now - day)
    .where('outcome', 'is not', null)
    .execute();
}

async function load(db: Kysely<Tables>, now: number): Promise<Loaded> {
  await prune(db, now);
  const last = await db
    .selectFrom('event')
    .select((all) => all.fn.max('n').as('n'))
    .executeTakeFirst();
  return {
    devices: await db.selectFrom('device').selectAll().execute(),
    offers: await db
      .selectFrom('offer')
      .selectAll()
      .where('usedAt', '>', now - day)
      .execute(),
    requests: await db.selectFrom('request').selectAll().execute(),
    openings: await db.selectFrom('opening').selectAll().where('closedAt', 'is', null).execute(),
    lastEvent: last?.n ?? 0,
  };
}

async function run(port: NonNullable<typeof parentPort>): Promise<void> {
  const { file } = workerData as { file: string };
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  // What a device was told must survive power loss: fsync at every commit, not only at checkpoints.
  database.pragma('synchronous = FULL');
  const db = await migrate(database);
  const puts = new Map(
    Object.entries(columns).map(([table, names]) => [
      table,
      database.prepare(
        `insert or replace into ${table} (${names.map((name) => `"${name}"`).join(',')}) values (${names.map((name) => `@${name}`).join(',')})`,
      ),
    ]),
  );
  const put = (batch: readonly Row[]): void => {
    for (const row of batch) puts.get(row.put)?.run(row.value);
  };
  const one = database.transaction(put);
  const all = database.transaction((batches: readonly (readonly Row[])[]) => batches.forEach(put));
  const tryOne = (batch: readonly Row[]): string | null => {
    try {
      one(batch);
      return null;
    } catch (error) {
      return String(error);
    }
  };
  const say = (message: FromWorker): void => port.postMessage(message);

  port.on('message', (message: ToWorker) => {
    if (message.ask === 'commit') {
      try {
        all(message.batches);
        say({ say: 'committed', errors: message.batches.map(() => null) });
      } catch {
        say({ say: 'committed', errors: message.batches.map(tryOne) });
      }
    } else if (message.ask === 'events') {
      const { id } = message;
      try {
        const events = database
          .prepare('select * from event where n < ? order by n desc limit ?')
          .all(message.before, message.limit) as Tables['event'][];
        say({ say: 'events', id, events });
      } catch (error) {
        say({ say: 'events', id, events: [], error: String(error) });
      }
    } else {
      clearInterval(pruning);
      database.close();
      say({ say: 'closed' });
      port.close();
    }
  });
  const pruning = setInterval(() => void prune(db, Date.now()).catch(() => undefined), day / 24);
  pruning.unref();
  say({ say: 'ready', loaded: await load(db, Date.now()) });
}

const port = parentPort;
if (port !== null) {
  run(port).catch((error: unknown) =>
    port.postMessage({ say: 'failed', text: String(error) } satisfies FromWorker),
  );
}
