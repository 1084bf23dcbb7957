import { closeSync, fstatSync, lstatSync, openSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
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

/**
 * As requireRootOwned, and nobody but root can make the path mean something else later: every folder and link that
 * is passed on the way is root's, too. For programs that are run by this very path, since some (iptables, busybox)
 * go by the name of the link.
 */
export function requireRootOwnedWay(path: string): void {
  requireRootOwned(path);
  if (process.geteuid?.() !== 0) return;
  const names = path.split('/').filter(Boolean);
  for (let at = '/', name = names.shift(); name !== undefined; name = names.shift()) {
    const next = join(at, name);
    const stat = lstatSync(next);
    const loose = !stat.isSymbolicLink() && (stat.mode & writable) !== 0 && (stat.mode & sticky) === 0;
    if (stat.uid !== 0 || loose) throw new LatchkeyError('config-unsafe', next);
    if (!stat.isSymbolicLink()) at = next;
    else {
      const target = readlinkSync(next);
      if (isAbsolute(target)) at = '/';
      names.unshift(...target.split('/').filter(Boolean));
    }
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
