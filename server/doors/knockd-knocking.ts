import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { sendKnocks } from './raw-knock.ts';
import type { Stage } from '../../lib/door.ts';
import type { KnockdDoor } from '../../lib/knockd/read.ts';
import type { KnockdProcess } from './knockd-process.ts';

/** knockd wakes every 50 ms for packets; the rest is for a busy machine. */
const heardWithinMs = 1500;
const mostTries = 3;
/** A custom command that fails at once is heard of within this time. */
const complainsWithinMs = 250;

/** Which section to knock at, for whom, on which knockd. */
export interface Knocking {
  readonly process: KnockdProcess;
  readonly section: KnockdDoor;
  /** Canonical. */
  readonly address: string;
  readonly log: (line: string) => void;
  readonly onStage: (stage: Stage) => void;
  /** Whether the knock did its work, though knockd was not heard to say so: no second try then. */
  readonly isDone: () => Promise<boolean>;
  /** Default 3. */
  readonly tries?: number;
}

/**
 * Sends the section's sequence until knockd says OPEN SESAME. Under the one queue of all knocks.
 * Throws `tool-not-open` after its tries, `tool-ended` where knockd is gone.
 */
export async function knockUntilHeard(knocking: Knocking): Promise<void> {
  const { process, section, address, log, onStage, isDone, tries: most = mostTries } = knocking;
  const { sequence } = section;
  const of = sequence.length;
  let told = 0;
  let reached = 0;
  for (let tries = 0; tries < most; tries += 1) {
    // knockd still waits for the rest of a try that was lost half way; a wrong knock makes it forget that.
    const [first] = sequence;
    const forget =
      reached > 0 && first !== undefined && sequence[reached]?.port !== first.port ? [first] : [];
    reached = 0;
    const heard = await knockOnce(knocking, [...forget, ...sequence], (n) => {
      reached = Math.max(reached, n);
      if (n > told) onStage({ stage: 'knock', n, of });
      told = Math.max(told, n);
    });
    if (heard) return onStage({ stage: 'sesame' });
    log(`knockd heard ${reached} of ${of} knocks for ${address}`);
    if (await isDone()) return;
    await process.listening();
  }
  throw new LatchkeyError('tool-not-open', `knockd did not hear all ${of} knocks`);
}

/** Sends knocks and listens. True once knockd said OPEN SESAME. */
async function knockOnce(
  { process, section, address }: Knocking,
  knocks: KnockdDoor['sequence'],
  heard: (n: number) => void,
): Promise<boolean> {
  let off: (() => void) | undefined;
  try {
    const sesame = new Promise<true>((resolve) => {
      off = process.onEvent((event) => {
        if (!('address' in event) || event.address !== address || event.door !== section.name) return;
        if (event.kind === 'stage') heard(event.n);
        if (event.kind === 'sesame') resolve(true);
      });
    });
    await sendKnocks(address, knocks, section.tcpFlags);
    return await Promise.race([sesame, sleep(heardWithinMs, false)]);
  } finally {
    off?.();
  }
}

/**
 * For commands whose work nobody can read back: does the work, then waits whether knockd says that the section's
 * command failed at once. Throws `tool-failed`.
 */
export async function commandRuns<T>(
  process: KnockdProcess,
  section: KnockdDoor,
  work: () => Promise<T>,
): Promise<T> {
  let status = 0;
  let result: T;
  const off = process.onEvent((event) => {
    if (event.kind === 'status' && event.door === section.name) status = event.status;
  });
  try {
    result = await work();
    await sleep(complainsWithinMs);
  } finally {
    off();
  }
  if (status !== 0)
    throw new LatchkeyError('tool-failed', `[${section.name}]: its command ended with status ${status}`);
  return result;
}
