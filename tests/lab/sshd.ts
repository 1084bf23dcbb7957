import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Lab } from './net.ts';
import { run, type Ran, type Space } from './space.ts';
import { startProbe } from './probe.ts';
import { unpack } from './unpack.ts';

const starter = fileURLToPath(new URL('sshd.sh', import.meta.url));
const syslog = fileURLToPath(new URL('syslog.pl', import.meta.url));

/** A real sshd at a host of the lab, on both families, with host keys, users and syslog of its own. */
export interface Sshd {
  readonly port: number;
  /** The private key that logs in as `root` and as `pat`. */
  readonly key: string;
  /** Its syslog file: "Nov 22 07:20:01 home sshd[77]: Accepted publickey for root from …". */
  readonly log: string;
  /** The log so far. */
  lines(): Promise<string[]>;
  /** Waits until a line of the log matches; throws with the log after `timeoutMs` (3000). */
  logged(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** The service ends; sessions live on. */
  stop(): Promise<void>;
}

export interface SshdOptions {
  /** Default: the lab's home. */
  readonly at?: Space;
  readonly port?: number;
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
  /** Files that it finds in /etc: name → text. */
  readonly etc?: Readonly<Record<string, string>>;
}

export async function startSshd(lab: Lab, options: SshdOptions = {}): Promise<Sshd> {
  const space = options.at ?? lab.home;
  const port = options.port ?? 22;
  const server = await unpack('openssh-server');
  const dir = await mkdtemp(join(lab.directory, 'sshd-'));
  const home = join(dir, 'home');
  const log = join(dir, 'auth.log');
  await mkdir(home);
  // sshd reads keys and home as the user who logs in.
  await chmod(lab.directory, 0o711);
  await chmod(dir, 0o711);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'host')]);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'user')]);
  await writeFile(join(dir, 'authorized'), await readFile(join(dir, 'user.pub'), 'utf8'), { mode: 0o644 });
  const users: [string, number, string][] = [
    ['root', 0, home],
    ['pat', 61990, '/'],
    ['sshd', 61991, '/run/sshd'],
    ['nobody', 65534, '/'],
  ];
  await writeFile(
    join(dir, 'passwd'),
    users.map(([name, id, path]) => `${name}:*:${id}:${id}::${path}:/bin/sh\n`).join(''),
  );
  await writeFile(
    join(dir, 'group'),
    users.map(([name, id]) => `${name}:*:${id}:\n`).join('') + 'tty:x:5:\n',
  );
  await writeFile(join(dir, 'shadow'), users.map(([name]) => `${name}:*:20000:0:99999:7:::\n`).join(''), {
    mode: 0o600,
  });
  const config = [
    `Port ${port}`,
    'AddressFamily any',
    `HostKey ${dir}/host`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    `AuthorizedKeysFile ${dir}/authorized`,
    'UseDNS no',
    'MaxStartups 100',
    ...(options.config ?? []),
  ];
  await writeFile(join(dir, 'sshd_config'), config.join('\n') + '\n');

  if (options.etc !== undefined) {
    await mkdir(join(dir, 'etc'));
    for (const [name, text] of Object.entries(options.etc)) await writeFile(join(dir, 'etc', name), text);
  }

  const logger = space.spawn('perl', [syslog, join(dir, 'log.socket'), log]);
  await firstLine(logger);
  await chmod(join(dir, 'log.socket'), 0o666);
  const sshd = space.spawn(
    'unshare',
    ['-m', 'sh', starter, dir, server.path('usr/sbin/sshd'), '-D', '-f', join(dir, 'sshd_config')],
    { env: server.env },
  );
  let complaint = '';
  sshd.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  const lines = async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const logged = async (pattern: RegExp, timeoutMs = 3000) => {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const all = await lines();
      const found = all.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (performance.now() > end || sshd.exitCode !== null)
        throw new Error(`sshd never logged ${String(pattern)}:\n${all.join('\n')}\n${complaint}`);
      await sleep(10);
    }
  };
  await logged(/Server listening on 0\.0\.0\.0/);
  const stop = async () => {
    const closed = new Promise((resolve) => sshd.once('exit', resolve));
    sshd.kill();
    await closed;
  };
  return { port, key: join(dir, 'user'), log, lines, logged, stop };
}

