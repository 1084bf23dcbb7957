import {
  execFileSync,
  spawn,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
} from 'node:child_process';
import { once } from 'node:events';

/** One network namespace of a lab. Needs root. Nothing here touches the machine's own network. */
export interface Space {
  /** Name for `ip netns exec`, e.g. in a wrapper that starts a browser inside. */
  readonly name: string;
  readonly address4: string;
  readonly address6: string;
  /** The command line that runs `command` inside: for tools that want a path and arguments. */
  inside(command: string, args?: readonly string[]): [file: string, args: string[]];
  /** Runs to the end; throws with both outputs when the exit status is not 0, unless `anyStatus`. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<Ran>;
  /** A child that stays: killed by the lab's destroy() at the latest. */
  spawn(command: string, args?: readonly string[], options?: SpawnOptions): ChildProcessWithoutNullStreams;
  /** A further address on this host's interface, e.g. '203.0.113.8'. */
  addAddress(address: string): Promise<void>;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly anyStatus?: boolean;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the machine itself (never its firewall or its interfaces). */
export async function run(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Ran> {
  const child = spawn(command, args, {
    stdio: 'pipe',
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined); // a tool may end without reading its input
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    const ran = { code: code ?? -1, stdout, stderr };
    if (ran.code !== 0 && options.anyStatus !== true)
      throw new Error(
        `${command} ${args.join(' ')}: ${signal ?? `exit ${ran.code}`}\n${ran.stdout}${ran.stderr}`,
      );
    return ran;
  } finally {
    clearTimeout(timer);
  }
}

export function makeSpace(
  name: string,
  address4: string,
  address6: string,
  children: Set<ChildProcess>,
): Space {
  const inside = (command: string, args: readonly string[] = []): [string, string[]] => [
    'ip',
    ['netns', 'exec', name, command, ...args],
  ];
  return {
    name,
    address4,
    address6,
    inside,
    run: (command, args, options) => run(...inside(command, args), options),
    spawn(command, args, options = {}) {
      const [file, all] = inside(command, args);
      const child = spawn(file, all, {
        stdio: 'pipe',
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
      });
      children.add(child);
      child.once('close', () => children.delete(child));
      child.stdin.on('error', () => undefined);
      return child;
    },
    async addAddress(address) {
      const six = address.includes(':');
      const option = six ? ['nodad'] : [];
      await run('ip', ['-n', name, 'addr', 'add', `${address}/${six ? 64 : 24}`, 'dev', 'eth0', ...option]);
    },
  };
}

/** Processes that live in a namespace. A lab's namespaces are its own, so whatever runs there is too. */
export function pidsIn(name: string): number[] {
  try {
    const text = execFileSync('ip', ['netns', 'pids', name], { stdio: ['ignore', 'pipe', 'ignore'] });
    return text.toString().split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
