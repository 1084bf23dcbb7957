import { connect } from 'node:net';
import { isErrorCode, LatchkeyError } from '../../lib/errors.ts';

export type ControlAnswer = Readonly<Record<string, unknown>>;

/**
 * Asks the running home agent over its control socket; one answer. Throws the agent's code,
 * `config-not-running` where none listens, `config-unreadable` where this user may not ask.
 */
export function askControl(path: string, request: object): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const control = openControl(
      path,
      (line) => {
        control.end();
        if (line['ok'] === true) return resolve(line);
        const code = line['code'];
        const detail = typeof line['detail'] === 'string' ? line['detail'] : undefined;
        reject(new LatchkeyError(isErrorCode(code) ? code : 'tool-failed', detail));
      },
      reject,
    );
    control.ask(request);
  });
}

export interface Control {
  ask(request: object): void;
  end(): void;
}

/** A lasting connection: answers and pairing news arrive at `onLine` in order. */
export function openControl(
  path: string,
  onLine: (line: ControlAnswer) => void,
  onError: (error: Error) => void,
): Control {
  const socket = connect(path);
  let text = '';
  let over = false;
  const fail = (error: Error): void => {
    if (over) return;
    over = true;
    onError(error);
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      onLine(JSON.parse(line) as ControlAnswer);
    }
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
    fail(new LatchkeyError(absent ? 'config-not-running' : 'config-unreadable', path, { cause: error }));
  });
  socket.on('close', () => fail(new LatchkeyError('config-not-running', path)));
  return {
    ask: (request) => void socket.write(`${JSON.stringify(request)}\n`),
    end() {
      over = true;
      socket.end();
    },
  };
}
