import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { copyForLo } from '../../lib/knockd/copy.ts';
import { readKnockdLine } from '../../lib/knockd/log.ts';
import { followFile } from '../follow-file.ts';
import { killProcess, nameProcess, processFacts } from '../process-facts.ts';
import { startApart } from '../run.ts';
import { searchPath } from './iptables-ask.ts';
import { makeEar } from './knockd-ear.ts';
import { isServed } from './knockd-plan.ts';
import { takeTurns } from './turns.ts';
import type { KnockdEvent } from '../../lib/knockd/log.ts';
import type { FileFollower } from '../follow-file.ts';
import type { ProcessName } from '../process-facts.ts';
import type { ApartChild } from '../run.ts';
import type { KnockdOptions } from './knockd-plan.ts';

/**
 * One injection at a time, whatever the file: knockd 0.8 forgets every attempt under way while it removes a
 * finished one that is older.
 */
export const inTurn = takeTurns();

/** The second instance of knockd for one configuration file, on lo. */
export interface KnockdProcess {
  /**
   * knockd's pid, once it listens; waits for a start under way. Throws `tool-missing`, or `tool-ended` where
   * it does not start, or died and waits to be started again.
   */
  listening(): Promise<number>;
  /**
   * Resolves where knockd heard a knock within the last second. Throws as `listening` does, and `tool-deaf`; a
   * deaf one is ended, and started again. Answers within a second.
   */
  hears(): Promise<void>;
  /** What knockd says, as it says it. Returns the way to stop listening. */
  onEvent(listener: (event: KnockdEvent) => void): () => void;
}

/** A door's hold on a process that doors of one file share. */
export interface KnockdShare extends KnockdProcess {
  /** The last one ends knockd itself; its sleeping children go on and close what they have to close. */
  release(): Promise<void>;
}

const listensWithinMs = 5000;
const firstDelayMs = 250;
const longestDelayMs = 30_000;
/** Having lived so long, a death is a new story. */
const settledMs = 60_000;
const mostOutput = 1024 * 1024;
const tidyEveryMs = 60_000;
/** A knock heard so recently stands for now. */
const freshMs = 800;
/** knockd wakes every 50 ms for packets; the rest is for a busy machine. */
const deafAfterMs = 600;
/** For a start under way. */
const patienceMs = 300;
/** One or two may be chance. */
const mostMissed = 3;

const processes = new Map<string, { process: StoppableProcess; text: string; users: number }>();

/** Doors of one file share one knockd; a file that changed since gets a new one. */
export async function shareKnockd(
  options: KnockdOptions,
  directory: string,
  log: (line: string) => void,
): Promise<KnockdShare> {
  const key = JSON.stringify([options.path, options.program, directory]);
  let entry = processes.get(key);
  if (entry !== undefined && entry.text !== options.text) {
    await entry.process.stop();
    entry.process = runKnockd(options, directory, log);
    entry.text = options.text;
  }
  if (entry === undefined) {
    entry = { process: runKnockd(options, directory, log), text: options.text, users: 0 };
    processes.set(key, entry);
  }
  const mine = entry;
  mine.users += 1;
  let released = false;
  return {
    listening: () => mine.process.listening(),
    hears: () => mine.process.hears(),
    onEvent: (listener) => mine.process.onEvent(listener),
    async release() {
      if (released) return;
      released = true;
      mine.users -= 1;
      if (mine.users > 0) return;
      processes.delete(key);
      await mine.process.stop();
    },
  };
}

interface StoppableProcess extends KnockdProcess {
  stop(): Promise<void>;
}

