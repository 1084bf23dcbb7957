import { connect, type Socket } from 'node:net';
import * as v from 'valibot';
import { checkResult, type CheckResult } from '../../lib/checks.ts';
import type { SessionFact, Stage } from '../../lib/door.ts';
import { errorCodes, LatchkeyError } from '../../lib/errors.ts';
import type { Opening } from '../doors/driver.ts';
import type { DoorFacts, DoorHost } from '../doors/host.ts';

export interface HelperClientOptions {
  /** The helper's unix socket. */
  readonly path: string;
  readonly log?: (line: string) => void;
  /** Called each time the helper is there (again): what it knows may have changed. */
  readonly onConnect?: () => void;
}

/** knockd waits for its own clock; anything above this is no answer. */
const patienceMs = 30_000;
/** Questions act on nothing and are asked every second: a helper that hangs must not make all doors wait. */
const questionMs = 4000;
/** The doctor's look at the system; the device that asked waits 10 s. */
const checksMs = 8000;
const connectMs = 1000;
const backoffMs = { first: 250, longest: 5000 };
/** 10 000 openings make some 700 kB. */
const longestAnswer = 4 * 1024 * 1024;

const code = v.picklist(errorCodes);
const opening = v.strictObject({
  address: v.string(),
  remainingMs: v.optional(v.number()),
  packet: v.optional(v.union([v.literal('none'), v.strictObject({ agoMs: v.optional(v.number()) })])),
  dueMs: v.optional(v.number()),
});
const doorFacts = v.strictObject({
  name: v.string(),
  driver: v.string(),
  closes: v.picklist(['kernel', 'process', 'child', 'agent']),
  choosesTime: v.boolean(),
  extends: v.boolean(),
  readsBack: v.boolean(),
  seesPackets: v.optional(v.boolean()),
  sessions: v.optional(v.boolean()),
  families: v.optional(v.array(v.picklist([4, 6]))),
  endpoint: v.strictObject({
    host: v.optional(v.string()),
    port: v.number(),
    protocol: v.optional(v.literal('udp')),
  }),
  service: v.optional(
    v.strictObject({
      protocol: v.picklist(['tcp', 'udp']),
      port: v.number(),
      host: v.optional(v.string()),
    }),
  ),
  devices: v.optional(v.array(v.string())),
  jump: v.optional(v.strictObject({ host: v.optional(v.string()), port: v.number() })),
  defaultSeconds: v.number(),
  longestSeconds: v.number(),
  problem: v.optional(code),
  fault: v.optional(code),
});
const session = v.strictObject({
  user: v.string(),
  address: v.string(),
  port: v.number(),
  at: v.number(),
  pid: v.number(),
});
const stages = ['asked', 'knock', 'sesame', 'rule', 'checked'] as const;
const message = v.union([
  v.strictObject({
    id: v.number(),
    stage: v.picklist(stages),
    n: v.optional(v.number()),
    of: v.optional(v.number()),
  }),
  v.strictObject({ id: v.nullable(v.number()), ok: v.literal(false), code }),
  v.strictObject({
    id: v.number(),
    ok: v.literal(true),
    doors: v.optional(v.array(doorFacts)),
    opening: v.optional(opening),
    openings: v.optional(v.array(opening)),
    sessions: v.optional(v.array(session)),
    checks: v.optional(v.array(checkResult)),
  }),
]);
type Message = v.InferOutput<typeof message>;
type Success = Extract<Message, { ok: true }>;

