import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf, type ErrorCode } from '../../lib/errors.ts';
import { banPage, type BanRow } from '../../lib/protocol/bans.ts';
import type { BanListState, BanQuery, Said } from './ban-types.ts';

/** Page requests under way at once, whatever is scrolled or typed meanwhile. */
const mostRunning = 2;
/** Rows around those that are looked at which are fetched too. */
const around = 40;
/** Pages on either side of what is looked at that are kept. */
const keptPages = 8;
/** A page that failed is asked for again after this, by itself: ms. */
const again = 5000;

interface Page extends Said<readonly BanRow[]> {
  readonly revision: number;
}

/**
 * The window of a list that may have 100,000 rows: only what is looked at is fetched, by offset. What was loaded at
 * another revision than the newest stands until its page has come again.
 */
export class BanList {
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly changed: () => void;
  private pages = new Map<number, Page>();
  private readonly running = new Set<number>();
  private query: BanQuery = {};
  /** The query that pages and total answer. */
  private answers: BanQuery | undefined;
  private total: number | undefined;
  private range: readonly [number, number] | undefined;
  /** What the home said last of all bans; pages do not count here: in a flood each would make the others old. */
  private newest: { readonly revision: number | undefined; readonly at: number } = {
    revision: undefined,
    at: -Infinity,
  };
  private failed: { readonly code: ErrorCode; readonly at: number } | undefined;
  private doneAt: number | undefined;

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.clock = clock;
    this.changed = changed;
  }

  state(now: number): BanListState {
    const ago = this.doneAt === undefined ? {} : { agoMs: now - this.doneAt };
    return {
      query: this.query,
      settling: this.answers !== this.query,
      ...(this.total === undefined ? {} : { total: this.total }),
      pages: this.pages,
      load:
        this.failed !== undefined
          ? { state: 'failed', code: this.failed.code, ...ago }
          : this.running.size > 0
            ? { state: 'loading' }
            : this.doneAt === undefined
              ? { state: 'none' }
              : { state: 'ready', agoMs: now - this.doneAt },
    };
  }

  /** Rows that are looked at, the last not included; undefined: nobody looks. */
  look(range: readonly [number, number] | undefined): void {
    this.range = range;
    this.fetch();
  }

  filter(query: BanQuery): void {
    this.query = query;
    this.failed = undefined;
    this.range = this.range && [0, Math.max(1, this.range[1] - this.range[0])];
    this.changed();
    this.fetch();
  }

  /** The home said, asked at `at`, that the list is at this revision. */
  heard(revision: number, at: number): void {
    if (at < this.newest.at) return;
    this.newest = { revision, at };
    this.fetch();
  }

  /** Whatever was loaded may be the past. */
  outdate(): void {
    this.newest = { revision: undefined, at: this.clock.now() };
  }

  tick(): void {
    if (this.failed !== undefined && this.clock.now() - this.failed.at >= again) this.failed = undefined;
    this.fetch();
  }

  private fetch(): void {
    if (this.range === undefined || this.failed !== undefined) return;
    for (const page of this.wanted(this.range)) {
      if (this.running.size >= mostRunning) return;
      if (!this.running.has(page) && this.isOld(page)) void this.load(page);
    }
  }

  /** Nearest to the middle first. */
  private wanted([from, to]: readonly [number, number]): number[] {
    const settled = this.answers === this.query;
    const last = settled && this.total !== undefined ? Math.max(0, this.total - 1) : around;
    const first = Math.floor(Math.max(0, Math.min(from - around, last)) / banPage);
    const end = Math.floor(Math.min(last, to + around) / banPage);
    const middle = (from + to) / 2 / banPage - 0.5;
    return Array.from({ length: end - first + 1 }, (_, i) => first + i).sort(
      (a, b) => Math.abs(a - middle) - Math.abs(b - middle),
    );
  }

  private isOld(number: number): boolean {
    const page = this.pages.get(number);
    if (page === undefined || this.answers !== this.query) return true;
    const { revision, at } = this.newest;
    return page.at < at ? page.revision !== revision : page.at === at && page.revision < (revision ?? 0);
  }

  private async load(number: number): Promise<void> {
    const { query } = this;
    this.running.add(number);
    this.changed();
    try {
      const answer = await this.client.banList({ ...query, from: number * banPage, limit: banPage });
      if (query === this.query) this.take(number, answer.value, answer.sentAt);
    } catch (error) {
      if (query === this.query)
        this.failed = { code: codeOf(error, 'relay-no-answer'), at: this.clock.now() };
    } finally {
      this.running.delete(number);
    }
    this.fetch();
    this.changed();
  }

  private take(
    number: number,
    {
      revision,
      total,
      rows,
    }: { readonly revision: number; readonly total: number; readonly rows: readonly BanRow[] },
    at: number,
  ): void {
    const pages = this.answers === this.query ? new Map(this.pages) : new Map<number, Page>();
    this.answers = this.query;
    const known = pages.get(number);
    if (known === undefined || known.at <= at) pages.set(number, { value: rows, at, revision });
    this.total = total;
    this.doneAt = this.clock.now();
    const here = Math.floor((this.range?.[0] ?? 0) / banPage);
    for (const other of pages.keys())
      if (Math.abs(other - here) > keptPages || other * banPage >= Math.max(1, total)) pages.delete(other);
    this.pages = pages;
  }
}
