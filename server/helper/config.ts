import { lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'smol-toml';
import { LatchkeyError } from '../../lib/errors.ts';
import { checkTogether, readDoor, type DoorDefinition } from '../doors/definition.ts';
import type { DriverType } from '../doors/driver.ts';
import { readRootOwned, requireRootOwned } from '../root-owned.ts';

/** A door file is some ten lines. */
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
  const real = requireRootOwned(directory);
  for (const name of entriesOf(real)) requireRootOwned(join(real, name));
  const folder = join(real, 'doors');
  const paths = entriesOf(folder)
    .sort()
    .map((name) => join(folder, name));
  for (const path of paths) requireOwnFile(path);
  const doors = paths.filter((path) => path.endsWith('.toml')).map((path) => readFile(path, types));
  checkTogether(doors);
  return doors;
}

function readFile(path: string, types: readonly DriverType[]): DoorDefinition {
  const text = Buffer.from(readRootOwned(path, largestFile), 'latin1').toString('utf8');
  try {
    return readDoor(basename(path, '.toml'), parse(text), types);
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
    if (code === 'ENOENT') return []; // no door yet
    throw new LatchkeyError('config-unreadable', `${path}: ${code}`, { cause: error });
  }
}
