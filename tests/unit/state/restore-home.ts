import { HomeRestores } from '../../../app/_state/home-restores.ts';
import type { RestoresState, WantedArchive } from '../../../app/_state/restore-types.ts';
import { LatchkeyError, type ErrorCode } from '../../../lib/errors.ts';
import type { Request, RequestOf, Result } from '../../../lib/protocol/message.ts';
import type { RestoreRow, RestoreView, SendingView } from '../../../lib/protocol/restores.ts';
import { isTypedSize } from '../../../lib/restore.ts';
import { settle } from '../client/clock.ts';
import { world, type World } from '../client/world.ts';
import { planOf, restoreOf } from '../restore-samples.ts';

/** A home in memory that gets archives back, as far as its answers go. */
export class RestoreRoom {
  plan = planOf();
  restore: RestoreView | undefined;
  rows: RestoreRow[] = [];
  sending: SendingView | undefined;
  mayRestore = true;
  /** Of the next answers. */
  fails: ErrorCode | undefined;
  /** What AWS was asked for: nothing, until a start was taken. */
  readonly started: RequestOf<'restoreStart'>[] = [];

  answer(request: Request): Result | undefined {
    if (this.fails !== undefined) throw new LatchkeyError(this.fails);
    switch (request.type) {
      case 'restorePlan':
        if (!this.mayRestore) throw new LatchkeyError('refused-permission');
        return {
          type: 'restorePlan',
          plan: { ...this.plan, ...(request.perDay === undefined ? {} : { perDay: request.perDay }) },
        };
      case 'restoreStart':
        return this.start(request);
      case 'restores': {
        const { from, limit } = request;
        const { restore } = this;
        return {
          type: 'restores',
          from,
          rows: this.rows.slice(from, from + limit),
          ...(restore === undefined ? {} : { restore }),
        };
      }
      case 'restorePause':
        this.restore = restoreOf({ ...this.restore, status: 'paused' });
        return { type: 'restoreChanged' };
      case 'restoreGoOn':
        this.restore = restoreOf({ ...this.restore, status: 'running' });
        return { type: 'restoreChanged' };
      case 'restoreCap': {
        const { perDay: _before, ...rest } = this.restore ?? restoreOf();
        this.restore = { ...rest, ...(request.perDay === undefined ? {} : { perDay: request.perDay }) };
        return { type: 'restoreChanged' };
      }
      case 'sending':
        return { type: 'sending', ...(this.sending === undefined ? {} : { sending: this.sending }) };
      case 'sendingPause':
        if (this.sending !== undefined) this.sending = { ...this.sending, pausing: true };
        return { type: 'restoreChanged' };
      default:
        return undefined;
    }
  }

  private start(request: RequestOf<'restoreStart'>): Result {
    const { plan } = this;
    if (!this.mayRestore) throw new LatchkeyError('refused-permission');
    if (request.plan !== plan.plan) throw new LatchkeyError('refused-plan');
    if (!isTypedSize(request.typed, plan.bytes)) throw new LatchkeyError('refused-size');
    const choice = plan.choices.find(({ tier }) => tier === request.tier);
    const cost = (choice?.retrieval ?? 0) + plan.transfer + plan.copies + plan.requests;
    if (cost > request.cost * 1.05) throw new LatchkeyError('refused-cost');
    this.started.push(request);
    this.restore = restoreOf({ back: 0, backBytes: 0 });
    return { type: 'restoreStarted', restore: 'restore-1' };
  }
}

export interface Restoring extends World {
  readonly room: RestoreRoom;
  readonly restores: HomeRestores;
  readonly state: () => RestoresState;
  readonly asked: (type: Request['type']) => Request[];
  /** The home tells of a change. */
  say(): Promise<void>;
  /** A second passes, as the screen counts them. */
  seconds(count: number): Promise<void>;
}

/** A device beside a home that can get archives back, connected. */
export async function restoringHome(): Promise<Restoring> {
  const made = world();
  const client = made.client();
  const room = new RestoreRoom();
  made.home.more = (request) => room.answer(request);
  const restores = new HomeRestores({
    client,
    clock: made.clock,
    moment: () => ({ now: made.clock.now(), answering: client.state.phase === 'ready' }),
  });
  client.connect().catch(() => undefined);
  client.follow(true).catch(() => undefined);
  await settle();
  return {
    ...made,
    room,
    restores,
    state: () => restores.get(),
    asked: (type) => made.home.requests.filter((one) => one.type === type),
    async say() {
      await made.clock.pass(5);
      made.home.push({ type: 'archives', revision: 2 });
      await settle();
    },
    async seconds(count) {
      for (let i = 0; i < count; i++) {
        await made.clock.pass(1000);
        restores.tick();
        await settle();
      }
    },
  };
}

export const photos = (['2019', '2020', '2022'] as const).map((year, i): WantedArchive => ({
  vault: 'vaults/photos',
  id: year,
  name: `Photos ${year}, raw`,
  size: [412e9, 388e9, 341e9][i] ?? 0,
}));
