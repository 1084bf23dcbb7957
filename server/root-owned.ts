import { closeSync, fstatSync, lstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { LatchkeyError } from '../lib/errors.ts';

/** group or others may write */
const writable = 0o022;
const sticky = 0o1000;

/**
 * The path without symbolic links, once it is sure that only root can change what lies there: the file and
 * every folder above it are root's and not writable by others (a sticky folder may be: nobody can rename
 * root's file in it). Only root asks; another user's own files are theirs anyway.
 * Throws `config-unreadable`, `config-unsafe` with the path that is at fault.
 */
export function requireRootOwned(path: string): string {
  let real: string;
  try {
    real = realpathSync(path);
    if (process.geteuid?.() !== 0) return real;
    for (let at = real; ; at = dirname(at)) {
      const { uid, mode } = lstatSync(at);
      const loose = (mode & writable) !== 0 && (at === real || (mode & sticky) === 0);
      if (uid !== 0 || loose) throw new LatchkeyError('config-unsafe', at);
      if (at === dirname(at)) return real;
    }
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw new LatchkeyError('config-unreadable', `${path}: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  }
}

/** The bytes of a root-owned regular file, one character each. Throws as requireRootOwned. */
export function readRootOwned(path: string, mostBytes: number): string {
  const real = requireRootOwned(path);
  let fd: number | undefined;
  try {
    fd = openSync(real, 'r');
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > mostBytes) {
      throw new LatchkeyError('config-unreadable', `${path}: not a file of at most ${mostBytes} bytes`);
    }
    return readFileSync(fd, 'latin1');
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw new LatchkeyError('config-unreadable', `${path}: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
