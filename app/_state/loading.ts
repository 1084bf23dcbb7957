import type { Clock } from '../../lib/client/transport.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { Load } from './types.ts';

/** How far a list is loaded, and how old it is. */
export class Loading {
  private readonly clock: Clock;
  private running = false;
  private doneAt: number | undefined;
  private code: ErrorCode | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get wasAsked(): boolean {
    return this.running || this.doneAt !== undefined || this.code !== undefined;
  }

  state(now: number): Load {
    if (this.running) return { state: 'loading' };
    if (this.code !== undefined) {
      return {
        state: 'failed',
        code: this.code,
        ...(this.doneAt === undefined ? {} : { agoMs: now - this.doneAt }),
      };
    }
    return this.doneAt === undefined ? { state: 'none' } : { state: 'ready', agoMs: now - this.doneAt };
  }

  /** False where it runs already. */
  begin(): boolean {
    if (this.running) return false;
    this.running = true;
    return true;
  }

  done(): void {
    this.running = false;
    this.code = undefined;
    this.doneAt = this.clock.now();
  }

  fail(code: ErrorCode): void {
    this.running = false;
    this.code = code;
  }
}
