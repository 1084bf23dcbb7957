import type { Client } from '../../lib/client/client.ts';
import type { CheckResult } from '../../lib/checks.ts';
import { codeOf } from '../../lib/errors.ts';
import type { HomeNotes } from './home-notes.ts';
import { Loading } from './loading.ts';
import type { Platform } from './platform.ts';
import type { ChecksState } from './types.ts';

/** To look is work for a home: for the sign that there are findings it is asked no more often than this, ms. */
const glanceEvery = 3_600_000;
/** Nor in the first moments of a session, when a door may be opened: ms. */
const glanceAfter = 5000;

/** What a home's own doctor said when last asked. */
export class CheckList {
  private readonly client: Client;
  private readonly platform: Platform;
  private readonly notes: HomeNotes;
  private readonly changed: () => void;
  private readonly loading: Loading;
  private checks: readonly CheckResult[] = [];
  private more = 0;
  /** When the home looked, by this clock. */
  private lookedAt: number | undefined;
  private readyAt = Infinity;
  private glancedAt = -Infinity;

  constructor(client: Client, platform: Platform, notes: HomeNotes, changed: () => void) {
    this.client = client;
    this.platform = platform;
    this.notes = notes;
    this.changed = changed;
    this.loading = new Loading(platform.clock);
  }

  state(now: number): ChecksState {
    return {
      checks: this.checks,
      more: this.more,
      load: this.loading.state(now),
      ...(this.notes.lookedAt === undefined ? {} : { found: this.notes.findings }),
      ...(this.lookedAt === undefined ? {} : { lookedMs: now - this.lookedAt }),
    };
  }

  /** A session stands. */
  ready(): void {
    this.readyAt = this.platform.clock.now();
  }

  /** Once a second while the page is looked at and the home answers. */
  glance(): void {
    const now = this.platform.clock.now();
    const { lookedAt = -Infinity } = this.notes;
    const fresh = Math.abs(this.platform.wall() - lookedAt) < glanceEvery;
    if (now - this.readyAt < glanceAfter || now - this.glancedAt < glanceEvery || fresh) return;
    this.glancedAt = now;
    void this.load();
  }

  async load(): Promise<void> {
    if (!this.loading.begin()) return;
    this.changed();
    try {
      const { checks, more, lookedMs } = await this.client.checks();
      this.checks = checks;
      this.more = more;
      this.lookedAt = this.platform.clock.now() - lookedMs;
      this.notes.looked(checks, this.platform.wall() - lookedMs);
      this.loading.done();
    } catch (error) {
      this.loading.fail(codeOf(error, 'relay-no-answer'));
    }
    this.changed();
  }
}
