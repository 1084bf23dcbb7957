import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cli } from '../support/built.ts';
import { freePort } from '../support/free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A process of the command line, and what it has printed so far. */
export class Told {
  readonly process: ChildProcessWithoutNullStreams;
  out = '';

  constructor(args: readonly string[], env: Record<string, string>) {
    this.process = spawn(process.execPath, [cli, ...args], { cwd: root, env: { ...process.env, ...env } });
    this.process.stdout.on('data', (data: Buffer) => (this.out += data.toString()));
    this.process.stderr.on('data', (data: Buffer) => (this.out += data.toString()));
  }

  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (let tries = 0; tries < 600; tries += 1) {
      const found = pattern.exec(this.out);
      if (found !== null) return found;
      if (this.process.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`no ${pattern} in:\n${this.out}`);
  }

  say(words: string): void {
    this.process.stdin.write(`${words}\n`);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }
}

export interface House {
  /** `http://localhost:PORT`: a secure context without a certificate. */
  readonly origin: string;
  /** The link that `up` prints for the first device. */
  readonly firstLink: string;
  readonly up: Told;
  run(...args: readonly string[]): Told;
  stop(): Promise<void>;
}

/** What a home has beside what `up` gives it. */
export interface HouseExtras {
  readonly environment: Record<string, string>;
  /** Stands at the end of agent.toml. */
  readonly homeFile: string;
}

/** Relay, home agent and helper on loopback, with the pages of `out/`, which are built where they are missing. */
export async function startHouse(extras?: HouseExtras): Promise<House> {
  const built = spawnSync(process.execPath, [path.join(root, 'server/build/build.js')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`${built.stdout}${built.stderr}`);
  const directory = mkdtempSync(path.join(tmpdir(), 'latchkey-e2e-'));
  // Passable: as root, relay and home agent run as users of their own.
  chmodSync(directory, 0o711);
  const port = await freePort();
  const state = path.join(directory, 'state');
  const env = { LATCHKEY_DIR: state, PORT: String(port), ...extras?.environment };
  const origin = `http://localhost:${port + 1}`;
  const start = async () => {
    const up = new Told(['up'], env);
    const [link] = await up.until(new RegExp(`${origin}/pair#[\\w-]+`));
    await up.until(/relay \S+ reached/);
    return { up, link };
  };
  let { up, link: firstLink } = await start();
  if (extras !== undefined) {
    await up.stop();
    appendFileSync(path.join(state, 'agent/agent.toml'), extras.homeFile);
    ({ up, link: firstLink } = await start());
  }
  return {
    origin,
    firstLink,
    up,
    run: (...args) => new Told(args, env),
    async stop() {
      await up.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
