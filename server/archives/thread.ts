import type { Worker } from 'node:worker_threads';
import { LatchkeyError } from '../../lib/errors.ts';
import { workerThread } from '../worker-thread.ts';
import type { ImportProgress } from './catalogue.ts';
import type { Ask, FromWorker, Task, ToWorker } from './worker.ts';

/** A thread that is asked, and answers each question once. Rejects with the code that it gave. */
export interface Thread {
  ask<T>(question: Ask, progress?: (progress: ImportProgress) => void): Promise<T>;
  /** After what it was asked before. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly progress: ((progress: ImportProgress) => void) | undefined;
}

export function startThread(task: Task): { thread: Thread; worker: Worker } {
  const worker = workerThread(
    new URL('./worker.ts', import.meta.url),
    new URL('./archives-worker.js', import.meta.url),
    { workerData: task },
  );
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let dead: LatchkeyError | undefined;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const end = (why: string): void => {
    dead ??= new LatchkeyError('tool-failed', `archives: ${why}`);
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  };
  worker.on('message', (message: FromWorker) => {
    if (message.say === 'ready') return;
    const question = waiting.get(message.id);
    if (message.say === 'progress') return question?.progress?.(message.progress);
    waiting.delete(message.id);
    if (message.say === 'answer') question?.resolve(message.value);
    else question?.reject(new LatchkeyError(message.code, message.detail));
  });
  worker.on('error', (error) => end(error.message));
  worker.on('exit', () => end('closed'));
  const thread: Thread = {
    ask<T>(question: Ask, progress?: (progress: ImportProgress) => void) {
      if (dead !== undefined) return Promise.reject(dead);
      const id = ++asked;
      return new Promise<T>((resolve, reject) => {
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, progress });
        worker.postMessage({ id, ask: question } satisfies ToWorker);
      });
    },
    close() {
      if (dead === undefined) worker.postMessage({ id: 0, ask: { ask: 'close' } } satisfies ToWorker);
      return exited;
    },
  };
  return { thread, worker };
}
