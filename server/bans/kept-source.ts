import type { Ban, SourceState } from '../../lib/ban.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { SourceDefinition } from './definition.ts';
import type { Ledger } from './ledger.ts';
import type { BanSource, SourceContext } from './source.ts';

/** A list is fetched no more than this part of the time: fail2ban does nothing else meanwhile. */
const share = 0.05;

export interface KeptOptions {
  readonly definition: SourceDefinition;
  readonly context: SourceContext;
  readonly ledger: Ledger;
  /** Monotonic ms. */
  readonly monotonic: () => number;
}

interface Listed {
  /** The stamp that its list had. */
  stamp: string;
  /** Not before this by the monotonic clock. */
  next: number;
  values: ReadonlySet<string>;
}

/** One source and what is known of it. */
export class KeptSource {
  readonly definition: SourceDefinition;
  readonly source: BanSource;
  readonly #options: KeptOptions;
  readonly #listed = new Map<string, Listed>();
  #state: SourceState;
  #looking: Promise<void> | undefined;
  #again = false;
  #lifts = 0;
  #told = '';

  constructor(options: KeptOptions) {
    const { definition, context } = options;
    this.#options = options;
    this.definition = definition;
    this.source = definition.type.create(definition.options, context);
    this.#state = {
      source: definition.name,
      kind: definition.type.name,
      tellsTimes: false,
      canUnban: this.source.unban !== undefined,
      problem: 'tool-timeout',
      jails: [],
    };
  }

  /** As it was at the last look. */
  get state(): SourceState {
    return this.#state;
  }

  get looking(): boolean {
    return this.#looking !== undefined;
  }

  /** One look at a time; who asks during one waits for a later one, which sees what was so when they asked. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = this.#lookOnce().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#look();
      } catch (error) {
        this.#state = { ...this.#state, problem: codeOf(error, 'tool-failed') };
        this.#complain(error);
      }
    } while (this.#again);
  }

  async #look(): Promise<void> {
    const { state, stamps } = await this.source.look();
    this.#state = this.source.ban === undefined ? { ...state, cannotBan: true } : state;
    // What a source that cannot be read said before is no news, but it is not gone either.
    if (state.problem !== undefined) return;
    const there = new Set(state.jails.map(({ jail }) => jail));
    for (const jail of this.#listed.keys()) if (!there.has(jail)) this.#drop(jail);
    for (const [jail, stamp] of stamps) {
      const listed = this.#listed.get(jail);
      if (!there.has(jail) || listed?.stamp === stamp) continue;
      if (listed !== undefined && this.#options.monotonic() < listed.next) continue;
      await this.#list(jail, stamp).catch((error: unknown) => this.#complain(error));
    }
  }

  async #list(jail: string, stamp: string): Promise<void> {
    const { ledger, monotonic } = this.#options;
    const began = monotonic();
    const lifts = this.#lifts;
    const bans = await this.source.list(jail);
    const took = monotonic() - began;
    if (lifts !== this.#lifts) return; // of before somebody was let in: the next look fetches it again
    const values = new Set<string>();
    for (const ban of bans) {
      values.add(ban.value);
      ledger.put(ban);
    }
    for (const value of this.#listed.get(jail)?.values ?? [])
      if (!values.has(value)) ledger.remove({ source: this.definition.name, jail, value });
    this.#listed.set(jail, { stamp, values, next: monotonic() + took / share });
  }

  /** What was lifted is gone at once, however seldom its list may be fetched. */
  lifted({ source, jail, value }: Ban): void {
    this.#lifts++;
    this.#options.ledger.remove({ source, jail, value });
    const listed = this.#listed.get(jail);
    if (listed !== undefined) listed.stamp = '';
  }

  /** The jails whose list has this very value. */
  having(value: string): Ban[] {
    return [...this.#listed].flatMap(([jail, { values }]) => {
      const ban = values.has(value)
        ? this.#options.ledger.find({ source: this.definition.name, jail, value })
        : undefined;
      return ban === undefined ? [] : [ban];
    });
  }

  async stop(): Promise<void> {
    await this.source.stop().catch((error: unknown) => this.#complain(error));
    await this.#looking;
  }

  /** Taken out of the configuration: its bans are none that are told of any more. */
  forget(): void {
    for (const jail of [...this.#listed.keys()]) this.#drop(jail);
  }

  #drop(jail: string): void {
    const source = this.definition.name;
    for (const value of this.#listed.get(jail)?.values ?? [])
      this.#options.ledger.remove({ source, jail, value });
    this.#listed.delete(jail);
  }

  #complain(error: unknown): void {
    const text = error instanceof LatchkeyError ? error.message : String(error);
    if (text !== this.#told) this.#options.context.log(`bans ${this.definition.name}: ${text}`);
    this.#told = text;
  }
}
