import { Kysely, Migrator, SqliteDialect, type Migration } from 'kysely';
import type Database from 'better-sqlite3';
import type { Tables } from './rows.ts';

/** One entry a version, never changed once it has shipped. */
const migrations: Record<string, Migration> = {
  '001': {
    async up(db) {
      await db.schema
        .createTable('device')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('boxKey', 'text', (column) => column.notNull())
        .addColumn('admissionKey', 'text', (column) => column.notNull())
        .addColumn('pairedAt', 'integer', (column) => column.notNull())
        .addColumn('revokedAt', 'integer')
        .execute();
      await db.schema
        .createTable('offer')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('usedAt', 'integer', (column) => column.notNull())
        .addColumn('device', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('request')
        .addColumn('device', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('door', 'text', (column) => column.notNull())
        .addColumn('at', 'integer', (column) => column.notNull())
        .addColumn('intent', 'text', (column) => column.notNull())
        .addColumn('outcome', 'text')
        .addPrimaryKeyConstraint('request_key', ['device', 'id'])
        .execute();
      await db.schema
        .createTable('opening')
        .addColumn('door', 'text', (column) => column.notNull())
        .addColumn('address', 'text', (column) => column.notNull())
        .addColumn('device', 'text', (column) => column.notNull())
        .addColumn('openedAt', 'integer', (column) => column.notNull())
        .addColumn('closesAt', 'integer', (column) => column.notNull())
        .addColumn('closedAt', 'integer')
        .addPrimaryKeyConstraint('opening_key', ['door', 'address'])
        .execute();
      await db.schema
        .createTable('event')
        .addColumn('n', 'integer', (column) => column.primaryKey())
        .addColumn('at', 'integer', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('door', 'text')
        .addColumn('device', 'text')
        .addColumn('address', 'text')
        .addColumn('code', 'text')
        .addColumn('user', 'text')
        .addColumn('seconds', 'integer')
        .execute();
    },
  },
  '002': {
    async up(db) {
      await db.schema
        .alterTable('device')
        .addColumn('allowed', 'text', (column) => column.notNull().defaultTo(''))
        .execute();
      await db.schema.alterTable('event').addColumn('jail', 'text').execute();
    },
  },
  '003': {
    async up(db) {
      await db.schema.alterTable('event').addColumn('vault', 'text').execute();
      await db.schema.alterTable('event').addColumn('archives', 'integer').execute();
    },
  },
};

/** Column order of each table, for the prepared upserts. */
export const columns: { readonly [Name in keyof Tables]: readonly (keyof Tables[Name] & string)[] } = {
  device: ['id', 'name', 'boxKey', 'admissionKey', 'pairedAt', 'revokedAt', 'allowed'],
  offer: ['id', 'usedAt', 'device'],
  request: ['device', 'id', 'kind', 'door', 'at', 'intent', 'outcome'],
  opening: ['door', 'address', 'device', 'openedAt', 'closesAt', 'closedAt'],
  event: [
    'n',
    'at',
    'kind',
    'door',
    'device',
    'address',
    'code',
    'user',
    'seconds',
    'jail',
    'vault',
    'archives',
  ],
};

/** Brings the file to the newest version; throws where it cannot, and the file stays as it was. */
export async function migrate(database: Database.Database): Promise<Kysely<Tables>> {
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error(String(error));
  return db;
}
