#!/usr/bin/env -S npx tsx
import { Command, CommanderError } from 'commander';
import { fail } from './cli/fail.ts';
import { watchOutput } from './cli/output.ts';

/** Each command's file, loaded only when it is asked for: the command line starts in the time of one of them. */
type Load = () => Promise<{ register(program: Command): void }>;

const commands: Readonly<Record<string, Load>> = {
  up: () => import('./cli/up.ts'),
  relay: () => import('./cli/relay.ts'),
  witness: () => import('./cli/witness.ts'),
  agent: () => import('./cli/agent.ts'),
  helper: () => import('./cli/helper.ts'),
  install: () => import('./cli/install.ts'),
  door: () => import('./cli/door.ts'),
  pair: () => import('./cli/pair.ts'),
  devices: () => import('./cli/devices.ts'),
  revoke: () => import('./cli/revoke.ts'),
  allow: () => import('./cli/allow.ts'),
  deny: () => import('./cli/allow.ts'),
  audit: () => import('./cli/audit.ts'),
  device: () => import('./cli/device.ts'),
  password: () => import('./cli/password.ts'),
  knockd: () => import('./cli/knockd.ts'),
  doctor: () => import('./cli/doctor.ts'),
  archives: () => import('./cli/archives.ts'),
};

/** Every file once: some register two commands. */
function files(): Load[] {
  return Object.entries(commands).flatMap(([name, load]) => (name === 'deny' ? [] : [load]));
}

/** A mistake is thrown here, and points at the help of the command that it was made in. */
function guide(command: Command, words: string): void {
  command.exitOverride().showHelpAfterError(`See \`${words} --help\`.`);
  for (const each of command.commands) guide(each, `${words} ${each.name()}`);
}

async function main(): Promise<number> {
  const program = new Command('latchkey').description(
    'Hold one button, and the SSH door at home opens for the address you are seen from.',
  );
  watchOutput();
  const wanted = process.argv[2] ?? '';
  const load = Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;
  for (const each of load === undefined ? files() : [load]) (await each()).register(program);
  guide(program, 'latchkey');
  try {
    await program.parseAsync();
    return 0;
  } catch (error) {
    // commander has said what is wrong; help that was asked for is no error
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return fail(error, process.argv.includes('--json'));
  }
}

const status = await main();
// What a refused command had begun (a socket, a worker) must not keep it here. A status that a command set itself stays.
if (status !== 0) process.exit(status);
