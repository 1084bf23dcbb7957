import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { archiveId, cut, malformed } from '../../lib/archive/row.ts';
import { databaseLength, sharedPath } from '../../lib/archive/synology.ts';
import { LatchkeyError } from '../../lib/errors.ts';

/** Bytes: some 5 million files. */
const longestFile = 2 * 1024 ** 3;
/** Bytes of a text: twice the longest path of Linux. */
const longestText = 8192;

const table = 'file_info_tb';

/** Of which file an archive is. Both are text of others. */
export interface MappedFile {
  readonly id: string;
  readonly name: string;
}

interface Row {
  readonly id: unknown;
  readonly share: unknown;
  readonly base: unknown;
  readonly idBytes: number | null;
  readonly shareBytes: number | null;
  readonly baseBytes: number | null;
}

/**
 * A mapping of Synology's Glacier Backup, as a file of others: it may be anything, and is only read. It is copied first,
 * so that it can come through a pipe, cannot change while it is read, and no journal beside it is ever looked at. From it
 * come rows of a true table, never of a view or a virtual one, by columns that are stored, without any index of its own,
 * and with no code of its schema run. Throws `archives-cut`, `archives-malformed`, and what the disk says.
 */
export class MappingFile {
  readonly #file: string;
  readonly #fd: number;
  #length = 0;
  #db: Database.Database | undefined;

  /** Beside the catalogue: there is its room. */
  constructor(folder: string) {
    // What a kill left. One import after the other: the catalogue is locked by who makes one.
    for (const name of readdirSync(folder))
      if (/^mapping-[0-9a-f]{18}\.part$/.test(name)) rmSync(path.join(folder, name), { force: true });
    this.#file = path.join(folder, `mapping-${randomBytes(9).toString('hex')}.part`);
    this.#fd = openSync(this.#file, 'wx+', 0o600);
  }

