import type { Command } from 'commander';
import { formatClock, formatDuration } from '../../lib/duration.ts';
import { ControlClient, type ControlLine } from '../control-client.ts';
import { folders } from '../folders.ts';
import { printable } from './pair.ts';

interface Device {
  readonly id: string;
  readonly name: string;
  readonly pairedAt: number;
  readonly confirmed: boolean;
  readonly allowed: readonly string[];
  readonly lastSeenMs?: number;
  readonly open: readonly { readonly door: string; readonly address: string; readonly remainingMs: number }[];
}

export function register(program: Command): void {
  program
    .command('devices')
    .description('the devices that this home has paired')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const devices = (await askOnce({ verb: 'devices' }))['devices'] as readonly Device[];
      if (options.json === true) return void process.stdout.write(`${JSON.stringify(devices)}\n`);
      if (devices.length === 0) process.stdout.write('No device is paired. Pair one: latchkey pair\n');
      for (const device of devices) process.stdout.write(lineOf(device));
    });
}

/** Asks the home agent that runs here, once. Throws `config-not-running`, or its code. */
export async function askOnce(request: {
  readonly verb: string;
  readonly [key: string]: unknown;
}): Promise<ControlLine> {
  const control = await ControlClient.connect(folders().controlSocket);
  try {
    return await control.ask(request);
  } finally {
    control.close();
  }
}

function lineOf(device: Device): string {
  const paired = new Date(device.pairedAt).toISOString().slice(0, 10);
  const seen =
    device.lastSeenMs === undefined
      ? 'not seen since the start'
      : `seen ${formatDuration(Math.round(device.lastSeenMs / 1000))} ago`;
  const open = device.open.map(
    (one) => `, ${one.door} open for ${one.address}, ${formatClock(one.remainingMs)} left`,
  );
  const waits = device.confirmed ? '' : ', waits for a yes';
  const may = device.allowed.length === 0 ? '' : `, may ${device.allowed.join(' and ')}`;
  return `${device.id}  ${printable(device.name)}  paired ${paired}, ${seen}${waits}${may}${open.join('')}\n`;
}