function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('close', () => reject(new Error('The syslog of the lab ended at once.')));
  });
}

export interface LoginOptions {
  readonly user?: 'root' | 'pat';
  readonly timeoutSeconds?: number;
  readonly command?: string;
}

function sshArguments(sshd: Sshd, address: string, options: LoginOptions): string[] {
  const settings = {
    BatchMode: 'yes',
    ConnectTimeout: String(options.timeoutSeconds ?? 2),
    GlobalKnownHostsFile: '/dev/null',
    UserKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'no',
    LogLevel: 'ERROR',
    IdentitiesOnly: 'yes',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const login = `${options.user ?? 'root'}@${address}`;
  return ['-F', 'none', '-i', sshd.key, '-p', String(sshd.port), ...flags, login];
}

/** Really logs in and runs a command (`echo in`). Exit status 255: ssh itself failed. */
export function sshLogin(from: Space, sshd: Sshd, address: string, options: LoginOptions = {}): Promise<Ran> {
  return from.run('ssh', [...sshArguments(sshd, address, options), options.command ?? 'echo in'], {
    anyStatus: true,
  });
}

/** A session that stays: `say` sends a line through the remote shell and waits for it to come back. */
export interface LiveSession {
  /** True when the far side answered within `timeoutMs` (2000). */
  say(timeoutMs?: number): Promise<boolean>;
  end(): Promise<void>;
}

export async function sshSession(
  from: Space,
  sshd: Sshd,
  address: string,
  options: LoginOptions = {},
): Promise<LiveSession> {
  const child = from.spawn('ssh', [...sshArguments(sshd, address, options), 'cat']);
  // from the start: it may end by itself before it is told to
  const closed = new Promise((resolve) => child.once('close', resolve));
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  const lines = createInterface({ input: child.stdout });
  let said = 0;
  const say = (timeoutMs = 2000) =>
    new Promise<boolean>((resolve) => {
      const word = `said-${++said}`;
      const end = (alive: boolean) => {
        clearTimeout(timer);
        lines.off('line', onLine);
        resolve(alive);
      };
      const onLine = (line: string) => line === word && end(true);
      const timer = setTimeout(() => end(false), timeoutMs);
      lines.on('line', onLine);
      child.stdin.write(word + '\n');
    });
  if (!(await say(5000))) {
    child.kill();
    throw new Error(`ssh to ${address} did not log in: ${complaint}`);
  }
  return {
    say,
    async end() {
      child.stdin.end();
      child.kill();
      await closed;
    },
  };
}

/**
 * Logins with wrong passwords over one connection, as many as sshd lets one try (`MaxAuthTries`). A ban leaves the
 * connection that earned it hanging, so it ends after 5 s.
 */
export async function sshGuess(
  from: Space,
  address: string,
  times: number,
  { user = 'root', port = 22 }: { readonly user?: string; readonly port?: number } = {},
): Promise<void> {
  const settings = {
    PreferredAuthentications: 'password',
    NumberOfPasswordPrompts: String(times),
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    ConnectTimeout: '2',
    LogLevel: 'ERROR',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const target = ['-p', String(port), ...flags, `${user}@${address}`, 'true'];
  await from.run('timeout', ['5', 'ssh', '-F', 'none', ...target], {
    // It answers each question with the question: nobody's password.
    env: { SSH_ASKPASS: '/bin/echo', SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':' },
    anyStatus: true,
  });
}

/** Is the port reachable from there? A connect of its own process: for a single question in a test. */
export async function reaches(from: Space, address: string, port: number): Promise<boolean> {
  const probe = startProbe(from);
  try {
    return (await probe.connect(address, port)).outcome === 'connected';
  } finally {
    probe.stop();
  }
}
