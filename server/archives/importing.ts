import { fstatSync, readSync } from 'node:fs';
import path from 'node:path';
import type Database from 'better-sqlite3';
import { unknownVault, vaultOf, type Archive, type Vault } from '../../lib/archive.ts';
import { ArchiveFile } from '../../lib/archive/read-file.ts';
import { malformed, type FileFacts } from '../../lib/archive/row.ts';
import { databaseMagic } from '../../lib/archive/synology.ts';
import type { LoggedUpload } from '../../lib/archive/upload-log.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { FileToImport, Imported, ImportProgress } from './catalogue.ts';
import { MappingFile } from './mapping-file.ts';
import { rebuilt } from './schema.ts';
import { readVault, Writer } from './writer.ts';

/** Bytes that are read at once. */
export const piece = 65_536;
/** From here on sorting indexes anew is quicker than keeping them, if they are not much larger already. */
const manyBytes = 20_000_000;

interface Place {
  readonly n: number;
  readonly vault: Vault;
  readonly inventoryAt: number | null;
}

/**
 * One file into the catalogue, in one transaction. Synchronous: it has a thread of its own. `archives-*` where the file
 * is not whole and sound, and then nothing is changed.
 */
export function importFile(
  db: Database.Database,
  source: FileToImport,
  now: number,
  progress: (progress: ImportProgress) => void,
): Imported {
  const import_ = new FileImport(db, source, now, progress);
  db.exec('begin immediate');
  try {
    const imported = import_.run();
    db.exec(imported.stale ? 'rollback' : 'commit');
    return imported;
  } catch (error) {
    if (db.inTransaction) db.exec('rollback');
    throw error;
  }
}

class FileImport {
  readonly #db: Database.Database;
  readonly #source: FileToImport;
  readonly #now: number;
  readonly #progress: (progress: ImportProgress) => void;
  readonly #wanted: Vault | undefined;
  readonly #regular: boolean;
  #writer!: Writer;
  #places = new Map<string, Place>();
  #early: Pick<FileFacts, 'vault' | 'inventoryAt'> | undefined;
  #rows = 0;
  #inserted = 0;
  #bytes = 0;
  #read = 0;

  constructor(
    db: Database.Database,
    source: FileToImport,
    now: number,
    progress: (progress: ImportProgress) => void,
  ) {
    this.#db = db;
    this.#source = source;
    this.#now = now;
    this.#progress = progress;
    this.#wanted = source.vault === undefined ? undefined : readVault(source.vault);
    this.#regular = fstatSync(source.fd).isFile();
  }

  run(): Imported {
    const pieces = this.#pieces();
    let head = '';
    while (head.length < databaseMagic.length) {
      const { value, done } = pieces.next();
      if (done === true) break;
      head += value;
    }
    const { only } = this.#source;
    if (head.startsWith(databaseMagic) && (only === undefined || only === 'synology-mapping'))
      return this.#mapping(head, pieces);
    if (only === 'synology-mapping') throw malformed(0, 'no SQLite database, which a mapping is');
    const imported = this.#lists(head, pieces);
    if (only !== undefined && imported.kind !== only) throw malformed(0, `no ${only}`);
    return imported;
  }

