import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import type { CheckResult } from '../../lib/checks.ts';
import { codeOf } from '../../lib/errors.ts';
import { Loading } from './loading.ts';
import type { ChecksState } from './types.ts';

/** What a home's own doctor said when last asked. */
export class CheckList {
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly changed: () => void;
  private readonly loading: Loading;
  private checks: readonly CheckResult[] = [];
  private more = 0;
  /** When the home looked, by this clock. */
  private lookedAt: number | undefined;

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.clock = clock;
    this.changed = changed;
    this.loading = new Loading(clock);
  }

  state(now: number): ChecksState {
    return {
      checks: this.checks,
      more: this.more,
      load: this.loading.state(now),
      ...(this.lookedAt === undefined ? {} : { lookedMs: now - this.lookedAt }),
    };
  }

  async load(): Promise<void> {
    if (!this.loading.begin()) return;
    this.changed();
    try {
      const { checks, more, lookedMs } = await this.client.checks();
      this.checks = checks;
      this.more = more;
      this.lookedAt = this.clock.now() - lookedMs;
      this.loading.done();
    } catch (error) {
      this.loading.fail(codeOf(error, 'relay-no-answer'));
    }
    this.changed();
  }
}
