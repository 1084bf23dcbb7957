import type { Tier } from '../../lib/archive.ts';
import type { Client } from '../../lib/client/client.ts';
import type { Moment } from '../../lib/client/doors.ts';
import type { Clock } from '../../lib/client/transport.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { RestorePlan, RestoreRow, RestoreView, SendingView } from '../../lib/protocol/restores.ts';
import type { Said } from './ban-types.ts';
import type { Load } from './types.ts';

/** One home, as far as this needs it. */
export interface RestoreLine {
  readonly client: Pick<Client, 'archives' | 'subscribe'>;
  readonly clock: Clock;
  readonly moment: () => Moment;
}

/** An archive that may be got back, as its row shows it. */
export interface WantedArchive {
  /** Key of the vault (lib/archive). */
  readonly vault: string;
  readonly id: string;
  readonly name: string;
  /** Bytes; absent: nobody told. */
  readonly size?: number;
}

/** What a plan is made for: some archives, or a vault whole. */
export type PlanOf =
  | { readonly archives: readonly WantedArchive[] }
  | {
      readonly vault: string;
      /** For people. */
      readonly name: string;
      /** As far as it is known before there is a plan. */
      readonly bytes?: number;
    };

export interface PlanState {
  readonly of: PlanOf;
  /** The newest one; while another is on its way it stands. */
  readonly said?: Said<RestorePlan>;
  readonly load: Load;
  /** Of the ways that the plan offers; absent: there is none. */
  readonly tier?: Tier;
  /** Bytes a day; absent: no cap. */
  readonly perDay?: number;
  readonly typed: string;
  /** The plan is there, it can be done, and its size is typed. */
  readonly ready: boolean;
  readonly starting: boolean;
  /** What the whole cost was, millionths of a dollar, before it rose. */
  readonly before?: number;
  readonly failed?: ErrorCode;
}

export interface OfferState {
  readonly archive: WantedArchive;
  readonly said?: Said<RestorePlan>;
  readonly load: Load;
}

export type RestoreAct = 'pause' | 'pauseNow' | 'goOn' | 'cap';

export interface ProgressState {
  readonly said?: Said<{
    /** Absent: nothing was ever asked back. */
    readonly restore?: RestoreView;
    /** Failed first, under way, waiting, back: as the home has them. */
    readonly rows: readonly RestoreRow[];
  }>;
  /** `said` may be shown as what is so; else it is the last that is known. */
  readonly fresh: boolean;
  readonly load: Load;
  /** There are more rows than are shown. */
  readonly more: boolean;
  readonly acting?: RestoreAct;
  readonly failed?: { readonly what: RestoreAct; readonly code: ErrorCode };
}

export interface SendingState {
  readonly said?: Said<{ readonly sending?: SendingView }>;
  readonly fresh: boolean;
  readonly load: Load;
  readonly pausing: boolean;
  readonly failed?: ErrorCode;
}

export interface RestoresState {
  /** What the archive that is looked at would cost at least. */
  readonly offer?: OfferState;
  /** Rows are choices. */
  readonly choosing: boolean;
  readonly chosen: readonly WantedArchive[];
  /** The plan that is looked at. */
  readonly plan?: PlanState;
  /** The restore that was started from here; until `leaveStarted`. */
  readonly started?: string;
  readonly progress: ProgressState;
  readonly sending: SendingState;
}

/** None of these throws and none needs awaiting: what came of it is in the state. */
export interface RestoreActs {
  /** Somebody looks at restores and sending, or not any more. */
  look(on: boolean): void;
  /** Asks AWS nothing, but needs the permission `restore`. Without: nothing is offered. */
  offer(archive?: WantedArchive): void;
  /** Rows become choices, with this one chosen already. */
  choose(first?: WantedArchive): void;
  /** Into the choice or out of it; one too many is left out. */
  toggle(archive: WantedArchive): void;
  stopChoosing(): void;
  openPlan(of: PlanOf): void;
  closePlan(): void;
  setTier(tier: Tier): void;
  /** Absent: no cap. */
  setCap(perDay?: number): void;
  type(text: string): void;
  /** Nothing where the plan is not `ready`. */
  start(): void;
  leaveStarted(): void;
  /** Further rows of what is under way. */
  moreRows(): void;
  /** `now`: fetches nothing more, either. */
  pause(now?: boolean): void;
  goOn(): void;
  /** Of what is under way. */
  capRunning(perDay?: number): void;
  pauseSending(): void;
}
