import type { Ban } from '../../lib/ban.ts';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { Step } from '../../lib/protocol/message.ts';
import type { Clock } from './clock.ts';
import type { RequestRow, Row } from './store/rows.ts';
import type { Store } from './store/store.ts';

/** How a request that acts ended, as it stands on disk and as every retry is answered. */
export type Outcome =
  | {
      readonly ok: true;
      /** An opening's: the address, its steps, and when it ends (Unix ms of the home). */
      readonly address?: string;
      readonly steps?: readonly Step[];
      readonly closesAt?: number;
      /** An unban's: what was lifted, and what still turned it away afterwards. A reban's: what stands again. */
      readonly lifted?: readonly Ban[];
      readonly left?: readonly Ban[];
      /** What set it will set it again. */
      readonly comesBack?: true;
      readonly banned?: readonly Ban[];
      /** An inventory's: of how many vaults the list is on its way. */
      readonly vaults?: number;
      /** When that was, Unix ms of the home. */
      readonly at?: number;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly remainingMs?: number };

/** Puts the intent, and what else is to be on disk before the act, into one transaction. */
export type Begin = (
  draft: Omit<RequestRow, 'device' | 'id' | 'kind' | 'outcome'>,
  ...also: readonly Row[]
) => Promise<RequestRow>;

/** What a request acts on: the name of a door, the id of the device to revoke, a banned value, the id of an unban, a vault ('': all), a plan. */
export interface Act {
  readonly kind: RequestRow['kind'];
  readonly on: string;
}

// What a retry may still be answered from. More than a day of it is not kept on disk either.
const mostKnown = 10_000;
// For each device: far above what people and scripts do, and little enough for a disk and a day.
const actsPerSecond = 5;
const actsAtOnce = 300;

interface Known {
  row: RequestRow | undefined;
  readonly act: Act;
  pending: Promise<Outcome> | undefined;
}

/**
 * (device, request id) → outcome, so that a request acts at most once: over a lost answer, a new session and
 * kill -9. Only what was begun (its intent is on disk) is remembered; a refusal before that may be tried again.
 */
export class Requests {
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly known = new Map<string, Known>();
  private readonly budgets = new Map<string, { left: number; at: number }>();

  constructor(store: Store, clock: Clock) {
    this.store = store;
    this.clock = clock;
    for (const row of store.loaded.requests) {
      this.known.set(`${row.device} ${row.id}`, { row, act: actOf(row), pending: undefined });
    }
  }

  /** Intents of an earlier life without an outcome. */
  unsettled(): RequestRow[] {
    return [...this.known.values()].flatMap(({ row, pending }) =>
      row !== undefined && row.outcome === null && pending === undefined ? [row] : [],
    );
  }

  /**
   * Runs `run` once for this id; a retry gets the same promise or the recorded outcome. Throws what `run` throws
   * before its intent is on disk, `refused-replay` where the id was used for something else, `refused-rate`, and
   * `tool-helper-gone` while an intent without an outcome waits to be settled.
   */
  async once(
    device: string,
    id: string,
    act: Act,
    run: (begin: Begin) => Promise<Outcome>,
  ): Promise<Outcome> {
    const key = `${device} ${id}`;
    const before = this.known.get(key);
    if (before !== undefined) {
      if (before.act.kind !== act.kind || before.act.on !== act.on) throw new LatchkeyError('refused-replay');
      if (before.pending !== undefined) return before.pending;
      const outcome = before.row?.outcome ?? null;
      if (outcome === null) throw new LatchkeyError('tool-helper-gone', 'not settled yet');
      return JSON.parse(outcome) as Outcome;
    }
    this.spend(device);
    const known: Known = { row: undefined, act, pending: undefined };
    this.known.set(key, known);
    this.forgetOldest();
    const begin: Begin = async (draft, ...also) => {
      const row: RequestRow = { device, id, kind: act.kind, outcome: null, ...draft };
      await this.store.commit([{ put: 'request', value: row }, ...also]);
      known.row = row;
      return row;
    };
    known.pending = run(begin);
    try {
      return await known.pending;
    } catch (error) {
      if (known.row === undefined) this.known.delete(key);
      throw error;
    } finally {
      known.pending = undefined;
    }
  }

  /** How a request of this device and kind ended; undefined where there is none, or no end yet. */
  outcomeOf(device: string, id: string, kind: Act['kind']): Outcome | undefined {
    const known = this.known.get(`${device} ${id}`);
    const outcome = known?.act.kind === kind ? (known.row?.outcome ?? null) : null;
    return outcome === null ? undefined : (JSON.parse(outcome) as Outcome);
  }

  /** Whether this device asked for the act before, and it did not fail. */
  wasBegun(device: string, { kind, on }: Act): boolean {
    return [...this.known.values()].some(
      ({ row, act }) =>
        row?.device === device &&
        act.kind === kind &&
        act.on === on &&
        this.outcomeOf(device, row.id, kind)?.ok !== false,
    );
  }

  /** Counts an act of this device that is not kept here. Throws `refused-rate`. */
  spend(device: string): void {
    const now = this.clock.now();
    const { left, at } = this.budgets.get(device) ?? { left: actsAtOnce, at: now };
    const filled = Math.min(actsAtOnce, left + ((now - at) / 1000) * actsPerSecond);
    this.budgets.set(device, { left: Math.max(0, filled - 1), at: now });
    if (filled < 1) throw new LatchkeyError('refused-rate');
  }

  private forgetOldest(): void {
    for (const [key, { row, pending }] of this.known) {
      if (this.known.size <= mostKnown) return;
      if (pending === undefined && typeof row?.outcome === 'string') this.known.delete(key);
    }
  }

  /** Commits the outcome together with what else changed; only then may it be told. */
  async settle(row: RequestRow, outcome: Outcome, ...also: readonly Row[]): Promise<void> {
    const settled: RequestRow = { ...row, outcome: JSON.stringify(outcome) };
    await this.store.commit([{ put: 'request', value: settled }, ...also]);
    const known = this.known.get(`${row.device} ${row.id}`);
    if (known !== undefined) known.row = settled;
  }
}

function actOf(row: RequestRow): Act {
  const { kind } = row;
  switch (kind) {
    case 'open':
    case 'close':
      return { kind, on: row.door };
    case 'revoke':
      return { kind, on: (JSON.parse(row.intent) as { device: string }).device };
    case 'unban':
      return { kind, on: (JSON.parse(row.intent) as { value: string }).value };
    case 'inventory':
      return { kind, on: (JSON.parse(row.intent) as { vault?: string }).vault ?? '' };
    case 'restore':
      return { kind, on: (JSON.parse(row.intent) as { plan: string }).plan };
    case 'reban':
      return { kind, on: (JSON.parse(row.intent) as { unban: string }).unban };
  }
}
