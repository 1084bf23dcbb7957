import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { LatchkeyError } from '../../../lib/errors.ts';

/**
 * Where parts come to: in the restore's folder itself, so that a whole file only needs another name. That folder may be
 * one that others write to; this one is the home agent's alone, and nothing in it is opened through a link.
 */
export function incomingOf(folder: string): string {
  return path.join(folder, '.latchkey');
}

/** Makes it. Throws `archives-folder` where it is somebody else's, or a link, and what node:fs throws. */
export async function makeIncoming(folder: string): Promise<void> {
  const incoming = incomingOf(folder);
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  // A disk without owners gives all files to one: what is ours there tells what ours looks like.
  const probe = path.join(incoming, `.${randomBytes(12).toString('hex')}`);
  const made = await open(probe, 'wx', 0o600);
  try {
    const [ours, there] = [await made.stat(), await lstat(incoming)];
    if (!there.isDirectory() || there.uid !== ours.uid) throw new LatchkeyError('archives-folder', incoming);
  } finally {
    await made.close();
    await rm(probe, { force: true });
  }
}

/** To read and write; made where there is none, and never cut. Throws what node:fs throws, ELOOP for a link. */
export function openIncoming(file: string): Promise<FileHandle> {
  return open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}
