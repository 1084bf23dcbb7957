import type { ArchiveView } from './catalogue.ts';
import { leavesOf, type PieceLine, type RunRecord } from './journal.ts';
import { leafBytes } from './tree-hash.ts';

export type Damage =
  /** Some MiB of a staged piece are not what they were. */
  | {
      readonly kind: 'changed';
      readonly run: string;
      readonly piece: string;
      /** Which MiB, from 0; the bytes of each are `chunk * 1048576` and on. */
      readonly chunks: readonly number[];
      readonly of: number;
    }
  /** It begins as a staged piece does, and ends before. */
  | { readonly kind: 'cut'; readonly run: string; readonly piece: string; readonly size: number }
  /** It has the size of these archives and no other has; which MiB differs, nobody wrote down. */
  | { readonly kind: 'size'; readonly archives: readonly ArchiveView[] };

/** The staged piece that this nearly is; undefined where it is like none. */
export function compareLeaves(
  size: number,
  leaves: readonly Buffer[],
  runs: readonly RunRecord[],
): Damage | undefined {
  let best: { same: number; run: string; piece: PieceLine; chunks: number[] } | undefined;
  for (const record of runs)
    for (const piece of record.pieces.values()) {
      if (size > piece.size) continue;
      const known = leavesOf(piece);
      const chunks = leaves.flatMap((hash, at) => (known[at]?.equals(hash) ? [] : [at]));
      const same = leaves.length - chunks.length;
      const sameSize = size === piece.size;
      // one MiB or less has no other that could be the same: then its size speaks
      const like = sameSize ? same > 0 || known.length === 1 : same > 0 && chunks.length <= 1;
      if (like && (best === undefined || same > best.same))
        best = { same, run: record.run.run, piece, chunks };
    }
  if (best === undefined) return undefined;
  const { run, piece, chunks } = best;
  if (size < piece.size) return { kind: 'cut', run, piece: piece.name, size: piece.size };
  return { kind: 'changed', run, piece: piece.name, chunks, of: Math.ceil(piece.size / leafBytes) };
}
