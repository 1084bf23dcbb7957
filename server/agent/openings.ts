import type { Stage } from '../../lib/door.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { Step } from '../../lib/protocol/message.ts';
import type { Opening } from '../doors/driver.ts';
import type { Audit } from './audit.ts';
import type { Clock } from './clock.ts';
import type { Devices } from './devices.ts';
import type { Doors } from './doors.ts';
import { fresh, keyOf, type Held, type OpenIntent, type OpenOrder, type Reading } from './held.ts';
import type { Begin, Outcome, Requests } from './requests.ts';
import type { OpeningRow, RequestRow, Row } from './store/rows.ts';
import type { Store } from './store/store.ts';

/** Where an opening stands on its way; the tests stop the process at each (promise 5 of house.md). */
export type StepName = 'received' | 'intent' | 'verb' | 'rule' | 'outcome' | 'reply';
export type StepObserver = (step: StepName) => Promise<void>;

interface Parts {
  readonly store: Store;
  readonly doors: Doors;
  readonly devices: Devices;
  readonly requests: Requests;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly observe: StepObserver | undefined;
}

/** Opens and closes, in this order and no other: intent on disk, verb, read back, outcome on disk. */
export class Openings {
  readonly held = new Map<string, Held>();
  readonly readings = new Map<string, Reading>();
  private readonly parts: Parts;
  private readonly tails = new Map<string, Promise<unknown>>();
  private readonly listeners = new Set<() => void>();

