import { LatchkeyError } from '../../../lib/errors.ts';
import { workerThread } from '../../worker-thread.ts';
import type { EventRow, Loaded, Row } from './rows.ts';
import type { FromWorker, ToWorker } from './worker.ts';

interface Waiting {
  readonly rows: readonly Row[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The home agent's memory on disk (SQLite, WAL, synchronous FULL) behind one worker thread. `commit` resolves
 * once the rows have reached the disk; while one transaction runs, all that comes is gathered into the next:
 * group commit without a timer.
 */
export interface Store {
  readonly loaded: Loaded;
  /** All rows or none. Throws `tool-failed` with what SQLite said. */
  commit(rows: readonly Row[]): Promise<void>;
  /** Newest first, `n` below `before`. */
  events(before: number, limit: number): Promise<EventRow[]>;
  close(): Promise<void>;
}

/** Opens or makes the file. Throws `config-unreadable` where it cannot be opened or brought up to date. */
export async function openStore(file: string): Promise<Store> {
  const worker = workerThread(
    new URL('./worker.ts', import.meta.url),
    new URL('./store-worker.js', import.meta.url),
    { workerData: { file } },
  );
  const loaded = await new Promise<Loaded>((resolve, reject) => {
    const fail = (text: string): void => reject(new LatchkeyError('config-unreadable', `${file}: ${text}`));
    worker.once('error', (error) => fail(error.message));
    worker.once('message', (message: FromWorker) => {
      if (message.say === 'ready') resolve(message.loaded);
      else fail(message.say === 'failed' ? message.text : message.say);
    });
  });

  let queued: Waiting[] = [];
  let running: Waiting[] = [];
  let dead: Error | undefined;
  let asked = 0;
  const questions = new Map<
    number,
    { resolve: (events: EventRow[]) => void; reject: (error: Error) => void }
  >();
  let onClosed: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  const send = (message: ToWorker): void => worker.postMessage(message);
  const next = (): void => {
    if (running.length > 0 || queued.length === 0) return;
    running = queued;
    queued = [];
    send({ ask: 'commit', batches: running.map((waiting) => waiting.rows) });
  };
  worker.on('message', (message: FromWorker) => {
    if (message.say === 'committed') {
      const done = running;
      running = [];
      next();
      done.forEach((waiting, index) => {
        const error = message.errors[index];
        if (error === null || error === undefined) waiting.resolve();
        else waiting.reject(new LatchkeyError('tool-failed', `store: ${error}`));
      });
    } else if (message.say === 'events') {
      const question = questions.get(message.id);
      questions.delete(message.id);
      if (message.error === undefined) question?.resolve(message.events);
      else question?.reject(new LatchkeyError('tool-failed', `store: ${message.error}`));
    } else if (message.say === 'closed') {
      onClosed?.();
    }
  });
  worker.on('error', (error) => {
    dead = new LatchkeyError('tool-failed', `store: ${error.message}`);
    for (const waiting of [...running, ...queued, ...questions.values()]) waiting.reject(dead);
    running = [];
    queued = [];
    questions.clear();
    onClosed?.();
  });

  return {
    loaded,
    commit(rows) {
      if (dead !== undefined) return Promise.reject(dead);
      return new Promise((resolve, reject) => {
        queued.push({ rows, resolve, reject });
        next();
      });
    },
    events(before, limit) {
      if (dead !== undefined) return Promise.reject(dead);
      const id = ++asked;
      return new Promise((resolve, reject) => {
        questions.set(id, { resolve, reject });
        send({ ask: 'events', id, before, limit });
      });
    },
    close() {
      closing ??= new Promise((resolve) => {
        if (dead !== undefined) return resolve();
        dead = new LatchkeyError('tool-failed', 'store: closed');
        onClosed = resolve;
        send({ ask: 'close' });
      });
      return closing;
    },
  };
}
