import type Database from 'better-sqlite3';
import { bucketOf, unknownVault, vaultOf, type Archive, type Vault } from '../../lib/archive.ts';
import { describe, type Described } from '../../lib/archive/describe.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { classNumber, dialectNumber, firstOrd, hashOf, own, stateNumber, yearOf } from './encode.ts';
import { searchText, vaultToken } from './search-text.ts';

interface Known {
  readonly n: number;
  readonly ord: number;
  readonly vault: number;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: number | null;
  readonly size: number;
  readonly treeHash: Buffer | null;
  readonly class: number;
  readonly state: number;
  readonly until: number | null;
  readonly listed: number;
  readonly own: number;
  readonly ownAt: number | null;
}

interface YearChange {
  archives: number;
  bytes: number;
  unsized: number;
}

const day = 86_400_000;
/** An hour's quarter: clocks of home and AWS. */
const quarter = 900_000;

/** Writes into the catalogue, within a transaction that the caller has begun. `finish` must be called before its end. */
export class Writer {
  readonly #db: Database.Database;
  /** By `vault year`. */
  readonly #years = new Map<string, YearChange>();
  /** Milliseconds that are crowded, and where they go on. */
  readonly #crowded = new Map<number, number>();
  /** Rows after it are not in the search yet. */
  readonly #lastOld: number;
  #last: number;
  /** Names that something else told; empty for nearly everybody. */
  #told: boolean;
  /** Of whose vault no list says; -1 while there is none. */
  #nobody: number;
  readonly #statements;

