import { Option, type Command } from 'commander';
import { createInterface } from 'node:readline/promises';
import { applications } from '../../lib/door.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { folders } from '../folders.ts';
import {
  addHomeDoor,
  addRootDoor,
  listDoors,
  removeDoor,
  requireRoot,
  type Places,
  type Took,
} from '../doors-on-disk.ts';
import { markRules } from '../doors/nftables.ts';
import { errorLine } from './fail.ts';
import { port } from './process.ts';

interface Common {
  readonly config?: string;
  readonly host?: string;
  readonly serves?: string;
  readonly default?: string;
  readonly longest?: string;
  readonly device?: readonly string[];
}

function places(options: Common): Places {
  const usual = folders();
  const { agent, controlSocket } = usual;
  return { helper: options.config ?? usual.helper, agent, controlSocket };
}

/** Keys that every door may have, as its file says them. */
function common(options: Common): Record<string, string | readonly string[]> {
  const { host, serves, default: usual, longest, device } = options;
  return {
    ...(host === undefined ? {} : { host }),
    ...(serves === undefined ? {} : { serves }),
    ...(usual === undefined ? {} : { default: usual }),
    ...(longest === undefined ? {} : { longest }),
    ...(device === undefined ? {} : { devices: device }),
  };
}

function withCommon(command: Command): Command {
  return command
    .option('--host <name>', 'what clients dial, where it is not the relay’s host')
    .addOption(
      new Option('--serves <what>', 'what they speak there (by the port: ssh, or the web’s)').choices(
        applications,
      ),
    )
    .option('--default <time>', 'how long it opens when nobody says (5m)')
    .option('--longest <time>', 'the longest it may be asked for (1h)')
    .option('--device <names...>', 'the devices that may open it, by name or id (default: every paired one)')
    .option('--config <folder>', 'DIR of the helper (default: $LATCHKEY_DIR/helper)');
}

export function register(program: Command): void {
  const door = program.command('door').description('the doors of this home');
  const add = door.command('add').description('make a door');
  withCommon(add.command('nftables <name>').description('a port that the kernel opens and closes (root)'))
    .requiredOption('--port <port>', 'the port that it guards', port)
    .requiredOption('--mode <mode>', 'gate: we drop what is not let in. mark: your firewall accepts our mark')
    .option('--protocol <name>', 'tcp or udp', 'tcp')
    .option('--yes', 'there is a second way in: do not ask')
    .action(addNftables);
  withCommon(add.command('knockd <name>').description('a section of an existing knockd.conf (root)'))
    .requiredOption('--file <file>', 'the knockd.conf')
    .requiredOption('--section <name>', 'the door in it')
    .action((name: string, options: Common & { file: string; section: string }) =>
      addRootDoor(places(options), name, {
        driver: 'knockd',
        file: options.file,
        section: options.section,
        ...common(options),
      }).then((took) => said(name, took)),
    );
  withCommon(
    add
      .command('command <name>')
      .description('programs that open and close; see server/doors/COMMANDS.md (root)'),
  )
    .requiredOption('--port <port>', 'what clients dial', port)
    .requiredOption('--open <json>', 'program and arguments: ["/usr/bin/it", "{address}"]', words)
    .requiredOption('--close <json>', 'what takes exactly that away', words)
    .option(
      '--inspect <json>',
      'exit status 0 where {address} is open; or, without it, prints what is open',
      words,
    )
    .option('--open6 <json>', 'for IPv6, where it differs', words)
    .option('--close6 <json>', 'for IPv6, where it differs', words)
    .option('--inspect6 <json>', 'for IPv6, where it differs', words)
    .option('--family <number>', '4 or 6, where it can only one of them', Number)
    .option('--user <account>', 'who runs them (root)')
    .option('--timeout <time>', 'the longest that one may take (5s)')
    .action(async (name: string, options: Common & CommandKeys) => {
      const table = { driver: 'command', ...onlyGiven(options, commandKeys), ...common(options) };
      said(name, await addRootDoor(places(options), name, table));
    });
  withCommon(
    add.command('proxy <name>').description('a listener that exists only while it is open (no root)'),
  )
    .requiredOption('--listen <port>', 'where clients connect to')
    .requiredOption('--target <host:port>', 'where their bytes go')
    .action(async (name: string, options: Common & { listen: string; target: string }) => {
      const listen = /^\d+$/.test(options.listen) ? Number(options.listen) : options.listen;
      const table = { driver: 'proxy', listen, target: options.target, ...common(options) };
      said(name, await addHomeDoor(places(options), name, table));
    });
  withCommon(
    add
      .command('knock <name>')
      .description('a host that runs only knockd; home knocks, clients jump (no root)'),
  )
    .requiredOption('--to <host>', 'the host that runs knockd')
    .requiredOption('--port <port>', 'what the sequence opens there', port)
    .option('--sequence <knocks>', 'such as 7000,8000:udp,9000; better left out, and typed or piped in')
    .option('--lasts <time>', 'when the far knockd closes by itself: its cmd_timeout')
    .option('--closing <knocks>', 'the sequence that closes, where the far knockd does not')
    .option('--check <host:port>', 'a port, or host:port, that answers home only while the door is open')
    .option('--jump <host:port>', 'the home’s own SSH, as devices reach it (the relay’s host, 22)')
    .option('--spacing <ms>', 'between two knocks (75)', Number)
    .action(async (name: string, options: Common & KnockKeys) => {
      const sequence = options.sequence ?? (await askForSequence());
      const { closing: close, ...rest } = options;
      const given = onlyGiven({ ...rest, sequence, close }, knockKeys);
      said(name, await addHomeDoor(places(options), name, { driver: 'knock', ...given, ...common(options) }));
    });
  door
    .command('list')
    .option('--config <folder>', 'DIR of the helper')
    .option('--json')
    .description('names, drivers and ports')
    .action(async (options: Common & { json?: boolean }) => {
      const doors = await listDoors(places(options));
      if (options.json === true) return void process.stdout.write(`${JSON.stringify(doors)}\n`);
      for (const { name, driver, port: number, problem } of doors)
        process.stdout.write(
          `${name.padEnd(20)} ${driver.padEnd(10)} ${String(number ?? '').padEnd(6)} ${problem ?? ''}\n`,
        );
    });
  door
    .command('remove <name>')
    .option('--config <folder>', 'DIR of the helper')
    .description('take a door away; what it has open is closed')
    .action(async (name: string, options: Common) => {
      const took = await removeDoor(places(options), name);
      process.stdout.write(`${name} is removed${took.running ? '' : '; nothing runs here now'}\n`);
    });
}

