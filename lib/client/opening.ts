import type { DoorView, Evidence, NoticeOf, Step } from '../protocol/message.ts';

/** One thing that really happened on the way to an open door. */
export interface OpeningStep {
  /** `sealed` on this device, `relayed` by the relay's word, then the home's own. */
  readonly step: 'sealed' | 'relayed' | Step['step'];
  readonly n?: number;
  readonly of?: number;
  /**
   * ms since `release` was called, by this device's clock: for the home's steps not before they happened, and
   * at most the way back later.
   */
  readonly atMs: number;
}

/** A challenge and the address evidence for it: good for one `release`, in this session, for 10 s. */
export interface Armed {
  readonly door: string;
  readonly challenge: string;
  readonly evidence: readonly Evidence[];
  readonly session: Uint8Array;
  /** When the challenge was asked for, monotonic ms. */
  readonly at: number;
}

export interface ReleaseOptions {
  /** Whole seconds; absent: the door's own default. */
  readonly seconds?: number;
  /** Each real step once, as it is heard of. */
  readonly onStep?: (step: OpeningStep) => void;
}

export interface Opened {
  readonly door: DoorView;
  /** The address that it is open for. */
  readonly address: string;
  /** This device's address of the other family, where it is open for that too. */
  readonly also?: string;
  readonly remainingMs?: number;
  /** The address was vouched for by the relay alone. */
  readonly vouched: boolean;
  readonly steps: readonly OpeningStep[];
}

/** Puts the home's times, which count from the frame's arrival there, on this device's line. */
export class StepLog {
  private readonly start: number;
  private readonly onStep: (step: OpeningStep) => void;
  private readonly own: OpeningStep[] = [];
  private readonly heard = new Set<string>();
  /** Least delay seen between a home's time and its hearing here. */
  private offset = Infinity;

  constructor(start: number, onStep: (step: OpeningStep) => void) {
    this.start = start;
    this.onStep = onStep;
  }

  sealed(at: number): void {
    this.add('sealed', at);
  }

  relayed(at: number): void {
    this.add('relayed', at);
  }

  progress(notice: NoticeOf<'progress'>, at: number): void {
    // A word from the home proves that the relay passed the request on, whatever the relay says.
    this.relayed(at);
    this.offset = Math.min(this.offset, at - this.start - notice.atMs);
    const key = `${notice.step} ${notice.n ?? ''}`;
    if (this.heard.has(key)) return;
    this.heard.add(key);
    this.onStep(withTime(notice, at - this.start));
  }

  /** The reply's list alone counts; what was heard on the way may lack some. */
  finish(steps: readonly Step[], at: number): OpeningStep[] {
    this.relayed(at);
    const last = steps.at(-1);
    if (last !== undefined) this.offset = Math.min(this.offset, at - this.start - last.atMs);
    return [...this.own, ...steps.map((step) => withTime(step, step.atMs + Math.max(0, this.offset)))];
  }

  private add(step: 'sealed' | 'relayed', at: number): void {
    if (this.own.some((done) => done.step === step)) return;
    const done = { step, atMs: Math.round(at - this.start) } as const;
    this.own.push(done);
    this.onStep(done);
  }
}

function withTime(step: Step, atMs: number): OpeningStep {
  return {
    step: step.step,
    ...(step.n === undefined ? {} : { n: step.n }),
    ...(step.of === undefined ? {} : { of: step.of }),
    atMs: Math.round(atMs),
  };
}
