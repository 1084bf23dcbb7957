import { vaultOf, type Archive } from '../archive.ts';
import { skipSpace, valueEnd } from './json-scan.ts';
import {
  archiveId,
  cut,
  fromUtf8,
  longestRow,
  malformed,
  treeHash,
  type FileFacts,
  type FileReader,
} from './row.ts';

/** An upload as its log tells it: without size and date, but perhaps with the vault, and the name of the file. */
export interface LoggedUpload extends Archive {
  /** `vaults/NAME` of its location. */
  readonly vault?: string;
  readonly account?: string;
  /** What the log calls the file. */
  readonly file?: string;
}

const location = /^\/(\d{12}|-)\/vaults\/([A-Za-z0-9_.-]{1,255})\/archives\/([A-Za-z0-9_-]{1,512})$/;
/** `aws --output text`: id, hash, location, with tabs. */
const textLine = /^([A-Za-z0-9_-]{1,512})\t([0-9a-f]{64})\t(\/\S{1,1024})$/i;
/** `FILE Archive ID: ID`, as AWS's sample program for Java prints, and all that was made of it. */
const fileLine = /^(.{1,1024}) Archive ID: ([A-Za-z0-9_-]{1,512})$/;

/**
 * What `aws glacier upload-archive` (or `complete-multipart-upload`) printed, one answer after the other, as JSON on one
 * line or several or as text; or lines of `FILE Archive ID: ID`.
 */
export class UploadLog implements FileReader {
  #text = '';
  #base = 0;
  #some = false;
  readonly #vaults = new Set<string>();

  push(bytes: string): readonly LoggedUpload[] {
    return this.#read(this.#text + bytes, false);
  }

  end(): { rows: readonly LoggedUpload[]; facts: FileFacts } {
    const rows = this.#read(this.#text, true);
    if (!this.#some) throw malformed(this.#base, 'no upload in it');
    const vault = this.#vaults.size === 1 ? ([...this.#vaults][0] ?? null) : null;
    return { rows, facts: { kind: 'upload-log', vault, inventoryAt: null } };
  }

  #read(text: string, last: boolean): LoggedUpload[] {
    const rows: LoggedUpload[] = [];
    let index = 0;
    for (;;) {
      index = skipSpace(text, index);
      if (index >= text.length) break;
      const at = this.#base + index;
      let end: number;
      let row: LoggedUpload | undefined;
      if (text.charCodeAt(index) === 123) {
        end = valueEnd(text, index, this.#base);
        if (end < 0) break;
        row = this.#object(text.slice(index, end), at);
      } else {
        end = text.indexOf('\n', index);
        if (end < 0) {
          if (!last) break;
          end = text.length;
        }
        row = this.#line(text.slice(index, end).trimEnd(), at);
      }
      if (row === undefined) throw malformed(at, 'no upload');
      if (row.vault !== undefined) this.#vaults.add(row.vault);
      this.#some = true;
      rows.push(row);
      index = end;
    }
    this.#base += index;
    this.#text = text.slice(index);
    if (this.#text.length > longestRow) throw malformed(this.#base, `a value of over ${longestRow} bytes`);
    if (last && this.#text !== '') throw cut(this.#base + this.#text.length);
    return rows;
  }

  #object(bytes: string, at: number): LoggedUpload | undefined {
    const json = fromUtf8(bytes);
    if (json === undefined) throw malformed(at, 'no UTF-8');
    const {
      archiveId: id,
      checksum = null,
      location: where = null,
    } = JSON.parse(json) as Record<string, unknown>;
    if (typeof id !== 'string' || !(checksum === null || typeof checksum === 'string')) return undefined;
    return where === null || typeof where === 'string' ? upload(id, checksum, where) : undefined;
  }

  #line(bytes: string, at: number): LoggedUpload | undefined {
    const line = fromUtf8(bytes);
    if (line === undefined) throw malformed(at, 'no UTF-8');
    const [, id, hash = null, where = null] = textLine.exec(line) ?? [];
    if (id !== undefined) return upload(id, hash, where);
    const [, file, told] = fileLine.exec(line) ?? [];
    return file === undefined || told === undefined ? undefined : upload(told, null, null, file);
  }
}

function upload(
  id: string,
  hash: string | null,
  where: string | null,
  file?: string,
): LoggedUpload | undefined {
  const [, account, vault, again] = where === null ? [] : (location.exec(where) ?? []);
  if (!archiveId.test(id) || (hash !== null && !treeHash.test(hash))) return undefined;
  if (where !== null && (vault === undefined || again !== id)) return undefined;
  const key = vault === undefined ? undefined : vaultOf(vault)?.key;
  return {
    id,
    description: '',
    createdAt: null,
    size: null,
    treeHash: hash?.toLowerCase() ?? null,
    storageClass: 'VAULT',
    ...(key === undefined ? {} : { vault: key }),
    ...(account === undefined || account === '-' ? {} : { account }),
    ...(file === undefined ? {} : { file }),
  };
}

/** An upload in a text that people kept: a terminal's, with other lines in it. */
export interface KeptUpload {
  readonly archiveId: string;
  /** As it was called; null: the program did not say. */
  readonly file: string | null;
}

/** The uploads of such a text, in the order in which they went. What is no upload is passed over. Never throws. */
export function uploadsIn(text: string): KeptUpload[] {
  const found: KeptUpload[] = [];
  const pattern =
    /"archiveId"\s*:\s*"([A-Za-z0-9_-]{1,512})"|^(.{1,4096}?) Archive ID: ([A-Za-z0-9_-]{1,512})\s*$/gm;
  for (const [, json, file, plain] of text.matchAll(pattern)) {
    if (json !== undefined) found.push({ archiveId: json, file: null });
    else if (plain !== undefined) found.push({ archiveId: plain, file: file!.trimStart() });
  }
  return found;
}