function runKnockd(options: KnockdOptions, directory: string, log: (line: string) => void): StoppableProcess {
  const name = createHash('sha256').update(options.path).digest('hex').slice(0, 12);
  const base = join(directory, `knockd-${name}`);
  const paths = { copy: `${base}.conf`, output: `${base}.out`, pid: `${base}.pid` };
  const ear = makeEar(options.file);
  const doors = [ear.name, ...options.file.doors.filter(isServed).map((door) => door.name)];
  const listeners = new Set<(event: KnockdEvent) => void>();
  let stopped = false;
  let child: ApartChild | undefined;
  let follower: FileFollower | undefined;
  let starting: Promise<number> | undefined;
  let restart: NodeJS.Timeout | undefined;
  let delayMs = firstDelayMs;
  let heardAt = -Infinity;
  let missed = 0;
  let listeningIn: Promise<void> | undefined;
  const tidying = setInterval(() => void inTurn(tidy), tidyEveryMs);
  tidying.unref();

  /** Its output grows with every packet to a knock port on lo; only the newest part is of use. */
  async function tidy(): Promise<void> {
    const { size } = await stat(paths.output).catch(() => ({ size: 0 }));
    if (size <= mostOutput) return;
    await follower?.settle();
    await truncate(paths.output, 0).catch(() => undefined);
  }

  async function begin(): Promise<number> {
    endLeftover(paths.pid);
    const copy = copyForLo(options.text, options.file, `${base}.unused-pid`, isServed) + ear.text;
    await writeFile(`${paths.copy}.new`, copy, { mode: 0o600, encoding: 'latin1' });
    await rename(`${paths.copy}.new`, paths.copy);
    await follower?.stop();
    await rm(paths.output, { force: true });

    const began = performance.now();
    const started = await startApart(options.program, ['-D', '-v', '-i', 'lo', '-c', paths.copy], {
      output: paths.output,
      env: { PATH: searchPath },
    });
    child = started;
    const process = nameProcess(started.pid);
    if (process !== undefined) await writeFile(paths.pid, JSON.stringify(process), { mode: 0o600 });

    let complaint = '';
    const ready = new Promise<void>((resolve) => {
      follower = followFile(paths.output, {
        from: 'start',
        encoding: 'latin1',
        onLine: (line) => {
          if (/^(?:could not open |error: |config: line )/.test(line)) complaint = line;
          const event = readKnockdLine(line, doors);
          if (event === undefined) return;
          if (event.kind === 'listening') resolve();
          if (event.kind === 'sesame') {
            heardAt = performance.now();
            missed = 0;
          }
          for (const listener of listeners) listener(event);
        },
      });
    });
    const gone = started.ended.then(async ({ code, signal }) => {
      child = undefined;
      await follower?.settle();
      if (performance.now() - began > settledMs) delayMs = firstDelayMs;
      const why = `knockd ended (${signal ?? code}) ${complaint}`.trim();
      if (!stopped) {
        log(`${why}; starting again in ${delayMs} ms`);
        restart = setTimeout(again, delayMs);
        delayMs = Math.min(delayMs * 2, longestDelayMs);
      }
      return why;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(
        () => resolve(`knockd does not listen after ${listensWithinMs} ms`),
        listensWithinMs,
      );
    });
    const failure = await Promise.race([ready, gone, late]);
    clearTimeout(timer);
    if (failure === undefined) return started.pid;
    started.kill('SIGKILL');
    throw new LatchkeyError('tool-ended', failure);
  }

  /**
   * One knock of our own, and whether knockd says that it heard it. Not in turn: a sequence of one knock is never
   * under way, so it waits for no other and spoils none.
   */
  async function listenIn(): Promise<void> {
    let off: (() => void) | undefined;
    try {
      const heard = new Promise<true>((resolve) => {
        off = onEvent((event) => ear.isHeard(event) && resolve(true));
      });
      await ear.knock();
      if (!(await Promise.race([heard, sleep(deafAfterMs, false)]))) missed += 1;
    } finally {
      off?.();
    }
    if (missed < mostMissed || child === undefined) return;
    log(`knockd hears nothing on lo (${missed} knocks); it is ended`);
    child.kill('SIGKILL'); // its sleeping children go on; it is started again as after any death
  }

  function onEvent(listener: (event: KnockdEvent) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  function again(): void {
    restart = undefined;
    if (!stopped) ensure().catch(() => undefined); // told when somebody asks
  }

  function ensure(): Promise<number> {
    starting ??= begin().finally(() => (starting = undefined));
    return starting;
  }

  return {
    async listening() {
      if (starting !== undefined) return starting;
      if (child !== undefined) return child.pid;
      if (stopped || restart !== undefined) throw new LatchkeyError('tool-ended', 'knockd is not running');
      return ensure();
    },
    async hears() {
      const soon = await Promise.race([this.listening(), sleep(patienceMs)]);
      if (soon === undefined) throw new LatchkeyError('tool-ended', 'knockd is being started');
      if (performance.now() - heardAt < freshMs) return;
      listeningIn ??= listenIn().finally(() => (listeningIn = undefined));
      await listeningIn;
      if (missed > 0) throw new LatchkeyError('tool-deaf', 'knockd');
    },
    onEvent,
    async stop() {
      stopped = true;
      clearTimeout(restart);
      clearInterval(tidying);
      await starting?.catch(() => undefined);
      const running = child;
      // SIGKILL on purpose: at SIGTERM knockd waits for a sleeping child before it goes. Children live on.
      running?.kill('SIGKILL');
      await running?.ended;
      await follower?.stop();
      await Promise.all([paths.pid, paths.copy].map((path) => rm(path, { force: true })));
    },
  };
}

/** The knockd of a helper that was killed: two on lo would both open. Its sleeping children live on. */
function endLeftover(path: string): void {
  let left: ProcessName;
  try {
    left = JSON.parse(readFileSync(path, 'latin1')) as ProcessName;
  } catch {
    return;
  }
  if (processFacts(left.pid)?.command.startsWith('knockd') === true) killProcess(left);
}
