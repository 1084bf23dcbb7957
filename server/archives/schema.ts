import Database from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect, sql, type Migration } from 'kysely';

/** Of parts of a restore as they are shown: failed first, under way, waiting, back. */
export const shownOrder = `case state when 'failed' then 0 when 'waiting' then 2 when 'back' then 3 else 1 end`;

/**
 * archives.db. `archive.ord` is when it was created, made unique: numbers in that order, so that the newest of a
 * million are at the end of an index, and full-text search (whose row it is too) gives them in that order by itself.
 * `hash` stands for the id in an index of an eighth of its size. A size of -1 is unknown. `description` is null where
 * the name is the same text. Of a year 0 the creation is unknown.
 */
const migrations: Record<string, Migration> = {
  '001': {
    async up(db) {
      await db.schema
        .createTable('vault')
        .addColumn('n', 'integer', (column) => column.primaryKey())
        .addColumn('key', 'text', (column) => column.notNull().unique())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text')
        .addColumn('region', 'text')
        .addColumn('account', 'text')
        .addColumn('countedAt', 'integer')
        .addColumn('countedArchives', 'integer')
        .addColumn('countedBytes', 'integer')
        .addColumn('inventoryAt', 'integer')
        .execute();
      await db.schema
        .createTable('archive')
        .addColumn('n', 'integer', (column) => column.primaryKey())
        .addColumn('ord', 'integer', (column) => column.notNull())
        .addColumn('vault', 'integer', (column) => column.notNull())
        .addColumn('hash', 'integer', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('dialect', 'integer', (column) => column.notNull())
        .addColumn('createdAt', 'integer')
        .addColumn('size', 'integer', (column) => column.notNull())
        .addColumn('treeHash', 'blob')
        .addColumn('class', 'integer', (column) => column.notNull())
        .addColumn('state', 'integer', (column) => column.notNull())
        .addColumn('until', 'integer')
        .addColumn('listed', 'integer', (column) => column.notNull())
        .addColumn('own', 'integer', (column) => column.notNull())
        .addColumn('ownAt', 'integer')
        .execute();
      await db.schema
        .createTable('year')
        .addColumn('vault', 'integer', (column) => column.notNull())
        .addColumn('year', 'integer', (column) => column.notNull())
        .addColumn('archives', 'integer', (column) => column.notNull())
        .addColumn('bytes', 'integer', (column) => column.notNull())
        .addColumn('unsized', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('year_key', ['vault', 'year'])
        .execute();
      // names that something else than the description tells: Synology's mapping, the log of an upload
      await db.schema
        .createTable('told')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('dialect', 'integer', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('job')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('vault', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('jobId', 'text')
        .addColumn('archive', 'text')
        .addColumn('tier', 'text')
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('askedAt', 'integer', (column) => column.notNull())
        .addColumn('askedBy', 'text')
        .addColumn('completedAt', 'integer')
        .addColumn('expiresAt', 'integer')
        .addColumn('size', 'integer')
        .addColumn('fetched', 'integer', (column) => column.notNull())
        .addColumn('doneAt', 'integer')
        .addColumn('message', 'text')
        .execute();
      for (const statement of [...lasting, ...rebuilt.map(([, create]) => create)])
        await sql.raw(statement).execute(db);
    },
  },
  // what is brought back: restore/records.ts says what each column means
  '002': {
    async up(db) {
      for (const statement of restoring) await sql.raw(statement).execute(db);
    },
  },
};

const restoring = [
  `create table restore (
     id text primary key, startedAt integer not null, startedBy text, tier text not null, perDay integer,
     status text not null, pausing integer not null, folder text not null, code text, costInAll integer not null,
     copyDays integer not null, doneAt integer, archives integer not null, bytes integer not null)`,
  `create table restore_item (
     n integer primary key, restore text not null, whole integer not null, vault text not null, hash integer not null,
     id text not null, name text not null, size integer not null, treeHash blob, class integer not null,
     part integer not null, parts integer not null, first integer not null, bytes integer not null, state text not null,
     job text, jobId text, heard integer not null default 0, nextJob text, nextJobId text, askedAt integer,
     readyAt integer, "until" integer, due integer not null default 0, down integer not null default 0,
     checkedAt integer, checked text, code text, message text, file text, missed integer not null default 0,
     asks integer not null default 0, retrieved integer not null default 0, looks integer not null default 0,
     gets integer not null default 0, "out" integer not null default 0, copyByteDays real not null default 0)`,
  'create index restore_item_state on restore_item(restore, state, n)',
  `create index restore_item_shown on restore_item(restore, ${shownOrder}, n)`,
  'create index restore_item_asked on restore_item(restore, askedAt)',
  'create index restore_item_whole on restore_item(whole)',
  'create index restore_item_archive on restore_item(hash)',
  `create table restore_spent (
     restore text not null, class integer not null, asks integer not null, retrieved integer not null,
     looks integer not null, gets integer not null, "out" integer not null, copyByteDays real not null,
     primary key (restore, class))`,
];

const lasting = [
  'create unique index archive_ord on archive(ord)',
  'create index archive_hash on archive(hash)',
  'create index archive_active on archive(vault, ord) where state <> 0',
  // words as search-text.ts cuts them; the vault is one, too, so that a search in a vault is an intersection
  `create virtual table search using fts5(name, vault, prefix = '1 2 3', content = '', contentless_delete = 1)`,
];

/** Made anew after a large import: sorting once takes a fraction of a million single insertions. */
export const rebuilt: readonly (readonly [name: string, create: string])[] = [
  ['archive_vault', 'create index archive_vault on archive(vault, ord)'],
  ['archive_size', 'create index archive_size on archive(vault, size, ord)'],
  ['archive_name', 'create index archive_name on archive(vault, name collate nocase, ord)'],
  ['archive_head', 'create index archive_head on archive(substr(id, 1, 8)) where class = 0'],
  ['archive_tree', 'create index archive_tree on archive(substr(treeHash, 1, 6)) where treeHash is not null'],
];

export interface Opening {
  /** How long SQLite waits for another writer, ms. */
  readonly patience: number;
  /** Of SQLite's page cache. */
  readonly cacheMb: number;
}

/** Opens or makes the file and brings it to the newest version; throws what SQLite says. */
export async function openDatabase(file: string, { patience, cacheMb }: Opening): Promise<Database.Database> {
  const database = new Database(file, { timeout: 10_000 });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma(`cache_size = ${-cacheMb * 1024}`);
    // a large import leaves a large log: it is cut again at the next checkpoint
    database.pragma('journal_size_limit = 67108864');
    await migrate(database);
    database.pragma(`busy_timeout = ${patience}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function migrate(database: Database.Database): Promise<void> {
  const versions = Object.keys(migrations);
  for (let attempt = 1; ; attempt++) {
    const known = database
      .prepare(`select count(*) as n from sqlite_schema where name = 'kysely_migration'`)
      .get() as { n: number };
    if (known.n > 0) {
      const done = database.prepare('select count(*) as n from kysely_migration').get() as { n: number };
      if (done.n >= versions.length) return;
    }
    const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    // another process may have made it in the same moment
    if (attempt === 3) throw error instanceof Error ? error : new Error(String(error));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
