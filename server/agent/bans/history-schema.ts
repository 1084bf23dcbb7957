import type Database from 'better-sqlite3';
import { Kysely, Migrator, sql, SqliteDialect, type Migration } from 'kysely';
import type { End } from './history-messages.ts';

/** Times are Unix ms. */
export interface HistoryTables {
  jail: { id: number; source: string; jail: string };
  ban: {
    id: number;
    jail: number;
    value: string;
    /** As told; where the source does not tell, when it was first seen. */
    since: number;
    told: 0 | 1;
    until: number | null;
    permanent: 0 | 1;
    endedAt: number | null;
    ended: End | null;
    /** The id of the device that lifted it. */
    by: string | null;
  };
  /** A ban that was lengthened, or shortened: what its end was said to be from then on. */
  extension: { ban: number; at: number; until: number | null };
  fact: { name: string; value: number };
}

/** One entry a version, never changed once it has shipped. */
const migrations: Record<string, Migration> = {
  '001': {
    async up(db) {
      await db.schema
        .createTable('jail')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('jail', 'text', (column) => column.notNull())
        .addUniqueConstraint('jail_name', ['source', 'jail'])
        .execute();
      await db.schema
        .createTable('ban')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('jail', 'integer', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('since', 'integer', (column) => column.notNull())
        .addColumn('told', 'integer', (column) => column.notNull())
        .addColumn('until', 'integer')
        .addColumn('permanent', 'integer', (column) => column.notNull())
        .addColumn('endedAt', 'integer')
        .addColumn('ended', 'text')
        .addColumn('by', 'text')
        .execute();
      await db.schema.createIndex('ban_value').on('ban').columns(['value', 'jail']).execute();
      await db.schema.createIndex('ban_since').on('ban').columns(['since', 'jail']).execute();
      await db.schema
        .createIndex('ban_open')
        .on('ban')
        .column('jail')
        .where(sql<boolean>`ended is null`)
        .execute();
      await db.schema
        .createIndex('ban_lifted')
        .on('ban')
        .column('endedAt')
        .where(sql<boolean>`ended = 'lifted'`)
        .execute();
      await db.schema
        .createTable('extension')
        .addColumn('ban', 'integer', (column) => column.notNull())
        .addColumn('at', 'integer', (column) => column.notNull())
        .addColumn('until', 'integer')
        .execute();
      await db.schema.createIndex('extension_ban').on('extension').column('ban').execute();
      await db.schema
        .createTable('fact')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'integer', (column) => column.notNull())
        .execute();
    },
  },
};

/** Brings the file to the newest version; throws where it cannot. */
export async function migrateHistory(database: Database.Database): Promise<void> {
  const db = new Kysely<HistoryTables>({ dialect: new SqliteDialect({ database }) });
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error(String(error));
}
