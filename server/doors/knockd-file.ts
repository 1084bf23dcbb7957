import { stat } from 'node:fs/promises';
import { readRootOwned } from '../root-owned.ts';
import { mostBytes, readKnockdOptions } from './knockd-plan.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { KnockdOptions } from './knockd-plan.ts';

/**
 * Looks whether the file still says what the door was made of: a changed one waits for SIGHUP, and one that cannot
 * be used is refused then. Reads it only after it was touched.
 */
export function watchKnockdFile(options: KnockdOptions): () => Promise<ErrorCode | undefined> {
  let seen = '';
  let verdict: ErrorCode | undefined;
  return async () => {
    const facts = await stat(options.path).catch(() => undefined);
    const now = facts === undefined ? 'gone' : `${facts.ino} ${facts.size} ${facts.mtimeMs} ${facts.ctimeMs}`;
    if (now !== seen) verdict = judge(options);
    seen = now;
    return verdict;
  };
}

function judge({ path, text, table }: KnockdOptions): ErrorCode | undefined {
  try {
    if (readRootOwned(path, mostBytes) === text) return undefined;
    readKnockdOptions(table);
    return 'config-unread';
  } catch {
    return 'config-refused';
  }
}