  constructor(db: Database.Database) {
    this.#db = db;
    db.function('vault_token', { deterministic: true }, (n) => vaultToken(Number(n)));
    db.function('search_text', { deterministic: true }, (name) => searchText(String(name)));
    this.#statements = {
      find: db.prepare<[number, string]>(
        'select n, ord, vault, name, description, createdAt, size, treeHash, class, state, until, listed, own, ownAt from archive where hash = ? and id = ?',
      ),
      taken: db.prepare<[number]>('select 1 from archive where ord = ?').pluck(),
      add: db.prepare(
        'insert into archive (n, ord, vault, hash, id, name, description, dialect, createdAt, size, treeHash, class, state, until, listed, own, ownAt) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)',
      ),
      remove: db.prepare<[number]>('delete from archive where n = ?'),
      forget: db.prepare<[number]>('delete from search where rowid = ?'),
      list: db.prepare<[number, number, number | null, number, number | null, number]>(
        'update archive set state = ?, listed = ?, until = ?, own = ?, ownAt = ? where n = ?',
      ),
      told: db.prepare<[string]>('select name, dialect from told where id = ?'),
      tell: db.prepare<[string, string, number]>(
        'insert or replace into told (id, name, dialect) values (?,?,?)',
      ),
      rename: db.prepare<[string, number, number]>(
        'update archive set name = ?, description = coalesce(description, name), dialect = ? where n = ?',
      ),
      index: db.prepare<[number, string, string]>('insert into search (rowid, name, vault) values (?,?,?)'),
    };
    this.#lastOld = this.#last =
      (db.prepare('select max(n) from archive').pluck().get() as number | null) ?? 0;
    this.#told = db.prepare('select 1 from told limit 1').pluck().get() !== undefined;
    this.#nobody =
      (db.prepare('select n from vault where key = ?').pluck().get(unknownVault.key) as number | undefined) ??
      -1;
  }

  /**
   * The number of a vault, new or known. One known by its bare name becomes the one of the ARN; a bare name that only
   * one known vault has is that vault.
   */
  vault(vault: Vault): { n: number; vault: Vault; inventoryAt: number | null } {
    const { key, kind, name, region, account, counted } = vault;
    const find = this.#db.prepare<[string]>('select n, inventoryAt, key from vault where key = ?');
    type Found = { n: number; inventoryAt: number | null; key: string };
    let found = find.get(key) as Found | undefined;
    if (found === undefined && name !== null && kind === 'vault') {
      if (region === null) {
        const same = this.#db
          .prepare(`select n, inventoryAt, key from vault where name = ? and kind = 'vault' limit 2`)
          .all(name) as Found[];
        if (same.length === 1) found = same[0];
      } else {
        const bare = find.get(vaultOf(name)?.key ?? '') as Found | undefined;
        if (bare !== undefined) {
          this.#db
            .prepare('update vault set key = ?, region = ?, account = ? where n = ?')
            .run(key, region, account, bare.n);
          this.#db.prepare('update job set vault = ? where vault = ?').run(key, bare.key);
          found = { ...bare, key };
        }
      }
    }
    const n =
      found?.n ??
      Number(
        this.#db
          .prepare('insert into vault (key, kind, name, region, account) values (?,?,?,?,?)')
          .run(key, kind, name, region, account).lastInsertRowid,
      );
    if (key === unknownVault.key) this.#nobody = n;
    if (counted !== undefined)
      this.#db
        .prepare(
          'update vault set countedAt = ?, countedArchives = ?, countedBytes = ? where n = ? and coalesce(countedAt, 0) <= ?',
        )
        .run(counted.at, counted.archives, counted.bytes, n, counted.at);
    const told = found === undefined || found.key === key ? vault : (knownVault(found.key) ?? vault);
    return { n, vault: told, inventoryAt: found?.inventoryAt ?? null };
  }

  /** A name that the description does not have, for whichever vault its archive is in. True: it is in one now. */
  tell(id: string, { name, dialect }: Described): boolean {
    this.#told = true;
    this.#statements.tell.run(id, name, dialectNumber(dialect));
    const all = this.#statements.find.all(hashOf(id), id) as Known[];
    for (const known of all) {
      if (known.name === name) continue;
      this.#statements.rename.run(name, dialectNumber(dialect), known.n);
      if (known.n > this.#lastOld) continue;
      this.#statements.forget.run(known.ord);
      this.#statements.index.run(known.ord, searchText(name), vaultToken(known.vault));
    }
    return all.length > 0;
  }

  /** True where it was not known. `listed`: the list's own date. What a row does not tell stays as it was known. */
  put(vault: number, row: Archive, listed: number, uploadedAt?: number): boolean {
    const hash = hashOf(row.id);
    const known = this.#known(vault, hash, row.id);
    if (known === undefined) {
      this.#add(vault, hash, row, listed, uploadedAt);
      return true;
    }
    const createdAt = row.createdAt ?? known.createdAt;
    const size = row.size ?? known.size;
    const description = row.description === '' ? (known.description ?? known.name) : row.description;
    const same =
      createdAt === known.createdAt &&
      size === known.size &&
      description === (known.description ?? known.name) &&
      (row.treeHash === null || known.treeHash !== null) &&
      (row.storageClass === 'VAULT' || classNumber(row.storageClass) === known.class) &&
      (known.vault === vault || vault === this.#nobody);
    if (!same) {
      const keep = known.vault !== this.#nobody && vault === this.#nobody ? known.vault : vault;
      this.#drop(known);
      // another object under the same key; that of ours is listed as of its first part
      const isOther =
        known.class !== classNumber('VAULT') &&
        (size !== known.size || (createdAt ?? 0) > (known.createdAt ?? 0) + quarter);
      const treeHash = row.treeHash ?? (isOther ? null : (known.treeHash?.toString('hex') ?? null));
      this.#add(
        keep,
        hash,
        { ...row, createdAt, size: size < 0 ? null : size, description, treeHash },
        Math.max(listed, known.listed),
        uploadedAt,
      );
      return false;
    }
    // a deletion of ours that a list of a day later does not know of did not happen
    const settled = known.own === own.uploaded || (known.ownAt ?? 0) + day < listed;
    const nowOwn = uploadedAt === undefined && settled ? own.none : known.own;
    const state = row.state === undefined ? known.state : stateNumber(row.state);
    const until = row.state === undefined ? known.until : (row.until ?? null);
    if (listed > known.listed || nowOwn !== known.own || state !== known.state || until !== known.until) {
      if (known.own === own.deleted && nowOwn !== own.deleted) this.#count(known.vault, known, 1);
      this.#statements.list.run(
        state,
        Math.max(listed, known.listed),
        until,
        nowOwn,
        nowOwn === own.none ? null : known.ownAt,
        known.n,
      );
    }
    return false;
  }

  /** Ours, and not yet in any list. */
  delete(vault: number, id: string, at: number): void {
    const known = this.#known(vault, hashOf(id), id);
    if (known === undefined || known.own === own.deleted) return;
    this.#count(known.vault, known, -1);
    this.#statements.list.run(known.state, known.listed, known.until, own.deleted, at, known.n);
  }

  /** What the list of that date did not have is gone; an upload of ours of the last day before it may be missing. */
  endList(vault: number, listed: number): number {
    const rows = this.#db
      .prepare(
        `select n, ord, vault, createdAt, size, own from archive where vault = ? and listed < ? and not (own = ${own.uploaded} and ownAt > ?)`,
      )
      .all(vault, listed, listed - day) as Known[];
    for (const row of rows) this.#drop(row);
    return rows.length;
  }

  setInventory(vault: number, at: number): void {
    this.#db.prepare('update vault set inventoryAt = ? where n = ?').run(at, vault);
  }

  /** Makes what was written findable, and counts it. */
  finish(): void {
    // in the order of its rows: the index is then written front to back
    this.#db
      .prepare(
        'insert into search (rowid, name, vault) select ord, search_text(name), vault_token(vault) from archive where n > ? order by ord',
      )
      .run(this.#lastOld);
    const add = this.#db.prepare(
      `insert into year (vault, year, archives, bytes, unsized) values (?,?,?,?,?)
       on conflict (vault, year) do update set archives = archives + excluded.archives,
       bytes = bytes + excluded.bytes, unsized = unsized + excluded.unsized`,
    );
    for (const [key, { archives, bytes, unsized }] of this.#years) {
      const [vault, year] = key.split(' ').map(Number);
      add.run(vault, year, archives, bytes, unsized);
    }
    this.#years.clear();
  }

  #known(vault: number, hash: number, id: string): Known | undefined {
    const all = this.#statements.find.all(hash, id) as Known[];
    if (all.length === 0) return undefined;
    const vaultClass = (known: Known): boolean => known.class === classNumber('VAULT');
    return (
      all.find((known) => known.vault === vault) ??
      // ids of vaults are AWS's, and the same one is the same archive
      all.find((known) => vaultClass(known) && (known.vault === this.#nobody || vault === this.#nobody))
    );
  }

  #add(vault: number, hash: number, row: Archive, listed: number, uploadedAt?: number): void {
    const { name, dialect } = this.#describe(row);
    this.#statements.add.run(
      ++this.#last,
      this.#ord(row.createdAt),
      vault,
      hash,
      row.id,
      name,
      row.description === name ? null : row.description,
      dialect,
      row.createdAt,
      row.size ?? -1,
      row.treeHash === null ? null : Buffer.from(row.treeHash, 'hex'),
      classNumber(row.storageClass),
      row.state === undefined ? 0 : stateNumber(row.state),
      row.until ?? null,
      listed,
      uploadedAt === undefined ? own.none : own.uploaded,
      uploadedAt ?? null,
    );
    this.#count(vault, { createdAt: row.createdAt, size: row.size ?? -1 }, 1);
  }

  #describe(row: Archive): { name: string; dialect: number } {
    if (this.#told) {
      const told = this.#statements.told.get(row.id) as { name: string; dialect: number } | undefined;
      if (told !== undefined) return told;
    }
    if (row.storageClass !== 'VAULT') return { name: row.id, dialect: 0 };
    const { name, dialect } = describe(row.description);
    return { name, dialect: dialectNumber(dialect) };
  }

  #ord(createdAt: number | null): number {
    const first = firstOrd(createdAt);
    let ord = this.#crowded.get(first) ?? first;
    while (this.#statements.taken.get(ord) !== undefined) ord++;
    if (ord - first > 8) this.#crowded.set(first, ord + 1);
    return ord;
  }

  #drop(row: Known): void {
    this.#statements.remove.run(row.n);
    if (row.n <= this.#lastOld) this.#statements.forget.run(row.ord);
    if (row.own !== own.deleted) this.#count(row.vault, row, -1);
  }

  #count(vault: number, { createdAt, size }: { createdAt: number | null; size: number }, by: 1 | -1): void {
    const key = `${vault} ${yearOf(createdAt)}`;
    let change = this.#years.get(key);
    if (change === undefined) this.#years.set(key, (change = { archives: 0, bytes: 0, unsized: 0 }));
    change.archives += by;
    if (size >= 0) change.bytes += by * size;
    else change.unsized += by;
  }
}

function knownVault(key: string): Vault | undefined {
  if (key.startsWith('arn:aws:s3:::')) return bucketOf(key.slice('arn:aws:s3:::'.length), '');
  return vaultOf(key.replace(/^vaults\//, ''));
}

/** What `--vault` says. Throws `config-usage`. */
export function readVault(text: string): Vault {
  const vault = vaultOf(text);
  if (vault === undefined)
    throw new LatchkeyError('config-usage', `--vault "${text}": a vault's name or ARN`);
  return vault;
}
