import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { archivePage, type ArchiveRow } from '../../lib/protocol/archives.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import type { ArchiveListState, ArchiveQuery } from './archive-types.ts';
import { PageStanding } from './page-standing.ts';

/** Questions under way at once: one may be of a search that was typed over. */
const mostRunning = 2;
/** Rows behind those that are looked at which are fetched too. */
const ahead = 60;

interface Page {
  readonly rows: readonly ArchiveRow[];
  /** What this page begins behind; absent: the first. */
  readonly after: string | undefined;
  readonly next: string | undefined;
  readonly revision: number;
  /** When it was asked for. */
  readonly at: number;
}

/**
 * A list that may have a million rows, from its beginning as far as somebody looked: each page begins where the one
 * before ends. What was loaded at another revision than the newest stands until its page has come again, and only
 * what is looked at comes again.
 */
export class ArchiveList {
  private readonly client: Client;
  private readonly standing: PageStanding;
  private readonly changed: () => void;
  private pages: readonly Page[] = [];
  private rows: readonly ArchiveRow[] = [];
  private query: ArchiveQuery = {};
  /** The query that pages and count answer. */
  private answers: ArchiveQuery | undefined;
  private count: number | undefined;
  private range: readonly [number, number] | undefined;
  private running = 0;
  /** The page of the present query that is on its way. */
  private coming: number | undefined;

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.standing = new PageStanding(clock);
    this.changed = changed;
  }

  state(now: number): ArchiveListState {
    return {
      query: this.query,
      settling: this.answers !== this.query,
      rows: this.rows,
      more: this.pages.at(-1)?.next !== undefined,
      ...(this.count === undefined ? {} : { count: this.count }),
      load: this.standing.load(now, this.running > 0),
    };
  }

  /** Rows that are looked at, the last not included; undefined: nobody looks. */
  look(range: readonly [number, number] | undefined): void {
    this.range = range;
    this.fetch();
  }

  ask(query: ArchiveQuery): void {
    this.query = query;
    this.standing.forgive();
    this.coming = undefined;
    this.range = this.range && [0, Math.max(1, this.range[1] - this.range[0])];
    this.changed();
    this.fetch();
  }

  /** The home said, asked at `at`, that the catalogue is at this revision. */
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
    if (this.coming !== undefined || this.running >= mostRunning) return;
    const page = this.wanted(this.range);
    if (page !== undefined) void this.load(page);
  }

  /** The first page of what is looked at that is missing or old. Pages are of many lengths: an answer has its limit. */
  private wanted([from, to]: readonly [number, number]): number | undefined {
    if (this.answers !== this.query) return 0;
    let begins = 0;
    for (const [number, { rows }] of this.pages.entries()) {
      const ends = begins + rows.length;
      if (ends > from && begins <= to + ahead && this.isOld(number)) return number;
      begins = ends;
    }
    return begins <= to + ahead && this.isOld(this.pages.length) ? this.pages.length : undefined;
  }

  private isOld(number: number): boolean {
    const page = this.pages[number];
    const before = this.pages[number - 1];
    // behind the last there is a page only where the last says so
    if (page === undefined) return number === 0 || before?.next !== undefined;
    if (before !== undefined && page.after !== before.next) return true;
    return this.standing.isPast(page);
  }

  private async load(number: number): Promise<void> {
    const { query } = this;
    const after = number === 0 ? undefined : this.pages[number - 1]?.next;
    this.running += 1;
    this.coming = number;
    this.changed();
    try {
      const answer = await this.client.archives.list({
        ...query,
        ...(after === undefined ? {} : { after }),
        limit: archivePage,
      });
      if (query === this.query) this.take(number, after, answer.value, answer.sentAt);
    } catch (error) {
      if (query === this.query) this.standing.fail(error);
    } finally {
      this.running -= 1;
      if (query === this.query) this.coming = undefined;
    }
    this.fetch();
    this.changed();
  }

  private take(number: number, after: string | undefined, said: ResultOf<'archiveList'>, at: number): void {
    const known = this.answers === this.query ? this.pages : [];
    this.answers = this.query;
    const { rows, next, revision } = said;
    if (number === 0) this.count = said.count;
    const page: Page = { rows, after, next, revision, at };
    // without a next it is the last: what stood behind it is there no more
    const rest = next === undefined ? [] : known.slice(number + 1);
    this.pages = [...known.slice(0, number), page, ...rest];
    this.rows =
      number === known.length && number > 0 ? [...this.rows, ...rows] : this.pages.flatMap((one) => one.rows);
    this.standing.done();
  }
}
