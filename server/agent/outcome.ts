import { LatchkeyError } from '../../lib/errors.ts';
import type { Outcome } from './requests.ts';

/** A refusal that says how long the door is still open. */
export class StillOpen extends LatchkeyError {
  readonly remainingMs: number;

  constructor(code: LatchkeyError['code'], remainingMs: number) {
    super(code);
    this.remainingMs = remainingMs;
  }
}

export function unwrap(outcome: Outcome): Outcome & { ok: true } {
  if (outcome.ok) return outcome;
  if (outcome.remainingMs !== undefined) throw new StillOpen(outcome.code, outcome.remainingMs);
  throw new LatchkeyError(outcome.code);
}
