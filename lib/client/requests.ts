import { formatClock } from '../duration.ts';
import { LatchkeyError, type ErrorCode } from '../errors.ts';
import type { Notice, NoticeOf, Request, Result, ResultOf } from '../protocol/message.ts';
import type { Sent } from './connection-types.ts';
import type { Clock } from './transport.ts';

/** An answer later than this, counted from the first sending, is no answer: ms. */
export const answerTime = 10_000;

const resultTypes = {
  arm: 'armed',
  open: 'opened',
  close: 'closed',
  inspect: 'door',
  doors: 'doors',
  follow: 'following',
  activity: 'activity',
  devices: 'devices',
  revoke: 'revoked',
  checks: 'checks',
  bans: 'bans',
  banList: 'banList',
  banNetworks: 'banNetworks',
  ban: 'ban',
  banCounts: 'banCounts',
  attacks: 'attacks',
  armUnban: 'armed',
  unban: 'unbanned',
  reban: 'rebanned',
  archives: 'archives',
  archiveList: 'archiveList',
  archive: 'archive',
  inventory: 'inventoryAsked',
  importBegin: 'importing',
  importPart: 'importing',
  importEnd: 'imported',
  importStop: 'importing',
  restorePlan: 'restorePlan',
  restores: 'restores',
  sending: 'sending',
  restoreStart: 'restoreStarted',
  restorePause: 'restoreChanged',
  restoreGoOn: 'restoreChanged',
  restoreCap: 'restoreChanged',
  sendingPause: 'restoreChanged',
} as const satisfies Record<Request['type'], Result['type']>;

/** What answers a request of this type. */
export type Answers<Type extends Request['type']> = ResultOf<(typeof resultTypes)[Type]>;

/** Sealed by the home; `remainingMs` says how long the reason lasts, where the home knows. */
export class HomeRefusal extends LatchkeyError {
  readonly remainingMs: number | undefined;

  constructor(code: ErrorCode, remainingMs: number | undefined) {
    super(code, remainingMs === undefined ? undefined : `${formatClock(remainingMs)} left`);
    this.name = 'HomeRefusal';
    this.remainingMs = remainingMs;
  }
}

export interface Answer<Value> {
  readonly value: Value;
  /** When the frame that this answers was sent: whatever the home says is at most this old. Monotonic ms. */
  readonly sentAt: number;
  readonly heardAt: number;
}

export interface Watch {
  /** The request was sealed and handed to the link, again after each reconnection. */
  sent?(at: number): void;
  /** The relay's word that it passed the frame on. */
  relayed?(at: number): void;
}

interface Pending {
  readonly request: Request;
  readonly watch: Watch;
  readonly since: number;
  /** Frame sequences in the present session that carried it, and when. */
  readonly sentAs: Map<number, number>;
  everSent: boolean;
  frame: number | undefined;
  resolve(answer: Answer<Result>): void;
  reject(error: LatchkeyError): void;
}

export interface Wire {
  readonly clock: Clock;
  /** Undefined when nothing can be sent now. */
  send(request: Request): Sent | undefined;
  /** Why nothing gets through, if that is known. */
  reason(): ErrorCode | undefined;
  /** Starts to reach the home, if nothing does. Throws the home's sealed refusal of this device. */
  wake(): void;
  /** A request that was sent went unanswered. */
  unanswered(): void;
}

/**
 * Requests that wait for their one answer. After a reconnection each is sent again as a new frame with the same
 * request id, so that the home answers from its record and never acts twice.
 */
export class Requests {
  private readonly wire: Wire;
  private readonly waiting = new Set<Pending>();

  constructor(wire: Wire) {
    this.wire = wire;
  }

  get size(): number {
    return this.waiting.size;
  }

  waits(type: Request['type']): boolean {
    return [...this.waiting].some((pending) => pending.request.type === type);
  }

