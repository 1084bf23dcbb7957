import type { Tier } from '../../lib/archive.ts';
import type { Moment } from '../../lib/client/doors.ts';
import { codeOf, type ErrorCode } from '../../lib/errors.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import { mostChosen, type RestorePlan } from '../../lib/protocol/restores.ts';
import { Asked } from './asked.ts';
import { isPresent } from './present.ts';
import { askPlan, RestorePlanning } from './restore-planning.ts';
import { RestoreProgress } from './restore-progress.ts';
import type {
  PlanOf,
  RestoreActs,
  RestoreLine,
  RestoresState,
  SendingState,
  WantedArchive,
} from './restore-types.ts';

/** While restores are looked at, the home is asked at least this often: ms. It tells of changes by itself. */
const askEvery = 20_000;
/** And this often while what it said is not the present. */
const askSoon = 1000;

export function sameArchive(
  a: Pick<WantedArchive, 'vault' | 'id'>,
  b: Pick<WantedArchive, 'vault' | 'id'>,
): boolean {
  return a.vault === b.vault && a.id === b.id;
}

/**
 * Getting archives of one home back, and what it sends: asked only while somebody looks. Fits React's
 * useSyncExternalStore.
 */
export class HomeRestores implements RestoreActs {
  private readonly line: RestoreLine;
  private readonly progress: RestoreProgress;
  private readonly sending: Asked<ResultOf<'sending'>>;
  private offered: { readonly archive: WantedArchive; readonly asked: Asked<RestorePlan> } | undefined;
  private planning: RestorePlanning | undefined;
  private choosing = false;
  private chosen: readonly WantedArchive[] = [];
  private started: string | undefined;
  private looked = false;
  private askedAt = -Infinity;
  private pausing = false;
  private pauseFailed: ErrorCode | undefined;
  private pausedAt = -Infinity;
  /** What was asked for before this is not the present. */
  private outdatedAt = -Infinity;
  private readonly listeners = new Set<() => void>();
  private snapshot: RestoresState;
  private dirty = false;

  constructor(line: RestoreLine) {
    this.line = line;
    const { client, clock } = line;
    this.progress = new RestoreProgress({ client, clock, changed: this.changed });
    this.sending = new Asked(clock, this.changed);
    this.snapshot = this.state();
    client.subscribe((event) => {
      if (event.type === 'archives' && this.looked) this.ask();
      if (event.type !== 'connection') return;
      // notices are missed without a link
      if (event.state.phase !== 'ready') this.outdatedAt = clock.now();
      else if (this.looked) {
        this.ask();
        if (this.offered?.asked.said === undefined) this.askOffer();
      }
      this.changed();
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly get = (): RestoresState => this.snapshot;

  private state(): RestoresState {
    const { choosing, chosen, started, offered, planning, progress, outdatedAt } = this;
    const moment = this.line.moment();
    const { now } = moment;
    return {
      ...(offered === undefined ? {} : { offer: { archive: offered.archive, ...offered.asked.state(now) } }),
      choosing,
      chosen,
      ...(planning === undefined ? {} : { plan: planning.state(now) }),
      ...(started === undefined ? {} : { started }),
      progress: progress.state(moment, outdatedAt),
      sending: this.sendingState(moment),
    };
  }

  /** Coalesced: whatever changes in one turn is one snapshot. */
  private readonly changed = (): void => {
    if (this.dirty) return;
    this.dirty = true;
    queueMicrotask(() => {
      this.dirty = false;
      this.snapshot = this.state();
      for (const listener of [...this.listeners]) listener();
    });
  };

  /** Once a second while it is looked at. */
  tick(): void {
    const moment = this.line.moment();
    if (!this.looked) return;
    if (moment.answering) {
      const { load, fresh } = this.progress.state(moment, this.outdatedAt);
      // A home that says no to the question says so again.
      const soon = !fresh && load.state !== 'failed';
      if (load.state !== 'loading' && moment.now - this.askedAt >= (soon ? askSoon : askEvery)) this.ask();
    }
    // what was the present may not be it any more
    this.changed();
  }

  look(on: boolean): void {
    if (this.looked === on) return;
    this.looked = on;
    if (on) this.ask();
  }

  offer(archive?: WantedArchive): void {
    if (archive === undefined) {
      this.offered = undefined;
    } else {
      if (this.offered !== undefined && sameArchive(this.offered.archive, archive)) return;
      this.offered = { archive, asked: new Asked(this.line.clock, this.changed) };
      this.askOffer();
    }
    this.changed();
  }

  private askOffer(): void {
    const { offered, line } = this;
    offered?.asked.ask(askPlan(line.client, { archives: [offered.archive] }));
  }

  choose(first?: WantedArchive): void {
    this.choosing = true;
    this.chosen = first === undefined ? [] : [first];
    this.changed();
  }

  toggle(archive: WantedArchive): void {
    const rest = this.chosen.filter((one) => !sameArchive(one, archive));
    if (rest.length < this.chosen.length) this.chosen = rest;
    else if (rest.length < mostChosen) this.chosen = [...rest, archive];
    this.changed();
  }

  stopChoosing(): void {
    this.choosing = false;
    this.chosen = [];
    this.changed();
  }

  openPlan(of: PlanOf): void {
    const { client, clock } = this.line;
    const started = (restore: string) => {
      this.started = restore;
      this.planning = undefined;
      this.choosing = false;
      this.chosen = [];
      this.ask();
    };
    this.planning = new RestorePlanning({ client, clock, changed: this.changed, started }, of);
    this.changed();
  }

  closePlan(): void {
    this.planning = undefined;
    this.changed();
  }

  setTier(tier: Tier): void {
    this.planning?.setTier(tier);
  }

  setCap(perDay?: number): void {
    this.planning?.setCap(perDay);
  }

  type(text: string): void {
    this.planning?.type(text);
  }

  start(): void {
    void this.planning?.start();
  }

  leaveStarted(): void {
    this.started = undefined;
    this.changed();
  }

  moreRows(): void {
    this.progress.more();
  }

  pause(now = false): void {
    void this.progress.act(now ? 'pauseNow' : 'pause');
  }

  goOn(): void {
    void this.progress.act('goOn');
  }

  capRunning(perDay?: number): void {
    void this.progress.act('cap', perDay);
  }

  pauseSending(): void {
    void this.stopSending();
  }

  private async stopSending(): Promise<void> {
    if (this.pausing) return;
    const { client, clock } = this.line;
    this.pausing = true;
    this.pauseFailed = undefined;
    this.changed();
    try {
      await client.archives.pauseSending();
    } catch (error) {
      this.pauseFailed = codeOf(error, 'relay-no-answer');
    }
    this.pausing = false;
    this.pausedAt = clock.now();
    this.ask();
    this.changed();
  }

  private ask(): void {
    const { client, clock } = this.line;
    this.askedAt = clock.now();
    this.progress.ask();
    this.sending.ask(() => client.archives.sending());
  }

  private sendingState(moment: Moment): SendingState {
    const { pausing, pauseFailed } = this;
    const { said, load } = this.sending.state(moment.now);
    return {
      ...(said === undefined ? {} : { said }),
      fresh: isPresent(said?.at, moment, Math.max(this.pausedAt, this.outdatedAt)),
      load,
      pausing,
      ...(pauseFailed === undefined ? {} : { failed: pauseFailed }),
    };
  }
}
