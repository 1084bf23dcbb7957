import type { EventView } from '../../lib/protocol/message.ts';
import type { EventRow, Row } from './store/rows.ts';
import type { Store } from './store/store.ts';

export type EventFacts = Omit<EventView, 'n' | 'at'>;

// A paired device gone wild must not fill the disk with refusals; what is left out is counted, and logged.
const refusalsAMinute = 30;

/** What happened, numbered, on disk. Rows are drafted here and committed with what they tell of. */
export class Audit {
  private readonly store: Store;
  private readonly wall: () => number;
  private readonly log: (line: string) => void;
  private n: number;
  private minute = 0;
  private refusals = 0;
  private readonly listeners = new Set<(event: EventView) => void>();

  constructor(store: Store, wall: () => number, log: (line: string) => void) {
    this.store = store;
    this.wall = wall;
    this.log = log;
    this.n = store.loaded.lastEvent;
  }

  draft(facts: EventFacts): Row & { put: 'event' } {
    const value: EventRow = {
      n: ++this.n,
      at: this.wall(),
      kind: facts.kind,
      door: facts.door ?? null,
      device: facts.device ?? null,
      address: facts.address ?? null,
      code: facts.code ?? null,
      user: facts.user ?? null,
      seconds: facts.seconds ?? null,
      jail: facts.jail ?? null,
      vault: facts.vault ?? null,
      archives: facts.archives ?? null,
    };
    return { put: 'event', value };
  }

  /** To those who follow; call it once the row is on disk. */
  tell(row: Row & { put: 'event' }): void {
    const view = viewOf(row.value);
    for (const listener of this.listeners) listener(view);
  }

  async note(facts: EventFacts): Promise<void> {
    if (facts.kind === 'refused') {
      const minute = Math.floor(this.wall() / 60_000);
      if (minute !== this.minute) {
        const left = this.refusals - refusalsAMinute;
        if (left > 0) this.log(`audit: ${left} further refusals of one minute are not written down`);
        this.minute = minute;
        this.refusals = 0;
      }
      if (++this.refusals > refusalsAMinute) return;
    }
    const row = this.draft(facts);
    await this.store.commit([row]);
    this.tell(row);
  }

  /** Newest first. */
  async read(before: number, limit: number): Promise<EventView[]> {
    return (await this.store.events(before, limit)).map(viewOf);
  }

  onEvent(listener: (event: EventView) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

function viewOf(row: EventRow): EventView {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as EventView;
}
