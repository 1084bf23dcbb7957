import { workerThread } from '../../worker-thread.ts';
import type { FromHistory, Note, Remembered, ToHistory } from './history-messages.ts';

/** Notes of one transaction: little enough that a question never waits long behind it. */
const mostAtOnce = 2000;

export interface HistoryOptions {
  readonly file: string;
  readonly log: (line: string) => void;
  /** Bans that were not known before, once they are written. */
  readonly onFresh: (notes: readonly Seen[]) => void;
}

export type Seen = Note & { readonly op: 'seen' };

/**
 * Every ban with how it began and ended, for a year. What comes while a transaction runs is gathered into the next. It never
 * rejects: where its file cannot be used that is logged once, and the home goes on without a memory of bans.
 */
export interface History {
  readonly remembered: Remembered;
  note(...notes: readonly Note[]): void;
  /** Bans of each value that began since. */
  times(values: readonly string[], since: number): Promise<ReadonlyMap<string, number>>;
  /** Resolves once all notes so far are written. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** MB: what it has in hand is a page of notes; without a limit its garbage grows to several times that. */
const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 };

export async function openHistory({ file, log, onFresh }: HistoryOptions): Promise<History> {
  const worker = workerThread(
    new URL('./history-worker.ts', import.meta.url),
    new URL('./history-worker.js', import.meta.url),
    { workerData: { file }, resourceLimits },
  );
  let dead = false;
  let queued: Note[] = [];
  let running: readonly Note[] = [];
  let asked = 0;
  const questions = new Map<number, (times: ReadonlyMap<string, number>) => void>();
  const waiting: (() => void)[] = [];
  let onClosed = (): void => undefined;
  let told = '';

  const die = (why: string): void => {
    if (dead) return;
    dead = true;
    log(`the history of bans cannot be kept: ${file}: ${why}`);
    for (const answer of questions.values()) answer(new Map());
    questions.clear();
    end([...running, ...queued]);
    running = queued = [];
    onClosed();
  };
  /** Without a file every ban is new, once: what is counted is counted from the start of this process. */
  const end = (notes: readonly Note[]): void => {
    onFresh(notes.filter((note) => note.op === 'seen'));
    for (const go of waiting.splice(0)) go();
  };
  const send = (message: ToHistory): void => worker.postMessage(message);
  const next = (): void => {
    if (running.length > 0) return;
    if (queued.length === 0) {
      for (const go of waiting.splice(0)) go();
      return;
    }
    running = queued.slice(0, mostAtOnce);
    queued = queued.slice(mostAtOnce);
    send({ ask: 'write', notes: running });
  };

  const remembered = await new Promise<Remembered>((resolve) => {
    const empty: Remembered = { began: Date.now(), slots: [], recent: [], lifts: [] };
    worker.on('error', (error) => {
      die(String(error));
      resolve(empty);
    });
    worker.on('message', (message: FromHistory) => {
      switch (message.say) {
        case 'ready':
          return resolve(message.remembered);
        case 'failed':
          die(message.text);
          return resolve(empty);
        case 'written': {
          const notes = running;
          running = [];
          // Closing: what is still written is nobody's news any more.
          if (dead) return waiting.splice(0).forEach((go) => go());
          // Once, not for each of a thousand a minute.
          if (message.error !== undefined && message.error !== told)
            log(`bans were not written down: ${message.error}`);
          told = message.error ?? '';
          next();
          const fresh = message.fresh.map((index) => notes[index] as Seen);
          if (fresh.length > 0) onFresh(fresh);
          return;
        }
        case 'times':
          questions.get(message.id)?.(message.times);
          questions.delete(message.id);
          return;
        case 'closed':
          return onClosed();
      }
    });
  });

  return {
    remembered,
    note(...notes) {
      if (dead) return end(notes);
      for (const note of notes) queued.push(note);
      next();
    },
    times(values, since) {
      if (dead || values.length === 0) return Promise.resolve(new Map());
      const id = ++asked;
      return new Promise((resolve) => {
        questions.set(id, resolve);
        send({ ask: 'times', id, values, since });
      });
    },
    settled: () =>
      new Promise((resolve) => {
        if (dead || (running.length === 0 && queued.length === 0)) return resolve();
        waiting.push(resolve);
      }),
    close() {
      if (dead) return Promise.resolve();
      return new Promise((resolve) => {
        onClosed = resolve;
        // In order: what is queued is written first.
        while (queued.length > 0) {
          send({ ask: 'write', notes: queued.slice(0, mostAtOnce) });
          queued = queued.slice(mostAtOnce);
        }
        send({ ask: 'close' });
        dead = true;
      });
    },
  };
}