  /**
   * Throws `HomeRefusal` with the home's code, `relay-no-answer` after 10 s, the reason it was not reached, or
   * `protocol-malformed` where the answer does not fit the request.
   */
  ask<Type extends Request['type']>(
    request: Request & { type: Type },
    watch: Watch = {},
  ): Promise<Answer<Answers<Type>>> {
    return new Promise((resolve, reject) => {
      const { clock } = this.wire;
      const pending: Pending = {
        request,
        watch,
        since: clock.now(),
        sentAs: new Map(),
        everSent: false,
        frame: undefined,
        resolve: (answer) => {
          cancel();
          this.waiting.delete(pending);
          resolve(answer as Answer<Answers<Type>>);
        },
        reject: (error) => {
          cancel();
          this.waiting.delete(pending);
          reject(error);
        },
      };
      const cancel = clock.after(answerTime, () => this.tooLate(pending));
      this.waiting.add(pending);
      try {
        this.wire.wake();
        this.sendOne(pending);
      } catch (error) {
        pending.reject(error as LatchkeyError);
      }
    });
  }

  /** Everything that waits goes out (again). A new session counts its frames anew. */
  sendable(resumed: boolean): void {
    for (const pending of this.waiting) {
      if (!resumed) pending.sentAs.clear();
      this.sendOne(pending);
    }
  }

  /** The link is gone: `taken` of the next one counts other frames. */
  linkLost(): void {
    for (const pending of this.waiting) pending.frame = undefined;
  }

  taken(n: number): void {
    for (const pending of this.waiting) {
      if (pending.frame === undefined || pending.frame > n) continue;
      pending.frame = undefined;
      pending.watch.relayed?.(this.wire.clock.now());
    }
  }

  /**
   * A whole round has failed. What was never sent, and what only asks, has no reason to wait; an act that was sent
   * may have happened, so its answer is waited for.
   */
  notReached(code: ErrorCode): void {
    for (const pending of this.waiting) {
      const acts = ['open', 'close', 'revoke', 'unban', 'reban', 'inventory', 'restoreStart'].includes(
        pending.request.type,
      );
      if (!pending.everSent || !acts) pending.reject(new LatchkeyError(code));
    }
  }

  failAll(error: LatchkeyError): void {
    for (const pending of this.waiting) pending.reject(error);
  }

  settle(notice: NoticeOf<'reply'> | NoticeOf<'failure'>): void {
    for (const pending of this.waiting) {
      const sentAt = pending.sentAs.get(notice.re);
      if (sentAt !== undefined) return this.finish(pending, notice, sentAt);
    }
  }

  private finish(pending: Pending, notice: Notice, sentAt: number): void {
    const heardAt = this.wire.clock.now();
    // Timers sleep with the machine; an answer found on waking is as late as one that came late.
    if (heardAt - pending.since > answerTime) return this.tooLate(pending);
    if (notice.type === 'failure') {
      pending.reject(new HomeRefusal(notice.code, notice.remainingMs));
    } else if (notice.type === 'reply') {
      if (fits(pending.request, notice.result)) pending.resolve({ value: notice.result, sentAt, heardAt });
      else pending.reject(new LatchkeyError('protocol-malformed', `${notice.result.type} as an answer`));
    }
  }

  private tooLate(pending: Pending): void {
    const reason = this.wire.reason();
    pending.reject(new LatchkeyError(reason ?? 'relay-no-answer'));
    if (reason === undefined && pending.everSent) this.wire.unanswered();
  }

  private sendOne(pending: Pending): void {
    const sent = this.wire.send(pending.request);
    if (sent === undefined) return;
    pending.sentAs.set(sent.sequence, sent.at);
    pending.frame = sent.frame;
    pending.everSent = true;
    pending.watch.sent?.(sent.at);
  }
}

function fits(request: Request, result: Result): boolean {
  if (resultTypes[request.type] !== result.type) return false;
  if ((result.type === 'opened' || result.type === 'closed' || result.type === 'door') && 'door' in request) {
    return result.door.name === request.door;
  }
  if (result.type === 'following' && request.type === 'follow') return result.on === request.on;
  if (result.type === 'unbanned' && request.type === 'unban') return result.value === request.value;
  return result.type !== 'revoked' || request.type !== 'revoke' || result.device === request.device;
}
