import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf } from '../../lib/errors.ts';
import type { BanHit } from '../../lib/protocol/bans.ts';
import type { BansState, Lifted } from './ban-types.ts';

/** How long *Undo* stands: ms (DESIGN 3). */
const undoFor = 8000;

interface Parts {
  readonly client: Client;
  readonly clock: Clock;
  readonly changed: () => void;
  /** Something was lifted, or may have been: whatever was asked for before `at` is the past. */
  readonly lifted: (at: number, done: boolean) => void;
}

type State = Pick<BansState, 'lifting' | 'lifted' | 'liftFailed'>;

/** Lifting bans, one at a time, and taking that back. */
export class Lifting {
  private readonly parts: Parts;
  private value: string | undefined;
  private done: { readonly lifted: Lifted; readonly id: string; readonly until: number } | undefined;
  private failed: State['liftFailed'];
  private cancel: () => void = () => undefined;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  get running(): boolean {
    return this.value !== undefined;
  }

  state(now: number): State {
    const { value, done, failed } = this;
    const left = done === undefined ? 0 : done.until - now;
    const { undoMs: _gone, ...said } = done?.lifted ?? ({} as Lifted);
    return {
      ...(value === undefined ? {} : { lifting: value }),
      ...(done === undefined ? {} : { lifted: left > 0 && !said.undone ? { ...said, undoMs: left } : said }),
      ...(failed === undefined ? {} : { liftFailed: failed }),
    };
  }

  /** What still turns the value away, as the home found it afterwards; undefined: it was not lifted. */
  async lift(value: string, canUndo = true): Promise<readonly BanHit[] | undefined> {
    if (this.running) return undefined;
    this.begin(value);
    const { client, clock } = this.parts;
    try {
      const { value: said, id } = await client.unban(value);
      const { lifted: hits, left, undoMs = 0, comesBack = false } = said;
      this.show({ value, hits, left, comesBack, undone: false }, id, canUndo ? Math.min(undoFor, undoMs) : 0);
      return left;
    } catch (error) {
      this.failed = { value, what: 'unban', code: codeOf(error, 'relay-no-answer') };
      return undefined;
    } finally {
      this.end(clock.now());
    }
  }

  async undo(): Promise<void> {
    const { done } = this;
    const { client, clock } = this.parts;
    if (done === undefined || this.running || done.until <= clock.now()) return;
    const { value, left } = done.lifted;
    this.begin(value);
    try {
      const { hits } = (await client.reban(done.id)).value;
      this.show({ value, hits, left, comesBack: false, undone: true }, done.id, 0);
    } catch (error) {
      this.failed = { value, what: 'undo', code: codeOf(error, 'relay-no-answer') };
    } finally {
      this.end(clock.now());
    }
  }

  /** What was said of the last one is let go. */
  forget(): void {
    this.cancel();
    this.done = undefined;
    this.failed = undefined;
    this.parts.changed();
  }

  private begin(value: string): void {
    this.cancel();
    this.value = value;
    this.done = undefined;
    this.failed = undefined;
    this.parts.changed();
  }

  private show(lifted: Lifted, id: string, undo: number): void {
    this.done = { lifted, id, until: this.parts.clock.now() + undo };
  }

  private end(at: number): void {
    this.value = undefined;
    if (this.done !== undefined) this.cancel = this.parts.clock.after(undoFor, () => this.forget());
    this.parts.lifted(at, this.done !== undefined);
    this.parts.changed();
  }
}
