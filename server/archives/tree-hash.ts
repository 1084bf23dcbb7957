import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/**
 * Glacier's tree hash: SHA-256 of each MiB, then of each pair, level by level, an odd one going up as it is
 * (Amazon Glacier Developer Guide, "Computing Checksums"). Up to 1 MiB it is plain SHA-256.
 */

export const leafBytes = 1024 * 1024;

export class TreeHash {
  #leaf = createHash('sha256');
  #filled = 0;
  #bytes = 0;
  /** Full subtrees, the largest first; `height` 0 is a leaf. No two are of one height, so there are at most 53. */
  readonly #trees: { height: number; hash: Buffer }[] = [];
  readonly #onLeaf: ((hash: Buffer, index: number) => void) | undefined;

  /** `onLeaf` is told of each MiB's own hash (the last one's at `digest`), which `treeOf` puts together again. */
  constructor(onLeaf?: (hash: Buffer, index: number) => void) {
    this.#onLeaf = onLeaf;
  }

  /** How much was hashed. */
  get bytes(): number {
    return this.#bytes;
  }

  update(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length;) {
      const take = Math.min(leafBytes - this.#filled, bytes.length - at);
      this.#leaf.update(take === bytes.length ? bytes : bytes.subarray(at, at + take));
      this.#filled += take;
      this.#bytes += take;
      at += take;
      if (this.#filled === leafBytes) this.#endLeaf();
    }
    return this;
  }

  /** 32 bytes. The object is used up then. */
  digest(): Buffer {
    if (this.#filled > 0 || this.#bytes === 0) this.#endLeaf();
    let hash: Buffer = this.#trees.pop()!.hash;
    for (let left = this.#trees.pop(); left !== undefined; left = this.#trees.pop())
      hash = pair(left.hash, hash);
    return hash;
  }

  #endLeaf(): void {
    let hash: Buffer = this.#leaf.digest();
    this.#onLeaf?.(hash, Math.ceil(this.#bytes / leafBytes || 1) - 1);
    this.#leaf = createHash('sha256');
    this.#filled = 0;
    let height = 0;
    for (; this.#trees.at(-1)?.height === height; height++) hash = pair(this.#trees.pop()!.hash, hash);
    this.#trees.push({ height, hash });
  }
}

/**
 * The tree hash of what lies under these hashes, in their order: of leaves, or of parts of one size that is a power
 * of two in MiB (only the last may be smaller). Throws RangeError for none.
 */
export function treeOf(hashes: readonly Uint8Array[]): Buffer {
  if (hashes.length === 0) throw new RangeError('no hashes');
  let level: readonly Uint8Array[] = hashes;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const right = level[at + 1];
      next.push(right === undefined ? level[at]! : pair(level[at]!, right));
    }
    level = next;
  }
  return Buffer.from(level[0]!);
}

/** Of a MiB. (WebCrypto's has a thread of its own, and copies twice before: no faster, and more work.) */
export function leafHash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The tree hash of bytes in memory, in hexadecimal. */
export function treeHashOf(bytes: Uint8Array): string {
  return new TreeHash().update(bytes).digest().toString('hex');
}

export interface HashedFile {
  /** Bytes that were read. */
  readonly size: number;
  /** Hexadecimal. */
  readonly treeHash: string;
}

export interface HashFileOptions {
  /** First byte (default 0) and the byte after the last one (default: the end). */
  readonly from?: number;
  readonly to?: number;
  readonly onLeaf?: (hash: Buffer, index: number) => void;
  /** Told now and then how many bytes are done. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Hashes a file, or a range of it, in constant memory. Throws what node:fs throws, and the signal's reason. */
export async function hashFile(path: string | Buffer, options: HashFileOptions = {}): Promise<HashedFile> {
  const { from = 0, to = Infinity, onLeaf, onProgress, signal } = options;
  const tree = new TreeHash(onLeaf);
  const file = await open(path, 'r');
  try {
    // One is read while the other is hashed. A MiB each stays in the processor's cache between the two.
    let [filling, full] = [Buffer.allocUnsafe(leafBytes), Buffer.allocUnsafe(leafBytes)];
    let at = from;
    const read = async () => file.read(filling, 0, Math.max(0, Math.min(leafBytes, to - at)), at);
    let pending = read();
    for (;;) {
      const { bytesRead } = await pending;
      signal?.throwIfAborted();
      if (bytesRead === 0) break;
      at += bytesRead;
      [filling, full] = [full, filling];
      pending = read();
      pending.catch(() => undefined); // met at the next await
      tree.update(full.subarray(0, bytesRead));
      onProgress?.(tree.bytes);
    }
    return { size: tree.bytes, treeHash: tree.digest().toString('hex') };
  } finally {
    await file.close();
  }
}

/**
 * Whether Glacier gives a tree hash for this range (`end` is the byte after it): it must be all that lies under one
 * node of the tree (same guide, "Receiving Checksums When Downloading Data").
 */
export function isTreeHashAligned(start: number, end: number, total: number): boolean {
  if (start === 0 && end === total) return true;
  if (start < 0 || end <= start || end > total || start % leafBytes !== 0) return false;
  if (end % leafBytes !== 0 && end !== total) return false;
  const leaves = Math.ceil((end - start) / leafBytes);
  const first = start / leafBytes;
  const width = 2 ** Math.ceil(Math.log2(leaves));
  // A node whose right part would lie behind the end covers fewer leaves than it has room for.
  return first % width === 0 && (leaves === width || end === total);
}

function pair(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(left).update(right).digest();
}
