import { watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { FSWatcher } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

export interface FollowOptions {
  /** `end`: what was there before is not told. A file that appears later is read from its start. */
  readonly from: 'start' | 'end';
  /** With `start`: of what was there before, only so many bytes at its end. The first line may then be half. */
  readonly mostBefore?: number;
  readonly encoding: 'utf8' | 'latin1';
  /** Whole lines, in order, without the newline. Must not throw. */
  readonly onLine: (line: string) => void;
  /** The file cannot be read; told once until it can again. */
  readonly onProblem?: (error: unknown) => void;
}

export interface FileFollower {
  /** Resolves once everything written until now was told. */
  settle(): Promise<void>;
  /** The last look could read it. */
  reads(): boolean;
  stop(): Promise<void>;
}

/** A line longer than this is dropped: nobody whom we follow writes such lines. */
const longestLine = 16 * 1024;
/** Watching can miss a change (network file systems, a full queue); the look that finds it anyway. */
const lookEveryMs = 1000;

/** Follows a growing file through rotation, truncation and absence, as `tail -F` does. */
export function followFile(path: string, options: FollowOptions): FileFollower {
  let handle: FileHandle | undefined;
  let identity = '';
  let position = 0;
  let rest = '';
  let dropping = false;
  let first = true;
  let troubled = false;
  let stopped = false;
  let looking: Promise<void> = Promise.resolve();
  let queued = false;

  /** One character a byte, so that a letter split between two reads comes together again. */
  function take(chunk: string): void {
    const pieces = (rest + chunk).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      if (!dropping && piece.length <= longestLine) {
        options.onLine(options.encoding === 'utf8' ? Buffer.from(piece, 'latin1').toString('utf8') : piece);
      }
      dropping = false;
    }
    if (rest.length > longestLine) {
      dropping = true;
      rest = '';
    }
  }

  async function drain(from: FileHandle): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      const { bytesRead } = await from.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      take(Buffer.from(buffer.buffer, 0, bytesRead).toString('latin1'));
    }
  }

  function startOver(at: number): void {
    position = at;
    rest = '';
    dropping = false;
  }

  async function letGo(): Promise<void> {
    const old = handle;
    handle = undefined;
    if (old === undefined) return;
    try {
      await drain(old);
    } finally {
      await old.close();
    }
  }

  async function look(): Promise<void> {
    const there = await stat(path).catch(() => undefined);
    // Renamed, and no new one yet: whoever writes still has the old one open, as we do.
    const same = there === undefined || `${there.dev}:${there.ino}` === identity;
    if (handle !== undefined && same) {
      if ((await handle.stat()).size < position) startOver(0);
      return drain(handle);
    }
    await letGo();
    const opened = await open(path, 'r');
    handle = opened;
    const { dev, ino, size } = await opened.stat();
    identity = `${dev}:${ino}`;
    const before = options.from === 'end' ? 0 : (options.mostBefore ?? size);
    startOver(first ? Math.max(0, size - before) : 0);
    return drain(opened);
  }

  function lookSoon(): void {
    if (queued || stopped) return;
    queued = true;
    looking = looking.then(async () => {
      queued = false;
      if (stopped) return;
      try {
        await look();
        troubled = false;
      } catch (error) {
        if (!troubled) options.onProblem?.(error);
        troubled = true;
      }
      first = false;
    });
  }

  let watcher: FSWatcher | undefined;
  try {
    // The folder, not the file: a rotated file's watch stays with the old one.
    watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name === null || name === basename(path)) lookSoon();
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    watcher = undefined;
  }
  const timer = setInterval(lookSoon, lookEveryMs);
  timer.unref();
  lookSoon();

  return {
    async settle() {
      await looking;
      lookSoon();
      await looking;
    },
    reads: () => !troubled,
    async stop() {
      stopped = true;
      clearInterval(timer);
      watcher?.close();
      await looking;
      await letGo().catch(() => undefined);
    },
  };
}