  /** One character a byte. */
  push(bytes: string): void {
    if (this.#length + bytes.length > longestFile)
      throw malformed(longestFile, 'a mapping is never as long as that');
    const buffer = Buffer.from(bytes, 'latin1');
    for (let at = 0; at < buffer.length;) at += writeSync(this.#fd, buffer, at);
    this.#length += buffer.length;
  }

  /** Of the task and the home that wrote it, where the file says. */
  open(): { readonly task: string | null; readonly host: string | null } {
    const head = Buffer.alloc(100);
    readSync(this.#fd, head, 0, head.length, 0);
    const length = databaseLength(head.subarray(0, this.#length));
    if (length === undefined && this.#length >= head.length) throw malformed(16, 'no page has that size');
    if (length === undefined || length > this.#length) throw cut(this.#length);
    // "Is in WAL mode" would have SQLite make files beside it; a copy has none to look into.
    writeSync(this.#fd, Uint8Array.of(1, 1), 0, 2, 18);
    const db = (this.#db = new Database(this.#file, { readonly: true, fileMustExist: true }));
    return said(() => {
      for (const pragma of [
        'trusted_schema = off',
        'query_only = on',
        'cell_size_check = on',
        'mmap_size = 0',
        'cache_size = -4000',
        'temp_store = memory',
      ])
        db.pragma(pragma);
      if (!isTable(db, table)) throw malformed(0, `a database without the table ${table} is no mapping`);
      return { task: this.#fact('taskName'), host: this.#fact('hostName') };
    });
  }

  /** Each archive of the file, one by one; of several files of one archive those that are current come last. */
  *files(): Generator<MappedFile> {
    const stored = this.#columns(table);
    for (const name of ['archiveID', 'basePath'])
      if (!stored.has(name.toLowerCase())) throw malformed(0, `${table} has no column ${name}`);
    const share = stored.has('sharename') ? 'shareName' : `''`;
    const passes = stored.has('current') ? ['current is not 1', 'current is 1'] : ['true'];
    for (const pass of passes) yield* this.#pass(share, pass);
  }

  *#pass(share: string, pass: string): Generator<MappedFile> {
    // Lengths are in the row's head: a text of a gigabyte is refused before it is read.
    const text = (column: string): string =>
      `octet_length(${column}), iif(octet_length(${column}) <= ${longestText}, ${column}, null)`;
    const rows = said(() =>
      this.#db!.prepare<[], unknown[]>(
        `select ${text('archiveID')}, ${text(share)}, ${text('basePath')} from ${table} not indexed where ${pass}`,
      )
        .raw()
        .iterate(),
    );
    let bytes = 0;
    try {
      for (let n = 1; ; n++) {
        const next = said(() => rows.next(), ` after ${n - 1} rows`);
        if (next.done === true) return;
        const [idBytes, id, shareBytes, shared, baseBytes, base] = next.value as (number | null)[];
        const row = { id, share: shared, base, idBytes, shareBytes, baseBytes } as Row;
        // A tree whose branches meet again would never end.
        bytes += 2 + (row.idBytes ?? 0) + (row.shareBytes ?? 0) + (row.baseBytes ?? 0);
        if (bytes > this.#length) throw malformed(this.#length, `${table} holds more than the file`);
        const file = fileOf(row, n);
        if (file !== undefined) yield file;
      }
    } finally {
      rows.return?.();
    }
  }

  /** Of backup_info_tb; null where there is none that is a short text. */
  #fact(key: string): string | null {
    const name = 'backup_info_tb';
    if (!isTable(this.#db!, name)) return null;
    const stored = this.#columns(name);
    if (!stored.has('key') || !stored.has('value')) return null;
    const value = this.#db!.prepare(
      `select value from ${name} not indexed where octet_length(key) < 64 and key = ? and octet_length(value) <= 255 limit 1`,
    )
      .pluck()
      .get(key);
    return value === undefined || value === null ? null : textOf(value);
  }

  /** In lower case; what is calculated is none. */
  #columns(name: string): Set<string> {
    const columns = said(
      () => this.#db!.pragma(`table_xinfo(${name})`) as { name: string; hidden: number }[],
    );
    return new Set(columns.filter(({ hidden }) => hidden === 0).map((column) => column.name.toLowerCase()));
  }

  /** Leaves nothing on the disk. */
  close(): void {
    this.#db?.close();
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
  }
}

/** No view, and none of the virtual ones, which have no page of their own. */
function isTable(db: Database.Database, name: string): boolean {
  return (
    db
      .prepare(
        `select 1 from sqlite_schema where type = 'table' and rootpage > 0 and name = ? collate nocase limit 1`,
      )
      .get(name) !== undefined
  );
}

/** Undefined: of no archive yet. */
function fileOf({ id, share, base, idBytes, shareBytes, baseBytes }: Row, n: number): MappedFile | undefined {
  if (idBytes === null || idBytes === 0) return undefined;
  for (const [column, length] of [
    ['shareName', shareBytes],
    ['basePath', baseBytes],
  ] as const)
    if ((length ?? 0) > longestText) throw wrong(n, `${column} is ${length} bytes long`);
  const text = textOf(id);
  if (!archiveId.test(text)) throw wrong(n, 'archiveID is no id of an archive');
  const name = sharedPath(textOf(share), textOf(base));
  return name === '' ? undefined : { id: text, name };
}

function wrong(n: number, what: string): LatchkeyError {
  return new LatchkeyError('archives-malformed', `row ${n} of ${table}: ${what}`);
}

/** Bytes that are no UTF-8 are shown as �, as better-sqlite3 shows those of a text. */
function textOf(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** What SQLite says of the file, as ours. */
function said<T>(ask: () => T, where = ''): T {
  try {
    return ask();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (error instanceof LatchkeyError || typeof code !== 'string' || !code.startsWith('SQLITE_'))
      throw error;
    if (code.startsWith('SQLITE_FULL') || code.startsWith('SQLITE_NOMEM')) throw error;
    throw new LatchkeyError('archives-malformed', `the database is damaged${where} (${code})`, {
      cause: error,
    });
  }
}
