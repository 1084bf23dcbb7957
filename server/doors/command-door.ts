import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isCanonical } from '../../lib/address.ts';
import type { Stage } from '../../lib/door.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { findAccount } from '../accounts.ts';
import type { Identity } from '../drop.ts';
import { run, type RunResult } from '../run.ts';
import { fill, hasAddress, readListing } from './command-plan.ts';
import type { Command, CommandOptions, CommandPlan } from './command-plan.ts';
import type { DoorDriver, DriverContext, Opening } from './driver.ts';
import { openRecord, type OpeningRecord } from './opening-record.ts';

/** The home agent asks every second while something is open, and waits 4 s: no two readings pile up. ms */
const inspectWithinMs = 3000;
const mostOutput = { act: 64 * 1024, inspect: 1024 * 1024 };

export function makeCommandDoor(options: CommandOptions, context: DriverContext): DoorDriver {
  const { plans } = options;
  const readsBack = Object.values(plans).every((plan) => plan.inspect !== undefined);
  const file = join(context.directory, `command-${context.door}.openings`);
  let record: OpeningRecord | undefined;
  let identity: Identity | undefined;

  const theRecord = async () => (record ??= await openRecord(file));

  async function account(): Promise<Identity | undefined> {
    if (options.user === undefined) return undefined;
    identity ??= await findAccount(options.user);
    if (identity === undefined) throw new LatchkeyError('tool-failed', `no account "${options.user}"`);
    return identity;
  }

  function planFor(address: string): CommandPlan {
    const family = isCanonical(address);
    if (family === undefined) throw new LatchkeyError('tool-failed', 'not an address');
    const plan = plans[family];
    if (plan === undefined) throw new LatchkeyError('tool-unsupported', `no command for IPv${family}`);
    return plan;
  }

  async function act(command: Command, address: string): Promise<void> {
    const [program, ...args] = fill(command, address);
    await run(program, args, {
      ...(await account()),
      timeoutMs: options.timeoutMs,
      maxOutput: mostOutput.act,
    });
  }

  async function ask([program, ...args]: Command, codes: readonly number[]): Promise<RunResult> {
    return run(program, args, {
      ...(await account()),
      timeoutMs: Math.min(options.timeoutMs, inspectWithinMs),
      maxOutput: mostOutput.inspect,
      codes,
    });
  }

  /** Of `addresses`, those that the system has; of a command that lists, all that it lists. */
  async function read(inspect: Command, addresses: readonly string[]): Promise<Set<string>> {
    if (!hasAddress(inspect)) return readListing((await ask(inspect, [0])).stdout);
    const found = new Set<string>();
    for (const address of addresses) {
      if ((await ask(fill(inspect, address), [0, 1])).code === 0) found.add(address);
    }
    return found;
  }

  async function isThere(inspect: Command, address: string): Promise<boolean> {
    return (await read(inspect, [address])).has(address);
  }

  async function open(address: string, onStage: (stage: Stage) => void): Promise<Opening> {
    const { open: command, inspect } = planFor(address);
    const openings = await theRecord();
    const ours = openings.of(address) !== undefined;
    if (ours && inspect === undefined) throw new LatchkeyError('refused-door-open', address);
    onStage({ stage: 'asked' });
    const there = inspect !== undefined && (await isThere(inspect, address));
    // What was there before Latchkey is somebody's own: closing would take it away.
    if (there && !ours) throw new LatchkeyError('refused-door-open', `${address} was there before`);
    if (!there) {
      // Before the command: what it has done when we are killed must be known as ours.
      await openings.put({ address });
      try {
        await act(command, address);
      } catch (error) {
        await close(address).catch((failure: unknown) =>
          context.log(`door ${context.door}: ${String(failure)}`),
        );
        throw error;
      }
    }
    onStage({ stage: 'rule' });
    if (inspect === undefined) return { address };
    if (!there && !(await isThere(inspect, address))) {
      await openings.drop(address);
      throw new LatchkeyError('tool-not-open', 'the command ran, but inspect does not see it');
    }
    onStage({ stage: 'checked' });
    return { address };
  }

  async function close(address: string): Promise<void> {
    const { close: command, inspect } = planFor(address);
    const openings = await theRecord();
    const there = inspect === undefined ? undefined : await isThere(inspect, address);
    if (openings.of(address) === undefined) {
      if (there === true)
        throw new LatchkeyError('tool-still-open', `${address} was there before; it is left alone`);
      return;
    }
    if (there !== false) await act(command, address);
    if (there === true && inspect !== undefined && (await isThere(inspect, address)))
      throw new LatchkeyError('tool-still-open', address);
    await openings.drop(address);
  }

  async function inspect(): Promise<Opening[]> {
    const known = (await theRecord()).all().map(({ address }) => address);
    const found = new Set<string>();
    const listings = new Map<string, Set<string>>();
    for (const [family, { inspect: command }] of Object.entries(plans)) {
      const own = known.filter((address) => String(isCanonical(address)) === family);
      // one listing often serves both families
      const key = JSON.stringify([command, command === undefined || hasAddress(command) ? family : '']);
      const listing = listings.get(key) ?? (command === undefined ? new Set(own) : await read(command, own));
      listings.set(key, listing);
      for (const address of listing) if (String(isCanonical(address)) === family) found.add(address);
    }
    return [...found].map((address) => ({ address }));
  }

  return {
    facts: { closes: 'agent', choosesTime: true, extends: readsBack, readsBack },
    async start() {
      await account();
      await theRecord();
    },
    open: (address, _seconds, onStage) => open(address, onStage),
    close,
    inspect,
    stop: () => Promise.resolve(),
    async remove() {
      const openings = await theRecord();
      for (const { address } of openings.all()) await close(address);
      await rm(file, { force: true });
    },
  };
}
