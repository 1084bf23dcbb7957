import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSpace, pidsIn, run, type Space } from './space.ts';
import { unpack } from './unpack.ts';

/** A namespace with nothing but lo, in which the real knockd reads files. Needs root. */
export interface KnockdRoom {
  readonly space: Space;
  /** 0700, gone after destroy(). */
  readonly directory: string;
  /** What knockd does with the file, until it listens or gives up. It is killed then. */
  read(bytes: string | Buffer, name: string): Promise<KnockdSaid>;
  /** A knockd that stays. Resolves once it listens. */
  start(text: string, name: string): Promise<RunningKnockd>;
  /** knockd itself, to the end of its own command line (`-d`). */
  daemon(args: readonly string[]): Promise<void>;
  /** knockd's own client, knocking from the room's loopback address. */
  knock(family: 4 | 6, ports: readonly string[]): Promise<void>;
  destroy(): Promise<void>;
}

export interface KnockdSaid {
  readonly accepted: boolean;
  /** One character a byte. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningKnockd {
  readonly pid: number;
  /** Both outputs so far, by line. */
  lines(): string[];
  /** The same of stderr and stdout, awaited. Throws after 10 s. */
  until(what: (lines: string[]) => boolean): Promise<void>;
  readonly exit: Promise<number | null>;
}

let rooms = 0;

export async function makeKnockdRoom(): Promise<KnockdRoom> {
  if (process.getuid?.() !== 0) throw new Error('The lab needs root: it makes network namespaces.');
  const name = `lk${process.pid}x${900 + rooms++}-lo`;
  const children = new Set<ChildProcess>();
  const space = makeSpace(name, '127.0.0.1', '::1', children);
  const { path } = await unpack('knockd');
  const [daemon, client] = [path('usr/sbin/knockd'), path('usr/bin/knock')];
  await run('ip', ['netns', 'add', name]);
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const directory = await mkdtemp(join(tmpdir(), `${name}-`));

  const spawn = async (bytes: string | Buffer, file: string): Promise<ChildProcessWithoutNullStreams> => {
    const conf = join(directory, `${file}.conf`);
    await writeFile(conf, bytes);
    return space.spawn(daemon, ['-i', 'lo', '-D', '-v', '-c', conf], { cwd: directory });
  };
  const collect = (child: ChildProcessWithoutNullStreams, onText: () => void) => {
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('latin1').on('data', (text: string) => {
        said[stream] += text;
        onText();
      });
    }
    return said;
  };
  const isListening = (stdout: string) => /^listening on lo\.\.\.$/m.test(stdout);

  return {
    space,
    directory,
    async read(bytes, file) {
      const child = await spawn(bytes, file);
      const said = collect(child, () => {
        if (isListening(said.stdout)) child.kill('SIGKILL');
      });
      await once(child, 'close');
      return { accepted: isListening(said.stdout), ...said };
    },
    async start(text, file) {
      const child = await spawn(text, file);
      const exit = once(child, 'exit').then(([code]) => code as number | null);
      const said = collect(child, () => undefined);
      const lines = () => `${said.stdout}\n${said.stderr}`.split('\n');
      const until = async (what: (lines: string[]) => boolean) => {
        const began = performance.now();
        while (!what(lines())) {
          if (performance.now() - began > 10_000) throw new Error(`${file}: ${lines().join('\n')}`);
          await sleep(10);
        }
      };
      await until(() => isListening(said.stdout));
      return { pid: child.pid ?? 0, lines, until, exit };
    },
    async daemon(args) {
      await space.run(daemon, ['-i', 'lo', ...args]);
    },
    async knock(family, ports) {
      const host = family === 4 ? '127.0.0.1' : '::1';
      await space.run(client, [`-${family}`, '-d', '5', host, ...ports]);
    },
    async destroy() {
      for (let tries = 0; tries < 100 && pidsIn(name).length > 0; tries += 1) {
        for (const pid of pidsIn(name)) {
          try {
            process.kill(pid, 'SIGKILL');
          } catch {
            // gone meanwhile
          }
        }
        await sleep(10);
      }
      await run('ip', ['netns', 'del', name], { anyStatus: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}
