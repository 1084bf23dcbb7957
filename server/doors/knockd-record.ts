import { readFile, rename, writeFile } from 'node:fs/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { takeTurns } from './turns.ts';
import type { ProcessName } from '../process-facts.ts';

/** An opening that knockd was asked for, here or at the wire. What is not recorded is never taken away. */
export interface KnockdOpening {
  readonly address: string;
  /** When knockd's own timer runs its stop command, at the latest. Unix time in ms. */
  readonly until: number;
  /** knockd's child that sleeps until then, where it could be told from others. */
  readonly timer?: ProcessName;
  /** We closed it before its time; the timer is still to come. */
  readonly closed?: boolean;
  /** Not asked for by us: the outer instance says that it opened. */
  readonly outer?: boolean;
  /** Rules like its own that were there before it; they stay. */
  readonly before?: number;
  /** Nobody can read it back, and its timer ended before its time: open until somebody closes it. */
  readonly lost?: boolean;
}

/** Kept on disk (0600), because a rule outlives this process. */
export interface KnockdRecord {
  all(): readonly KnockdOpening[];
  of(address: string): KnockdOpening | undefined;
  /** Known at once; resolves once it is on disk. Throws `tool-failed`. */
  put(opening: KnockdOpening): Promise<void>;
  drop(address: string): Promise<void>;
}

/** A file that cannot be read counts as empty: then rules found are shown, and left alone. */
export async function openRecord(path: string): Promise<KnockdRecord> {
  const openings = new Map<string, KnockdOpening>();
  const inTurn = takeTurns();
  try {
    for (const one of JSON.parse(await readFile(path, 'utf8')) as KnockdOpening[]) {
      openings.set(one.address, one);
    }
  } catch {
    openings.clear();
  }
  const save = (): Promise<void> =>
    inTurn(async () => {
      try {
        await writeFile(`${path}.new`, JSON.stringify([...openings.values()]), { mode: 0o600 });
        await rename(`${path}.new`, path);
      } catch (cause) {
        throw new LatchkeyError('tool-failed', `${path}: cannot be written`, { cause });
      }
    });
  return {
    all: () => [...openings.values()],
    of: (address) => openings.get(address),
    put(opening) {
      openings.set(opening.address, opening);
      return save();
    },
    async drop(address) {
      if (openings.delete(address)) await save();
    },
  };
}
