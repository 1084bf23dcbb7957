import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf } from '../../lib/errors.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import { Loading } from './loading.ts';
import type { ActivityState } from './types.ts';

/** As many as one answer holds. */
const page = 50;

/** The home's events, newest first: what was loaded, and what came by itself since. */
export class ActivityList {
  private readonly client: Client;
  private readonly changed: () => void;
  private readonly loading: Loading;
  private events: readonly EventView[] = [];
  private more = true;

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.changed = changed;
    this.loading = new Loading(clock);
  }

  state(now: number): Pick<ActivityState, 'events' | 'load' | 'more'> {
    return { events: this.events, load: this.loading.state(now), more: this.more };
  }

  /** The newest at first, then older ones. */
  load(): void {
    void this.fetch(this.events.length === 0 ? undefined : this.events.at(-1)?.n);
  }

  /** Events may have been missed while there was no connection. */
  reconnected(): void {
    if (this.loading.wasAsked) void this.fetch(undefined);
  }

  heard(event: EventView): void {
    if (this.loading.wasAsked) this.add([event]);
  }

  private async fetch(before: number | undefined): Promise<void> {
    if (!this.loading.begin()) return;
    this.changed();
    try {
      const events = await this.client.activity(page, before);
      const newest = this.events[0]?.n;
      const oldest = events.at(-1)?.n;
      // A gap between what came and what was there: the old part is let go, and can be loaded again.
      const gap = before === undefined && newest !== undefined && oldest !== undefined && oldest > newest + 1;
      if (gap && events.length === page) this.events = [];
      this.add(events);
      if (before !== undefined || this.events.length <= events.length) this.more = events.length === page;
      this.loading.done();
    } catch (error) {
      this.loading.fail(codeOf(error, 'relay-no-answer'));
    }
    this.changed();
  }

  private add(events: readonly EventView[]): void {
    const known = new Map([...this.events, ...events].map((event) => [event.n, event]));
    this.events = [...known.values()].sort((a, b) => b.n - a.n);
  }
}
