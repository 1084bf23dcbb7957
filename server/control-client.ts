import { connect, type Socket } from 'node:net';
import { isErrorCode, LatchkeyError } from '../lib/errors.ts';

/** One answer, or one piece of news, of the home agent's control socket (server/agent/control.ts). */
export type ControlLine = Readonly<Record<string, unknown>>;

/** A connection to the home agent that runs here. */
export class ControlClient {
  private readonly socket: Socket;
  private rest = '';
  private waiting: { resolve: (line: ControlLine) => void; reject: (error: Error) => void } | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private onNews: ((news: ControlLine) => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.take(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.waiting?.reject(new LatchkeyError('config-not-running'));
    });
  }

  /** Throws `config-not-running` at once where nobody listens. */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', (cause: NodeJS.ErrnoException) =>
        reject(
          cause.code === 'EACCES'
            ? new LatchkeyError('config-unreadable', path, { cause })
            : new LatchkeyError('config-not-running', undefined, { cause }),
        ),
      );
      socket.once('connect', () => resolve(new ControlClient(socket)));
    });
  }

  /** One request at a time: answers carry no number. Throws the code that the home agent refused with. */
  ask(request: { readonly verb: string; readonly [key: string]: unknown }): Promise<ControlLine> {
    const answer = this.turn.then(
      () =>
        new Promise<ControlLine>((resolve, reject) => {
          if (this.socket.destroyed) return reject(new LatchkeyError('config-not-running'));
          this.waiting = { resolve, reject };
          this.socket.write(`${JSON.stringify(request)}\n`);
        }),
    );
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  /** Pairing news from now on. */
  async watch(onNews: (news: ControlLine) => void): Promise<void> {
    this.onNews = onNews;
    await this.ask({ verb: 'watch' });
  }

  onClose(listener: () => void): void {
    this.socket.once('close', listener);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as ControlLine;
      if (!Object.hasOwn(message, 'ok')) this.onNews?.(message);
      else if (message['ok'] === true) this.waiting?.resolve(message);
      else this.waiting?.reject(refusal(message));
    }
  }
}

function refusal(message: ControlLine): LatchkeyError {
  const { code, detail } = message;
  return new LatchkeyError(
    isErrorCode(code) ? code : 'tool-failed',
    typeof detail === 'string' ? detail : undefined,
  );
}
