import type { Readable } from 'node:stream';
import { start, type Child as Running } from '../run.ts';
import { readLines } from './parent.ts';

export interface ChildOptions {
  readonly name: string;
  /** Asked for at every start. */
  readonly command: () => readonly [file: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Each line the child logs, and what happens to it. */
  readonly log: (line: string) => void;
  /** Each JSON line it says. */
  readonly onMessage: (message: Readonly<Record<string, unknown>>) => void;
  /** The child ended before it was ever ready: there is nothing to keep alive. */
  readonly onHopeless: (lines: readonly string[]) => void;
}

// ms: at once after the first death, slower while it keeps dying, from the start again after a good minute
const waits = [250, 1000, 5000, 15_000, 30_000] as const;
const goodLife = 60_000;
const stopTime = 8000;

/** One process of `latchkey up`, started again whenever it dies. */
export class Child {
  private readonly options: ChildOptions;
  private running: Running | undefined;
  private deaths = 0;
  private wasReady = false;
  private stopping = false;
  private retry: NodeJS.Timeout | undefined;
  /** Last lines of stderr, for a child that never got ready. */
  private last: string[] = [];

  constructor(options: ChildOptions) {
    this.options = options;
  }

  get pid(): number | undefined {
    return this.running?.pid;
  }

  async start(): Promise<void> {
    const { name, log } = this.options;
    const [file, ...args] = this.options.command();
    const began = performance.now();
    const running = await start(file, args, { env: this.options.env, cwd: '/' });
    if (this.stopping) running.kill();
    this.running = running;
    this.last = [];
    readLines(running.stdout, (message) => {
      if (Object.hasOwn(message, 'ready')) this.ready();
      this.options.onMessage(message);
    });
    if (running.stderr !== undefined)
      forEachLine(running.stderr, (line) => {
        if (this.wasReady) log(`${name}: ${line}`);
        else this.last = [...this.last.slice(-19), line];
      });
    void running.ended.then(({ code, signal }) => {
      this.running = undefined;
      if (this.stopping) return;
      if (!this.wasReady) return this.options.onHopeless(this.last);
      if (performance.now() - began > goodLife) this.deaths = 0;
      const wait = waits[Math.min(this.deaths, waits.length - 1)] ?? 0;
      this.deaths += 1;
      log(`${name} ended (${signal ?? `exit ${code}`}); it starts again in ${wait / 1000} s`);
      this.retry = setTimeout(() => {
        this.start().catch((error: unknown) => log(`${name} cannot be started: ${String(error)}`));
      }, wait);
    });
  }

  /** What it said on its way is part of the log, too. */
  private ready(): void {
    this.wasReady = true;
    for (const line of this.last.splice(0)) this.options.log(`${this.options.name}: ${line}`);
  }

  say(message: object): void {
    this.running?.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** SIGTERM, and SIGKILL for one that does not listen. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.retry);
    const { running } = this;
    if (running === undefined) return;
    running.kill('SIGTERM');
    const hard = setTimeout(() => running.kill('SIGKILL'), stopTime);
    await running.ended;
    clearTimeout(hard);
  }
}

function forEachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
