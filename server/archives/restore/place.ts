import { link, lstat, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { safeFileName } from '../../../lib/archive/safe-text.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { syncFolder } from '../../files.ts';

/** Beside a name that is taken. */
const mostNumbers = 100_000;

/**
 * Gives a whole file its name in the folder, never that of another: `name`, else `name (2)`. On the disk when it
 * resolves with the name; `data` may still be there, as a second name of the same file. A kill in between is no harm:
 * the file is found under the name that it got, or `named` was told of it before.
 */
export async function place(
  data: string,
  folder: string,
  { name, reserved }: { readonly name: string; readonly reserved: string | null },
  named: (file: string) => Promise<void>,
): Promise<string> {
  const handle = await open(data, 'r');
  await handle.sync();
  await handle.close();
  const safe = safeFileName(name);
  const take = async (wanted: string): Promise<string | undefined> => {
    if (!(await taken(data, path.join(folder, wanted), () => named(wanted)))) return undefined;
    syncFolder(folder);
    return wanted;
  };
  if (reserved !== null) {
    await rename(data, path.join(folder, reserved));
    syncFolder(folder);
    return reserved;
  }
  for (let number = 1; number < mostNumbers; number++) {
    const file = await take(number === 1 ? safe : numbered(safe, number));
    if (file !== undefined) return file;
  }
  throw new LatchkeyError('config-exists', path.join(folder, safe));
}

/** False: another file has that name. */
async function taken(data: string, target: string, named: () => Promise<void>): Promise<boolean> {
  try {
    await link(data, target);
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST') return same(data, target);
    // no links on this file system: the name is reserved, and then replaced
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw thrown;
  }
  try {
    await (await open(target, 'wx', 0o600)).close();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
  await named();
  await rename(data, target);
  return true;
}

/** A link is another file, wherever it leads. */
async function same(data: string, target: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(data), lstat(target)]);
  return one.ino === other.ino && one.dev === other.dev;
}

/** `photos.tar (2).gpg` would be read as another row: the number stands before all endings. */
function numbered(name: string, number: number): string {
  const dot = name.indexOf('.');
  return dot <= 0 ? `${name} (${number})` : `${name.slice(0, dot)} (${number})${name.slice(dot)}`;
}
