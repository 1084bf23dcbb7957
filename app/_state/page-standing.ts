import type { Clock } from '../../lib/client/transport.ts';
import { codeOf, type ErrorCode } from '../../lib/errors.ts';
import type { Load } from './types.ts';

/** A page that failed is asked for again after this, by itself: ms. */
const again = 5000;

/** Of which revision a page is, and when it was asked for, monotonic ms. */
interface Aged {
  readonly revision: number;
  readonly at: number;
}

/** How a list that comes page by page stands: which revision the home said last, and how asking goes. */
export class PageStanding {
  private readonly clock: Clock;
  private newest: { readonly revision: number | undefined; readonly at: number } = {
    revision: undefined,
    at: -Infinity,
  };
  private failure: { readonly code: ErrorCode; readonly at: number } | undefined;
  private doneAt: number | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The home said, asked at `at`, that the list is at this revision. False: something newer is known. */
  heard(revision: number, at: number): boolean {
    if (at < this.newest.at) return false;
    this.newest = { revision, at };
    return true;
  }

  /** Whatever was loaded may be the past. */
  outdate(): void {
    this.newest = { revision: undefined, at: this.clock.now() };
  }

  isPast(page: Aged): boolean {
    const { revision, at } = this.newest;
    return page.at < at ? page.revision !== revision : page.at === at && page.revision < (revision ?? 0);
  }

  get failed(): boolean {
    return this.failure !== undefined;
  }

  fail(error: unknown): void {
    this.failure = { code: codeOf(error, 'relay-no-answer'), at: this.clock.now() };
  }

  /** The question is another one. */
  forgive(): void {
    this.failure = undefined;
  }

  done(): void {
    this.doneAt = this.clock.now();
  }

  /** A failure that is over is forgotten. */
  tick(): void {
    if (this.failure !== undefined && this.clock.now() - this.failure.at >= again) this.forgive();
  }

  load(now: number, running: boolean): Load {
    const { failure, doneAt } = this;
    const ago = doneAt === undefined ? undefined : { agoMs: now - doneAt };
    if (failure !== undefined) return { state: 'failed', code: failure.code, ...ago };
    if (running) return { state: 'loading' };
    return ago === undefined ? { state: 'none' } : { state: 'ready', ...ago };
  }
}
