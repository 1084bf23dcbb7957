import { chmod, mkdtemp, mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { cli } from '../support/built.ts';
import { until } from '../support/until.ts';
import { startLabHelper, type LabHelper } from './helper.ts';
import type { Lab } from './net.ts';
import type { Ran, Space } from './space.ts';

/**
 * Relay, home agent and helper as people run them, each in its own host of the lab, from the command line; and
 * terminal devices.
 */

export interface Household {
  readonly helper: LabHelper | undefined;
  readonly agentDirectory: string;
  /** The relay's local authority, PEM: what a phone is told to trust. */
  readonly authority: string;
  readonly agentLog: string[];
  readonly relayUrl4: string;
  readonly relayUrl6: string;
  /** A link of `latchkey pair --link`, at the relay's address of that family. */
  link(family: 4 | 6): Promise<string>;
  /** `latchkey …` at home, to its end. */
  home(...args: string[]): Promise<Ran>;
  startAgent(): Promise<void>;
  killAgent(): Promise<void>;
  startRelay(): Promise<void>;
  killRelay(): Promise<void>;
  device(at: Space, name?: string): Promise<TerminalDevice>;
}

export interface TerminalDevice {
  pair(family: 4 | 6): Promise<void>;
  /** `latchkey device …` with --json: what it printed. Throws with both outputs when it exits with another status. */
  json<T>(args: readonly string[], status?: number): Promise<T>;
  run(args: readonly string[], options?: { anyStatus?: boolean }): Promise<Ran>;
}

export interface HouseholdOptions {
  /** Door files of the helper; absent: no helper. */
  readonly doors?: Readonly<Record<string, string>>;
  /** Files of the helper's sources of bans. */
  readonly bans?: Readonly<Record<string, string>>;
  /** sshd's log, for the helper. */
  readonly sshLog?: string;
  /** What runs the helper, e.g. ['unshare', '-m']. */
  readonly helperAs?: readonly string[];
  /** Further lines of agent.toml. */
  readonly agent?: string;
  /** Run before the home agent, e.g. setpriv to another user. */
  readonly as?: readonly string[];
  /** A relay by a name, with a certificate of somebody that every process believes. */
  readonly relay?: NamedRelay;
}

export interface NamedRelay {
  readonly host: string;
  /** Names certificate and key. */
  readonly toml: string;
  readonly own: boolean;
  /** Lines of /etc/hosts for every process. */
  readonly hosts: string;
  /** PEM: whom every process believes besides its own list. */
  readonly trust: string;
}

/** The command line under another /etc/hosts: `ip netns exec` gives each command mounts of its own. */
export function withHosts(hosts: string | undefined, command: readonly string[]): [string, ...string[]] {
  if (hosts === undefined) return command as [string, ...string[]];
  return ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...command];
}

