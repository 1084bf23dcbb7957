import { statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { LatchkeyError } from '../../lib/errors.ts';
import { decodePickle, encodeWords, PickledError, type Pickled } from './pickle.ts';
import type { Command } from './fail2ban-commands.ts';

/** What ends each message, both ways. (fail2ban/protocol.py, CSPROTO.END) */
const end = Buffer.from('<F2B_END_COMMAND>', 'latin1');
const connectMs = 1000;
/** 100,000 bans make 6.6 MB. */
export const largestReply = 12 * 1024 * 1024;

interface Waiting {
  readonly resolve: (value: Pickled) => void;
  readonly reject: (error: LatchkeyError) => void;
  readonly timer: NodeJS.Timeout;
  readonly command: Command;
}

/**
 * One connection to fail2ban's socket, kept, and made again when asked after it ended. fail2ban has one thread for all
 * its clients: requests are sent at once and answered in order, and what does not answer in time is given up together
 * with its connection.
 *
 * Throws LatchkeyError: `tool-ended` (it does not run), `tool-needs-root`, `tool-timeout` (it is busy), `tool-failed` (it
 * said no, or what is no answer).
 */
export class Fail2banSocket {
  readonly #path: string;
  #socket: Socket | undefined;
  #connecting: Promise<Socket> | undefined;
  /** The socket's file, as it was when we connected: another one is another fail2ban. */
  #file = '';
  #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #size = 0;
  /** The last bytes so far, too few to be an end. */
  #tail: Buffer = Buffer.alloc(0);
  #connections = 0;
  #stopped = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Rises with each new connection: what was asked once of a connection must be asked again. 0: none yet. */
  get connections(): number {
    return this.#connections;
  }

  /** When this fail2ban began: it makes its socket when it starts. Unix ms. */
  get beganAt(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }

  /** All in one write, answers in the same order; what fail2ban refuses is an error in its place. */
  async askEach(list: readonly Command[]): Promise<(Pickled | LatchkeyError)[]> {
    const socket = await this.#connected();
    const answers = list.map((command) => this.#expect(command));
    socket.write(Buffer.concat(list.flatMap(({ words }) => [encodeWords(words), end])));
    return Promise.all(
      answers.map((answer) =>
        answer.catch((error: LatchkeyError) => {
          if (error.code !== 'tool-failed') throw error;
          return error;
        }),
      ),
    );
  }

  async ask(command: Command): Promise<Pickled> {
    const [answer] = await this.askEach([command]);
    if (answer instanceof LatchkeyError) throw answer;
    return answer ?? null;
  }

  stop(): void {
    this.#stopped = true;
    this.#drop(new LatchkeyError('tool-ended', 'stopped'));
  }

  #expect(command: Command): Promise<Pickled> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#drop(
          new LatchkeyError('tool-timeout', `fail2ban: ${command.words[0]}: ${command.patienceMs} ms`),
        );
      }, command.patienceMs);
      this.#waiting.push({ resolve, reject, timer, command });
    });
  }

  #connected(): Promise<Socket> {
    if (this.#stopped) return Promise.reject(new LatchkeyError('tool-ended', 'stopped'));
    if (this.#socket !== undefined) {
      if (fileOf(this.#path) === this.#file) return Promise.resolve(this.#socket);
      this.#drop(new LatchkeyError('tool-ended', 'fail2ban was started again'));
    }
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const file = fileOf(this.#path);
      const socket = connect(this.#path);
      const timer = setTimeout(() => socket.destroy(new Error('no answer')), connectMs);
      socket.once('connect', () => {
        clearTimeout(timer);
        if (this.#stopped) socket.destroy();
        this.#socket = socket;
        this.#file = file;
        this.#connections++;
        resolve(socket);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => reject(notConnected(this.#path, error)));
      socket.once('close', () => {
        clearTimeout(timer);
        reject(new LatchkeyError('tool-ended', this.#path));
        if (this.#socket === socket) this.#drop(new LatchkeyError('tool-ended', 'fail2ban hung up'));
      });
      socket.on('data', (chunk: Buffer) => {
        if (this.#socket === socket) this.#take(chunk);
      });
    });
  }

  #take(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > largestReply)
      return this.#drop(new LatchkeyError('tool-failed', 'fail2ban: an endless reply'));
    // The end may lie across chunks.
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, end.length - 1)]);
    this.#chunks.push(chunk);
    this.#tail = chunk.length < end.length ? Buffer.concat([this.#tail, chunk]) : chunk;
    this.#tail = this.#tail.subarray(Math.max(0, this.#tail.length - end.length + 1));
    if (!seam.includes(end) && !chunk.includes(end)) return;
    let rest = Buffer.concat(this.#chunks);
    for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined)
        return this.#drop(new LatchkeyError('tool-failed', 'fail2ban: an answer that nobody asked for'));
      clearTimeout(waiting.timer);
      settle(waiting, rest.subarray(0, at));
      rest = rest.subarray(at + end.length);
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    this.#tail = rest.subarray(Math.max(0, rest.length - end.length + 1));
  }

  #drop(error: LatchkeyError): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#chunks = [];
    this.#size = 0;
    this.#tail = Buffer.alloc(0);
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

/** `(0, value)`, `(1, exception)`, or the text of an error in what was asked. (fail2ban/server/transmitter.py) */
function settle({ resolve, reject, command }: Waiting, reply: Buffer): void {
  try {
    const value = decodePickle(reply);
    if (!Array.isArray(value) || value.length !== 2) throw refused(command, value);
    const [code, payload] = value as [Pickled, Pickled];
    if (code !== 0) throw refused(command, payload);
    resolve(payload);
  } catch (error) {
    reject(
      error instanceof LatchkeyError ? error : new LatchkeyError('tool-failed', 'fail2ban', { cause: error }),
    );
  }
}

function refused({ words }: Command, payload: Pickled): LatchkeyError {
  const why =
    payload instanceof PickledError
      ? `${payload.name}: ${payload.args.filter((one) => typeof one === 'string').join(' ')}`
      : String(payload);
  return new LatchkeyError('tool-failed', `fail2ban: ${words.slice(0, 2).join(' ')}: ${why.slice(0, 200)}`);
}

function fileOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`;
}

function notConnected(path: string, error: NodeJS.ErrnoException): LatchkeyError {
  const code =
    error.code === 'EACCES' || error.code === 'EPERM'
      ? 'tool-needs-root'
      : error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
        ? 'tool-ended'
        : 'tool-timeout'; // EAGAIN: its one place for those who wait is taken
  return new LatchkeyError(code, `${path}: ${error.code ?? error.message}`, { cause: error });
}
