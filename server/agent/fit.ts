import { paddedSizes } from '../../lib/protocol/version.ts';

/** Bytes of JSON that a list may take of one message: the largest, less its length field and what is around the list. */
export const room = (paddedSizes.at(-1) ?? 0) - 2 - 150;

export function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}

/** As many of the first as fit: at most `most`, and `bytes` of JSON. */
export function fitting<Item>(items: readonly Item[], most: number, bytes: number = room): Item[] {
  let left = bytes;
  const fit: Item[] = [];
  for (const item of items) {
    left -= sizeOf(item);
    if (left < 0 || fit.length >= most) break;
    fit.push(item);
  }
  return fit;
}
