import { statfs } from 'node:fs/promises';
import { LatchkeyError } from '../../../lib/errors.ts';

/** What others write meanwhile, and what a file system keeps for itself. */
export const spareBytes = 64 * 1024 * 1024;

/** Bytes that this user may still write there. */
export async function freeIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** System calls of which none is the network's alone. */
const ofFiles = [
  'open',
  'write',
  'read',
  'link',
  'rename',
  'mkdir',
  'fsync',
  'ftruncate',
  'unlink',
  'stat',
  'lstat',
];

/** What the disk said, as ours: `archives-space`, else `tool-failed`. Undefined: it was not the disk. */
export function asDisk(thrown: unknown): LatchkeyError | undefined {
  if (thrown instanceof LatchkeyError || typeof thrown !== 'object' || thrown === null) return undefined;
  const { code, message, syscall } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new LatchkeyError('archives-space', message, { cause: thrown });
  // of the network, too, but not with these
  if (code === undefined || syscall === undefined || !ofFiles.includes(syscall)) return undefined;
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  return new LatchkeyError('tool-failed', message, { cause: thrown });
}
