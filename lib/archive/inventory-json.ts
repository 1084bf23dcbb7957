import type { Archive } from '../archive.ts';
import { skipSpace, stringEnd, valueEnd } from './json-scan.ts';
import {
  archiveId,
  cut,
  fromUtf8,
  longestRow,
  malformed,
  readDate,
  readShapedDate,
  treeHash,
  type FileFacts,
  type FileReader,
} from './row.ts';

/** A row as AWS writes it: these keys in this order, nothing to unescape. Any other is read by the slower way. */
const usual =
  /\{"ArchiveId":"([A-Za-z0-9_-]{1,512})","ArchiveDescription":"([ !#-[\]-~]*)","CreationDate":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z)","Size":(0|[1-9]\d{0,14}),"SHA256TreeHash":"([0-9a-f]{64})"\}/y;

type At =
  | 'start'
  | 'key'
  | 'first-key'
  | 'colon'
  | 'value'
  | 'after-value'
  | 'row'
  | 'first-row'
  | 'after-row'
  | 'end';

/**
 * The JSON of a vault's inventory, of any length: only the piece at hand and an unfinished row are held. Rows come as
 * they pass; whether the file is whole is known only by `end`.
 */
export class InventoryJson implements FileReader {
  #text = '';
  /** The file's byte of `#text[0]`. */
  #base = 0;
  #at: At = 'start';
  #key = '';
  #vault: string | null = null;
  #inventoryAt: number | null = null;
  #listed = false;

  /** The VaultARN, once it has come. */
  get vault(): string | null {
    return this.#vault;
  }

  get inventoryAt(): number | null {
    return this.#inventoryAt;
  }

