import { ofSocket } from '../../lib/address.ts';
import type { Opening } from '../doors/driver.ts';
import type { DoorFacts } from '../doors/host.ts';
import type { Audit } from './audit.ts';
import type { Clock } from './clock.ts';
import type { Devices } from './devices.ts';
import type { Doors } from './doors.ts';
import { keyOf, withSession, type Held } from './held.ts';
import type { Openings } from './openings.ts';
import type { Proofs } from './proofs.ts';

// Fast enough that a session shows while the thumb is still there; a reading costs a few ms.
const busyEvery = 1000;
const idleEvery = 5000;
// knockd's own child closes at its time; the reconciler comes after it (protocol.md, knockd on lo).
const grace = 1000;
// Twice as long after each try: some only a person can close.
const firstRetry = 1000;
const longestRetry = 60_000;

interface Parts {
  readonly openings: Openings;
  readonly doors: Doors;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly proofs: Proofs;
  /** Is anybody looking? */
  readonly followed: () => boolean;
  /** Settles what has an intent and no outcome; why something is left. */
  readonly settle: () => Promise<readonly string[]>;
  readonly log: (line: string) => void;
}

/**
 * Reads every door again and again while something is open or somebody looks: finds what has closed by itself,
 * who is connected, and what outlived its time, which it closes.
 */