interface Waiting {
  readonly onStage: ((stage: Stage) => void) | undefined;
  readonly resolve: (result: Success) => void;
  readonly reject: (error: LatchkeyError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The helper, across its socket. Requests are pipelined; the connection is kept and made again with growing
 * pauses, and at once when somebody asks. Throws `tool-helper-gone` where the helper is not there, also for
 * requests it had not answered: an opening may then have happened, so inspect before believing anything.
 */
export class HelperClient implements DoorHost {
  readonly #options: HelperClientOptions;
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | undefined;
  #connecting: Promise<Socket> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pause = backoffMs.first;
  #last = 0;
  #stopped = false;

  constructor(options: HelperClientOptions) {
    this.#options = options;
    this.#tryAgain();
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  async ping(): Promise<void> {
    await this.#ask({ verb: 'ping' }, questionMs);
  }

  async doors(): Promise<DoorFacts[]> {
    return expect(await this.#ask({ verb: 'doors' }, questionMs), 'doors') as DoorFacts[];
  }

  async open(
    door: string,
    address: string,
    seconds: number,
    onStage: (stage: Stage) => void,
  ): Promise<Opening> {
    const request = { verb: 'open', door, address, seconds };
    return expect(await this.#ask(request, patienceMs, onStage), 'opening') as Opening;
  }

  async close(door: string, address: string): Promise<void> {
    await this.#ask({ verb: 'close', door, address }, patienceMs);
  }

  async inspect(door: string): Promise<Opening[]> {
    return expect(await this.#ask({ verb: 'inspect', door }, questionMs), 'openings') as Opening[];
  }

  async sessions(door: string): Promise<SessionFact[]> {
    return expect(await this.#ask({ verb: 'sessions', door }, questionMs), 'sessions');
  }

  async logins(port: number): Promise<SessionFact[] | undefined> {
    return (await this.#ask({ verb: 'logins', port }, questionMs)).sessions;
  }

  async checks(): Promise<CheckResult[]> {
    return expect(await this.#ask({ verb: 'checks' }, checksMs), 'checks');
  }

  stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#fail(new LatchkeyError('tool-helper-gone', 'stopped'));
    return Promise.resolve();
  }

  async #ask(request: object, patience: number, onStage?: (stage: Stage) => void): Promise<Success> {
    const socket = this.#socket ?? (await this.#connect());
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new LatchkeyError('tool-timeout', `the helper: ${patience} ms`));
      }, patience);
      this.#waiting.set(id, { onStage, resolve, reject, timer });
      socket.write(JSON.stringify({ id, ...request }) + '\n');
    });
  }

  #connect(): Promise<Socket> {
    this.#connecting ??= this.#dial().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  #dial(): Promise<Socket> {
    if (this.#stopped) return Promise.reject(new LatchkeyError('tool-helper-gone', 'stopped'));
    clearTimeout(this.#retry);
    return new Promise((resolve, reject) => {
      const socket = connect(this.#options.path);
      const timer = setTimeout(() => socket.destroy(new Error('no answer')), connectMs);
      socket.once('connect', () => {
        clearTimeout(timer);
        this.#socket = socket;
        this.#pause = backoffMs.first;
        resolve(socket);
        this.#options.onConnect?.();
      });
      socket.on('error', (error) => {
        reject(new LatchkeyError('tool-helper-gone', error.message, { cause: error }));
      });
      socket.once('close', () => {
        clearTimeout(timer);
        reject(new LatchkeyError('tool-helper-gone'));
        if (this.#socket === socket) {
          this.#socket = undefined;
          this.#fail(new LatchkeyError('tool-helper-gone', 'the connection ended'));
        }
        this.#later();
      });
      this.#read(socket);
    });
  }

  #later(): void {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#tryAgain(), this.#pause);
    // Waiting for the helper alone keeps no process alive.
    this.#retry.unref();
    this.#pause = Math.min(this.#pause * 2, backoffMs.longest);
  }

  #tryAgain(): void {
    this.#connect().catch(() => undefined); // the next try is planned by its close
  }

  #read(socket: Socket): void {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > longestAnswer) return void socket.destroy(new Error('an endless line'));
      for (const line of lines) this.#take(socket, line);
    });
  }

  #take(socket: Socket, line: string): void {
    const said = parseMessage(line);
    if (said === undefined || said.id === null) {
      this.#options.log?.(`the helper said what it should not: ${line.slice(0, 200)}`);
      socket.destroy();
      return;
    }
    const waiting = this.#waiting.get(said.id);
    if (waiting === undefined) return; // answered too late
    if ('stage' in said) {
      const { stage, n, of } = said;
      waiting.onStage?.({ stage, ...(n === undefined ? {} : { n }), ...(of === undefined ? {} : { of }) });
      return;
    }
    this.#waiting.delete(said.id);
    clearTimeout(waiting.timer);
    if (said.ok) waiting.resolve(said);
    else waiting.reject(new LatchkeyError(said.code, 'the helper'));
  }

  #fail(error: LatchkeyError): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

function parseMessage(line: string): Message | undefined {
  try {
    const result = v.safeParse(message, JSON.parse(line));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

function expect<K extends keyof Success>(success: Success, key: K): NonNullable<Success[K]> {
  const value = success[key];
  if (value === undefined || value === null) throw new LatchkeyError('tool-failed', `the helper: no ${key}`);
  return value;
}
