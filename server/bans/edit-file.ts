import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { syncFolder } from '../files.ts';
import { dirname } from 'node:path';

/** A file of somebody else's that root edits: read whole, and replaced whole, with its owner and mode. */
export interface WholeFile {
  /** One character a byte. */
  readonly text: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** Another one whenever the file may be another. */
  readonly version: string;
}

const largest = 32 * 1024 * 1024;

/** Throws `tool-ended` where there is no file, `tool-needs-root`, `tool-failed`. */
export async function readWhole(path: string): Promise<WholeFile> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat({ bigint: true });
      if (!found.isFile() || found.size > largest)
        throw new LatchkeyError('tool-failed', `${path}: not a file of at most ${largest} bytes`);
      const text = (await file.readFile()).toString('latin1');
      return {
        text,
        uid: Number(found.uid),
        gid: Number(found.gid),
        mode: Number(found.mode) & 0o7777,
        version: versionOf(found),
      };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw refusal(path, error);
  }
}

/**
 * On the disk when it resolves with true. False, and nothing changed: the file is no longer the one that was read.
 * Throws as readWhole; then nothing changed either.
 */
export async function replaceWhole(path: string, old: WholeFile, text: string): Promise<boolean> {
  const part = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(
      part,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      await file.chown(old.uid, old.gid);
      await file.chmod(old.mode);
      await file.writeFile(text, 'latin1');
      await file.sync();
    } finally {
      await file.close();
    }
    if (versionOf(await stat(path, { bigint: true })) !== old.version) {
      await rm(part, { force: true });
      return false;
    }
    await rename(part, path);
    syncFolder(dirname(path));
    return true;
  } catch (error) {
    await rm(part, { force: true });
    throw refusal(path, error);
  }
}

function versionOf({
  dev,
  ino,
  size,
  mtimeNs,
}: {
  dev: bigint;
  ino: bigint;
  size: bigint;
  mtimeNs: bigint;
}): string {
  return [dev, ino, size, mtimeNs].join(':');
}

function refusal(path: string, error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) return error;
  const { code = String(error) } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new LatchkeyError('tool-ended', path);
  return new LatchkeyError(
    code === 'EACCES' || code === 'EPERM' ? 'tool-needs-root' : 'tool-failed',
    `${path}: ${code}`,
  );
}
