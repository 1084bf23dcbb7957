import type { Command } from 'commander';

export function register(program: Command): void {
  program
    .command('install')
    .description('systemd units (not built yet)')
    .action(() => {
      process.stderr.write(
        'latchkey install is not built yet: `npm start` runs everything in the foreground.\n',
      );
      process.exitCode = 1;
    });
}