  push(bytes: string): readonly Archive[] {
    const text = this.#text === '' ? bytes : this.#text + bytes;
    const rows: Archive[] = [];
    let index = 0;
    for (;;) {
      const next = this.#step(text, index, rows);
      if (next < 0) break;
      index = next;
    }
    this.#base += index;
    this.#text = text.slice(index);
    if (this.#text.length > longestRow) throw malformed(this.#base, `a value of over ${longestRow} bytes`);
    return rows;
  }

  end(): { rows: readonly Archive[]; facts: FileFacts } {
    const { length } = this.#text;
    if (this.#at === 'start') throw malformed(this.#base, 'no inventory');
    if (this.#at !== 'end') throw cut(this.#base + length);
    if (!this.#listed) throw malformed(this.#base, 'no ArchiveList in it');
    return {
      rows: [],
      facts: { kind: 'inventory-json', vault: this.#vault, inventoryAt: this.#inventoryAt },
    };
  }

  /** One thing further: where it ends, or -1 where more bytes are needed. */
  #step(text: string, from: number, rows: Archive[]): number {
    const index = skipSpace(text, from);
    if (index >= text.length) return index > from ? index : -1;
    const code = text.charCodeAt(index);
    switch (this.#at) {
      case 'first-row':
        return code === 93 ? this.#go('after-value', index + 1) : this.#row(text, index, rows);
      case 'row':
        return this.#row(text, index, rows);
      case 'after-row':
        if (code === 44) return this.#go('row', index + 1);
        if (code === 93) return this.#go('after-value', index + 1);
        throw malformed(this.#base + index, 'a comma or the end of the list is missing');
      case 'start':
        if (code !== 123) throw malformed(this.#base + index, 'no object of JSON');
        return this.#go('first-key', index + 1);
      case 'first-key':
        return code === 125 ? this.#go('end', index + 1) : this.#readKey(text, index);
      case 'key':
        return this.#readKey(text, index);
      case 'colon':
        if (code !== 58) throw malformed(this.#base + index, 'a colon is missing');
        return this.#go('value', index + 1);
      case 'value':
        return this.#value(text, index, code);
      case 'after-value':
        if (code === 44) return this.#go('key', index + 1);
        if (code === 125) return this.#go('end', index + 1);
        throw malformed(this.#base + index, 'a comma or the end of the object is missing');
      case 'end':
        throw malformed(this.#base + index, 'something stands after the end');
    }
  }

  #readKey(text: string, index: number): number {
    const end = stringEnd(text, index, this.#base);
    if (end < 0) return -1;
    this.#key = String(this.#parse(text, index, end));
    return this.#go('colon', end);
  }

  #go(at: At, index: number): number {
    this.#at = at;
    return index;
  }

  #value(text: string, index: number, code: number): number {
    if (this.#key === 'ArchiveList') {
      if (this.#listed) throw malformed(this.#base + index, 'a second ArchiveList');
      if (code !== 91) throw malformed(this.#base + index, 'ArchiveList is no list');
      this.#listed = true;
      return this.#go('first-row', index + 1);
    }
    const end = valueEnd(text, index, this.#base);
    if (end < 0) return -1;
    const value = this.#parse(text, index, end);
    if (this.#key === 'VaultARN') {
      if (value !== null && typeof value !== 'string')
        throw malformed(this.#base + index, 'VaultARN is no text');
      this.#vault = value;
    } else if (this.#key === 'InventoryDate') {
      const at = typeof value === 'string' ? readDate(value) : null;
      if (at === undefined || (at === null && value !== null))
        throw malformed(this.#base + index, 'InventoryDate is no date');
      this.#inventoryAt = at;
    }
    return this.#go('after-value', end);
  }

  #row(text: string, index: number, rows: Archive[]): number {
    usual.lastIndex = index;
    const found = usual.exec(text);
    if (found !== null) {
      const createdAt = readShapedDate(found[3]!);
      if (createdAt === undefined) throw malformed(this.#base + index, 'CreationDate is no date');
      rows.push({
        id: found[1]!,
        description: found[2]!,
        createdAt,
        size: Number(found[4]),
        treeHash: found[5]!,
        storageClass: 'VAULT',
      });
      return this.#go('after-row', usual.lastIndex);
    }
    if (text.charCodeAt(index) !== 123) throw malformed(this.#base + index, 'an archive is no object');
    const end = valueEnd(text, index, this.#base);
    if (end < 0) return -1;
    rows.push(readRow(this.#parse(text, index, end) as object, this.#base + index));
    return this.#go('after-row', end);
  }

  #parse(text: string, from: number, to: number): unknown {
    const json = fromUtf8(text.slice(from, to));
    if (json === undefined) throw malformed(this.#base + from, 'no UTF-8');
    return JSON.parse(json);
  }
}

/** Keys in any order; what AWS may leave out may be missing or null. */
function readRow(row: object, at: number): Archive {
  const of = (key: string): unknown =>
    Object.hasOwn(row, key) ? (row as Record<string, unknown>)[key] : null;
  const [id, description, created, size, hash] = [
    of('ArchiveId'),
    of('ArchiveDescription'),
    of('CreationDate'),
    of('Size'),
    of('SHA256TreeHash'),
  ];
  if (typeof id !== 'string' || !archiveId.test(id)) throw malformed(at, 'an archive without an ArchiveId');
  if (description !== null && typeof description !== 'string')
    throw malformed(at, 'ArchiveDescription is no text');
  const createdAt = created === null ? null : typeof created === 'string' ? readDate(created) : undefined;
  if (createdAt === undefined) throw malformed(at, 'CreationDate is no date');
  if (size !== null && !(typeof size === 'number' && Number.isSafeInteger(size) && size >= 0))
    throw malformed(at, 'Size is no whole number');
  if (hash !== null && !(typeof hash === 'string' && treeHash.test(hash)))
    throw malformed(at, 'SHA256TreeHash is no hash');
  return {
    id,
    description: description ?? '',
    createdAt,
    size,
    treeHash: hash === null ? null : hash.toLowerCase(),
    storageClass: 'VAULT',
  };
}
