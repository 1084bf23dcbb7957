import type { Command } from 'commander';
import { LatchkeyError } from '../../lib/errors.ts';
import { isPermission, permissions, type Permission } from '../../lib/permission.ts';
import { takesIds } from './ids.ts';
import { askOnce } from './devices.ts';
import { printable } from './pair.ts';

const what: Readonly<Record<Permission, string>> = {
  unban: 'lift bans of other addresses than its own',
  restore: 'ask archives back, which costs money',
};

function action(yes: boolean) {
  return async (device: string, permission: string, options: { json?: boolean }): Promise<void> => {
    if (!isPermission(permission))
      throw new LatchkeyError('config-usage', `"${permission}" is not one of ${permissions.join(', ')}`);
    const { device: id, name, allowed } = await askOnce({ verb: 'permit', device, permission, yes });
    if (options.json === true) process.stdout.write(`${JSON.stringify({ device: id, name, allowed })}\n`);
    else process.stdout.write(`"${printable(name)}" may ${yes ? '' : 'not '}${what[permission]}.\n`);
  };
}

export function register(program: Command): void {
  takesIds(program.command('allow <device> <permission>'))
    .description(`give a device, by id or name, a permission: ${permissions.join(', ')}`)
    .option('--json')
    .action(action(true));
  takesIds(program.command('deny <device> <permission>'))
    .description('take a permission from a device, from its next request on')
    .option('--json')
    .action(action(false));
}
