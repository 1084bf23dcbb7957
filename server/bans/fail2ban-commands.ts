import { isCanonical } from '../../lib/address.ts';
import { longestJail } from '../../lib/ban.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { parseNetwork } from '../../lib/network.ts';

/**
 * All that is ever said to fail2ban. Whoever may write to its socket is root (it reads pickles with Python's own reader
 * and runs what it is told), so nothing but these commands, with arguments of these shapes, reaches it.
 */
export interface Command {
  readonly words: readonly string[];
  /** An answer later than this (ms) is none. Lists of 20,000 bans take fail2ban 100 ms, on a slow machine ten times that. */
  readonly patienceMs: number;
}

const quickMs = 2500;
/** Somebody waits before a screen; the home agent gives up after 4 s. */
const ownMs = 3500;
const listMs = 10_000;

/** Names that `get` and `set` take for settings of the server, before they look for a jail. */
const reserved = new Set([
  'loglevel',
  'logtarget',
  'syslogsocket',
  'allowipv6',
  'thread',
  'dbfile',
  'dbmaxmatches',
  'dbpurgeage',
]);

export type JailSetting = 'bantime' | 'findtime' | 'maxretry' | 'ignoreip' | 'actions';

/** A word of others that cannot be taken for an option, or end the request and begin another. */
function isPlain(text: string, longest: number): boolean {
  return text.length > 0 && text.length <= longest && !/^-|[\u0000-\u001f\u007f]|<F2B_/.test(text);
}

/** Jails of any other name cannot be asked about. */
export function isJail(name: string): boolean {
  return isPlain(name, longestJail) && !reserved.has(name);
}

/** True for one address or one network, as this house writes them. */
export function isAddressOrNetwork(value: string): boolean {
  return isCanonical(value) !== undefined || parseNetwork(value) !== undefined;
}

function jailOf(name: string): string {
  if (!isJail(name))
    throw new LatchkeyError('tool-unsupported', `a jail of the name ${JSON.stringify(name)}`);
  return name;
}

function addressOf(value: string): string {
  if (isCanonical(value) === undefined)
    throw new LatchkeyError('tool-unsupported', `not an address: ${JSON.stringify(value)}`);
  return value;
}

function valueOf(value: string): string {
  if (!isAddressOrNetwork(value) && !isPlain(value, 128))
    throw new LatchkeyError('tool-unsupported', `a ban of ${JSON.stringify(value)}`);
  return value;
}

function command(words: readonly string[], patienceMs = quickMs): Command {
  return { words, patienceMs };
}

/** Each throws `tool-unsupported` for arguments that it does not pass on. */
export const commands = {
  version: () => command(['version']),
  status: () => command(['status']),
  jailStatus: (jail: string) => command(['status', jailOf(jail), 'short']),
  jailSetting: (jail: string, setting: JailSetting) => command(['get', jailOf(jail), setting]),
  bans: (jail: string) => command(['get', jailOf(jail), 'banip', '--with-time'], listMs),
  logTarget: () => command(['get', 'logtarget']),
  database: () => command(['get', 'dbfile']),
  /** In which jails each value is banned: exactly this value, not what contains it. */
  banned: (values: readonly string[]) => command(['banned', ...values.map(valueOf)], ownMs),
  /**
   * From all jails. One canonical address only: another spelling of it answers 0 and does nothing, a network that is
   * not itself banned lifts all within it, and a name is looked up in the DNS by fail2ban's only thread.
   */
  unban: (address: string) => command(['unban', addressOf(address)], listMs),
  /** From one jail, whose list has this very value: see `unban` for what happens otherwise. */
  unbanIn: (jail: string, value: string) => command(['set', jailOf(jail), 'unbanip', valueOf(value)], listMs),
  ban: (jail: string, value: string) => {
    if (!isAddressOrNetwork(value))
      throw new LatchkeyError('tool-unsupported', `not an address: ${JSON.stringify(value)}`);
    return command(['set', jailOf(jail), 'banip', value], listMs);
  },
} as const;
