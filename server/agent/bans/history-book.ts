import type Database from 'better-sqlite3';
import type { Ban } from '../../../lib/ban.ts';
import {
  againMs,
  countedMs,
  recentMs,
  slotMs,
  type End,
  type Note,
  type Remembered,
} from './history-messages.ts';

const year = 365 * 86_400_000;
/** Rows that are kept however young: some 400 MB. */
const mostRows = 3_000_000;
/** Rows that go in one slice, between which others are written. */
const slice = 500;
/** A source's clock has whole seconds. */
const sameMoment = 1500;
/** A ban without times that is told again so soon after nobody saw it is the same. */
const restartMs = 600_000;

interface Row {
  id: number;
  since: number;
  told: 0 | 1;
  until: number | null;
  permanent: 0 | 1;
  endedAt: number | null;
  ended: End | null;
}

/** The history's file, in its worker: which ban is a new one, and how each ended. */
export class HistoryBook {
  private readonly database: Database.Database;
  private readonly jails = new Map<string, number>();
  /** Between `begin` and `sweep`, what is told is in `temp.seen`. */
  private telling = false;
  private readonly sql;

  constructor(database: Database.Database) {
    this.database = database;
    database.exec('create temp table seen (ban integer primary key)');
    this.sql = {
      jail: database.prepare<[string, string]>('insert into jail (source, jail) values (?, ?)'),
      last: database.prepare<[string, number], Row>(
        'select id, since, told, until, permanent, endedAt, ended from ban where value = ? and jail = ? order by id desc limit 1',
      ),
      insert: database.prepare<[number, string, number, 0 | 1, number | null, 0 | 1]>(
        'insert into ban (jail, value, since, told, until, permanent) values (?, ?, ?, ?, ?, ?)',
      ),
      until: database.prepare<[number | null, 0 | 1, number]>(
        'update ban set until = ?, permanent = ?, endedAt = null, ended = null, by = null where id = ?',
      ),
      extension: database.prepare<[number, number, number | null]>(
        'insert into extension (ban, at, until) values (?, ?, ?)',
      ),
      end: database.prepare<[number, End, string | null, number]>(
        'update ban set endedAt = ?, ended = ?, by = ? where id = ?',
      ),
      forget: database.prepare('delete from temp.seen'),
      seen: database.prepare<[number | bigint]>('insert or ignore into temp.seen values (?)'),
      sweep: database.prepare<[number, string]>(
        `update ban set endedAt = ?, ended = 'unknown', by = null
           where ended is null and id not in temp.seen
             and jail not in (select id from jail where source in (select value from json_each(?)))`,
      ),
      times: database.prepare<[string, number], { times: number }>(
        'select count(*) as times from ban where value = ? and since >= ?',
      ),
    };
    for (const { id, source, jail } of database.prepare('select * from jail').all() as {
      id: number;
      source: string;
      jail: string;
    }[])
      this.jails.set(`${source}\n${jail}`, id);
  }

  /** One transaction. @returns which notes told of a ban that was not known. */
  write(notes: readonly Note[]): number[] {
    const fresh: number[] = [];
    this.database.transaction(() => {
      notes.forEach((note, index) => {
        switch (note.op) {
          case 'begin':
            this.sql.forget.run();
            this.telling = true;
            return;
          case 'sweep':
            return this.sweep(note.at, note.but);
          case 'gone':
            return this.gone(note);
          case 'seen':
            if (this.stands(note.ban, note.at)) fresh.push(index);
        }
      });
    })();
    return fresh;
  }

