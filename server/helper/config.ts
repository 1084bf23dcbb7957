import { lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'smol-toml';
import { LatchkeyError } from '../../lib/errors.ts';
import { readSource, type ReadSource } from '../bans/definition.ts';
import type { SourceType } from '../bans/source.ts';
import { checkTogether, readDoor, type DoorDefinition } from '../doors/definition.ts';
import type { DriverType } from '../doors/driver.ts';
import { readRootOwned, requireRootOwned } from '../root-owned.ts';

/** A file is some ten lines. */
const largestFile = 64 * 1024;

/**
 * Reads DIR/doors/NAME.toml, one file a door, all or nothing. For root only: what these files say is done as
 * root, so nobody else may have a hand in them. Files of other names are left alone (an editor's copies), but
 * they must be root's, too.
 *
 * Throws LatchkeyError: `config-unsafe` (the detail names the path: DIR, a parent or a file in it is not root's,
 * or others can write it), `config-unreadable`, `config-invalid` (names file and key).
 */
export function readHelperDoors(directory: string, types: readonly DriverType[]): DoorDefinition[] {
  const doors = readFolder(directory, 'doors', (name, table) => readDoor(name, table, types));
  checkTogether(doors);
  return doors;
}

/** DIR/bans/NAME.toml, one file a source of bans, by the same rules. */
export function readHelperSources(directory: string, types: readonly SourceType[]): ReadSource[] {
  return readFolder(directory, 'bans', (name, table) => readSource(name, table, types));
}

type Read<T> = (name: string, table: Readonly<Record<string, unknown>>) => T;

function readFolder<T>(directory: string, name: string, read: Read<T>): T[] {
  const real = requireRootOwned(directory);
  for (const entry of entriesOf(real)) requireRootOwned(join(real, entry));
  const folder = join(real, name);
  const paths = entriesOf(folder)
    .sort()
    .map((entry) => join(folder, entry));
  for (const path of paths) requireOwnFile(path);
  return paths.filter((path) => path.endsWith('.toml')).map((path) => readFile(path, read));
}

function readFile<T>(path: string, read: Read<T>): T {
  const text = Buffer.from(readRootOwned(path, largestFile), 'latin1').toString('utf8');
  try {
    return read(basename(path, '.toml'), parse(text));
  } catch (error) {
    if (error instanceof LatchkeyError && error.code !== 'config-invalid') throw error;
    const why = error instanceof LatchkeyError ? (error.detail ?? '') : (error as Error).message;
    throw new LatchkeyError('config-invalid', `${path}: ${why.split('\n')[0] ?? ''}`, { cause: error });
  }
}

/** A link would make the door's name say one file and its text another. */
function requireOwnFile(path: string): void {
  if (lstatSync(path).isSymbolicLink()) throw new LatchkeyError('config-unsafe', path);
  requireRootOwned(path);
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return []; // none yet
    throw new LatchkeyError('config-unreadable', `${path}: ${code}`, { cause: error });
  }
}
