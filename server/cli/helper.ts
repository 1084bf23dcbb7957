import type { Command } from 'commander';
import path from 'node:path';
import { rmSync } from 'node:fs';
import { privateFolder, writeWhole } from '../files.ts';
import { folders } from '../folders.ts';
import { lookApart } from '../doctor/apart.ts';
import { sharedFor } from '../doctor/shared.ts';
import { startHelper } from '../helper/helper.ts';
import { nameProcess } from '../process-facts.ts';
import { parentLine, untilStopped } from '../up/parent.ts';
import { log, parentOption } from './process.ts';

/** However often the home agent asks: one look at a time, and none sooner than this after the last (ms). */
const keptMs = 5000;

interface Options {
  readonly config?: string;
  readonly socket?: string;
  readonly group?: string;
  readonly parent?: boolean;
}

export function register(program: Command): void {
  program
    .command('helper')
    .description('opens the doors that need root; listens on no network')
    .option('--config <folder>', 'DIR of the door files, root’s alone (default: $LATCHKEY_DIR/helper)')
    .option('--socket <path>', 'where the home agent reaches it (default: $LATCHKEY_DIR/run/helper.sock)')
    .option('--group <gid>', 'the home agent’s group, which alone may reach it')
    .addOption(parentOption)
    .action(helper);
}

/** `door add` finds the running helper, and its socket, by this file. In `work`: as a unit it may write nowhere else. */
export function pidFile(config: string): string {
  return path.join(config, 'work/helper.pid');
}

async function helper(options: Options): Promise<void> {
  const usual = folders();
  const config = path.resolve(options.config ?? usual.helper);
  const directory = path.join(config, 'work');
  privateFolder(directory);
  const socket = path.resolve(options.socket ?? usual.helperSocket);
  const starting = startHelper({
    config,
    socket,
    directory,
    log,
    checks: sharedFor(keptMs, () => lookApart([...process.execArgv, process.argv[1] ?? ''], config)),
    ...(options.group === undefined ? {} : { gid: Number(options.group) }),
  });
  // From the beginning: a SIGHUP that nobody listens to would end it.
  process.on(
    'SIGHUP',
    () =>
      void starting.then(
        (started) => started.reload(),
        () => undefined,
      ),
  );
  const running = await starting;
  const { pid } = process;
  writeWhole(pidFile(config), JSON.stringify({ ...(nameProcess(pid) ?? { pid }), socket }), 0o600);
  const parent = options.parent === true ? parentLine() : undefined;
  parent?.say({ ready: true });
  untilStopped(async () => {
    rmSync(pidFile(config), { force: true });
    await running.stop();
  }, parent);
}
