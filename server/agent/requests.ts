import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { Step } from '../../lib/protocol/message.ts';
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
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly remainingMs?: number };

/** Puts the intent, and what else is to be on disk before the act, into one transaction. */
export type Begin = (
  draft: Omit<RequestRow, 'device' | 'id' | 'kind' | 'outcome'>,
  ...also: readonly Row[]
) => Promise<RequestRow>;

interface Known {
  row: RequestRow | undefined;
  readonly kind: RequestRow['kind'];
  pending: Promise<Outcome> | undefined;
}

/**
 * (device, request id) → outcome, so that a request acts at most once: over a lost answer, a new session and
 * kill -9. Only what was begun (its intent is on disk) is remembered; a refusal before that may be tried again.
 */
export class Requests {
  private readonly store: Store;
  private readonly known = new Map<string, Known>();

  constructor(store: Store) {
    this.store = store;
    for (const row of store.loaded.requests) {
      this.known.set(`${row.device} ${row.id}`, { row, kind: row.kind, pending: undefined });
    }
  }

  /** Intents of an earlier life without an outcome. */
  unsettled(): RequestRow[] {
    return [...this.known.values()].flatMap(({ row, pending }) =>
      row !== undefined && row.outcome === null && pending === undefined ? [row] : [],
    );
  }

  /**
   * Runs `act` once for this id; a retry gets the same promise or the recorded outcome. Throws what `act` throws
   * before its intent is on disk, `refused-replay` where the id was used for something else, and
   * `tool-helper-gone` while an intent of an earlier life waits to be settled.
   */
  async once(
    device: string,
    id: string,
    kind: RequestRow['kind'],
    act: (begin: Begin) => Promise<Outcome>,
  ): Promise<Outcome> {
    const key = `${device} ${id}`;
    const before = this.known.get(key);
    if (before !== undefined) {
      if (before.kind !== kind) throw new LatchkeyError('refused-replay');
      if (before.pending !== undefined) return before.pending;
      const outcome = before.row?.outcome ?? null;
      if (outcome === null) throw new LatchkeyError('tool-helper-gone', 'not settled yet');
      return JSON.parse(outcome) as Outcome;
    }
    const known: Known = { row: undefined, kind, pending: undefined };
    this.known.set(key, known);
    const begin: Begin = async (draft, ...also) => {
      const row: RequestRow = { device, id, kind, outcome: null, ...draft };
      await this.store.commit([{ put: 'request', value: row }, ...also]);
      known.row = row;
      return row;
    };
    known.pending = act(begin);
    try {
      return await known.pending;
    } catch (error) {
      if (known.row === undefined) this.known.delete(key);
      throw error;
    } finally {
      known.pending = undefined;
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
