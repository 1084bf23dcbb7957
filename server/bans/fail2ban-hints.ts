import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

export interface Hints {
  stop(): void;
}

/** Says, at most every 100 ms, that a log was written to. A hint: where watching fails there are none. */
export function followHints(path: string, onHint: () => void): Hints {
  let watcher: FSWatcher | undefined;
  let soon: NodeJS.Timeout | undefined;
  try {
    // The folder, not the file: a rotated file's watch stays with the old one.
    watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name !== null && name !== basename(path)) return;
      soon ??= setTimeout(() => {
        soon = undefined;
        onHint();
      }, 100);
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    watcher = undefined;
  }
  return {
    stop() {
      clearTimeout(soon);
      watcher?.close();
    },
  };
}