  /** Names of archives, whether they are listed already or not. */
  #mapping(head: string, pieces: Iterable<string>): Imported {
    if (this.#wanted !== undefined)
      throw new LatchkeyError('archives-vault', 'a mapping of Synology tells of archives, not of a vault');
    this.#writer = new Writer(this.#db);
    const file = new MappingFile(path.dirname(this.#db.name));
    try {
      for (const bytes of joined(head, pieces)) {
        file.push(bytes);
        this.#tell(false);
      }
      const { task, host } = file.open();
      let listed = 0;
      for (const { id, name } of file.files()) {
        this.#rows++;
        if (this.#writer.tell(id, { name, dialect: 'synology' })) listed++;
        this.#tell(false);
      }
      this.#tell(true);
      const none = { vault: null, inventoryAt: null, inserted: 0, gone: 0, stale: false };
      return { kind: 'synology-mapping', rows: this.#rows, mapping: { listed, task, host }, ...none };
    } finally {
      file.close();
    }
  }

  #lists(head: string, pieces: Iterable<string>): Imported {
    const anew = this.#sortsAnew();
    if (anew) for (const [name] of rebuilt) this.#db.exec(`drop index ${name}`);
    this.#writer = new Writer(this.#db);
    const file = new ArchiveFile();
    for (const bytes of joined(head, pieces)) {
      this.#take(file, file.push(bytes));
      this.#tell(false);
    }
    const { rows, facts } = file.end();
    this.#take(file, rows);
    this.#tell(true);
    const result = this.#end(facts);
    if (!result.stale) {
      this.#writer.finish();
      if (anew) for (const [, create] of rebuilt) this.#db.exec(create);
    }
    return result;
  }

  #end(facts: FileFacts): Imported {
    const { kind, vault: told, inventoryAt } = facts;
    const unread =
      this.#early !== undefined && (this.#early.vault !== told || this.#early.inventoryAt !== inventoryAt);
    if (kind === 'inventory-json' && unread)
      throw malformed(
        this.#read,
        'the vault or date stands behind the list, which a pipe cannot be read twice for',
      );
    const vault = this.#vaultOf(told);
    const named = kind === 'upload-log' && told === null && this.#wanted === undefined ? undefined : vault;
    const place = named === undefined ? undefined : this.#place(named);
    const stale =
      kind === 'inventory-json' &&
      this.#source.part !== true &&
      inventoryAt !== null &&
      inventoryAt < (place?.inventoryAt ?? 0);
    let gone = 0;
    if (!stale && place !== undefined && inventoryAt !== null && this.#source.part !== true) {
      gone = this.#writer.endList(place.n, inventoryAt);
      this.#writer.setInventory(place.n, inventoryAt);
      this.#writer.vault({
        ...place.vault,
        counted: { at: inventoryAt, archives: this.#rows, bytes: this.#bytes },
      });
    }
    return {
      kind,
      vault: place === undefined || place.vault.key === unknownVault.key ? null : place.vault,
      inventoryAt,
      rows: this.#rows,
      inserted: stale ? 0 : this.#inserted,
      gone,
      stale,
    };
  }

  #take(file: ArchiveFile, rows: readonly Archive[]): void {
    if (rows.length === 0) return;
    const log = file.kind === 'upload-log';
    this.#early ??= this.#factsOf(file);
    const usual = log ? undefined : this.#place(this.#vaultOf(this.#early.vault));
    for (const row of rows) {
      this.#rows++;
      this.#bytes += row.size ?? 0;
      const place = usual ?? this.#placeOfUpload(row);
      const known = place.inventoryAt ?? 0;
      const { inventoryAt } = this.#early;
      const listed = Math.max(inventoryAt ?? known, this.#source.part === true ? known : 0);
      if (this.#writer.put(place.n, row, listed, log ? this.#now : undefined)) this.#inserted++;
      const { file: name } = row as LoggedUpload;
      if (name !== undefined) this.#writer.tell(row.id, { name, dialect: 'plain' });
    }
  }

  #placeOfUpload(row: LoggedUpload): Place {
    const { vault: key, account = null } = row;
    const told = key === undefined ? undefined : vaultOf(key.replace(/^vaults\//, ''));
    if (told === undefined) return this.#place(this.#wanted ?? unknownVault);
    this.#compare(told);
    return this.#place(this.#wanted ?? { ...told, account });
  }

  /** Vault and date are needed with the first row. AWS writes them first; where they are last, the file is read twice. */
  #factsOf(file: ArchiveFile): Pick<FileFacts, 'vault' | 'inventoryAt'> {
    const { vault, inventoryAt } = file;
    if (file.kind !== 'inventory-json' || (vault !== null && inventoryAt !== null) || !this.#regular)
      return { vault, inventoryAt };
    const again = new ArchiveFile();
    for (const bytes of this.#pieces(true)) again.push(bytes);
    return again.end().facts;
  }

  /** `--vault` is for files that name none; of one that does it must be the same. Throws `archives-vault`. */
  #vaultOf(told: string | null): Vault {
    const vault = told === null ? undefined : vaultOf(told.replace(/^vaults\//, ''));
    if (told !== null && vault === undefined)
      throw new LatchkeyError('archives-malformed', `"${told.slice(0, 200)}" is no vault`);
    if (vault !== undefined) this.#compare(vault);
    return vault ?? this.#wanted ?? unknownVault;
  }

  #compare(told: Vault): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const same =
      wanted.region === null || told.region === null ? wanted.name === told.name : wanted.key === told.key;
    if (!same) throw new LatchkeyError('archives-vault', `the file is of ${told.key}`);
  }

  #place(vault: Vault): Place {
    let place = this.#places.get(vault.key);
    if (place === undefined) this.#places.set(vault.key, (place = this.#writer.vault(vault)));
    return place;
  }

  #sortsAnew(): boolean {
    const { size = 0 } = this.#source;
    if (size < manyBytes) return false;
    const known = (this.#db.prepare('select coalesce(max(n), 0) from archive').pluck().get() as number) * 400;
    return known < size * 4;
  }

  *#pieces(again = false): Generator<string> {
    const buffer = Buffer.allocUnsafe(piece);
    let at = 0;
    for (;;) {
      const read = readSync(this.#source.fd, buffer, 0, piece, this.#regular ? at : null);
      if (read === 0) return;
      at += read;
      if (!again) this.#read = at;
      yield buffer.toString('latin1', 0, read);
    }
  }

  #tell(finishing: boolean): void {
    const { size } = this.#source;
    this.#progress({
      bytes: this.#read,
      ...(size === undefined ? {} : { ofBytes: size }),
      rows: this.#rows,
      finishing,
    });
  }
}

function* joined(head: string, rest: Iterable<string>): Generator<string> {
  if (head !== '') yield head;
  yield* rest;
}
