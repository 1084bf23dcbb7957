import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { loadHomeKeys } from '../agent/keys.ts';
import { runAgent } from '../agent/main.ts';
import { privateFolder } from '../files.ts';
import { folders } from '../folders.ts';
import { startGreeter } from '../up/greeter.ts';
import { parentLine, untilStopped, type Parent } from '../up/parent.ts';
import { asOption, giveUpRoot, log, parentOption, port } from './process.ts';

interface Options {
  readonly dir?: string;
  readonly greeter?: number;
  readonly as?: string;
  readonly parent?: boolean;
}

export function register(program: Command): void {
  program
    .command('agent')
    .description('the home agent: decides, and dials out to its relay')
    .option('--dir <folder>', 'its folder, with agent.toml (default: $LATCHKEY_DIR/agent)')
    .option('--greeter <port>', 'a small target for a first door, on loopback', port)
    .addOption(asOption)
    .addOption(parentOption)
    .action(agent);
}

async function agent(options: Options): Promise<void> {
  giveUpRoot(options.as);
  const directory = options.dir ?? folders().agent;
  privateFolder(directory);
  const mailbox = toBase64(loadHomeKeys(path.join(directory, 'home-keys.json')).mailbox);
  const parent = options.parent === true ? parentLine() : undefined;
  if (parent === undefined) introduce(directory, mailbox);
  else await served(parent, mailbox);
  const stopGreeter = options.greeter === undefined ? undefined : startGreeter(options.greeter, log);
  const running = await runAgent(directory, log);
  parent?.say({ ready: true });
  untilStopped(async () => {
    stopGreeter?.();
    await running.stop();
  }, parent);
}

function introduce(directory: string, mailbox: string): void {
  process.stdout.write(`This home's mailbox, for its relay: ${mailbox}\n`);
  const file = path.join(directory, 'agent.toml');
  if (!existsSync(file))
    process.stdout.write(
      `There is no ${file} yet. Start the relay with --home ${mailbox} and put what it prints there.\n`,
    );
}

/** Its own relay must know the mailbox first: dialling before would be refused, and wait for the next try. */
function served(parent: Parent, mailbox: string): Promise<void> {
  parent.say({ mailbox });
  return new Promise((resolve) => {
    parent.onMessage((message) => {
      if (message['start'] === true) resolve();
    });
    parent.onEnd(() => process.exit(0));
  });
}
