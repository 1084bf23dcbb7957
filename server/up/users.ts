import { lstatSync } from 'node:fs';
import path from 'node:path';
import { LatchkeyError } from '../../lib/errors.ts';
import { accountName, findAccount } from '../accounts.ts';
import type { Identity } from '../drop.ts';

export interface Users {
  readonly relay: Identity;
  readonly agent: Identity;
}

/**
 * Two of the numbers that systemd sets aside for services without an account (61184 to 65519): a trial leaves
 * /etc/passwd alone. Different ones, so that the relay reaches neither the home agent's keys nor the helper.
 */
const numbers: Users = { relay: { uid: 64711, gid: 64711 }, agent: { uid: 64712, gid: 64712 } };

/** `--users A,B`: accounts for relay and home agent. Throws `config-usage` naming what is wrong. */
export async function usersFor(names: string | undefined): Promise<Users> {
  if (names === undefined) return numbers;
  const parts = names.split(',');
  const [relayName = '', agentName = ''] = parts;
  if (parts.length !== 2) throw new LatchkeyError('config-usage', '--users takes two names: relay,agent');
  const [relay, agent] = await Promise.all([account(relayName), account(agentName)]);
  if (relay.uid === agent.uid || relay.gid === agent.gid)
    throw new LatchkeyError('config-usage', '--users: relay and agent need different users and groups');
  return { relay, agent };
}

async function account(name: string): Promise<Identity> {
  if (!accountName.test(name)) throw new LatchkeyError('config-usage', `--users: "${name}"`);
  const found = await findAccount(name);
  if (found === undefined) throw new LatchkeyError('config-usage', `--users: no account "${name}"`);
  if (found.uid === 0 || found.gid === 0)
    throw new LatchkeyError('config-usage', `--users: "${name}" is root`);
  return found;
}

/** Others must be able to pass through every folder above. Throws `config-unreadable` naming the one that is closed. */
export function requirePassable(folder: string): void {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if ((lstatSync(at).mode & 0o001) === 0)
      throw new LatchkeyError(
        'config-unreadable',
        `${at} is closed to the relay and the home agent, which do not run as root: chmod o+x, or set LATCHKEY_DIR`,
      );
    if (at === path.dirname(at)) return;
  }
}
