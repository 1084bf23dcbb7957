import { Option, type Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { wordsOf } from '../../lib/check-words.ts';
import { examine, examineSystem, type Examination } from '../doctor/examine.ts';
import { folders } from '../folders.ts';
import { reportOf } from './doctor-report.ts';

interface Options {
  readonly dir?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly system?: boolean;
}

/** Where the units keep the door files. */
const ofUnits = '/etc/latchkey';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('is this home ready? what is wrong, what it costs, what mends it; changes nothing')
    .option('--dir <folder>', 'folder of agent.toml (default: $LATCHKEY_DIR/agent)')
    .option('--config <folder>', 'DIR of the helper (default: $LATCHKEY_DIR/helper)')
    .option('--json')
    // what the helper starts: door files and system alone
    .addOption(new Option('--system').hideHelp())
    .action(async (options: Options) => {
      const usual = folders();
      const helper = !existsSync(usual.helper) && existsSync(ofUnits) ? ofUnits : usual.helper;
      if (options.system === true) {
        process.stdout.write(`${JSON.stringify(await examineSystem(options.config ?? helper))}\n`);
        return;
      }
      const examined = await examine({
        agent: path.resolve(options.dir ?? usual.agent),
        helper: path.resolve(options.config ?? helper),
      });
      process.stdout.write(options.json === true ? jsonOf(examined) : reportOf(examined));
      if (!examined.ready) process.exitCode = 1;
    });
}

function jsonOf({ ready, checks }: Examination): string {
  return `${JSON.stringify({ ready, checks: checks.map((check) => ({ ...check, ...wordsOf(check) })) })}\n`;
}
