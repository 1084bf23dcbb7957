import { join } from 'node:path';
import Database from 'better-sqlite3';

/** The home agent's file, seen by another connection: what is on disk, and a disk that takes no more of a table. */
export class Disk {
  private readonly database: Database.Database;

  constructor(directory: string) {
    this.database = new Database(join(directory, 'agent.db'));
  }

  rows<Row = Record<string, unknown>>(table: string): Row[] {
    return this.database.prepare(`select * from ${table} order by 1, 2`).all() as Row[];
  }

  /** Everything that a refusal must leave as it was. */
  state(): unknown {
    return ['device', 'offer', 'request', 'opening'].map((table) => this.rows(table));
  }

  run(sql: string): void {
    this.database.exec(sql);
  }

  /** From now on rows of the table are refused as by a full disk; `when` narrows it, in words of SQL. */
  fill(table: string, when = '1'): void {
    this.database.exec(
      `create trigger full_${table} before insert on ${table} when ${when}
       begin select raise(abort, 'database or disk is full'); end`,
    );
  }

  free(table: string): void {
    this.database.exec(`drop trigger full_${table}`);
  }

  close(): void {
    this.database.close();
  }
}
