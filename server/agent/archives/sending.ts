import type { StorageClass } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import type { SendingView } from '../../../lib/protocol/restores.ts';
import type { Clock } from '../clock.ts';
import type { SendingReport } from './sending-report.ts';

/** A command that has not spoken for so long is gone. */
const silenceMs = 10_000;
/** It speaks once a second. */
const patienceMs = 5_000;
const gb = 2 ** 30;

export interface SendingParts {
  readonly clock: Clock;
  /** Something that a device was told may be otherwise. */
  readonly changed: () => void;
  /** US dollars for a GB (2^30 bytes) and month, and the days that are billed at least. Throws `config-*`. */
  readonly keeping: (storageClass: StorageClass) => { perGbMonth: number; leastDays: number };
}

interface Told {
  readonly report: SendingReport;
  /** Monotonic ms. */
  readonly at: number;
}

/**
 * What is being sent, as the command that sends it last said. It is a process of its own (often root's, which alone may
 * read what is staged), so it is never asked: it speaks, and hears in the answer that it should pause.
 */
export class Sending {
  private readonly parts: SendingParts;
  private told: Told | undefined;
  /** `begun` of the command that should pause. */
  private pauseOf: number | undefined;
  private waiting: (() => void)[] = [];
  private silence: NodeJS.Timeout | undefined;

  constructor(parts: SendingParts) {
    this.parts = parts;
  }

  hear(report: SendingReport): { pause: boolean } {
    this.told = { report, at: this.parts.clock.now() };
    if (report.begun === this.pauseOf && (report.pausing || report.ended))
      for (const resolve of this.waiting.splice(0)) resolve();
    clearTimeout(this.silence);
    if (!report.ended) {
      this.silence = setTimeout(() => this.parts.changed(), silenceMs + 100);
      this.silence.unref();
    }
    this.parts.changed();
    return { pause: report.begun === this.pauseOf };
  }

  /** Undefined: nothing was sent since this home agent began. */
  view(): SendingView | undefined {
    if (this.told === undefined) return undefined;
    const { report } = this.told;
    const { target, kind, stagedAt, files, leftOut, bytes, sentBytes, partBytes, rate, rows, from } = report;
    const { perGbMonth, leastDays } = this.parts.keeping(report.storageClass);
    const alive = this.isAlive();
    return {
      ...{ target, kind, alive, files, leftOut, bytes, sentBytes, partBytes, rows, from, leastDays },
      monthly: Math.round((bytes / gb) * perGbMonth * 1e6),
      ...(stagedAt === undefined ? {} : { stagedMs: stagedAt }),
      ...(alive && report.pausing ? { pausing: true } : {}),
      ...(alive && rate !== undefined ? { rate } : {}),
    };
  }

  /**
   * After the parts under way. Resolves when the command has heard it; again, it does the same. Throws
   * `archives-not-sending`.
   */
  async pause(): Promise<void> {
    const nobody = () => new LatchkeyError('archives-not-sending');
    if (this.told === undefined || !this.isAlive()) throw nobody();
    const { report } = this.told;
    if (report.pausing) return;
    this.pauseOf = report.begun;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(nobody()), patienceMs);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  stop(): void {
    clearTimeout(this.silence);
  }

  private isAlive(): boolean {
    if (this.told === undefined || this.told.report.ended) return false;
    return this.parts.clock.now() - this.told.at < silenceMs;
  }
}