  constructor(parts: Parts) {
    this.parts = parts;
    const { clock, store } = parts;
    for (const row of store.loaded.openings) {
      const since = clock.now();
      const endsAt = since + Math.min(row.closesAt - clock.wall(), row.closesAt - row.openedAt);
      this.held.set(keyOf(row.door, row.address), { row, phase: 'open', endsAt, since, ...fresh });
    }
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  of(door: string): Held[] {
    return [...this.held.values()].filter((held) => held.row.door === door);
  }

  /** An act on this opening is under way or waits for its turn: what it will be is that act's to say. */
  isBusy(held: Held): boolean {
    return this.tails.has(keyOf(held.row.door, held.row.address));
  }

  /** One act at a time on one door's one address: an open and a close never interleave. */
  async alone<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key) ?? Promise.resolve();
    const mine = before.then(act, act);
    const tail = mine.catch(() => undefined);
    this.tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    }
  }

  /**
   * Carries the order out. Rejects where the intent did not reach the disk, where the outcome did not (it is found
   * out and written later), and with `session-revoked` where the device was revoked meanwhile: it is closed then.
   */
  async open(order: OpenOrder, begin: Begin): Promise<Outcome> {
    const outcome = await this.carryOut(order, begin);
    // The revocation closed what it saw open; an extension of another device's opening it could not see.
    if (outcome.ok && this.parts.devices.get(order.device)?.revokedAt !== null) {
      await this.shut(order.door.name, order.address);
      throw new LatchkeyError('session-revoked');
    }
    return outcome;
  }

  private carryOut(order: OpenOrder, begin: Begin): Promise<Outcome> {
    const key = keyOf(order.door.name, order.address);
    return this.alone(key, async () => {
      const { clock, doors, observe } = this.parts;
      const host = doors.host(order.door.name);
      const steps: Step[] = [{ step: 'received', atMs: 0 }];
      const step = (stage: Stage['stage'], n?: number, of?: number): void => {
        // The home agent has asked the room, the room its driver: one step to whoever looks on.
        if (stage === 'asked' && steps.some((made) => made.step === 'asked')) return;
        const atMs = Math.round(clock.now() - order.receivedAt);
        const made: Step = {
          step: stage,
          ...(n === undefined ? {} : { n }),
          ...(of === undefined ? {} : { of }),
          atMs,
        };
        steps.push(made);
        order.onStep(made);
      };
      if (observe !== undefined) await observe('received');

      const now = clock.wall();
      const row = {
        door: order.door.name,
        address: order.address,
        device: order.device,
        openedAt: now,
        closesAt: now + order.seconds * 1000,
        closedAt: null,
      };
      const before = this.held.get(key);
      // An opening that runs on stays as it is on disk until the new one is known to have taken its place.
      const running = before !== undefined && before.phase !== 'closed';
      const request = await begin(
        {
          door: order.door.name,
          at: now,
          intent: JSON.stringify({ address: order.address, seconds: order.seconds } satisfies OpenIntent),
        },
        ...(running ? [] : [{ put: 'opening', value: row } as const]),
      );
      const held: Held = running
        ? before
        : {
            row,
            phase: 'opening',
            since: clock.now(),
            endsAt: clock.now() + order.seconds * 1000,
            ...fresh,
          };
      this.held.set(key, held);
      this.changed();
      if (observe !== undefined) await observe('intent');

      try {
        // From here on a revocation finds it among what is held; one that came before is found here.
        this.parts.devices.require(order.device);
        const verb = host.open(order.door.name, order.address, order.seconds, (stage) =>
          step(stage.stage, stage.n, stage.of),
        );
        // told after the verb has left: nothing is sealed and sent while the door waits
        step('asked');
        if (observe !== undefined) await observe('verb');
        const opening = await verb;
        if (observe !== undefined) await observe('rule');
        if (steps.at(-1)?.step !== 'checked') step('checked');
        return await this.settleOpen(request, held, row, opening, steps);
      } catch (error) {
        return await this.settleFailure(request, held, running, error);
      }
    });
  }

  private async settleOpen(
    request: RequestRow,
    held: Held,
    row: OpeningRow,
    opening: Opening,
    steps: readonly Step[],
  ): Promise<Outcome> {
    const { clock, requests, devices, audit, observe } = this.parts;
    const lengthMs = opening.remainingMs ?? row.closesAt - row.openedAt;
    const closesAt = clock.wall() + lengthMs;
    const outcome: Outcome = { ok: true, address: row.address, steps, closesAt };
    const device = devices.nameOf(row.device);
    const event = audit.draft({
      kind: 'opened',
      door: row.door,
      address: row.address,
      seconds: Math.max(1, Math.round(lengthMs / 1000)),
      ...(device === undefined ? {} : { device }),
    });
    const settled = { ...row, closesAt };
    await requests.settle(request, outcome, { put: 'opening', value: settled }, event);
    held.row = settled;
    held.phase = 'open';
    held.since = clock.now();
    held.endsAt = held.since + lengthMs;
    held.overdueTold = false;
    this.note(row.door, opening);
    audit.tell(event);
    this.changed();
    if (observe !== undefined) await observe('outcome');
    return outcome;
  }

  private async settleFailure(
    request: RequestRow,
    held: Held,
    running: boolean,
    error: unknown,
  ): Promise<Outcome> {
    const { clock, requests, devices, audit } = this.parts;
    const code = codeOf(error, 'tool-failed');
    const left = held.endsAt - clock.now();
    const outcome: Outcome = {
      ok: false,
      code,
      ...(running && left > 0 ? { remainingMs: Math.round(left) } : {}),
    };
    const also: Row[] = [];
    // A verb that failed may have acted: what the system still shows stays held, and will be closed at its time.
    const remains = running || (await this.present(held));
    if (!remains) {
      held.row = { ...held.row, closedAt: clock.wall() };
      also.push({ put: 'opening', value: held.row });
    }
    const device = devices.nameOf(request.device);
    const event = audit.draft({
      kind: code.startsWith('refused-') ? 'refused' : 'failed',
      door: request.door,
      address: held.row.address,
      code,
      ...(device === undefined ? {} : { device }),
    });
    try {
      await requests.settle(request, outcome, ...also, event);
    } finally {
      // Also where the disk took nothing: what may be open is closed at its time all the same.
      held.phase = remains ? 'open' : 'closed';
      if (!remains) this.drop(held);
      this.changed();
    }
    audit.tell(event);
    return outcome;
  }

  /** True unless the system was read and does not have the opening. */
  private async present(held: Held): Promise<boolean> {
    try {
      const openings = await this.inspect(held.row.door);
      return openings.some((opening) => opening.address === held.row.address);
    } catch {
      return true;
    }
  }

  /** Reads the door from the system. Throws what the driver throws; the last reading stays then. */
  async inspect(door: string): Promise<readonly Opening[]> {
    const openings = await this.parts.doors.host(door).inspect(door);
    this.readings.set(door, { openings, at: this.parts.clock.now() });
    return openings;
  }

  private note(door: string, opening: Opening): void {
    const others = (this.readings.get(door)?.openings ?? []).filter((one) => one.address !== opening.address);
    this.readings.set(door, { openings: [...others, opening], at: this.parts.clock.now() });
  }

  /**
   * Closes one address of a door and reads back. Throws `tool-*`; the opening is then shown as unconfirmed.
   * @returns true where there was something to close
   */
  shut(door: string, address: string): Promise<boolean> {
    return this.alone(keyOf(door, address), async () => {
      const held = this.held.get(keyOf(door, address));
      if (held !== undefined) held.phase = 'closing';
      this.changed();
      try {
        await this.parts.doors.host(door).close(door, address);
        const left = await this.inspect(door);
        if (left.some((opening) => opening.address === address))
          throw new LatchkeyError('tool-still-open', address);
      } catch (error) {
        if (held !== undefined) held.phase = 'unconfirmed';
        this.changed();
        throw error;
      }
      if (held !== undefined) await this.closed(held);
      return held !== undefined;
    });
  }

  /** The system no longer has it: on disk, told, and out of memory but for a session that lives on. */
  async closed(held: Held): Promise<void> {
    const { clock, store, devices, audit } = this.parts;
    if (held.phase === 'closed') return;
    const { phase, row } = held;
    held.phase = 'closed';
    held.row = { ...row, closedAt: clock.wall() };
    const device = devices.nameOf(held.row.device);
    const event = audit.draft({
      kind: 'closed',
      door: held.row.door,
      address: held.row.address,
      ...(device === undefined ? {} : { device }),
    });
    try {
      await store.commit([{ put: 'opening', value: held.row }, event]);
    } catch (error) {
      // Not on disk, so not told: found closed again by the next reading.
      held.phase = phase;
      held.row = row;
      throw error;
    }
    if (held.session === undefined) this.drop(held);
    audit.tell(event);
    this.changed();
  }

  /** Out of memory, unless a newer opening of the same address has its place. */
  drop(held: Held): void {
    const key = keyOf(held.row.door, held.row.address);
    if (this.held.get(key) === held) this.held.delete(key);
  }
}
