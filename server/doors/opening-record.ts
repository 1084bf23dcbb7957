import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';

/** An opening that a door asked for and has not closed. */
export interface RecordedOpening {
  readonly address: string;
  /** When it is to end, where the driver knows. Unix time in ms. */
  readonly until?: number;
}

/**
 * What a door has open, for drivers whose openings outlive this process and cannot all be read from the system.
 * Each change is on the disk, whole, when its promise resolves: what the record says must survive a power cut,
 * because the opening does.
 */
export interface OpeningRecord {
  all(): readonly RecordedOpening[];
  of(address: string): RecordedOpening | undefined;
  /** Throws `tool-failed`; then nothing is recorded. */
  put(opening: RecordedOpening): Promise<void>;
  drop(address: string): Promise<void>;
}

const file = v.array(v.strictObject({ address: v.string(), until: v.exactOptional(v.number()) }));

/**
 * Reads the record at `path`; a missing file is an empty one. Throws `tool-failed` where it cannot be read: a door
 * that has forgotten what it has open would call it closed.
 */
export async function openRecord(path: string): Promise<OpeningRecord> {
  let openings = new Map((await read(path)).map((one) => [one.address, one]));
  let saved: Promise<void> = Promise.resolve();

  function change(next: (openings: Map<string, RecordedOpening>) => boolean): Promise<void> {
    const mine = saved.then(async () => {
      const changed = new Map(openings);
      if (!next(changed)) return;
      await write(path, [...changed.values()]);
      openings = changed;
    });
    saved = mine.catch(() => undefined);
    return mine;
  }

  return {
    all: () => [...openings.values()],
    of: (address) => openings.get(address),
    put: (opening) => change((all) => all.set(opening.address, opening) === all),
    drop: (address) => change((all) => all.delete(address)),
  };
}

async function read(path: string): Promise<RecordedOpening[]> {
  try {
    return v.parse(file, JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new LatchkeyError('tool-failed', `${path}: what is open cannot be read`, { cause });
  }
}

async function write(path: string, openings: readonly RecordedOpening[]): Promise<void> {
  try {
    const part = await open(`${path}.new`, 'w', 0o600);
    try {
      await part.writeFile(JSON.stringify(openings));
      await part.sync();
    } finally {
      await part.close();
    }
    await rename(`${path}.new`, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    throw new LatchkeyError('tool-failed', `${path}: cannot be written`, { cause });
  }
}