  /** True: it is a new ban. */
  private stands(ban: Ban, at: number): boolean {
    const jail = this.jailOf(ban);
    const row = this.sql.last.get(ban.value, jail);
    const until = ban.until ?? null;
    const permanent = ban.permanent === true ? 1 : 0;
    if (row !== undefined && isSame(row, ban, at)) {
      if (this.telling) this.sql.seen.run(row.id);
      // Told once more after it was lifted: what was on its way then.
      if (row.ended === 'lifted') return false;
      const lengthened = row.permanent !== permanent || differs(row.until, until);
      if (lengthened) this.sql.extension.run(row.id, at, until);
      if (lengthened || row.ended !== null) this.sql.until.run(until, permanent, row.id);
      return false;
    }
    // Another ban of the same value took its place, and nobody saw the first go.
    if (row !== undefined && row.ended === null) this.sql.end.run(ban.since ?? at, 'unknown', null, row.id);
    const told = ban.since === undefined ? 0 : 1;
    const made = this.sql.insert.run(jail, ban.value, ban.since ?? at, told, until, permanent);
    if (this.telling) this.sql.seen.run(made.lastInsertRowid);
    return true;
  }

  private gone({ ban, at, end, by }: Extract<Note, { op: 'gone' }>): void {
    const row = this.sql.last.get(ban.value, this.jailOf(ban));
    if (row === undefined || row.ended !== null) return;
    this.sql.end.run(at, end, by ?? null, row.id);
  }

  private sweep(at: number, but: readonly string[]): void {
    if (!this.telling) return;
    this.telling = false;
    this.sql.sweep.run(at, JSON.stringify(but));
    this.sql.forget.run();
  }

  private jailOf({ source, jail }: Pick<Ban, 'source' | 'jail'>): number {
    const key = `${source}\n${jail}`;
    const known = this.jails.get(key);
    if (known !== undefined) return known;
    const id = Number(this.sql.jail.run(source, jail).lastInsertRowid);
    this.jails.set(key, id);
    return id;
  }

  times(values: readonly string[], since: number): Map<string, number> {
    return new Map(values.map((value) => [value, this.sql.times.get(value, since)?.times ?? 0]));
  }

  remembered(now: number): Remembered {
    const { database } = this;
    database.prepare("insert or ignore into fact (name, value) values ('began', ?)").run(now);
    const began = database.prepare("select value from fact where name = 'began'").pluck().get() as number;
    const slots = database
      .prepare(
        `select source, jail.jail, slot, count from
           (select jail, since / ${slotMs} as slot, count(*) as count from ban where since >= ? group by 1, 2) as counts
           join jail on jail.id = counts.jail`,
      )
      .all(now - countedMs) as Remembered['slots'];
    const recent = database
      .prepare(
        'select source, jail.jail, value, since as at from ban join jail on jail.id = ban.jail where since >= ? order by since',
      )
      .all(now - recentMs) as Remembered['recent'];
    const lifts = database
      .prepare(
        "select value, max(endedAt) as at from ban where ended = 'lifted' and endedAt >= ? group by value",
      )
      .all(now - againMs) as Remembered['lifts'];
    return { began, slots, recent, lifts };
  }

  /** True: there is more to go. */
  prune(now: number): boolean {
    const { database } = this;
    const excess = (database.prepare('select count(*) from ban').pluck().get() as number) - mostRows;
    const old = database
      .prepare('select id from ban where since < ? order by since limit ?')
      .pluck()
      .all(excess > 0 ? Number.MAX_SAFE_INTEGER : now - year, excess > 0 ? Math.min(excess, slice) : slice);
    const drop = database.prepare('delete from ban where id = ?');
    const dropExtensions = database.prepare('delete from extension where ban = ?');
    database.transaction(() => {
      for (const id of old) {
        drop.run(id);
        dropExtensions.run(id);
      }
    })();
    return old.length === slice;
  }
}

/** After a restart of its source, or of this home, a ban is told again: by its times it is the one that is known. */
function isSame(row: Row, ban: Ban, at: number): boolean {
  if (ban.since !== undefined && row.told === 1) return Math.abs(ban.since - row.since) <= sameMoment;
  if (row.ended === null) return true;
  return row.ended === 'unknown' && row.endedAt !== null && at - row.endedAt < restartMs;
}

function differs(before: number | null, now: number | null): boolean {
  return (before ?? 0) !== (now ?? 0) && Math.abs((before ?? 0) - (now ?? 0)) > sameMoment;
}