interface LastingProcess {
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** A command that says `ready` in its output once it is up, and can be killed -9 and started again. */
function lasting(
  space: Space,
  args: readonly string[],
  ready: RegExp,
  log: string[],
  as: readonly string[],
  env: Readonly<Record<string, string>>,
): LastingProcess {
  let child: ReturnType<Space['spawn']> | undefined;
  return {
    async start() {
      const from = log.length;
      const [command = '', ...rest] = [...as, process.execPath, cli, ...args];
      const started = space.spawn(command, rest, { env: { npm_config_loglevel: 'error', ...env } });
      child = started;
      for (const stream of [started.stdout, started.stderr])
        createInterface({ input: stream }).on('line', (line) => log.push(line));
      await until(() => {
        if (started.exitCode !== null) throw new Error(`it ended:\n${log.slice(from).join('\n')}`);
        return log.slice(from).some((line) => ready.test(line));
      }, 20_000).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${String(ready)}\n${log.slice(from).join('\n')}`);
      });
    },
    async kill() {
      const old = child;
      child = undefined;
      if (old === undefined || old.exitCode !== null || old.signalCode !== null) return;
      const closed = new Promise((resolve) => old.once('close', resolve));
      old.kill('SIGKILL');
      await closed;
    },
  };
}

export async function startHousehold(lab: Lab, options: HouseholdOptions = {}): Promise<Household> {
  // what `npm start` runs: starts in a fraction of the time of the sources
  const base = await mkdtemp(join(lab.directory, 'household-'));
  const relayDirectory = join(base, 'relay');
  const agentDirectory = join(base, 'agent');
  for (const folder of [relayDirectory, agentDirectory]) await mkdir(folder, { mode: 0o700 });
  const helper =
    options.doors === undefined
      ? undefined
      : await startLabHelper(lab, options.doors, {
          ...(options.helperAs === undefined ? {} : { as: options.helperAs }),
          ...(options.bans === undefined ? {} : { bans: options.bans }),
          ...(options.sshLog === undefined ? {} : { settings: `ssh_log = "${options.sshLog}"\n` }),
        });

  const { relay: named } = options;
  const hosts = named === undefined ? undefined : join(base, 'hosts');
  const env: Record<string, string> = {};
  if (named !== undefined && hosts !== undefined) {
    await writeFile(hosts, named.hosts);
    await writeFile(join(relayDirectory, 'relay.toml'), named.toml);
    await writeFile((env['NODE_EXTRA_CA_CERTS'] = join(base, 'trust.pem')), named.trust);
  }

  // The home agent prints its mailbox, the relay what goes into the home's file: as a person pastes them.
  const agentLog: string[] = [];
  const relayLog: string[] = [];
  const keys = await import('../../server/agent/keys.ts');
  const mailbox = Buffer.from(keys.loadHomeKeys(join(agentDirectory, 'home-keys.json')).mailbox).toString(
    'base64url',
  );
  const relayArgs = [
    'relay',
    '--dir',
    relayDirectory,
    '--port',
    '7443',
    '--host',
    named?.host ?? lab.relay.address4,
    '--home',
    mailbox,
  ];
  const relay = lasting(lab.relay, relayArgs, /family = /, relayLog, withHosts(hosts, []), env);
  await relay.start();
  // one block for each of its names, and the certificates where a local authority made them
  const last = named === undefined ? 'END CERTIFICATE' : 'family = ';
  const count = named === undefined ? 2 : 1 + (named.toml.match(/^v[46] =/gm) ?? []).length;
  await until(() => relayLog.filter((line) => line.includes(last)).length === count);
  const observers = relayLog.join('\n').match(/\[\[observer\]\]\n(?:\w+ = .*\n?)+/g) ?? [];
  const pem = /-----BEGIN[^]*-----END CERTIFICATE-----/.exec(relayLog.join('\n'))?.[0] ?? '';
  await writeFile(join(agentDirectory, 'relay.crt'), `${pem}\n`);
  const dialled4 = `https://${lab.relay.address4}:7443`;
  const relayUrl4 = named === undefined ? dialled4 : `https://${named.host}:7443`;
  const relayUrl6 = named === undefined ? `https://[${lab.relay.address6}]:7443` : relayUrl4;
  await writeFile(
    join(agentDirectory, 'agent.toml'),
    `name = "attic"
${helper === undefined ? '' : `helper = "${helper.socket}"`}

[[relay]]
url = "${dialled4}"
${pem === '' ? '' : 'ca = "relay.crt"\n'}own = ${String(named?.own ?? true)}
public = [${[...new Set([relayUrl4, relayUrl6])].map((url) => `"${url}"`).join(', ')}]

${observers.join('\n')}
${options.agent ?? ''}
`,
  );
  const { as = [] } = options;
  if (as.length > 0) {
    for (const folder of [lab.directory, base]) await chmod(folder, 0o711);
    await lab.home.run('chown', ['-R', '65534:65534', agentDirectory]);
  }
  const agent = lasting(lab.home, ['agent', '--dir', agentDirectory], /relay .* reached/, agentLog, as, env);
  await agent.start();

  const household: Household = {
    helper,
    agentDirectory,
    authority: join(relayDirectory, 'ca.crt'),
    agentLog,
    relayUrl4,
    relayUrl6,
    async link(family) {
      const { stdout } = await household.home('pair', '--link');
      return stdout.trim().replace(/^https:\/\/[^/]+/, family === 4 ? relayUrl4 : relayUrl6);
    },
    home: (...args) => lab.home.run(process.execPath, [cli, ...args], { env: { LATCHKEY_DIR: base } }),
    startAgent: () => agent.start(),
    killAgent: () => agent.kill(),
    startRelay: () => relay.start(),
    killRelay: () => relay.kill(),
    async device(at, name = 'phone') {
      const directory = await mkdtemp(join(base, `${name}-`));
      const run: TerminalDevice['run'] = (args, more = {}) => {
        const [command, ...rest] = withHosts(hosts, [process.execPath, cli, 'device', ...args]);
        return at.run(command, rest, {
          env: { LATCHKEY_DEVICE_DIR: directory, LATCHKEY_DIR: '/nonexistent', ...env },
          ...more,
        });
      };
      return {
        run,
        async pair(family) {
          await run(['pair', await household.link(family), '--yes']);
        },
        async json<T>(args: readonly string[], status = 0) {
          const ran = await run([...args, '--json'], { anyStatus: true });
          if (ran.code !== status) throw new Error(`exit ${ran.code}\n${ran.stdout}\n${ran.stderr}`);
          return JSON.parse(ran.stdout) as T;
        },
      };
    },
  };
  return household;
}
