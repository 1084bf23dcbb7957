import { banKey, longestJail, type Ban, type SourceState } from '../../../lib/ban.ts';
import { codeOf, type ErrorCode } from '../../../lib/errors.ts';
import type { BanChange, BanChanges, BanHost } from '../../bans/host.ts';
import type { Clock } from '../clock.ts';
import type { Note } from './history-messages.ts';
import { BanList } from './list.ts';

// What has no host yet is looked for at this pace, in ms; `wake` looks at once.
const firstPause = 250;
const longestPause = 5000;
/** What crosses the wire (lib/protocol/bans.ts). */
const longestValue = 128;
/** An end that comes this much before its time is still its own: sources have whole seconds. */
const atItsTime = 2000;

export interface FeedOptions {
  readonly host: Omit<BanHost, 'attacks'>;
  readonly clock: Clock;
  readonly note: (...notes: readonly Note[]) => void;
  /** Resolves once all notes so far are on disk, or never will be. */
  readonly written: () => Promise<void>;
  readonly changed: () => void;
  readonly log: (line: string) => void;
}

export interface SourceReading {
  readonly state: SourceState;
  /** Monotonic ms when it was last told without a problem. */
  readonly readAt?: number;
}

/** Follows the room of bans for as long as it lives. That it is away, or has none, is a state and no error. */
export class Feed {
  readonly list = new BanList();
  private readonly options: FeedOptions;
  private readings = new Map<string, SourceReading>();
  private cursor = '';
  private stopped = false;
  private resetting = false;
  private awake: (() => void) | undefined;
  private trouble: ErrorCode | undefined = 'tool-helper-gone';
  private everRead = false;

  constructor(options: FeedOptions) {
    this.options = options;
  }

  /** Why nothing is known now; undefined: what is here is the present. */
  get problem(): ErrorCode | undefined {
    return this.trouble;
  }

  /** The whole list has been here once. */
  get isRead(): boolean {
    return this.everRead;
  }

  sources(): readonly SourceReading[] {
    return [...this.readings.values()];
  }

  stateOf(source: string): SourceState | undefined {
    return this.readings.get(source)?.state;
  }

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    this.wake();
  }

  /** The room may be there again: do not wait for the next try. */
  wake(): void {
    this.awake?.();
  }

  /** Lifted by this home: gone before the room says so. */
  lifted(bans: readonly Ban[]): void {
    const { changed } = this.list.apply(
      bans.map((ban) => ({ ...ban, gone: true })),
      this.options.clock.wall(),
    );
    if (changed) this.options.changed();
  }

  private async run(): Promise<void> {
    const { host, changed, written, log } = this.options;
    let pause = firstPause;
    while (!this.stopped) {
      try {
        const answer = await host.banChanges(this.cursor);
        if (this.stopped) return;
        pause = firstPause;
        this.take(answer);
        // However long the list: an opening has its turn between its parts, and no more of it is in hand than one.
        if (answer.more === true) await written();
      } catch (error) {
        if (this.stopped) return;
        const code = codeOf(error, 'tool-failed');
        const isNew = code !== this.trouble;
        if (isNew) {
          this.trouble = code;
          changed();
        }
        await this.rest(pause);
        if (this.stopped) return;
        // After the pause: at every ordinary stop the room goes a moment before this, and that is no news.
        if (isNew) log(`bans cannot be followed: ${String(error)}`);
        pause = Math.min(pause * 2, longestPause);
      }
    }
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.awake?.(), ms);
      timer.unref();
      this.awake = () => {
        clearTimeout(timer);
        this.awake = undefined;
        resolve();
      };
    });
  }

  private take(answer: BanChanges): void {
    const { clock, note } = this.options;
    const now = clock.wall();
    let changed = this.trouble !== undefined;
    this.trouble = undefined;
    if (answer.reset === true) {
      this.resetting = true;
      this.list.begin();
      note({ op: 'begin' });
    }
    changed = this.takeSources(answer.sources) || changed;
    const changes = answer.changes.map(cut);
    const taken = this.list.apply(changes, now);
    changed = taken.changed || changed;
    const gone = new Map(taken.gone.map((ban) => [banKey(ban), ban]));
    const notes: Note[] = changes.map((change) => noteOf(change, gone, now));
    if (this.resetting && answer.more !== true) {
      this.resetting = false;
      this.everRead = true;
      changed = this.list.sweep().length > 0 || changed;
      notes.push({ op: 'sweep', at: now, but: this.troubled() });
    }
    note(...notes);
    this.cursor = answer.cursor;
    if (changed) this.options.changed();
  }

  private troubled(): string[] {
    return this.sources().flatMap(({ state }) => (state.problem === undefined ? [] : [state.source]));
  }

  /** True where something else is to be shown of them now. */
  private takeSources(sources: readonly SourceState[]): boolean {
    const before = JSON.stringify(this.sources().map(({ state }) => state));
    const now = this.options.clock.now();
    this.readings = new Map(
      sources.map((state) => {
        const readAt = state.problem === undefined ? now : this.readings.get(state.source)?.readAt;
        return [state.source, { state, ...(readAt === undefined ? {} : { readAt }) }];
      }),
    );
    this.list.hide(new Set(this.troubled()));
    return JSON.stringify(sources) !== before;
  }
}

function cut(change: BanChange): BanChange {
  if (change.value.length <= longestValue && change.jail.length <= longestJail) return change;
  return { ...change, value: change.value.slice(0, longestValue), jail: change.jail.slice(0, longestJail) };
}

function noteOf(change: BanChange, gone: ReadonlyMap<string, Ban>, now: number): Note {
  if (change.gone !== true) return { op: 'seen', ban: change, at: now };
  const { source, jail, value } = change;
  const until = gone.get(banKey(change))?.until;
  const isDue = until !== undefined && now >= until - atItsTime;
  return { op: 'gone', ban: { source, jail, value }, at: now, end: isDue ? 'expired' : 'others' };
}