const commandKeys = [
  'port',
  'open',
  'close',
  'inspect',
  'open6',
  'close6',
  'inspect6',
  'family',
  'user',
  'timeout',
] as const;
type CommandKeys = Readonly<
  Partial<Record<(typeof commandKeys)[number], string | number | readonly string[]>>
>;

const knockKeys = ['to', 'port', 'sequence', 'lasts', 'close', 'check', 'jump', 'spacing'] as const;
interface KnockKeys {
  readonly to: string;
  readonly port: number;
  readonly sequence?: string;
  readonly lasts?: string;
  readonly closing?: string;
  readonly check?: string;
  readonly jump?: string;
  readonly spacing?: number;
}

/** Read rather than given: arguments are seen by every user of the machine, and kept by the shell. */
async function askForSequence(): Promise<string> {
  process.stderr.write('Sequence, such as 7000,8000:udp,9000: ');
  const asking = createInterface({ input: process.stdin });
  for await (const line of asking) {
    asking.close();
    return line.trim();
  }
  throw new LatchkeyError('config-usage', '--sequence, or a line of input');
}

/** Of the options, those that somebody gave, under the names that the door's file has for them. */
function onlyGiven<K extends string, V>(
  options: Readonly<Partial<Record<K, V | undefined>>>,
  keys: readonly K[],
): Record<string, V> {
  const given = keys.map((key) => [key, options[key]] as const);
  return Object.fromEntries(given.filter((pair): pair is [K, V] => pair[1] !== undefined));
}

/** A command as JSON, since no shell's rules of quoting are ours. Throws `config-usage`. */
function words(text: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(text);
    if (Array.isArray(read) && read.every((each) => typeof each === 'string')) return read;
  } catch {
    // said below
  }
  throw new LatchkeyError('config-usage', `not an array of texts in JSON: ${text.slice(0, 60)}`);
}

interface Nftables extends Common {
  readonly port: number;
  readonly mode: string;
  readonly protocol: string;
  readonly yes?: boolean;
}

async function addNftables(name: string, options: Nftables): Promise<void> {
  const { port: number, mode, protocol } = options;
  requireRoot();
  if (mode === 'gate' && options.yes !== true) await askForSecondWay(number, protocol);
  const took = await addRootDoor(places(options), name, {
    driver: 'nftables',
    port: number,
    protocol,
    mode,
    ...common(options),
  });
  said(name, took);
  if (mode !== 'mark') return;
  process.stdout.write(
    `This door marks what it lets in; your firewall must accept the mark, before whatever drops:\n` +
      `  iptables ${markRules.iptables.join(' ')}    (and ip6tables)\n` +
      `  nft: ${markRules.nft}    in your input chain\n`,
  );
}

/** A gate shuts everybody out who has no opening, whoever adds it over SSH too. */
async function askForSecondWay(number: number, protocol: string): Promise<void> {
  process.stdout.write(
    `From now on new connections to ${protocol} port ${number} are dropped, but from this machine itself and from ` +
      `addresses that the door is open for. Connections that are there stay.\n`,
  );
  if (!process.stdin.isTTY)
    throw new LatchkeyError('config-usage', 'gate: --yes where nobody can be asked for a second way in');
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await asking.question('Do you have a second way in, if this goes wrong? [y/N] ');
  asking.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new LatchkeyError('config-usage', 'nothing was changed');
}

function said(name: string, took: Took): void {
  const running = took.running ? '' : '; it works from the next start on';
  const problem = took.problem === undefined ? '' : `, but ${errorLine(new LatchkeyError(took.problem))}`;
  process.stdout.write(`${name} is there${running}${problem}\n`);
}
