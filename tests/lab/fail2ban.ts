import { once } from 'node:events';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ran, Space } from './space.ts';
import type { Lab } from './net.ts';
import { unpack } from './unpack.ts';

/** A real fail2ban with its own files, in a namespace of the lab. */
export interface Fail2ban {
  readonly socket: string;
  readonly database: string;
  /** Its own log. */
  readonly log: string;
  /** Its folder of configuration: a copy of the package's, without the jails that it enables. */
  readonly config: string;
  /** A DIR/bans file that reads it. */
  readonly source: string;
  start(): Promise<void>;
  /** SIGTERM, and waits: it unbans everybody, and remembers them. */
  stop(): Promise<void>;
  /** SIGKILL: its socket's file stays. */
  kill(): Promise<void>;
  /** The real fail2ban-client; what it printed. */
  client(...args: string[]): Promise<string>;
  /** How it is spawned, for one who times it. */
  readonly clientCommand: readonly string[];
  readonly clientEnv: Readonly<Record<string, string>>;
  ban(jail: string, ...values: string[]): Promise<void>;
  /** Adds lines, each without its newline, to a log that a jail reads. */
  write(path: string, ...lines: string[]): Promise<void>;
  /** Waits until its own log says so (5000 ms). */
  logged(pattern: RegExp): Promise<string>;
}

export interface Fail2banOptions {
  /** Text of jail.local after its [DEFAULT]: `[sshd]\nenabled = true\n…`. */
  readonly jails: string;
  /** Keys of [DEFAULT], which has bans of 600 s for 3 failures within 600 s. */
  readonly defaults?: Readonly<Record<string, string | number>>;
  /** `banaction`: one of the package's, or `noop`, which does nothing. Default: iptables-multiport. */
  readonly action?: string;
  /** false: dbfile = None. */
  readonly database?: boolean;
  /** Where it runs; default: home. */
  readonly space?: Space;
  /** Further files of its configuration: `filter.d/x.conf` → text. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A line as syslog writes it, stamped now in the machine's zone: fail2ban's sshd filter wants nothing less. */
export function sshdLine(message: string, pid: number, at = new Date()): string {
  const month = at.toLocaleString('en-US', { month: 'short' });
  const time = at.toTimeString().slice(0, 8);
  return `${month} ${String(at.getDate()).padStart(2)} ${time} lab sshd[${pid}]: ${message}`;
}

export async function startFail2ban(lab: Lab, options: Fail2banOptions): Promise<Fail2ban> {
  const { space = lab.home, action = 'iptables-multiport' } = options;
  const unpacked = await unpack('fail2ban');
  const base = await mkdtemp(join(lab.directory, 'fail2ban-'));
  const config = join(base, 'etc');
  const run = join(base, 'run');
  const socket = join(run, 'f.sock');
  const database = join(base, 'fail2ban.sqlite3');
  const log = join(base, 'fail2ban.log');
  await mkdir(run);
  await cp(unpacked.path('etc/fail2ban'), config, { recursive: true });
  await rm(join(config, 'jail.d'), { recursive: true });
  await writeFile(
    join(config, 'fail2ban.local'),
    `[Definition]\nlogtarget = ${log}\nsyslogsocket = auto\nsocket = ${socket}\npidfile = ${run}/f.pid\n` +
      `dbfile = ${options.database === false ? 'None' : database}\n`,
  );
  const defaults = {
    backend: 'polling',
    usedns: 'no',
    ignoreself: 'false',
    bantime: 600,
    findtime: 600,
    maxretry: 3,
    banaction: action,
    banaction_allports: action,
    ...options.defaults,
  };
  const lines = Object.entries(defaults).map(([key, value]) => `${key} = ${value}\n`);
  await writeFile(join(config, 'jail.local'), `[DEFAULT]\n${lines.join('')}\n${options.jails}`);
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(config, name), text);
  await writeFile(join(config, 'action.d/noop.conf'), '[Definition]\nactionban =\nactionunban =\n');
  await writeFile(log, '');
  const env = {
    PYTHONPATH: unpacked.path('usr/lib/python3/dist-packages'),
    PYTHONDONTWRITEBYTECODE: '1',
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    ...options.env,
  };
  const python = '/usr/bin/python3';
  const own = ['-c', config, '-s', socket, '-p', join(run, 'f.pid')];
  const clientCommand = [python, unpacked.path('usr/bin/fail2ban-client'), ...own];
  let child: ReturnType<Space['spawn']> | undefined;
  let said = '';

  const client = (args: readonly string[]): Promise<Ran> =>
    space.run(clientCommand[0]!, [...clientCommand.slice(1), ...args], { env });
  const end = async (signal: NodeJS.Signals) => {
    const last = child;
    child = undefined;
    if (last === undefined || last.exitCode !== null || last.signalCode !== null) return;
    const closed = once(last, 'close');
    last.kill(signal);
    await closed;
  };
  const fail2ban: Fail2ban = {
    socket,
    database,
    log,
    config,
    source: `source = "fail2ban"\nsocket = "${socket}"\n`,
    clientCommand,
    clientEnv: env,
    async start() {
      await rm(socket, { force: true });
      const fresh = space.spawn(python, [unpacked.path('usr/bin/fail2ban-server'), ...own, '-f', 'start'], {
        env,
      });
      child = fresh;
      said = '';
      fresh.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
      fresh.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
      for (let tries = 0; ; tries++) {
        // "Server ready" comes after the last jail has started.
        if (said.includes('Server ready')) return;
        if (tries > 1000 || fresh.exitCode !== null)
          throw new Error(`fail2ban did not start:\n${said}\n${await readFile(log, 'utf8')}`);
        await sleep(10);
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    client: async (...args) => (await client(args)).stdout,
    async ban(jail, ...values) {
      // Arguments of one command line have a limit.
      for (let from = 0; from < values.length; from += 1000)
        await client(['set', jail, 'banip', ...values.slice(from, from + 1000)]);
    },
    write: (path, ...lines) => appendFile(path, lines.map((line) => `${line}\n`).join('')),
    async logged(pattern) {
      for (let tries = 0; tries < 250; tries++) {
        const line = (await readFile(log, 'utf8')).split('\n').find((one) => pattern.test(one));
        if (line !== undefined) return line;
        await sleep(20);
      }
      throw new Error(`fail2ban never logged ${String(pattern)}:\n${await readFile(log, 'utf8')}`);
    },
  };
  await fail2ban.start();
  return fail2ban;
}
