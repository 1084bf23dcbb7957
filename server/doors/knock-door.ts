import { lookup } from 'node:dns/promises';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCanonical } from '../../lib/address.ts';
import type { Stage } from '../../lib/door.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Knock } from '../../lib/knockd/read.ts';
import type { DoorDriver, DriverContext, Opening } from './driver.ts';
import { answersIn, knockAt } from './knock-sockets.ts';
import type { KnockOptions } from './knock.ts';
import { openRecord, type OpeningRecord, type RecordedOpening } from './opening-record.ts';
import { takeTurns } from './turns.ts';

/** knockd takes up to 50 ms to hear and as long to act; the rest is the way there and back. ms */
const answersWithinMs = 1500;
/**
 * Two tries can be lost to one packet: what follows a gap spoils knockd's half-heard attempt, and is spent on that.
 */
const mostTries = 3;
/** The far sshd need not see a connection every second, and a reading may be this old. ms */
const checkedForMs = 5000;
/** The far knockd's own time for its stop command. ms */
const graceMs = 500;
const lookupMs = 3000;

/** A host sees one caller, this home, and sequences that mix are no sequence: one at a time, of all doors. */
const inTurn = takeTurns();

interface Target {
  readonly address: string;
  readonly family: 4 | 6;
}

export function makeKnockDoor(options: KnockOptions, context: DriverContext): DoorDriver {
  const { to, check, lasts, close: closing } = options;
  const file = join(context.directory, `knock-${context.door}.openings`);
  const lock = takeTurns();
  let record: OpeningRecord | undefined;
  let last: { readonly at: number; readonly answers: boolean } | undefined;
  /** What the far port last took to answer (ms): silence is longer than that. */
  let tookMs = 100;

  const theRecord = async () => (record ??= await openRecord(file));
  const isOver = ({ until = 0 }: RecordedOpening, at = Date.now()) => at > until + graceMs;

  /** Does the check answer? Asked now. Throws `tool-*`. */
  async function answers(withinMs: number, address?: string): Promise<boolean> {
    if (check === undefined) return false;
    const took = await answersIn(check.host ?? address ?? (await find(to)).address, check.port, withinMs);
    if (took !== undefined) tookMs = took;
    last = { at: Date.now(), answers: took !== undefined };
    return took !== undefined;
  }

  /** As `answers`, but what was heard a moment ago counts, unless a time ran out since. */
  async function answered(openings: readonly RecordedOpening[]): Promise<boolean> {
    const heard = last;
    const now = Date.now();
    if (
      heard !== undefined &&
      now - heard.at < checkedForMs &&
      openings.every((one) => isOver(one, now) === isOver(one, heard.at))
    )
      return heard.answers;
    return answers(1000);
  }

  /** True once it is done; without a check nobody knows, and one try is all. */
  async function knock(
    target: Target,
    knocks: readonly Knock[],
    isDone: () => Promise<boolean>,
    sent: (n: number) => void = () => undefined,
  ): Promise<boolean> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      await knockAt(target, knocks, options.spacingMs, tries === 0 ? sent : undefined);
      if (check === undefined || (await isDone())) return true;
    }
    return false;
  }

  async function open(address: string, seconds: number, onStage: (stage: Stage) => void): Promise<Opening> {
    if (isCanonical(address) === undefined) throw new LatchkeyError('tool-failed', 'not an address');
    const openings = await theRecord();
    const before = openings.of(address);
    if (lasts !== undefined && before !== undefined && !isOver(before))
      throw new LatchkeyError('refused-door-open', address);
    onStage({ stage: 'asked' });
    const until = () => Date.now() + seconds * 1000;
    // Open for one is open for all who come through this home: only its end moves.
    const isOpen = closing !== undefined && openings.all().length > 0 && (await answers(1000));
    // Before the knocks: what they open when we are killed must be known as ours.
    await openings.put({ address, until: until() });
    if (!isOpen) {
      try {
        const target = await find(to);
        const of = options.sequence.length;
        const isHeard = () => answers(answersWithinMs, target.address);
        const heard = await inTurn(() =>
          knock(target, options.sequence, isHeard, (n) => onStage({ stage: 'knock', n, of })),
        );
        if (!heard) throw new LatchkeyError('tool-not-open', 'the check did not answer after the knocks');
      } catch (error) {
        if (closing === undefined || openings.all().length > 1) await openings.drop(address);
        else await shut(openings, address).catch((failure: unknown) => context.log(String(failure)));
        throw error;
      }
      // The far side counts from the last knock.
      await openings.put({ address, until: until() });
    }
    if (check !== undefined) onStage({ stage: 'checked' });
    return { address };
  }

  /** Knocks it shut, and forgets it once the check has fallen silent. */
  async function shut(openings: OpeningRecord, address: string): Promise<void> {
    const target = await find(to);
    const fallsSilent = async (): Promise<boolean> => {
      for (const end = performance.now() + answersWithinMs; performance.now() < end; await sleep(50)) {
        if (!(await answers(300 + 4 * tookMs, target.address))) return true;
      }
      return false;
    };
    if (!(await inTurn(() => knock(target, closing ?? [], fallsSilent))))
      throw new LatchkeyError('tool-still-open', `${to} answers on its check port after the closing knocks`);
    await openings.drop(address);
  }

  async function close(address: string): Promise<void> {
    const openings = await theRecord();
    const mine = openings.of(address);
    if (mine === undefined) return;
    if (closing !== undefined) {
      // The home is one caller: it stays open for whoever else came through.
      if (openings.all().length > 1) await openings.drop(address);
      else await shut(openings, address);
      return;
    }
    const seconds = Math.ceil(((mine.until ?? 0) - Date.now()) / 1000);
    if (!isOver(mine))
      throw new LatchkeyError(
        'tool-still-open',
        `the far knockd closes it, in ${seconds} s; nothing here can`,
      );
    if (check !== undefined && (await answers(1000)))
      throw new LatchkeyError('tool-still-open', `${to} answers after the far knockd’s time`);
    await openings.drop(address);
  }

  async function inspect(): Promise<Opening[]> {
    const openings = await theRecord();
    const all = openings.all();
    if (all.length === 0) return [];
    const there = check !== undefined && (await answered(all));
    if (there) return all.map(({ address }) => ({ address }));
    const [over, live] = [all.filter((one) => isOver(one)), all.filter((one) => !isOver(one))];
    if (check === undefined || closing === undefined)
      for (const { address } of over) await openings.drop(address);
    // Silent before its time: shut, or out of reach? Nobody knows, so nobody says.
    if (check !== undefined && live.length > 0) throw new LatchkeyError('tool-timeout', `${to}: no answer`);
    const shown = closing === undefined ? live : over; // those are the home agent's to close
    return shown.map(({ address }) => ({ address }));
  }

  return {
    facts:
      lasts === undefined
        ? { closes: 'agent', choosesTime: true, extends: true, readsBack: true }
        : {
            closes: 'child',
            choosesTime: false,
            extends: false,
            readsBack: check !== undefined,
            seconds: lasts,
          },
    async start() {
      await theRecord();
    },
    open: (address, seconds, onStage) => lock(() => open(address, seconds, onStage)),
    close: (address) => lock(() => close(address)),
    inspect: () => lock(inspect),
    stop: () => Promise.resolve(),
    async remove() {
      const openings = await theRecord();
      if (closing !== undefined) for (const { address } of openings.all()) await inTurn(() => close(address));
      await rm(file, { force: true });
    },
  };
}

/** The address that the system itself would try first, as the home's sshd will for a jump. */
async function find(host: string): Promise<Target> {
  const failed = (why: string) => new LatchkeyError('tool-failed', `${host}: ${why}`);
  const found = await Promise.race([
    lookup(host).catch((error: NodeJS.ErrnoException) => failed(error.code ?? 'not found')),
    sleep(lookupMs, failed('no answer from the name server'), { ref: false }),
  ]);
  if (found instanceof LatchkeyError) throw found;
  return { address: found.address, family: found.family === 6 ? 6 : 4 };
}
