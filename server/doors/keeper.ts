import { refusalOf } from '../../lib/address.ts';
import { usualApplication, type SessionFact, type Stage } from '../../lib/door.ts';
import { codeOf, LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { DoorDefinition } from './definition.ts';
import type { DoorDriver, DriverFacts, Opening } from './driver.ts';
import type { DoorFacts, DoorHost } from './host.ts';

export interface KeeperOptions {
  /** A folder of this room's own (0700) for what drivers must leave to their tools. */
  readonly directory: string;
  readonly log: (line: string) => void;
  /** True where a door may be opened for this machine's own loopback: the home agent's `proxy` doors. */
  readonly allowLoopback?: boolean;
  /** This machine's own canonical addresses, asked at each opening: they change. */
  readonly ownAddresses?: () => readonly string[];
  readonly sessions?: (door: DoorDefinition, driver: DoorDriver) => Promise<SessionFact[]>;
  /** Whether `sessions` would tell of one behind this door. */
  readonly tellsSessions?: (door: DoorDefinition, driver: DoorDriver) => Promise<boolean>;
  readonly logins?: (port: number) => Promise<SessionFact[] | undefined>;
  /** Monotonic milliseconds; a parameter for tests. */
  readonly now?: () => number;
}

interface Kept {
  readonly definition: DoorDefinition;
  /** Resolves when the driver has started, or has failed to and `problem` says why. Never rejects. */
  ready: Promise<void>;
  driver?: DoorDriver;
  problem?: ErrorCode;
  /** Address → when its opening ends at the latest by `now`; Infinity where the driver keeps no time. */
  readonly open: Map<string, number>;
  /** Addresses whose opening is under way: they count, and a full inspect does not see them yet. */
  readonly opening: Set<string>;
  /** Address → the end of its queue: requests for one address go one after another. */
  readonly queues: Map<string, Promise<unknown>>;
  /** When openings of the last minute were asked for. */
  asked: number[];
}

/** What is shown of a door whose driver could not even be made. */
const noFacts: DriverFacts = { closes: 'agent', choosesTime: false, extends: false, readsBack: false };

/**
 * Doors and the rules that hold before any driver is asked: the name is configured, the address canonical and
 * allowed, the time whole seconds within the door's longest, the number open and the rate within theirs.
 * Both rooms use it: the helper for doors that need root, the home agent for its own.
 */
export class DoorKeeper implements DoorHost {
  readonly #options: KeeperOptions;
  readonly #now: () => number;
  #doors = new Map<string, Kept>();
  #replacing: Promise<void> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Makes the doors be these: starts new ones, restarts changed ones and those with a problem, takes away those
   * that are gone. Live openings of doors that stay are kept. Never rejects for one door: see DoorFacts.problem.
   */
  replace(definitions: readonly DoorDefinition[]): Promise<void> {
    const done = this.#replacing.then(() => this.#replace(definitions));
    this.#replacing = done;
    return done;
  }

  async #replace(definitions: readonly DoorDefinition[]): Promise<void> {
    const before = this.#doors;
    const after = new Map<string, Kept>();
    const fresh: Kept[] = [];
    for (const definition of definitions) {
      const old = before.get(definition.name);
      if (old?.driver !== undefined && old.problem === undefined && sameDriver(old.definition, definition)) {
        after.set(definition.name, { ...old, definition });
        continue;
      }
      const kept: Kept = {
        definition,
        ready: Promise.resolve(),
        open: new Map(),
        opening: new Set(),
        queues: new Map(),
        asked: old?.asked ?? [],
      };
      after.set(definition.name, kept);
      fresh.push(kept);
    }
    // From here on requests meet the new doors, and wait for theirs to be ready.
    const retired = [...before.values()].filter(
      (old) => after.get(old.definition.name)?.driver !== old.driver,
    );
    const cleared = Promise.all(retired.map((old) => this.#retire(old, after.get(old.definition.name))));
    for (const kept of fresh) kept.ready = cleared.then(() => this.#start(kept));
    this.#doors = after;
    await Promise.all(fresh.map((kept) => kept.ready));
  }

  async #retire(old: Kept, successor: Kept | undefined): Promise<void> {
    await this.#idle(old);
    const leaves = successor?.definition.type !== old.definition.type;
    try {
      if (leaves && old.driver?.remove !== undefined) await old.driver.remove();
      else await old.driver?.stop();
    } catch (error) {
      this.#options.log(`door ${old.definition.name}: ${describe(error)}`);
    }
  }

  async #start(kept: Kept): Promise<void> {
    const { name, type, options } = kept.definition;
    try {
      const { directory, log } = this.#options;
      kept.driver = type.create(options, { door: name, directory, log });
      await kept.driver.start();
      this.#note(kept, await kept.driver.inspect());
    } catch (error) {
      kept.problem = codeOf(error, 'tool-failed');
      this.#options.log(`door ${name}: ${describe(error)}`);
    }
  }

  async doors(): Promise<DoorFacts[]> {
    const all = [...this.#doors.values()];
    await Promise.all(all.map((kept) => kept.ready));
    return Promise.all(all.map((kept) => this.#facts(kept)));
  }

  async #facts({ definition, driver, problem }: Kept): Promise<DoorFacts> {
    const facts = driver?.facts ?? noFacts;
    const { closes, choosesTime, extends: lengthens, readsBack, seesPackets, families, seconds } = facts;
    const { name, type, options, host = type.host?.(options), devices } = definition;
    const port = type.port(options);
    const jump = type.jump?.(options);
    const service = type.service?.(options);
    const fault = problem === undefined ? await driver?.fault?.() : undefined;
    const tells = driver !== undefined && (await this.#options.tellsSessions?.(definition, driver)) === true;
    return {
      name,
      driver: type.name,
      closes,
      choosesTime,
      extends: lengthens,
      readsBack,
      ...(seesPackets === true ? { seesPackets } : {}),
      ...(families === undefined ? {} : { families }),
      ...(tells ? { sessions: true } : {}),
      endpoint: {
        ...(host === undefined ? {} : { host }),
        port,
        ...(service?.protocol === 'udp' ? { protocol: 'udp' } : {}),
      },
      ...(jump === undefined ? {} : { jump }),
      serves: definition.serves ?? usualApplication(service?.port ?? port, service?.protocol),
      ...(service === undefined ? {} : { service }),
      ...(devices === undefined ? {} : { devices }),
      defaultSeconds: seconds ?? definition.defaultSeconds,
      longestSeconds: seconds ?? definition.longestSeconds,
      ...(problem === undefined ? {} : { problem }),
      ...(fault === undefined ? {} : { fault }),
    };
  }

  async open(
    door: string,
    address: string,
    seconds: number,
    onStage: (stage: Stage) => void,
  ): Promise<Opening> {
    const kept = await this.#find(door);
    this.#checkAddress(address);
    const { longestSeconds, perMinute } = kept.definition;
    const fixed = kept.driver?.facts.seconds;
    const allowed = fixed === undefined ? seconds >= 1 && seconds <= longestSeconds : seconds === fixed;
    if (!Number.isSafeInteger(seconds) || !allowed) throw new LatchkeyError('refused-time', `${seconds} s`);
    const driver = usable(kept);
    const now = this.#now();
    kept.asked = kept.asked.filter((at) => at > now - 60_000);
    if (kept.asked.length >= perMinute) throw new LatchkeyError('refused-rate', door);
    kept.asked.push(now);
    return this.#queued(kept, address, async () => {
      kept.opening.add(address);
      try {
        await this.#checkRoom(kept, driver, address);
        const opening = await driver.open(address, seconds, onStage);
        const lasts = opening.remainingMs ?? (fixed === undefined ? Infinity : fixed * 1000);
        kept.open.set(address, this.#now() + lasts);
        return opening;
      } finally {
        kept.opening.delete(address);
      }
    });
  }

  async close(door: string, address: string): Promise<void> {
    const kept = await this.#find(door);
    // What has become this machine's own address since it was opened must still be closed.
    this.#checkAddress(address, []);
    const driver = usable(kept);
    await this.#queued(kept, address, async () => {
      await driver.close(address);
      kept.open.delete(address);
    });
  }

  async inspect(door: string): Promise<Opening[]> {
    const kept = await this.#find(door);
    const openings = await usable(kept).inspect();
    this.#note(kept, openings);
    return openings;
  }

  async sessions(door: string): Promise<SessionFact[]> {
    const kept = await this.#find(door);
    return (await this.#options.sessions?.(kept.definition, usable(kept))) ?? [];
  }

  async logins(port: number): Promise<SessionFact[] | undefined> {
    return this.#options.logins?.(port);
  }

  async stop(): Promise<void> {
    await this.#replacing;
    const all = [...this.#doors.values()];
    this.#doors = new Map();
    await Promise.all(
      all.map(async (kept) => {
        await kept.ready;
        await this.#idle(kept);
        await kept.driver?.stop();
      }),
    );
  }

  async #find(name: string): Promise<Kept> {
    const kept = this.#doors.get(name);
    if (kept === undefined) throw new LatchkeyError('refused-door');
    await kept.ready;
    return kept;
  }

  #checkAddress(address: string, own = this.#options.ownAddresses?.() ?? []): void {
    const refusal = refusalOf(address, {
      // Whether private addresses are welcome is the home agent's to decide: it is in the home's file.
      allowPrivate: true,
      allowLoopback: this.#options.allowLoopback ?? false,
      own,
    });
    if (refusal !== undefined) throw new LatchkeyError(refusal);
  }

  /** Counts by what we know, and asks the system itself before it refuses. */
  async #checkRoom(kept: Kept, driver: DoorDriver, address: string): Promise<void> {
    const { maxOpen, name } = kept.definition;
    if (this.#others(kept, address) < maxOpen) return;
    this.#note(kept, await driver.inspect());
    if (this.#others(kept, address) >= maxOpen) throw new LatchkeyError('refused-door-full', name);
  }

  #others(kept: Kept, address: string): number {
    const now = this.#now();
    for (const [one, until] of kept.open) if (until <= now) kept.open.delete(one);
    const all = new Set([...kept.open.keys(), ...kept.opening]);
    all.delete(address);
    return all.size;
  }

  #note(kept: Kept, openings: readonly Opening[]): void {
    kept.open.clear();
    const now = this.#now();
    for (const { address, remainingMs } of openings) kept.open.set(address, now + (remainingMs ?? Infinity));
  }

  #queued<T>(kept: Kept, address: string, work: () => Promise<T>): Promise<T> {
    const turn = (kept.queues.get(address) ?? Promise.resolve()).then(work);
    const end = turn.then(
      () => undefined,
      () => undefined,
    );
    kept.queues.set(address, end);
    void end.then(() => {
      if (kept.queues.get(address) === end) kept.queues.delete(address);
    });
    return turn;
  }

  async #idle(kept: Kept): Promise<void> {
    while (kept.queues.size > 0) await Promise.all(kept.queues.values());
  }
}

function usable(kept: Kept): DoorDriver {
  if (kept.driver === undefined || kept.problem !== undefined)
    throw new LatchkeyError(kept.problem ?? 'tool-failed', kept.definition.name);
  return kept.driver;
}

function sameDriver(a: DoorDefinition, b: DoorDefinition): boolean {
  return a.type === b.type && JSON.stringify(a.options) === JSON.stringify(b.options);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
