import type { StorageClass } from '../../../lib/archive.ts';
import { leafBytes } from '../tree-hash.ts';

/**
 * How an archive is cut: into parts that are asked for one by one, and into ranges that are fetched one by one. Both lie
 * under one node of the tree of hashes, so that AWS tells the hash of each.
 */

/** Bytes of one request: a power of two MiB. */
export const rangeBytes = 16 * leafBytes;

export interface Range {
  readonly first: number;
  readonly bytes: number;
}

/** The next range from `at`, which is a whole MiB: as long as the tree of an archive of `size` allows. */
export function rangeFrom(at: number, end: number): Range {
  let bytes = rangeBytes;
  while (at % bytes !== 0) bytes /= 2;
  return { first: at, bytes: Math.min(bytes, end - at) };
}

/** Requests for bytes that nothing is there of yet, from a whole range's begin. */
export function rangesIn(bytes: number): number {
  return Math.ceil(bytes / rangeBytes);
}

/** The largest part that a day has room for; undefined where it is asked for whole. S3 knows no parts. */
export function partBytesFor(
  size: number,
  storageClass: StorageClass,
  perDay: number | undefined,
): number | undefined {
  if (storageClass !== 'VAULT' || perDay === undefined || size <= perDay) return undefined;
  let bytes = leafBytes;
  while (bytes * 2 <= perDay) bytes *= 2;
  return bytes;
}

export function partsOf(size: number, partBytes: number | undefined): Range[] {
  if (partBytes === undefined) return [{ first: 0, bytes: size }];
  return Array.from({ length: Math.ceil(size / partBytes) }, (_, index) => ({
    first: index * partBytes,
    bytes: Math.min(partBytes, size - index * partBytes),
  }));
}

/** Days that asking takes, by a cap for each; what is larger than a day's share has a day of its own. */
export class Days {
  count = 1;
  private left: number;
  private readonly perDay: number;

  constructor(perDay: number | undefined) {
    this.perDay = perDay ?? Infinity;
    this.left = this.perDay;
  }

  take(bytes: number): void {
    if (bytes > this.left && this.left < this.perDay) {
      this.count++;
      this.left = this.perDay;
    }
    this.left = Math.max(0, this.left - bytes);
  }
}
