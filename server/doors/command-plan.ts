import { statSync } from 'node:fs';
import { isAbsolute, normalize } from 'node:path';
import * as v from 'valibot';
import { isCanonical } from '../../lib/address.ts';
import type { Family } from '../../lib/address.ts';
import { parseDuration } from '../../lib/duration.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { accountName } from '../accounts.ts';
import { requireRootOwned, requireRootOwnedWay } from '../root-owned.ts';

/** A program by its absolute path, and its arguments, in which `{address}` still stands for the address. */
export type Command = readonly [string, ...string[]];

/** What is run for addresses of one family. */
export interface CommandPlan {
  readonly open: Command;
  readonly close: Command;
  /** With `{address}`: exit status 0 is open, 1 is not. Without: prints every address that is open. */
  readonly inspect?: Command;
}

export interface CommandOptions {
  readonly port: number;
  readonly plans: Readonly<Partial<Record<Family, CommandPlan>>>;
  /** Account that runs the commands; absent: root. */
  readonly user?: string;
  /** Time limit of one command. */
  readonly timeoutMs: number;
}

/** Open asks, opens and asks again: three times this must be less than the home agent's patience (30 s). */
const longestTimeout = 9;

const word = v.pipe(v.string(), v.maxLength(1024), v.regex(/^[^\0]*$/, 'must not hold NUL'));
const command = v.pipe(v.array(word, 'must be an array of texts'), v.minLength(1), v.maxLength(64));
const schema = v.strictObject({
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
  open: command,
  close: command,
  inspect: v.optional(command),
  open6: v.optional(command),
  close6: v.optional(command),
  inspect6: v.optional(command),
  family: v.optional(v.picklist([4, 6], 'must be 4 or 6')),
  user: v.optional(v.pipe(v.string(), v.regex(accountName, 'must be the name of an account'))),
  timeout: v.optional(v.string(), '5s'),
});
type Table = v.InferOutput<typeof schema>;

const invalid = (detail: string) => new LatchkeyError('config-invalid', detail);

/** Throws `config-invalid` naming the key; `tool-missing`, `config-unsafe`, `config-unreadable` naming the path. */
export function readCommandOptions(table: Readonly<Record<string, unknown>>): CommandOptions {
  const result = v.safeParse(schema, table);
  if (!result.success) {
    const issue = result.issues[0];
    throw invalid(`${v.getDotPath(issue) ?? 'door'}: ${issue.message}`);
  }
  const read = result.output;
  const { port, user, family } = read;
  const timeout = parseDuration(read.timeout);
  if (timeout > longestTimeout) throw invalid(`timeout: at most ${longestTimeout} s`);
  const own = read.open6 ?? read.close6 ?? read.inspect6;
  if (own !== undefined && family !== undefined) throw invalid('family: not beside open6, close6, inspect6');
  const plans: Partial<Record<Family, CommandPlan>> = {
    ...(family === 6 ? {} : { 4: planOf(read, 4, '') }),
    ...(family === 4 ? {} : { 6: planOf(read, 6, own === undefined ? '' : '6') }),
  };
  if (own !== undefined && (read.inspect === undefined) !== (read.inspect6 === undefined))
    throw invalid('inspect6: inspect and inspect6 come together');
  return { port, plans, ...(user === undefined ? {} : { user }), timeoutMs: timeout * 1000 };
}

function planOf(table: Table, family: Family, suffix: '' | '6'): CommandPlan {
  const asRoot = table.user === undefined;
  const one = (name: 'open' | 'close' | 'inspect'): Command | undefined => {
    const words = table[`${name}${suffix}`];
    if (words === undefined) return undefined;
    const [program, ...args] = checked(`${name}${suffix}`, words, asRoot);
    return [program, ...args.map((each) => each.replaceAll('{family}', String(family)))];
  };
  const [open, close, inspect] = [one('open'), one('close'), one('inspect')];
  if (open === undefined) throw invalid('open6: needed beside close6');
  if (close === undefined) throw invalid('close6: needed beside open6');
  for (const [key, words] of [
    ['open', open],
    ['close', close],
  ] as const) {
    if (!hasAddress(words)) throw invalid(`${key}${suffix}: no {address} in it, so it is for everyone`);
  }
  return { open, close, ...(inspect === undefined ? {} : { inspect }) };
}

export function hasAddress(words: Command): boolean {
  return words.some((each) => each.includes('{address}'));
}

function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false; // what else is wrong with it is said by who reads it
  }
}

/** Only root may be able to change what root runs: the program, and what its arguments name (a script, a file). */
function checked(key: string, words: readonly string[], asRoot: boolean): Command {
  const [program = '', ...rest] = words;
  if (!isAbsolute(program) || normalize(program) !== program || /[{}]/.test(program))
    throw invalid(`${key}: the program by its absolute path, without "..", "{" or "}"`);
  if (isMissing(program)) throw new LatchkeyError('tool-missing', `${key}: there is no ${program}`);
  requireRootOwnedWay(program);
  const stat = statSync(program);
  if (!stat.isFile() || (stat.mode & 0o111) === 0) throw invalid(`${key}: ${program} is not a program`);
  if (asRoot) {
    for (const path of rest)
      if (isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
        requireRootOwned(path);
  }
  return [program, ...rest];
}

/**
 * What is run for an address. It is canonical: then it begins with no `-`, holds nothing but `0-9a-f:.`, and fills
 * arguments without making one more. Throws `tool-failed` for any other text.
 */
export function fill([program, ...args]: Command, address: string): Command {
  if (isCanonical(address) === undefined) throw new LatchkeyError('tool-failed', 'not an address');
  return [program, ...args.map((each) => each.replaceAll('{address}', address))];
}

/** Every address in a listing: words that are one, also as `203.0.113.7/32`, `[2001:db8::7]` or in JSON. */
export function readListing(text: string): Set<string> {
  const found = new Set<string>();
  for (const word of text.split(/[\s"',;]+/)) {
    const [, bracketed, bare = bracketed ?? '', length] =
      /^(?:\[(.+)\]|([^/[\]]+))(?:\/(\d+))?$/.exec(word) ?? [];
    const family = isCanonical(bare);
    // a network of one address is that address, any other is none
    const whole = family === 4 ? '32' : '128';
    if (family !== undefined && (length ?? whole) === whole) found.add(bare);
  }
  return found;
}
