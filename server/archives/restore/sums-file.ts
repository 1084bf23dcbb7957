import type { FileHandle } from 'node:fs/promises';
import { openIncoming } from './incoming.ts';

/**
 * Beside the bytes of a part: what each MiB of it hashed to as it came. How much has arrived is how long this is, since a
 * record is written after its bytes. So a kill costs at most the MiB under way, and a byte that turned on the disk is
 * found in its MiB.
 */
export const recordBytes = 33;

export const marks = {
  /** Here; AWS told no hash that it could be compared with. */
  here: 0,
  /** Its range hashed to what AWS says. */
  compared: 1,
  /** To be fetched again. */
  missing: 2,
} as const;

export interface LeafRecord {
  readonly mark: number;
  /** 32 bytes. */
  readonly hash: Buffer;
}

export class SumsFile {
  private readonly handle: FileHandle;
  /** Of each MiB from the begin of the part. */
  readonly leaves: LeafRecord[];

  private constructor(handle: FileHandle, leaves: LeafRecord[]) {
    this.handle = handle;
    this.leaves = leaves;
  }

  /** Makes it where there is none. A record that was cut is none. Throws what node:fs throws. */
  static async open(file: string): Promise<SumsFile> {
    const handle = await openIncoming(file);
    try {
      const text = await handle.readFile();
      const leaves: LeafRecord[] = [];
      for (let at = 0; at + recordBytes <= text.length; at += recordBytes)
        leaves.push({ mark: text[at] ?? 0, hash: text.subarray(at + 1, at + recordBytes) });
      return new SumsFile(handle, leaves);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The records from `index` on, on the way to the disk when it resolves. */
  async put(index: number, records: readonly LeafRecord[]): Promise<void> {
    for (const [at, record] of records.entries()) this.leaves[index + at] = record;
    const bytes = Buffer.concat(records.map(({ mark, hash }) => Buffer.concat([Buffer.of(mark), hash])));
    for (let written = 0; written < bytes.length;)
      written += (
        await this.handle.write(bytes, written, bytes.length - written, index * recordBytes + written)
      ).bytesWritten;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
