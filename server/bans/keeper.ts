import { isCanonical } from '../../lib/address.ts';
import { banKey, type Ban, type BanEvidence } from '../../lib/ban.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { parseNetwork } from '../../lib/network.ts';
import type { SourceDefinition } from './definition.ts';
import type { BanChanges, BanHost } from './host.ts';
import { KeptSource } from './kept-source.ts';
import { Ledger } from './ledger.ts';
import type { BanFacts, SourceContext } from './source.ts';

export interface BanKeeperOptions {
  /** Letters and digits that no keeper before had: cursors of an old one begin anew. */
  readonly boot: string;
  readonly log: (line: string) => void;
  /** `SourceContext.failures`. */
  readonly failures?: SourceContext['failures'];
  /** Unix ms and monotonic ms; parameters for tests. */
  readonly now?: () => number;
  readonly monotonic?: () => number;
}

/** Looks while somebody asks, and while nobody does. */
const lookMs = { asked: 1000, idle: 15_000 };
/** Somebody who asked this long ago still asks. */
const askedMs = 5000;
/** However many hints come. */
const leastBetweenMs = 150;
/** A question about changes that finds none. */
const waitMs = 20_000;
/** What was lifted can be set again so long. */
const undoMs = 120_000;
/** Lifted values a minute: a person lifts a few; whoever lifts hundreds is no person. */
const perMinute = 30;
const mostValues = 64;

interface Lifted {
  /** Monotonic ms. */
  readonly at: number;
}

/** Every source of this room, watched, and asked. */
export class BanKeeper implements Omit<BanHost, 'attacks'> {
  readonly #options: BanKeeperOptions;
  readonly #monotonic: () => number;
  readonly #ledger: Ledger;
  #kept = new Map<string, KeptSource>();
  /** How the sources stand, as text: what it changes by is news, too. */
  #states = '';
  #stateRevision = 0;
  #toldRevision = 0;
  #waiter: ((why: 'news' | 'other' | 'time') => void) | undefined;
  #askedAt = -Infinity;
  #lookedAt = -Infinity;
  /** When the next look is planned, by the monotonic clock. */
  #due = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #replacing: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #lifted = new Map<string, Lifted>();
  #lifts: number[] = [];

  constructor(options: BanKeeperOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#ledger = new Ledger(options.boot);
  }

  /**
   * Makes the sources be these. What stays as it was goes on; one that cannot be made is logged. Resolves before they are
   * looked at: a tool that hangs holds up nobody's start. Never rejects.
   */
  replace(definitions: readonly SourceDefinition[]): Promise<void> {
    const done = this.#replacing.then(() => this.#replace(definitions));
    this.#replacing = done;
    return done;
  }

