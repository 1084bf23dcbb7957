import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { LatchkeyError } from '../../lib/errors.ts';
import { checkTogether, readDoor, type DoorDefinition } from '../doors/definition.ts';
import type { DriverType } from '../doors/driver.ts';

/** A door file is some ten lines; more is a mistake or somebody's joke. */
const largestFile = 64 * 1024;

/**
 * Reads DIR/doors/NAME.toml, one file a door, all or nothing. For root only: what these files say is done as root,
 * so nobody else may have a hand in them.
 *
 * Throws LatchkeyError: `config-unsafe` (the detail names the path: DIR, a parent, or a file in it is not
 * root's or others can write it), `config-unreadable`, `config-invalid` (names file and key).
 */
export async function readHelperDoors(
  directory: string,
  types: readonly DriverType[],
): Promise<DoorDefinition[]> {
  const given = resolve(directory);
  let real: string;
  try {
    real = await realpath(given);
  } catch (error) {
    throw unreadable(given, error);
  }
  // Both as given, where somebody may own a link, and as it really is.
  for (const parent of new Set([...parentsOf(given), ...parentsOf(real)])) await checkParent(parent);
  await checkOwn(real);
  const doors = join(real, 'doors');
  for (const name of await entriesOf(real)) await checkOwn(join(real, name));
  const names = (await entriesOf(doors)).sort();
  for (const name of names) await checkOwn(join(doors, name));
  const definitions: DoorDefinition[] = [];
  for (const name of names)
    if (name.endsWith('.toml')) definitions.push(await readFile(join(doors, name), types));
  checkTogether(definitions);
  return definitions;
}

async function readFile(path: string, types: readonly DriverType[]): Promise<DoorDefinition> {
  const text = await readSafely(path);
  try {
    return readDoor(basename(path, '.toml'), parse(text), types);
  } catch (error) {
    const why =
      error instanceof LatchkeyError ? (error.detail ?? error.code) : firstLine((error as Error).message);
    throw new LatchkeyError('config-invalid', `${path}: ${why}`, { cause: error });
  }
}

/** Opens first and judges what is open, so that a file cannot be exchanged between the look and the reading. */
async function readSafely(path: string): Promise<string> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile() || isForeign(stat)) throw unsafe(path);
    if (stat.size > largestFile)
      throw new LatchkeyError('config-invalid', `${path}: larger than ${largestFile} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let parent = dirname(path); !parents.includes(parent); parent = dirname(parent)) parents.push(parent);
  return parents;
}

/** Others may write in a sticky folder (a temporary one): there they cannot move what is not theirs. */
async function checkParent(path: string): Promise<void> {
  const stat = await look(path);
  const sticky = stat.isDirectory() && (stat.mode & 0o1000) !== 0;
  if (stat.uid !== 0 || (!stat.isSymbolicLink() && !sticky && (stat.mode & 0o022) !== 0)) throw unsafe(path);
}

async function checkOwn(path: string): Promise<void> {
  const stat = await look(path);
  if (stat.isSymbolicLink() || isForeign(stat)) throw unsafe(path);
}

function isForeign(stat: { uid: number; mode: number }): boolean {
  return stat.uid !== 0 || (stat.mode & 0o022) !== 0;
}

async function look(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // no door yet
    throw unreadable(path, error);
  }
}

function unsafe(path: string): LatchkeyError {
  return new LatchkeyError('config-unsafe', path);
}

function unreadable(path: string, error: unknown): LatchkeyError {
  return new LatchkeyError('config-unreadable', `${path}: ${(error as NodeJS.ErrnoException).code ?? ''}`, {
    cause: error,
  });
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
