import type { Archive } from '../archive.ts';
import { cut, fromUtf8, longestRow, malformed, readDate, type FileFacts, type FileReader } from './row.ts';

const header =
  /^("?)ArchiveId\1,("?)ArchiveDescription\2,("?)CreationDate\3,("?)Size\4,("?)SHA256TreeHash\5$/;

/**
 * Both ends hold the row: an id has no comma, and the last three fields have fixed shapes. All between is the
 * description, whatever stands in it.
 */
const row =
  /^("?)([A-Za-z0-9_-]{1,512})\1,(.*),("?)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)\4,("?)(0|[1-9]\d{0,15})\6,("?)([0-9a-fA-F]{64})\8$/s;

/**
 * A vault's inventory as CSV in AWS's own dialect, which is not RFC 4180: a field with a comma or a quote stands in
 * quotes, a quote in it is `\"`, and a backslash stays as it is. A file that was cut exactly between two rows cannot be
 * told from a whole one: JSON is the better question.
 */
export class InventoryCsv implements FileReader {
  #text = '';
  /** The file's byte of `#text[0]`. */
  #base = 0;
  #begun = false;

  push(bytes: string): readonly Archive[] {
    const text = this.#text + bytes;
    const rows: Archive[] = [];
    let from = 0;
    for (;;) {
      const end = text.indexOf('\n', from);
      if (end < 0) break;
      this.#line(
        text.slice(from, text.charCodeAt(end - 1) === 13 && end > from ? end - 1 : end),
        from,
        false,
        rows,
      );
      from = end + 1;
    }
    this.#base += from;
    this.#text = text.slice(from);
    if (this.#text.length > longestRow) throw malformed(this.#base, `a line of over ${longestRow} bytes`);
    return rows;
  }

  end(): { rows: readonly Archive[]; facts: FileFacts } {
    const rows: Archive[] = [];
    if (this.#text !== '') this.#line(this.#text.replace(/\r$/, ''), 0, true, rows);
    if (!this.#begun) throw malformed(0, 'no inventory');
    return { rows, facts: { kind: 'inventory-csv', vault: null, inventoryAt: null } };
  }

  #line(line: string, from: number, last: boolean, rows: Archive[]): void {
    const at = this.#base + from;
    if (!this.#begun) {
      if (!header.test(line)) throw last ? cut(at + line.length) : malformed(at, 'no header of an inventory');
      this.#begun = true;
      return;
    }
    if (line === '') return;
    const found = row.exec(line);
    if (found === null) throw last ? cut(at + line.length) : malformed(at, 'no row of an inventory');
    const [, , id = '', field = '', , created = '', , size = '', , hash = ''] = found;
    const description = readDescription(field);
    if (description === undefined)
      throw malformed(at + line.indexOf(',') + 1, 'a description that is not as AWS quotes it');
    const createdAt = readDate(created);
    if (createdAt === undefined) throw malformed(at, 'CreationDate is no date');
    if (!Number.isSafeInteger(Number(size))) throw malformed(at, 'Size is too large');
    rows.push({
      id,
      description,
      createdAt,
      size: Number(size),
      treeHash: hash.toLowerCase(),
      storageClass: 'VAULT',
    });
  }
}

/** Undefined where a quote or comma stands as AWS would not write it: such a file went through another program. */
function readDescription(field: string): string | undefined {
  const quoted = field.length >= 2 && field.startsWith('"') && field.endsWith('"');
  if (!quoted) return /[",]/.test(field) ? undefined : fromUtf8(field);
  const inner = field.slice(1, -1);
  if (/(?:^|[^\\])"/.test(inner)) return undefined;
  return fromUtf8(inner.replaceAll('\\"', '"'));
}

/** A description as AWS writes it. */
export function writeAwsField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text;
}
