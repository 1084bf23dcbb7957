import { LatchkeyError } from '../errors.ts';
import type { Archive } from '../archive.ts';
import { InventoryCsv } from './inventory-csv.ts';
import { InventoryJson } from './inventory-json.ts';
import { skipSpace, stringEnd } from './json-scan.ts';
import { malformed, type FileFacts, type FileReader } from './row.ts';
import { UploadLog } from './upload-log.ts';

const byteOrderMark = '\xef\xbb\xbf';
/** Enough to tell what a file is, whatever space it begins with. */
const enough = 4096;
const logKeys: readonly string[] = ['location', 'checksum', 'archiveId'];

/**
 * A file of any of the kinds that can be taken in; which one, its first bytes tell. Errors count bytes from the file's
 * first one. `archives-empty` where there is nothing but space.
 */
export class ArchiveFile implements FileReader {
  #head = '';
  #base = 0;
  #reader: FileReader | undefined;

  /** The vault that an inventory names, once it has come; null before, and of other files. */
  get vault(): string | null {
    return this.#reader instanceof InventoryJson ? this.#reader.vault : null;
  }

  get inventoryAt(): number | null {
    return this.#reader instanceof InventoryJson ? this.#reader.inventoryAt : null;
  }

  /** What kind of file it is, once that is known. */
  get kind(): FileFacts['kind'] | undefined {
    if (this.#reader instanceof InventoryJson) return 'inventory-json';
    if (this.#reader instanceof InventoryCsv) return 'inventory-csv';
    return this.#reader === undefined ? undefined : 'upload-log';
  }

  push(bytes: string): readonly Archive[] {
    if (this.#reader !== undefined) return this.#guard(() => this.#reader!.push(bytes));
    this.#head += bytes;
    return this.#head.length < enough ? [] : this.#begin();
  }

  end(): { rows: readonly Archive[]; facts: FileFacts } {
    const first = this.#reader === undefined ? this.#begin() : [];
    const { rows, facts } = this.#guard(() => this.#reader!.end());
    return { rows: [...first, ...rows], facts };
  }

  #begin(): readonly Archive[] {
    const head = this.#head;
    this.#base = head.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
    const text = head.slice(this.#base);
    if (skipSpace(text, 0) >= text.length) throw new LatchkeyError('archives-empty', `byte ${head.length}`);
    this.#reader = readerFor(text, this.#base);
    this.#head = '';
    return this.#guard(() => this.#reader!.push(text));
  }

  /** Readers count from after the mark; what is thrown counts from the file's first byte. */
  #guard<T>(read: () => T): T {
    if (this.#base === 0) return read();
    try {
      return read();
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      const detail = error.detail?.replace(
        /^byte (\d+)/,
        (_, at: string) => `byte ${Number(at) + this.#base}`,
      );
      throw new LatchkeyError(error.code, detail);
    }
  }
}

function readerFor(text: string, base: number): FileReader {
  const at = skipSpace(text, 0);
  if (text.charCodeAt(at) === 123) {
    const key = skipSpace(text, at + 1);
    const end = text.charCodeAt(key) === 34 ? stringEnd(text, key, base) : -1;
    return end > 0 && logKeys.includes(text.slice(key + 1, end - 1)) ? new UploadLog() : new InventoryJson();
  }
  const line = /^[^\r\n]*/.exec(text.slice(at))?.[0] ?? '';
  // a header that was cut is still one
  if (/^"?ArchiveId\b/.test(line) || (text.length < 100 && '"ArchiveId"ArchiveId'.includes(line.slice(0, 9))))
    return new InventoryCsv();
  if (/ Archive ID: [A-Za-z0-9_-]+$/.test(line) || /^[A-Za-z0-9_-]+\t[0-9a-fA-F]+\t\//.test(line))
    return new UploadLog();
  throw malformed(
    base + at,
    compressed.test(text) ? 'compressed: unpack it first' : 'neither an inventory nor the log of an upload',
  );
}

/** gzip, xz, zstd, bzip2, or zip, as their first bytes look when they are taken for text. */
const compressed =
  /^(?:\u001f[\u008b\ufffd]|[\u00fd\ufffd]7zXZ|\([\u00b5\ufffd]\/[\u00fd\ufffd]|BZh\d|PK\u0003\u0004)/;
