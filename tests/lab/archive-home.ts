import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cli } from '../support/built.ts';
import { ControlClient } from '../../server/control-client.ts';
import type { Double } from '../double/double.ts';
import { until } from '../support/until.ts';

const movedClock = fileURLToPath(new URL('../support/moved-clock.js', import.meta.url));

export interface Ended {
  /** Null: a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A home as people have it: the home agent as a process, and commands in a terminal, with AWS's double for AWS. All of
 * them live at the double's time.
 */
export class ArchiveHome {
  readonly log: string[] = [];
  readonly directory: string;
  private readonly double: Double;
  private readonly clock: string;
  private agent: ChildProcess | undefined;

  constructor(double: Double, directory: string, clock: string) {
    this.double = double;
    this.directory = directory;
    this.clock = clock;
    this.pass(0);
  }

  /** Time goes on: AWS's, and that of every process of this home. */
  pass(ms: number): void {
    this.double.clock.advance(ms);
    this.double.skew = this.double.clock.now() - Date.now();
    // never half written
    writeFileSync(`${this.clock}.new`, String(this.double.skew));
    renameSync(`${this.clock}.new`, this.clock);
  }

  configure(sources: string): void {
    mkdirSync(path.join(this.directory, 'agent'), { recursive: true, mode: 0o700 });
    // nobody listens there: archives need no relay
    const observer = Buffer.alloc(32, 7).toString('base64url');
    const text = `name = "attic"\n[[relay]]\nurl = "http://localhost:1"\nown = true\n[[observer]]\nkey = "${observer}"\n${sources}`;
    writeFileSync(path.join(this.directory, 'agent/agent.toml'), text, { mode: 0o600 });
  }

  async start(): Promise<void> {
    const child = this.spawn(['agent']);
    this.agent = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => this.log.push(text.toString()));
    const socket = path.join(this.directory, 'agent/control.sock');
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the home agent ended:\n${this.log.join('')}`);
      const control = await ControlClient.connect(socket).catch(() => undefined);
      control?.close();
      return control !== undefined;
    }, 60_000);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.agent;
    this.agent = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }

  /** `latchkey archives …`; `killAfter`: SIGKILL after so many ms, where it has not ended by then. */
  run(args: readonly string[], killAfter?: number): Promise<Ended> {
    const child = this.spawn(['archives', ...args]);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
    return new Promise((resolve) =>
      child.once('close', (code) => {
        clearTimeout(timer);
        resolve({ code, stdout, stderr });
      }),
    );
  }

  private spawn(args: readonly string[]): ChildProcess {
    const { PATH } = process.env;
    return spawn(process.execPath, ['--import', movedClock, cli, ...args], {
      // nothing of ours is in its environment but what it is given
      env: {
        NODE_ENV: 'production',
        PATH,
        HOME: this.directory,
        LATCHKEY_DIR: this.directory,
        LATCHKEY_TEST_CLOCK: this.clock,
        AWS_REGION: 'eu-west-1',
        ...this.double.environment(),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
