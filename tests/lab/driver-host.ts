import { createInterface } from 'node:readline';
import type { DriverFacts, Opening } from '../../server/doors/driver.ts';
import type { ProxyConnection } from '../../server/doors/proxy-listener.ts';
import type { Space } from './space.ts';
import { built } from '../support/built.ts';

/** A door driver at work inside a namespace, in a process of its own that a test may kill. */
export interface DriverHost {
  readonly pid: number;
  /** Reads the options and makes the door; throws as `read` does, with the code in the message. */
  create(door: string, driver: string, table: object, directory: string): Promise<Created>;
  start(door: string): Promise<void>;
  open(
    door: string,
    address: string,
    seconds?: number,
    onStage?: (stage: TimedStage) => void,
  ): Promise<Opened>;
  close(door: string, address: string): Promise<void>;
  inspect(door: string): Promise<Opening[]>;
  stop(door: string): Promise<void>;
  /** Of a proxy door. */
  connections(door: string): Promise<ProxyConnection[]>;
  /** Everything that drivers logged. */
  readonly log: string[];
  /** SIGKILL for the process alone. */
  kill(): Promise<void>;
}

export interface Created {
  readonly facts: DriverFacts;
  readonly port: number;
}
export interface TimedStage {
  readonly stage: string;
  readonly n?: number;
  readonly of?: number;
  readonly atMs: number;
}
export interface Opened {
  readonly opening: Opening;
  readonly stages: TimedStage[];
}

/** Rejections carry `code`. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const script = built(new URL('driver-process.ts', import.meta.url));

/** `as`: what runs it, e.g. ['unshare', '-m']. */
export async function startDriverHost(space: Space, as: readonly string[] = []): Promise<DriverHost> {
  const [command = '', ...rest] = [...as, process.execPath, script];
  const child = space.spawn(command, rest);
  const log: string[] = [];
  const waiting = new Map<number, { done: (line: Line) => void; onStage: (stage: TimedStage) => void }>();
  let ready: (pid: number) => void;
  const readied = new Promise<number>((resolve) => (ready = resolve));
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.ready !== undefined) ready(line.ready);
    if (line.log !== undefined) log.push(line.log);
    if (line.id === undefined) return;
    if (line.stage !== undefined) waiting.get(line.id)?.onStage(line.stage);
    else waiting.get(line.id)?.done(line);
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void closed.then(() => {
    gone = true;
    for (const { done } of waiting.values())
      done({ code: 'gone', message: `the process ended: ${complaint}` });
  });

  let gone = false;
  let asked = 0;
  function ask<T>(request: object, onStage: (stage: TimedStage) => void = () => undefined): Promise<T> {
    const id = ++asked;
    if (gone) return Promise.reject(new Refusal('gone', 'the process ended'));
    return new Promise((resolve, reject) => {
      waiting.set(id, {
        onStage,
        done(line) {
          waiting.delete(id);
          if (line.code === undefined) resolve(line.result as T);
          else reject(new Refusal(line.code, line.message ?? ''));
        },
      });
      child.stdin.write(`${JSON.stringify({ ...request, id })}\n`);
    });
  }

  const pid = await Promise.race([readied, closed.then(() => Promise.reject(new Error(complaint)))]);
  return {
    pid,
    log,
    create: (door, driver, table, directory) => ask({ verb: 'create', door, driver, table, directory }),
    start: (door) => ask({ verb: 'start', door }),
    open: (door, address, seconds, onStage) => ask({ verb: 'open', door, address, seconds }, onStage),
    close: (door, address) => ask({ verb: 'close', door, address }),
    inspect: (door) => ask({ verb: 'inspect', door }),
    stop: (door) => ask({ verb: 'stop', door }),
    connections: (door) => ask({ verb: 'connections', door }),
    async kill() {
      process.kill(pid, 'SIGKILL');
      await closed;
    },
  };
}

interface Line {
  readonly ready?: number;
  readonly log?: string;
  readonly id?: number;
  readonly stage?: TimedStage;
  readonly result?: unknown;
  readonly code?: string;
  readonly message?: string;
}
