import type { Command } from 'commander';
import { formatDuration } from '../../lib/duration.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import { askOnce } from './devices.ts';
import { printable } from './pair.ts';
import { InvalidArgumentError } from 'commander';

export function register(program: Command): void {
  program
    .command('audit')
    .description('what happened at this home, newest first')
    .option('--limit <n>', 'at most this many', limit, 50)
    .option('--json')
    .action(async (options: { limit: number; json?: boolean }) => {
      const events = (await askOnce({ verb: 'audit', limit: options.limit }))[
        'events'
      ] as readonly EventView[];
      if (options.json === true) return void process.stdout.write(`${JSON.stringify(events)}\n`);
      for (const event of events) process.stdout.write(`${lineOf(event)}\n`);
    });
}

function limit(text: string): number {
  const number = Number(text);
  if (!/^\d{1,4}$/.test(text) || number < 1 || number > 1000) throw new InvalidArgumentError('1 to 1000.');
  return number;
}

/** Events that tell of a device, not of what it did. */
const aboutDevice: ReadonlySet<string> = new Set([
  'paired',
  'pairing',
  'pairing-second',
  'revoked',
  'allowed',
]);

function lineOf(event: EventView): string {
  const parts = [
    event.door,
    event.address === undefined ? undefined : `for ${event.address}`,
    event.seconds === undefined ? undefined : formatDuration(event.seconds),
    event.vault === undefined ? undefined : printable(event.vault),
    event.archives === undefined ? undefined : `${event.archives} archives`,
    event.user === undefined ? undefined : `as ${printable(event.user)}`,
    event.device === undefined
      ? undefined
      : `${aboutDevice.has(event.kind) ? '' : 'by '}"${printable(event.device)}"`,
    event.code,
  ].filter((part) => part !== undefined);
  return `${new Date(event.at).toISOString()}  ${kindWord(event.kind)}  ${parts.join(', ')}`;
}

/** `allowed` tells of a permission that was taken away, too. */
export function kindWord(kind: EventView['kind']): string {
  return kind === 'allowed' ? 'permissions' : kind;
}
