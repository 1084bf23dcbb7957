import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { HistoryBook } from './history-book.ts';
import type { FromHistory, ToHistory } from './history-messages.ts';
import { migrateHistory } from './history-schema.ts';

/** A thread and a file of its own: however much is banned, nothing of it stands before an opening on the disk. */
const hour = 3_600_000;

async function run(port: NonNullable<typeof parentPort>): Promise<void> {
  const { file } = workerData as { file: string };
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  // Nobody is told that it is on disk: what a power cut takes is told anew by the sources.
  database.pragma('synchronous = NORMAL');
  // better-sqlite3's own 16 MB make nothing faster here: what is read anew comes from the system's cache.
  database.pragma('cache_size = -2000');
  database.pragma('temp_store = MEMORY');
  await migrateHistory(database);
  const book = new HistoryBook(database);
  const say = (message: FromHistory): void => port.postMessage(message);
  let closed = false;

  const prune = (): void => {
    if (closed) return;
    try {
      if (book.prune(Date.now())) setImmediate(prune);
    } catch {
      // a full disk: the next hour's turn
    }
  };
  const pruning = setInterval(prune, hour);
  pruning.unref();

  port.on('message', (message: ToHistory) => {
    switch (message.ask) {
      case 'write':
        try {
          return say({ say: 'written', fresh: book.write(message.notes) });
        } catch (error) {
          return say({ say: 'written', fresh: [], error: String(error) });
        }
      case 'times': {
        const { id, values, since } = message;
        let times = new Map<string, number>();
        try {
          times = book.times(values, since);
        } catch {
          // told as never seen
        }
        return say({ say: 'times', id, times });
      }
      case 'close':
        closed = true;
        clearInterval(pruning);
        database.close();
        say({ say: 'closed' });
        port.close();
    }
  });
  say({ say: 'ready', remembered: book.remembered(Date.now()) });
  setImmediate(prune);
}

const port = parentPort;
if (port !== null) {
  run(port).catch((error: unknown) =>
    port.postMessage({ say: 'failed', text: String(error) } satisfies FromHistory),
  );
}
