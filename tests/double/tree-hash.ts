import { createHash, type Hash } from 'node:crypto';

const leaf = 1024 * 1024;

/**
 * Amazon's SHA-256 tree hash, over bytes as they come: SHA-256 of each MiB, then pairs of hashes hashed together until
 * one is left; an odd one goes up as it is. The double's own, so that the product's is not checked by itself.
 */
export class TreeHash {
  private readonly leaves: Buffer[] = [];
  private open: Hash | undefined;
  private filled = 0;

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const take = Math.min(leaf - this.filled, bytes.length - at);
      this.open ??= createHash('sha256');
      this.open.update(bytes.subarray(at, at + take));
      this.filled += take;
      at += take;
      if (this.filled === leaf) this.close();
    }
  }

  private close(): void {
    if (this.open !== undefined) this.leaves.push(this.open.digest());
    this.open = undefined;
    this.filled = 0;
  }

  /** Hex. */
  digest(): string {
    this.close();
    return rootOf(this.leaves.length === 0 ? [createHash('sha256').digest()] : this.leaves).toString('hex');
  }
}

function rootOf(hashes: readonly Buffer[]): Buffer {
  let level = hashes;
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at] as Buffer, level[at + 1]];
      above.push(right === undefined ? left : createHash('sha256').update(left).update(right).digest());
    }
    level = above;
  }
  return level[0] as Buffer;
}

export function treeHashOf(bytes: Uint8Array): string {
  const hash = new TreeHash();
  hash.update(bytes);
  return hash.digest();
}

/** The tree hash of what consists of parts whose own are known, each but the last a power of two MiB long. */
export function treeHashOfParts(hex: readonly string[]): string {
  return rootOf(hex.map((hash) => Buffer.from(hash, 'hex'))).toString('hex');
}

/**
 * Whether bytes `start` to `end` (inclusive) are one whole branch of the tree over `size` bytes, so that their hash is
 * part of it ("Receiving Checksums When Downloading Data" in Amazon's guide).
 */
export function isTreeHashAligned(start: number, end: number, size: number): boolean {
  const toTheEnd = end === size - 1;
  if (start === 0 && toTheEnd) return true;
  if (start % leaf !== 0 || (!toTheEnd && (end + 1) % leaf !== 0)) return false;
  const first = start / leaf;
  const last = Math.ceil((end + 1) / leaf);
  const total = Math.ceil(size / leaf);
  let span = 1;
  while (span < last - first) span *= 2;
  if (first % span !== 0) return false;
  return last - first === span || (toTheEnd && last === total);
}
