import { createHash, type Hash } from 'node:crypto';
import { leafBytes, leafHash, treeOf } from '../tree-hash.ts';
import { openIncoming } from './incoming.ts';
import type { Range } from './ranges.ts';
import type { Sums } from './retrieval.ts';
import { marks, SumsFile, type LeafRecord } from './sums-file.ts';
import type { Checked } from './records.ts';

export interface Whole {
  readonly data: string;
  readonly size: number;
  /** In their order, without a gap. */
  readonly parts: readonly (Range & { readonly sums: string })[];
  /** The catalogue's. */
  readonly treeHash: string | null;
  readonly told: Sums;
  readonly signal: AbortSignal;
}

export type Verdict =
  /** `treeHash`: of what is here, in hexadecimal. */
  | { readonly right: Checked; readonly treeHash: string }
  /** These MiB, from 1, are not what came, or nothing says that they came right: they are marked as missing. */
  | { readonly again: readonly number[]; readonly turned: boolean }
  /** AWS says of every MiB that it came right, and of the whole that it is another. */
  | { readonly wrong: string };

/**
 * Reads the whole archive from the disk and compares it with what is known of it, and each MiB with what it was when it
 * came. A MiB at a time, so that nothing else of the process waits. Throws what node:fs throws.
 */
export async function verify(whole: Whole): Promise<Verdict> {
  const { size, treeHash, told } = whole;
  const known = treeHash ?? told.treeHash ?? null;
  const md5 = known === null && told.etag !== undefined ? new Etags(told.etag, size) : undefined;
  const leaves = await read(whole, md5);
  const sums = await Promise.all(whole.parts.map(({ sums }) => SumsFile.open(sums)));
  try {
    const records = sums.flatMap(({ leaves: each }) => each);
    const turned = leaves.flatMap((hash, index) =>
      records[index]?.hash.equals(hash) === true ? [] : [index],
    );
    if (turned.length > 0) return { again: await miss(whole, sums, records, turned), turned: true };
    const whatIs = treeOf(leaves.length === 0 ? [emptyHash()] : leaves).toString('hex');
    if (known !== null ? whatIs === known : md5 === undefined || md5.fits())
      return {
        right: known !== null ? 'tree-hash' : md5?.says === true ? 'md5' : 'size',
        treeHash: whatIs,
      };
    const unsure = records.flatMap(({ mark }, index) => (mark === marks.compared ? [] : [index]));
    if (unsure.length > 0) return { again: await miss(whole, sums, records, unsure), turned: false };
    return { wrong: `${whatIs}, not ${known ?? told.etag}` };
  } finally {
    for (const each of sums) await each.close();
  }
}

async function read({ data, size, signal }: Whole, md5: Etags | undefined): Promise<Buffer[]> {
  const leaves: Buffer[] = [];
  const file = await openIncoming(data);
  try {
    // one is read while the other is hashed
    let [filling, full] = [Buffer.allocUnsafe(leafBytes), Buffer.allocUnsafe(leafBytes)];
    const readAt = (at: number) => file.read(filling, 0, Math.max(0, Math.min(leafBytes, size - at)), at);
    let pending = readAt(0);
    for (let at = 0; at < size; at += leafBytes) {
      signal.throwIfAborted();
      const { bytesRead } = await pending;
      [filling, full] = [full, filling];
      pending = readAt(at + leafBytes);
      pending.catch(() => undefined); // met in the next turn
      const leaf = full.subarray(0, bytesRead);
      leaves.push(leafHash(leaf));
      md5?.update(leaf);
    }
    await pending;
  } finally {
    await file.close();
  }
  return leaves;
}

async function miss(
  { parts }: Whole,
  sums: readonly SumsFile[],
  records: readonly LeafRecord[],
  indexes: readonly number[],
): Promise<number[]> {
  for (const index of indexes) {
    const at = parts.findIndex(
      ({ first, bytes }) => index * leafBytes >= first && index * leafBytes < first + bytes,
    );
    const inPart = index - (parts[at]?.first ?? 0) / leafBytes;
    const hash = records[index]?.hash ?? Buffer.alloc(32);
    await sums[at]?.put(inPart, [{ mark: marks.missing, hash }]);
  }
  return indexes.map((index) => index + 1);
}

function emptyHash(): Buffer {
  return createHash('sha256').digest();
}

/** Part sizes that uploads use, in MiB: the AWS CLI's and SDKs', ours, s3cmd's and rclone's. */
const partSizes = [5, 8, 10, 15, 16, 25, 32, 50, 64, 100, 128, 256, 512, 1024];

/**
 * S3's ETag: the MD5 of the bytes, or of the MD5s of the parts in which they were sent. How large the parts were it does
 * not say, so the usual sizes that give as many parts are tried; where none can, nothing is compared.
 */
class Etags {
  private readonly etag: string;
  private readonly size: number;
  private readonly tried: { readonly partBytes: number; hash: Hash; filled: number; readonly of: Buffer[] }[];

  constructor(etag: string, size: number) {
    this.etag = etag;
    this.size = size;
    const parts = Number(/-(\d+)$/.exec(etag)?.[1]);
    const sizes = Number.isNaN(parts)
      ? [Infinity]
      : partSizes
          .map((mebibytes) => mebibytes * leafBytes)
          .filter((bytes) => Math.max(1, Math.ceil(size / bytes)) === parts);
    this.tried = sizes.map((partBytes) => ({ partBytes, hash: createHash('md5'), filled: 0, of: [] }));
  }

  update(bytes: Buffer): void {
    for (const one of this.tried) {
      one.hash.update(bytes);
      one.filled += bytes.length;
      // every size is whole MiB, and so is what comes
      if (one.filled < one.partBytes) continue;
      one.of.push(one.hash.digest());
      one.hash = createHash('md5');
      one.filled = 0;
    }
  }

  /** False: the parts were of no usual size, and nothing was compared. */
  get says(): boolean {
    return this.tried.length > 0;
  }

  /** True too where it says nothing. */
  fits(): boolean {
    if (!this.says) return true;
    return this.tried.some(({ partBytes, hash, filled, of }) => {
      if (partBytes === Infinity) return hash.digest('hex') === this.etag;
      const all = filled > 0 || this.size === 0 ? [...of, hash.digest()] : of;
      const joined = createHash('md5').update(Buffer.concat(all)).digest('hex');
      return `${joined}-${all.length}` === this.etag;
    });
  }
}
