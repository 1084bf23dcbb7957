import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { isAbsolute, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { LatchkeyError } from '../lib/errors.ts';

/**
 * The only file of the product that starts programs. Always an argument array, never a shell, and an
 * environment of our own making: a tool that runs as root inherits nothing from whoever started us.
 */

/** Where a tool given by name is looked for: folders that only root can change. */
const toolPath = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface RunOptions {
  readonly input?: string;
  /** Kills the tool and all that it started (default 5000). */
  readonly timeoutMs?: number;
  /** Of each output, in bytes (default 1 MiB). */
  readonly maxOutput?: number;
  /** Exit statuses that are answers; any other throws `tool-failed` (default [0]). */
  readonly codes?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** As whom; needs root. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a tool to its end. Throws LatchkeyError: `tool-missing` (no such program), `tool-timeout`, `tool-failed`
 * (exit status not in `codes`, a signal, or more output than allowed); the detail carries what it said.
 */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { timeoutMs = 5000, maxOutput = 1024 * 1024, codes = [0] } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: 'pipe',
      env: environment(file, options.env),
      cwd: options.cwd ?? '/',
      // A process group of its own, so that the limit ends what the tool started, too.
      detached: true,
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    let failure: LatchkeyError | undefined;
    const end = (error: LatchkeyError) => {
      failure ??= error;
      killGroup(child);
    };
    const timer = setTimeout(
      () => end(new LatchkeyError('tool-timeout', `${file}: ${timeoutMs} ms`)),
      timeoutMs,
    );
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      let size = 0;
      child[name].setEncoding('utf8').on('data', (text: string) => {
        size += Buffer.byteLength(text);
        if (size > maxOutput)
          end(new LatchkeyError('tool-failed', `${file}: more than ${maxOutput} bytes of ${name}`));
        else output[name] += text;
      });
    }
    child.stdin.on('error', () => undefined); // a tool may end without reading its input
    child.stdin.end(options.input ?? '');
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(notStarted(file, error));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (failure !== undefined) return reject(failure);
      if (code === null || !codes.includes(code)) {
        const said = (output.stderr || output.stdout).trim().slice(0, 400);
        return reject(new LatchkeyError('tool-failed', `${file}: ${signal ?? `exit ${code}`}: ${said}`));
      }
      resolve({ code, ...output });
    });
  });
}

/** A tool that stays. */
export interface Child {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Absent when both outputs come through `stdout` (`merge`). */
  readonly stderr?: Readable;
  /** Resolves once the process is gone and its outputs are read; never rejects. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  kill(signal?: NodeJS.Signals): void;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** As whom; needs root. */
  readonly uid?: number;
  readonly gid?: number;
  /** One pipe for both outputs, so that their order is the order in which the tool wrote. */
  readonly merge?: { /** A folder that nobody else may enter (0700). */ readonly directory: string };
}

/** Starts a tool that stays. Throws LatchkeyError `tool-missing` or `tool-failed`; resolves once it runs. */
export async function start(
  file: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Child> {
  const pair = options.merge === undefined ? undefined : await socketPair(options.merge.directory);
  const stdio: StdioOptions = pair === undefined ? 'pipe' : ['pipe', pair.theirs, pair.theirs];
  const child = spawn(file, args, {
    stdio,
    env: environment(file, options.env),
    cwd: options.cwd ?? '/',
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(notStarted(file, error)));
    });
  } catch (error) {
    pair?.ours.destroy();
    throw error;
  } finally {
    pair?.theirs.destroy(); // the child has its own copy: ours would keep the pipe from ending
  }
  child.on('error', () => undefined); // a failed kill; `ended` tells what matters
  child.stdin!.on('error', () => undefined);
  pair?.ours.on('error', () => undefined);
  return {
    pid: child.pid!,
    stdin: child.stdin!,
    stdout: pair?.ours ?? child.stdout!,
    ...(child.stderr === null ? {} : { stderr: child.stderr }),
    ended,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
  };
}

function environment(file: string, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own: Record<string, string> = isAbsolute(file) ? { ...extra } : { PATH: toolPath, ...extra };
  return own as NodeJS.ProcessEnv; // next's types want NODE_ENV in every environment
}

function notStarted(file: string, error: NodeJS.ErrnoException): LatchkeyError {
  const code = error.code === 'ENOENT' ? 'tool-missing' : 'tool-failed';
  return new LatchkeyError(code, `${file}: ${error.code ?? error.message}`, { cause: error });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

/** Node makes no pipe that a child can have twice; a connected pair of local sockets serves. */
async function socketPair(directory: string): Promise<{ ours: Socket; theirs: Socket }> {
  const folder = await mkdtemp(join(directory, 'pair-'));
  const server = createServer();
  try {
    const path = join(folder, 's');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const theirs = connect(path);
    await new Promise<void>((resolve, reject) => {
      theirs.once('error', reject);
      theirs.once('connect', resolve);
    });
    return { ours: await accepted, theirs };
  } catch (error) {
    throw new LatchkeyError('tool-failed', `no socket pair in ${directory}`, { cause: error });
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A tool whose work must go on when we are gone. */
export interface ApartChild {
  readonly pid: number;
  /** Resolves once the process itself is gone, whatever its own children do; never rejects. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts a tool in a session of its own (a terminal's Ctrl-C passes it by), both outputs appended to the
 * file `output`. A pipe would do harm here: once its reader is gone, the next word kills the writer
 * (SIGPIPE), and knockd's sleeping child, which closes the door, says a word before it closes.
 * Throws LatchkeyError `tool-missing` or `tool-failed`; resolves once it runs.
 */
export async function startApart(
  file: string,
  args: readonly string[],
  options: { readonly output: string; readonly env?: Readonly<Record<string, string>> },
): Promise<ApartChild> {
  const output = await open(options.output, 'a', 0o600);
  try {
    const child = spawn(file, args, {
      stdio: ['ignore', output.fd, output.fd],
      env: environment(file, options.env),
      cwd: '/',
      detached: true,
    });
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
      child.once('exit', (code, signal) => resolve({ code, signal })),
    );
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(notStarted(file, error)));
    });
    child.on('error', () => undefined); // a failed kill; `ended` tells what matters
    return { pid: child.pid!, ended, kill: (signal) => void child.kill(signal) };
  } finally {
    await output.close();
  }
}