export class Watch {
  private readonly parts: Parts;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly retries = new Map<string, { readonly at: number; readonly pause: number }>();
  /** Overdue openings that are not held here, by key: told once. */
  private readonly strays = new Set<string>();
  /** Looks at one door when its next opening becomes overdue, by name. */
  private readonly dues = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  /** The look at a door that is under way, by name. */
  private readonly looks = new Map<string, Promise<void>>();
  private readonly troubled = new Map<string, string>();
  private unsettled = false;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  start(): void {
    const again = (): void => {
      if (this.stopped) return;
      const { openings, followed } = this.parts;
      const busy = this.unsettled || openings.held.size > 0 || this.strays.size > 0 || followed();
      this.timer = setTimeout(() => void this.tick().finally(again), busy ? busyEvery : idleEvery);
    };
    again();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const { timer } of this.dues.values()) clearTimeout(timer);
  }

  /** One round over all doors; never rejects. */
  async tick(): Promise<void> {
    const { doors, openings, settle } = this.parts;
    await doors.refresh();
    const left = await settle();
    this.unsettled = left.length > 0;
    this.tell('', left.length === 0 ? undefined : [...new Set(left)].join('; '));
    await Promise.all([...doors.list().map((door) => this.look(door)), this.parts.proofs.look()]);
    await this.gone();
    openings.changed();
  }

  /** Openings of doors that left the configuration: nobody here can read them, so their time alone counts. */
  private async gone(): Promise<void> {
    const { openings, doors, clock } = this.parts;
    for (const one of openings.held.values()) {
      if (doors.isGone(one.row.door) && clock.now() > one.endsAt + grace && !openings.isBusy(one))
        await openings.closed(one).catch((error: unknown) => this.tell(one.row.door, String(error)));
    }
  }

  /** A trouble is logged once, not once a second. */
  private tell(door: string, trouble: string | undefined): void {
    if (trouble === undefined) return void this.troubled.delete(door);
    if (this.troubled.get(door) !== trouble)
      this.parts.log(door === '' ? trouble : `door ${door}: ${trouble}`);
    this.troubled.set(door, trouble);
  }

  /** One look at a time at one door. */
  private async look(door: DoorFacts): Promise<void> {
    await this.looks.get(door.name);
    const look = this.door(door);
    this.looks.set(door.name, look);
    await look;
    if (this.looks.get(door.name) === look) this.looks.delete(door.name);
  }

  private async door(door: DoorFacts): Promise<void> {
    const { openings, clock } = this.parts;
    if (door.problem !== undefined) return;
    let trouble: string | undefined;
    try {
      const before = clock.now();
      const read = await openings.inspect(door.name);
      const held = openings.of(door.name);
      // Who is connected is good to know; what is overdue closes without it.
      if (held.length > 0)
        await this.sessions(door.name, held).catch((error: unknown) => (trouble = String(error)));
      for (const one of held) {
        // Opened, or being opened or closed, since this reading began: it says nothing about that.
        if (openings.isBusy(one) || one.since > before) continue;
        const found = read.find((opening) => opening.address === one.row.address);
        const there = found !== undefined;
        if (!there && one.phase !== 'closed') await openings.closed(one);
        // Closed, and opened again by somebody else: not this one's to end.
        else if (one.phase === 'closed' && found?.dueMs !== undefined) continue;
        else if (there && clock.now() > one.endsAt + grace) await this.overdue(one);
        else if (one.phase === 'closed' && one.session === undefined) openings.drop(one);
        else if (there) this.dueAt(door, one.endsAt + grace);
      }
      await this.others(door, read);
    } catch (error) {
      trouble = String(error);
    }
    this.tell(door.name, trouble);
  }

  /** What outlives its time is looked for then: not up to a second later, nor behind a slow door. */
  private dueAt(door: DoorFacts, at: number): void {
    const { clock, openings } = this.parts;
    const planned = this.dues.get(door.name);
    if (this.stopped || at <= clock.now() || (planned !== undefined && planned.at <= at)) return;
    clearTimeout(planned?.timer);
    const look = (): void => {
      this.dues.delete(door.name);
      void this.look(door).finally(() => openings.changed());
    };
    this.dues.set(door.name, { at, timer: setTimeout(look, at - clock.now() + 2) });
  }

  /** Openings that are not held here, of which the driver knows the time: the tool's own, or forgotten ones. */
  private async others(facts: DoorFacts, read: readonly Opening[]): Promise<void> {
    const { openings, audit, clock } = this.parts;
    const door = facts.name;
    const left = new Set(read.map(({ address }) => keyOf(door, address)));
    for (const key of [...this.strays, ...this.retries.keys()]) {
      if (!key.startsWith(`${door} `) || left.has(key)) continue;
      this.strays.delete(key);
      this.retries.delete(key);
    }
    for (const { address, dueMs } of read) {
      const key = keyOf(door, address);
      if (dueMs === undefined || (openings.held.get(key)?.phase ?? 'closed') !== 'closed') continue;
      this.dueAt(facts, clock.now() + dueMs);
      if (dueMs > 0) continue;
      const told = this.strays.has(key);
      this.strays.add(key);
      if (!told) await audit.note({ kind: 'overdue', door, address });
      if (await this.shut(door, address)) {
        this.strays.delete(key);
        await audit.note({ kind: 'closed', door, address });
      }
    }
  }

  private async sessions(door: string, held: readonly Held[]): Promise<void> {
    const { doors, audit, devices, clock } = this.parts;
    const facts = await doors.host(door).sessions(door);
    for (const one of held) {
      // Not by `openedAt`, which is anew when the opening is lengthened; logs know whole seconds.
      const since = clock.wall() - (clock.now() - one.begunAt) - 1000;
      const live = facts.find((fact) => ofSocket(fact.address) === one.row.address && fact.at >= since);
      if (live !== undefined && one.session?.pid !== live.pid) {
        one.session = live;
        one.found = withSession(one, live, clock);
        const device = devices.nameOf(one.row.device);
        await audit.note({
          kind: 'connected',
          door,
          address: one.row.address,
          user: live.user.slice(0, 64),
          ...(device === undefined ? {} : { device }),
        });
      } else if (live === undefined && one.session !== undefined) {
        one.found = { ...one.found, ended: { user: one.session.user, at: clock.now() } };
        one.session = undefined;
      }
    }
  }

  private async overdue(held: Held): Promise<void> {
    const { audit, devices } = this.parts;
    if (!held.overdueTold) {
      held.overdueTold = true;
      const device = devices.nameOf(held.row.device);
      await audit.note({
        kind: 'overdue',
        door: held.row.door,
        address: held.row.address,
        ...(device === undefined ? {} : { device }),
      });
    }
    await this.shut(held.row.door, held.row.address);
  }

  /** False where it could not be closed, or is not tried again yet. */
  private async shut(door: string, address: string): Promise<boolean> {
    const { openings, clock, log } = this.parts;
    const key = keyOf(door, address);
    const { at = 0, pause = firstRetry } = this.retries.get(key) ?? {};
    if (clock.now() < at) return false;
    try {
      await openings.shut(door, address);
      this.retries.delete(key);
      return true;
    } catch (error) {
      this.retries.set(key, { at: clock.now() + pause, pause: Math.min(pause * 2, longestRetry) });
      log(`door ${door}: still open for ${address}: ${String(error)}`);
      return false;
    }
  }
}