  async #replace(definitions: readonly SourceDefinition[]): Promise<void> {
    const before = this.#kept;
    const stays = (name: string): KeptSource | undefined => {
      const old = before.get(name);
      const next = definitions.find((one) => one.name === name);
      return old !== undefined && next !== undefined && isSame(old.definition, next) ? old : undefined;
    };
    for (const [name, old] of before) {
      if (stays(name) !== undefined) continue;
      await old.stop();
      old.forget();
    }
    this.#kept = new Map();
    for (const definition of definitions) {
      const kept = stays(definition.name) ?? this.#make(definition);
      if (kept !== undefined) this.#kept.set(definition.name, kept);
    }
    this.#lookedAt = -Infinity;
    this.#plan();
  }

  #make(definition: SourceDefinition): KeptSource | undefined {
    const { log, now, failures } = this.#options;
    const context: SourceContext = {
      source: definition.name,
      log,
      ...(now === undefined ? {} : { now }),
      ...(failures === undefined ? {} : { failures }),
    };
    try {
      const kept = new KeptSource({
        definition,
        context,
        ledger: this.#ledger,
        monotonic: this.#monotonic,
      });
      kept.source.onHint?.(() => this.#plan(true));
      return kept;
    } catch (error) {
      log(`bans ${definition.name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  async banChanges(cursor: string): Promise<BanChanges> {
    const split = cursor.lastIndexOf('.');
    const seenStates = cursor.slice(split + 1);
    const until = this.#monotonic() + waitMs;
    await this.#replacing;
    for (;;) {
      this.#askedAt = this.#monotonic();
      // Who comes after a pause is told what is so now, not what was.
      if (this.#askedAt - this.#lookedAt > lookMs.asked) await this.#look();
      const page = this.#ledger.since(cursor.slice(0, Math.max(0, split)));
      const answer = {
        ...page,
        cursor: `${page.cursor}.${this.#stateRevision}`,
        sources: [...this.#kept.values()].map(({ state }) => state),
      };
      const news =
        page.reset === true || page.changes.length > 0 || seenStates !== String(this.#stateRevision);
      if (news || this.#stopped || this.#monotonic() >= until) return answer;
      if ((await this.#wait(until - this.#monotonic())) === 'other') return answer;
    }
  }

  #wait(ms: number): Promise<'news' | 'other' | 'time'> {
    this.#waiter?.('other');
    this.#plan();
    return new Promise((resolve) => {
      const timer = setTimeout(() => done('time'), ms);
      const done = (why: 'news' | 'other' | 'time') => {
        clearTimeout(timer);
        if (this.#waiter === done) this.#waiter = undefined;
        resolve(why);
      };
      this.#waiter = done;
    });
  }

  /** The next look: when it is time, or, by a hint, as soon as may be. Never later than one that is planned. */
  #plan(hinted = false): void {
    if (this.#stopped) return;
    const asked = this.#waiter !== undefined || this.#monotonic() - this.#askedAt < askedMs;
    const after = hinted ? leastBetweenMs : asked ? lookMs.asked : lookMs.idle;
    const due = Math.min(this.#due, this.#lookedAt + after);
    if (due === this.#due && this.#timer !== undefined) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, due - this.#monotonic()));
    this.#timer.unref();
  }

  /** A source that is slow to answer holds up no other. */
  #tick(): void {
    this.#lookedAt = this.#monotonic();
    this.#due = Infinity;
    for (const kept of this.#kept.values()) if (!kept.looking) void kept.look().then(() => this.#tell());
    this.#plan();
  }

  async #look(): Promise<void> {
    this.#lookedAt = this.#monotonic();
    await Promise.all([...this.#kept.values()].map((kept) => kept.look()));
    this.#tell();
  }

  #tell(): void {
    // Counts of failures rise all the time under attack: they are told with the next news.
    const states = JSON.stringify(
      [...this.#kept.values()].map(({ state }) => state),
      (key, value: unknown) => (key === 'failing' || key === 'failed' ? undefined : value),
    );
    const changed = states !== this.#states;
    if (changed) this.#stateRevision++;
    this.#states = states;
    if (changed || this.#ledger.revision !== this.#toldRevision) this.#waiter?.('news');
    this.#toldRevision = this.#ledger.revision;
  }

  async banned(address: string): Promise<readonly Ban[]> {
    if (isCanonical(address) === undefined) throw new LatchkeyError('refused-address');
    await this.#replacing;
    const answers = await Promise.allSettled(
      [...this.#kept.values()].map(({ source }) => source.banned(address)),
    );
    const failed = answers.find((answer) => answer.status === 'rejected');
    const bans = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    // What one source says stands; that nobody bans is not said while one could not be asked.
    if (bans.length === 0 && failed !== undefined) throw failed.reason;
    return bans.map((ban) => ({ ...this.#ledger.find(ban), ...ban }));
  }

  async banFacts(
    source: string,
    jail: string,
    values: readonly string[],
  ): Promise<readonly (BanFacts & { readonly value: string })[]> {
    const facts = await this.#find(source).source.facts?.(jail, values.slice(0, mostValues));
    return [...(facts ?? [])].map(([value, known]) => ({ value, ...known }));
  }

  async banEvidence(source: string, jail: string, value: string): Promise<BanEvidence> {
    return (await this.#find(source).source.evidence?.(jail, value)) ?? { lines: [] };
  }

  /**
   * Nothing is mended: a value is canonical, or on a list as it is. One that is on no list needs no lifting. Resolves
   * with what was there and is not any more, asked again. Throws `tool-comes-back` where it was lifted, and will be set
   * again by whoever has it on a list of its own.
   */
  async unban(value: string): Promise<readonly Ban[]> {
    const isAddress = isCanonical(value) !== undefined;
    const kept = [...this.#kept.values()];
    if (!isAddress && parseNetwork(value) === undefined && !kept.some((one) => one.having(value).length > 0))
      throw new LatchkeyError('refused-address');
    const now = this.#monotonic();
    this.#lifts = this.#lifts.filter((at) => at > now - 60_000);
    if (this.#lifts.length >= perMinute) throw new LatchkeyError('refused-rate', 'unban');
    this.#lifts.push(now);
    const able = kept.filter(({ source }) => source.unban !== undefined);
    const answers = await Promise.allSettled(able.map((one) => this.#lift(one, value, isAddress)));
    const lifted = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failed = answers.find((answer) => answer.status === 'rejected');
    for (const answer of answers)
      if (answer.status === 'rejected') this.#options.log(`unban: ${String(answer.reason)}`);
    const comesBack = answers.find(
      (answer) => answer.status === 'rejected' && codeOf(answer.reason, 'tool-failed') === 'tool-comes-back',
    ) as PromiseRejectedResult | undefined;
    if (comesBack !== undefined) throw comesBack.reason;
    if (lifted.length === 0 && failed !== undefined) throw failed.reason;
    return lifted;
  }

  async #lift(kept: KeptSource, value: string, isAddress: boolean): Promise<Ban[]> {
    const { source } = kept;
    const asIs = async (): Promise<readonly Ban[]> => {
      if (isAddress) return (await source.banned(value)).filter((ban) => ban.value === value);
      const lists = await Promise.all(kept.having(value).map(({ jail }) => source.list(jail)));
      return lists.flat().filter((ban) => ban.value === value);
    };
    const before = await asIs();
    if (before.length === 0) return [];
    // It was lifted, and that is to be taken note of, whatever else has to be said of it.
    let comesBack: unknown;
    await source.unban?.(value).catch((error: unknown) => {
      if (codeOf(error, 'tool-failed') !== 'tool-comes-back') throw error;
      comesBack = error;
    });
    const left = new Set((await asIs()).map(banKey));
    const lifted = before
      .filter((ban) => !left.has(banKey(ban)))
      .map((ban) => ({ ...this.#ledger.find(ban), ...ban }));
    this.#remember(lifted);
    for (const ban of lifted) kept.lifted(ban);
    this.#tell();
    this.#plan(true);
    if (comesBack !== undefined) throw comesBack;
    return lifted;
  }

  #remember(lifted: readonly Ban[]): void {
    const now = this.#monotonic();
    for (const [key, { at }] of this.#lifted) if (now - at > undoMs) this.#lifted.delete(key);
    for (const ban of lifted) this.#lifted.set(banKey(ban), { at: now });
  }

  async reban(source: string, jail: string, value: string): Promise<void> {
    const key = banKey({ source, jail, value });
    const lifted = this.#lifted.get(key);
    if (lifted === undefined || this.#monotonic() - lifted.at > undoMs)
      throw new LatchkeyError('refused-replay');
    const kept = this.#find(source);
    if (kept.source.ban === undefined) throw new LatchkeyError('tool-unsupported');
    this.#lifted.delete(key);
    try {
      await kept.source.ban(jail, value);
    } catch (error) {
      this.#lifted.set(key, lifted);
      throw error;
    }
    this.#plan(true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#waiter?.('news');
    await this.#replacing;
    await Promise.all([...this.#kept.values()].map((kept) => kept.stop()));
  }

  #find(source: string): KeptSource {
    const kept = this.#kept.get(source);
    if (kept === undefined) throw new LatchkeyError('tool-missing', source);
    return kept;
  }
}

function isSame(a: SourceDefinition, b: SourceDefinition): boolean {
  return a.type === b.type && JSON.stringify(a.options) === JSON.stringify(b.options);
}
