import type { SessionFact, Stage } from '../../lib/door.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { Step } from '../../lib/protocol/message.ts';
import type { Opening } from '../doors/driver.ts';
import type { DoorFacts } from '../doors/host.ts';
import type { Audit } from './audit.ts';
import type { Clock } from './clock.ts';
import type { Devices } from './devices.ts';
import type { Doors } from './doors.ts';
import type { Begin, Outcome, Requests } from './requests.ts';
import type { OpeningRow, RequestRow, Row } from './store/rows.ts';
import type { Store } from './store/store.ts';

/** Where an opening stands on its way; the tests stop the process at each (promise 5 of house.md). */
export type StepName = 'received' | 'intent' | 'verb' | 'rule' | 'outcome' | 'reply';
export type StepObserver = (step: StepName) => Promise<void>;

/** An opening that Latchkey made, as the home agent knows it. */
export interface Held {
  row: OpeningRow;
  phase: 'opening' | 'open' | 'closing' | 'unconfirmed' | 'closed';
  /** Monotonic ms at which its time is up. */
  endsAt: number;
  overdueTold: boolean;
  session: SessionFact | undefined;
  seen: boolean;
}

export interface Reading {
  readonly openings: readonly Opening[];
  /** Monotonic ms when the system was read. */
  readonly at: number;
}

export interface OpenOrder {
  readonly device: string;
  readonly id: string;
  readonly door: DoorFacts;
  readonly address: string;
  readonly seconds: number;
  /** Monotonic ms at which the request's frame arrived. */
  readonly receivedAt: number;
  readonly onStep: (step: Step) => void;
}

/** What an opening's intent holds on disk, as JSON. */
export interface OpenIntent {
  readonly address: string;
  readonly seconds: number;
}

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
      const endsAt = clock.now() + Math.min(row.closesAt - clock.wall(), row.closesAt - row.openedAt);
      this.held.set(keyOf(row.door, row.address), { row, phase: 'open', endsAt, ...fresh });
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

  /** One act at a time on one door's one address: an open and a close never interleave. */
  private async alone<T>(key: string, act: () => Promise<T>): Promise<T> {
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

  /** Carries the order out; rejects only where not even the intent reached the disk. */
  open(order: OpenOrder, begin: Begin): Promise<Outcome> {
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
        : { row, phase: 'opening', endsAt: clock.now() + order.seconds * 1000, ...fresh };
      this.held.set(key, held);
      this.changed();
      if (observe !== undefined) await observe('intent');

      try {
        step('asked');
        const verb = host.open(order.door.name, order.address, order.seconds, (stage) =>
          step(stage.stage, stage.n, stage.of),
        );
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
    held.endsAt = clock.now() + lengthMs;
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
    await requests.settle(request, outcome, ...also, event);
    held.phase = remains ? 'open' : 'closed';
    if (!remains) this.held.delete(keyOf(held.row.door, held.row.address));
    audit.tell(event);
    this.changed();
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
    held.phase = 'closed';
    held.row = { ...held.row, closedAt: clock.wall() };
    const device = devices.nameOf(held.row.device);
    const event = audit.draft({
      kind: 'closed',
      door: held.row.door,
      address: held.row.address,
      ...(device === undefined ? {} : { device }),
    });
    await store.commit([{ put: 'opening', value: held.row }, event]);
    if (held.session === undefined) this.held.delete(keyOf(held.row.door, held.row.address));
    audit.tell(event);
    this.changed();
  }
}

const fresh = { overdueTold: false, session: undefined, seen: false } as const;

export function keyOf(door: string, address: string): string {
  return `${door} ${address}`;
}
