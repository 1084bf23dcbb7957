import { open } from 'node:fs/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { leavesOf, type PieceLine } from './journal.ts';
import { leafBytes, TreeHash } from './tree-hash.ts';
import type { Part } from './upload-target.ts';

/** Parts under way at once, each in memory. */
const abreast = 3;
const mostParts = 10_000;

/** A power of two MiB, as vaults want it; always the same for a size, so that what was begun fits. */
export function partBytesFor(size: number): number {
  let bytes = 16 * leafBytes;
  while (size / bytes > mostParts) bytes *= 2;
  return bytes;
}

export function partsOf(size: number): number {
  return Math.ceil(size / partBytesFor(size));
}

export interface PartsToSend {
  readonly path: string;
  readonly piece: PieceLine;
  readonly partBytes: number;
  readonly send: (part: Part) => Promise<void>;
  readonly say: (bytes: number, parts: number) => void;
  /** Asked before each part: true, and none begins any more. */
  readonly pause: () => boolean;
}

/**
 * Reads the file once, some parts at a time; each must still be what was staged. False where a pause left parts behind.
 * Throws `archives-changed`.
 */
export async function sendParts({ path, piece, partBytes, send, say, pause }: PartsToSend): Promise<boolean> {
  const changed = (why: string, cause?: unknown) =>
    new LatchkeyError('archives-changed', `${path}: ${why}`, { cause });
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw changed(cause.code ?? cause.message, cause);
  });
  try {
    if ((await file.stat()).size !== piece.size) throw changed('its size');
    const leaves = leavesOf(piece);
    const count = Math.ceil(piece.size / partBytes);
    let next = 0;
    let [done, parts] = [0, 0];
    const work = async (): Promise<void> => {
      const room = Buffer.allocUnsafe(Math.min(partBytes, piece.size));
      for (let index = next++; index < count; index = next++) {
        if (pause()) return void (next = count);
        const from = index * partBytes;
        const bytes = room.subarray(0, Math.min(partBytes, piece.size - from));
        const tree = new TreeHash((leaf, at) => {
          if (leaves[from / leafBytes + at]?.equals(leaf) !== true)
            throw changed(`MiB ${from / leafBytes + at + 1}`);
        });
        // A MiB is hashed while the processor still has it at hand, and between two others are sent on.
        for (let at = 0; at < bytes.length; at += leafBytes) {
          const leaf = bytes.subarray(at, at + leafBytes);
          await file.read(leaf, 0, leaf.length, from + at);
          tree.update(leaf);
        }
        const treeHash = tree.digest().toString('hex');
        await send({ index, from, bytes, treeHash });
        done += bytes.length;
        say(done, ++parts);
      }
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: abreast }, () =>
        work().catch((error: unknown) => {
          next = count; // no more parts for the others
          throw error;
        }),
      ),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return parts === count;
  } finally {
    await file.close();
  }
}
