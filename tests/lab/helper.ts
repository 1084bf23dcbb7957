import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { HelperClient } from '../../server/agent/helper-client.ts';
import type { Lab } from './net.ts';
import { built } from '../support/built.ts';

const script = new URL('helper-process.ts', import.meta.url);

/** A real helper, root, in the lab's home, and a client on its socket. */
export interface LabHelper {
  readonly client: HelperClient;
  readonly socket: string;
  /** DIR of the door files. */
  readonly config: string;
  /** What it logged so far. */
  readonly logged: string[];
  /** Waits for a line of the log (3000 ms). */
  saw(pattern: RegExp): Promise<string>;
  /** Writes DIR/doors; what is not named is deleted. Takes effect by `reload`. */
  write(doors: Readonly<Record<string, string>>): Promise<void>;
  /** SIGHUP, and waits until the helper has logged what became of it. */
  reload(): Promise<string>;
  /** Starts the process again after `end` or `kill`. */
  start(): Promise<void>;
  /** SIGTERM and wait. */
  end(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  pid(): number;
}

export interface LabHelperOptions {
  /** Name → text of its file in DIR/bans. */
  readonly bans?: Readonly<Record<string, string>>;
  /** Text of DIR/helper.toml. */
  readonly settings?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What runs it, e.g. ['unshare', '-m']. */
  readonly as?: readonly string[];
  /** As this uid and gid instead of root. */
  readonly asUser?: number;
}

/** `doors`: name → text of its file, e.g. { ssh: 'driver = "nftables"\nport = 22\nmode = "gate"' }. */
export async function startLabHelper(
  lab: Lab,
  doors: Readonly<Record<string, string>>,
  options: LabHelperOptions = {},
): Promise<LabHelper> {
  const base = await mkdtemp(join(lab.directory, 'helper-'));
  const config = join(base, 'etc');
  const directory = join(base, 'state');
  const socket = join(base, 'run', 'helper.sock');
  await mkdir(join(config, 'doors'), { recursive: true, mode: 0o755 });
  await mkdir(directory, { mode: 0o700 });
  const user = options.asUser;
  const program = user === undefined ? [built(script)] : [await bundle(base)];
  if (user !== undefined) {
    await chmod(lab.directory, 0o711);
    for (const path of [base, directory]) await chown(path, user, user);
  }
  const drop = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
  const logged: string[] = [];
  let child: ReturnType<Lab['home']['spawn']> | undefined;

  const running = () => {
    if (child === undefined) throw new Error('the helper does not run');
    return child;
  };
  const saw = async (pattern: RegExp, from = 0) => {
    for (let tries = 0; tries < 300; tries++) {
      const line = logged.slice(from).find((one) => pattern.test(one));
      if (line !== undefined) return line;
      await sleep(10);
    }
    throw new Error(`the helper never logged ${String(pattern)}:\n${logged.join('\n')}`);
  };
  const helper: LabHelper = {
    client: new HelperClient({ path: socket }),
    socket,
    config,
    logged,
    saw: (pattern) => saw(pattern),
    async write(files) {
      const folder = join(config, 'doors');
      for (const old of await readdir(folder)) await rm(join(folder, old), { recursive: true });
      for (const [name, text] of Object.entries(files))
        await writeFile(join(folder, `${name}.toml`), text, { mode: 0o644 });
    },
    async reload() {
      const from = logged.length;
      running().kill('SIGHUP');
      return saw(/^helper: (read again|kept the old)/, from);
    },
    async start() {
      const [command = '', ...args] = [
        ...(options.as ?? []),
        ...drop,
        process.execPath,
        ...[...program, config, socket, directory, String(user ?? 0)],
      ];
      const fresh = lab.home.spawn(command, args, options.env === undefined ? {} : { env: options.env });
      child = fresh;
      createInterface({ input: fresh.stderr }).on('line', (line) => logged.push(line));
      await new Promise<void>((resolve, reject) => {
        createInterface({ input: fresh.stdout }).once('line', () => resolve());
        fresh.once('close', () => reject(new Error(`the helper ended:\n${logged.join('\n')}`)));
      });
    },
    end: () => helper.kill('SIGTERM'),
    async kill(signal) {
      const last = running();
      child = undefined;
      if (last.exitCode !== null || last.signalCode !== null) return;
      const closed = once(last, 'close');
      last.kill(signal);
      await closed;
    },
    pid: () => running().pid ?? 0,
  };
  if (options.settings !== undefined) await writeFile(join(config, 'helper.toml'), options.settings);
  await helper.write(doors);
  await mkdir(join(config, 'bans'), { mode: 0o755 });
  for (const [name, text] of Object.entries(options.bans ?? {}))
    await writeFile(join(config, 'bans', `${name}.toml`), text, { mode: 0o644 });
  await helper.start();
  return helper;
}

/** One file that another user can read wherever this checkout lies. */
async function bundle(directory: string): Promise<string> {
  const outfile = join(directory, 'helper.mjs');
  await build({
    entryPoints: [fileURLToPath(script)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['raw-socket', 'better-sqlite3'],
    logLevel: 'error',
  });
  return outfile;
}
