import { banKey, type Ban } from '../../lib/ban.ts';
import type { BanChange } from './host.ts';

/** Changes that one answer may hold. */
const page = 2000;
/** Bans that are gone are kept as such for those who have not asked since, but no more than these. */
const mostGone = 50_000;
/** Two tellings of one time that differ by less are the same: some sources tell only what is left. */
const sameMs = 2000;

interface Entry {
  ban: Ban;
  revision: number;
  gone: boolean;
}

export interface Page {
  readonly cursor: string;
  readonly reset?: true;
  readonly more?: true;
  readonly changes: readonly BanChange[];
}

/**
 * All bans of all sources, and what changed when. Each change has a revision; whoever has seen all up to one is told
 * the rest, or everything anew where too much is forgotten.
 *
 * A cursor says: which ledger (it begins anew with the process), at which revision its owner began with everything
 * anew, and what the owner has seen since. The second is needed while a long list is paged: what has gone before that
 * beginning was never told, so forgetting it is no loss.
 */
export class Ledger {
  readonly #boot: string;
  readonly #entries = new Map<string, Entry>();
  /** In order of revision. An entry that changed again is there twice: only its newest place counts. */
  #order: { readonly revision: number; readonly entry: Entry }[] = [];
  #revision = 0;
  /** Everything that is forgotten had at most this revision. */
  #forgotten = 0;
  #gone = 0;

  /** `boot`: letters and digits that no other ledger has. */
  constructor(boot: string) {
    this.#boot = boot;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Bans now. */
  get size(): number {
    return this.#entries.size - this.#gone;
  }

  find(ban: Pick<Ban, 'source' | 'jail' | 'value'>): Ban | undefined {
    const entry = this.#entries.get(banKey(ban));
    return entry === undefined || entry.gone ? undefined : entry.ban;
  }

  put(ban: Ban): void {
    const key = banKey(ban);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const fresh = { ban, revision: 0, gone: false };
      this.#entries.set(key, fresh);
      this.#touch(fresh);
    } else if (entry.gone || !isSame(entry.ban, ban)) {
      if (entry.gone) this.#gone--;
      entry.ban = ban;
      entry.gone = false;
      this.#touch(entry);
    }
  }

  remove(ban: Pick<Ban, 'source' | 'jail' | 'value'>): void {
    const entry = this.#entries.get(banKey(ban));
    if (entry === undefined || entry.gone) return;
    entry.gone = true;
    this.#gone++;
    this.#touch(entry);
    if (this.#gone > mostGone) this.#forget();
  }

  /** What the owner of this cursor has not seen; '' and cursors of others begin anew. */
  since(cursor: string): Page {
    const seen = this.#read(cursor);
    const { base, last } = seen ?? { base: this.#revision, last: 0 };
    const changes: BanChange[] = [];
    let reached = this.#revision;
    for (let i = this.#after(last); i < this.#order.length; i++) {
      const { revision, entry } = this.#order[i]!;
      if (entry.revision !== revision || (entry.gone && revision <= base)) continue;
      if (changes.length === page) {
        reached = this.#order[i - 1]!.revision;
        break;
      }
      changes.push(entry.gone ? { ...entry.ban, gone: true } : entry.ban);
    }
    return {
      cursor: `${this.#boot}.${base}.${reached}`,
      ...(seen === undefined ? { reset: true } : {}),
      ...(reached < this.#revision ? { more: true } : {}),
      changes,
    };
  }

  #read(cursor: string): { base: number; last: number } | undefined {
    const found = /^([a-z0-9]+)\.(\d{1,15})\.(\d{1,15})$/.exec(cursor);
    if (found === null || found[1] !== this.#boot) return undefined;
    const [base, last] = [Number(found[2]), Number(found[3])];
    const known = last <= this.#revision && base <= this.#revision && this.#forgotten <= Math.max(base, last);
    return known ? { base, last } : undefined;
  }

  /** The first place in the order that is newer. */
  #after(revision: number): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #touch(entry: Entry): void {
    entry.revision = ++this.#revision;
    this.#order.push({ revision: entry.revision, entry });
    if (this.#order.length > 2 * this.#entries.size + 1000) this.#tidy();
  }

  #tidy(): void {
    this.#order = this.#order.filter(({ revision, entry }) => entry.revision === revision);
  }

  /** The older half of those that are gone. */
  #forget(): void {
    this.#tidy();
    let left = mostGone / 2;
    this.#order = this.#order.filter(({ revision, entry }) => {
      if (!entry.gone || left === 0) return true;
      left--;
      this.#gone--;
      this.#forgotten = revision;
      this.#entries.delete(banKey(entry.ban));
      return false;
    });
  }
}

function isSame(a: Ban, b: Ban): boolean {
  return a.permanent === b.permanent && isNear(a.since, b.since) && isNear(a.until, b.until);
}

function isNear(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Math.abs(a - b) < sameMs;
}
