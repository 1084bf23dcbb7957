import { connect, type Socket } from 'node:net';
import type { Ban, BanEvidence } from '../../lib/ban.ts';
import type { CheckResult } from '../../lib/checks.ts';
import type { SessionFact, Stage } from '../../lib/door.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Attacks, BanChanges, BanHost } from '../bans/host.ts';
import type { BanFacts } from '../bans/source.ts';
import type { Opening } from '../doors/driver.ts';
import type { DoorFacts, DoorHost } from '../doors/host.ts';
import { parseMessage, type Success } from './helper-messages.ts';

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
/** Where nothing changes this question waits for 20 s, and a first list of 100,000 bans takes some more. */
const changesMs = 35_000;
const connectMs = 1000;
const backoffMs = { first: 250, longest: 5000 };
/** 10 000 openings make some 700 kB; 2000 changes of bans 500 kB, of the longest names 3.5 MB. */
const longestAnswer = 4 * 1024 * 1024;

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
export class HelperClient implements DoorHost, BanHost {
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

  async banChanges(cursor: string): Promise<BanChanges> {
    return expect(await this.#ask({ verb: 'banChanges', cursor }, changesMs), 'banChanges');
  }

  async banned(address: string): Promise<Ban[]> {
    return expect(await this.#ask({ verb: 'banned', address }, questionMs), 'bans');
  }

  async banFacts(
    source: string,
    jail: string,
    values: readonly string[],
  ): Promise<(BanFacts & { readonly value: string })[]> {
    if (values.length === 0) return [];
    return expect(await this.#ask({ verb: 'banFacts', source, jail, values }, questionMs), 'banFacts');
  }

  async banEvidence(source: string, jail: string, value: string): Promise<BanEvidence> {
    return expect(await this.#ask({ verb: 'banEvidence', source, jail, value }, questionMs), 'banEvidence');
  }

  async unban(value: string): Promise<Ban[]> {
    return expect(await this.#ask({ verb: 'unban', value }, patienceMs), 'bans');
  }

  async reban(source: string, jail: string, value: string): Promise<void> {
    await this.#ask({ verb: 'reban', source, jail, value }, patienceMs);
  }

  async attacks(): Promise<Attacks> {
    return expect(await this.#ask({ verb: 'attacks' }, questionMs), 'attacks');
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
    // Put together once, at the line's end: a line of 500 kB comes in many pieces.
    let pieces: string[] = [];
    let length = 0;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const [more = '', ...begun] = text.split('\n');
      pieces.push(more);
      length += more.length;
      for (const next of begun) {
        const line = pieces.join('');
        pieces = [next];
        length = next.length;
        this.#take(socket, line);
      }
      if (length > longestAnswer) socket.destroy(new Error('an endless line'));
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

function expect<K extends keyof Success>(success: Success, key: K): NonNullable<Success[K]> {
  const value = success[key];
  if (value === undefined || value === null) throw new LatchkeyError('tool-failed', `the helper: no ${key}`);
  return value;
}
