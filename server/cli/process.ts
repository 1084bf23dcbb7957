import { InvalidArgumentError, Option } from 'commander';
import { LatchkeyError } from '../../lib/errors.ts';
import { shownText } from '../../lib/shown-text.ts';
import { dropTo, readIdentity } from '../drop.ts';

/** Only `latchkey up` passes these. */
export const parentOption = new Option('--parent').hideHelp();
export const asOption = new Option('--as <uid:gid>').hideHelp();

export function giveUpRoot(as: string | undefined): void {
  if (as !== undefined) dropTo(readIdentity(as));
}

export function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65535) throw new InvalidArgumentError('A port is 1 to 65535.');
  return number;
}

/** PORT, or what is usual. Throws `config-usage`. */
export function portOf(environment: Readonly<Record<string, string | undefined>>): number {
  const text = environment['PORT'];
  if (text === undefined || text === '') return 7443;
  const number = Number(text);
  // plain HTTP takes the one above
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > 65534)
    throw new LatchkeyError('config-usage', `PORT=${text}`);
  return number;
}

/**
 * The log of a process: stderr, one line each, whatever strangers named an archive or a jail. Times are the journal's, or
 * those of `latchkey up`.
 */
export function log(line: string): void {
  process.stderr.write(`${shownText(line)}\n`);
}
