import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { banPage, type BanRow } from '../../lib/protocol/bans.ts';
import type { BanListState, BanQuery, Said } from './ban-types.ts';
import { PageStanding } from './page-standing.ts';

/** Page requests under way at once, whatever is scrolled or typed meanwhile. */
const mostRunning = 2;
/** Rows around those that are looked at which are fetched too. */
const around = 40;
/** Pages on either side of what is looked at that are kept. */
const keptPages = 8;

interface Page extends Said<readonly BanRow[]> {
  readonly revision: number;
}

/**
 * The window of a list that may have 100,000 rows: only what is looked at is fetched, by offset. What was loaded at
 * another revision than the newest stands until its page has come again.
 */
export class BanList {
  private readonly client: Client;
  /** What the home said of all bans; pages do not count here: in a flood each would make the others old. */
  private readonly standing: PageStanding;
  private readonly changed: () => void;
  private pages = new Map<number, Page>();
  private readonly running = new Set<number>();
  private query: BanQuery = {};
  /** The query that pages and total answer. */
  private answers: BanQuery | undefined;
  private total: number | undefined;
  private range: readonly [number, number] | undefined;

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.standing = new PageStanding(clock);
    this.changed = changed;
  }

  state(now: number): BanListState {
    return {
      query: this.query,
      settling: this.answers !== this.query,
      ...(this.total === undefined ? {} : { total: this.total }),
      pages: this.pages,
      load: this.standing.load(now, this.running.size > 0),
    };
  }

  /** Rows that are looked at, the last not included; undefined: nobody looks. */
  look(range: readonly [number, number] | undefined): void {
    this.range = range;
    this.fetch();
  }

  filter(query: BanQuery): void {
    this.query = query;
    this.standing.forgive();
    this.range = this.range && [0, Math.max(1, this.range[1] - this.range[0])];
    this.changed();
    this.fetch();
  }

  /** The home said, asked at `at`, that the list is at this revision. */
  heard(revision: number, at: number): void {
    if (this.standing.heard(revision, at)) this.fetch();
  }

  /** Whatever was loaded may be the past. */
  outdate(): void {
    this.standing.outdate();
  }

  tick(): void {
    this.standing.tick();
    this.fetch();
  }

  private fetch(): void {
    if (this.range === undefined || this.standing.failed) return;
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
    return this.standing.isPast(page);
  }

  private async load(number: number): Promise<void> {
    const { query } = this;
    this.running.add(number);
    this.changed();
    try {
      const answer = await this.client.banList({ ...query, from: number * banPage, limit: banPage });
      if (query === this.query) this.take(number, answer.value, answer.sentAt);
    } catch (error) {
      if (query === this.query) this.standing.fail(error);
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
    this.standing.done();
    const here = Math.floor((this.range?.[0] ?? 0) / banPage);
    for (const other of pages.keys())
      if (Math.abs(other - here) > keptPages || other * banPage >= Math.max(1, total)) pages.delete(other);
    this.pages = pages;
  }
}
