import { ofSocket } from '../../lib/address.ts';
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
const retryAfter = 5000;

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
  private readonly retryAt = new Map<string, number>();
  private readonly troubled = new Map<string, string>();
  private unsettled = false;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  start(): void {
    const again = (): void => {
      if (this.stopped) return;
      const busy = this.unsettled || this.parts.openings.held.size > 0 || this.parts.followed();
      this.timer = setTimeout(() => void this.tick().finally(again), busy ? busyEvery : idleEvery);
    };
    again();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** One round over all doors; never rejects. */
  async tick(): Promise<void> {
    const { doors, openings, settle } = this.parts;
    await doors.refresh();
    const left = await settle();
    this.unsettled = left.length > 0;
    this.tell('', left.length === 0 ? undefined : [...new Set(left)].join('; '));
    await Promise.all([...doors.list().map((door) => this.door(door)), this.parts.proofs.look()]);
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
        const there = read.some((opening) => opening.address === one.row.address);
        if (!there && one.phase !== 'closed') await openings.closed(one);
        else if (there && clock.now() > one.endsAt + grace) await this.overdue(one);
        else if (one.phase === 'closed' && one.session === undefined) openings.drop(one);
      }
    } catch (error) {
      trouble = String(error);
    }
    this.tell(door.name, trouble);
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
    const { openings, audit, clock, devices, log } = this.parts;
    const key = keyOf(held.row.door, held.row.address);
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
    if (clock.now() < (this.retryAt.get(key) ?? 0)) return;
    this.retryAt.set(key, clock.now() + retryAfter);
    try {
      await openings.shut(held.row.door, held.row.address);
      this.retryAt.delete(key);
    } catch (error) {
      log(`door ${held.row.door}: still open for ${held.row.address}: ${String(error)}`);
    }
  }
}
