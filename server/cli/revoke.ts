import type { Command } from 'commander';
import { askOnce } from './devices.ts';
import { takesIds } from './ids.ts';
import { printable } from './pair.ts';

export function register(program: Command): void {
  takesIds(program.command('revoke <device>'))
    .description('take a device’s rights away, by id or name, and close what it has open')
    .option('--json')
    .action(async (device: string, options: { json?: boolean }) => {
      const { device: id, name } = await askOnce({ verb: 'revoke', device });
      if (options.json === true) process.stdout.write(`${JSON.stringify({ device: id, name })}\n`);
      else
        process.stdout.write(
          `Revoked: "${printable(name)}". What it had open is closed; SSH sessions that run go on until you end them.\n`,
        );
    });
}
