import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { LatchkeyError } from '../lib/errors.ts';
import type { Identity } from './drop.ts';

/**
 * Root writes into folders that belong to the relay or the home agent, whose processes may be taken over. So nothing
 * here follows a link that they could have put there.
 */

/** Whole or not at all, and on the disk when it returns. Throws `config-unreadable` with the path. */
export function writeWhole(file: string, text: string, mode: number, owner?: Identity): void {
  const part = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const fd = openSync(
      part,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      mode,
    );
    try {
      fchmodSync(fd, mode);
      if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // rename replaces a link, it does not follow one
    renameSync(part, file);
    syncFolder(path.dirname(file));
  } catch (cause) {
    rmSync(part, { force: true });
    throw new LatchkeyError('config-unreadable', file, { cause });
  }
}

export function syncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY);
  fsyncSync(fd);
  closeSync(fd);
}

/** A regular file's text; undefined where there is none. Throws `config-unreadable` for anything else. */
export function readPlain(file: string, mostBytes = 1024 * 1024): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LatchkeyError('config-unreadable', file, { cause });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > mostBytes) throw new LatchkeyError('config-unreadable', file);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** A private folder that belongs, with all in it, to `owner` (absent: to this process). */
export function privateFolder(folder: string, owner?: Identity): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    if (!stat.isDirectory()) throw new LatchkeyError('config-unsafe', folder);
    if (owner !== undefined && (stat.uid !== owner.uid || stat.gid !== owner.gid)) giveAway(folder, owner);
    const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    fchmodSync(fd, 0o700);
    closeSync(fd);
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw new LatchkeyError('config-unreadable', folder, { cause });
  }
}

/** The contents first: while they change hands, the folder itself is still closed to the new owner. */
function giveAway(entry: string, owner: Identity): void {
  if (lstatSync(entry).isDirectory())
    for (const name of readdirSync(entry)) giveAway(path.join(entry, name), owner);
  lchownSync(entry, owner.uid, owner.gid);
}
