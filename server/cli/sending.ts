import { restorePage, type SentRow } from '../../lib/protocol/restores.ts';
import type { SendingReport } from '../agent/archives/sending-report.ts';
import { partBytesFor } from '../archives/send-parts.ts';
import type { PlannedPiece, UploadProgress } from '../archives/upload.ts';
import type { UploadTarget } from '../archives/upload-target.ts';
import { ControlClient } from '../control-client.ts';

const everyMs = 1000;
/** Between looks for a home agent that does not run. */
const lookEveryMs = 10_000;
/** Over which the rate is taken: some parts even of a slow line. */
const rateOverMs = 60_000;

/** Tells the home agent that runs here how far the sending is, and hears whether it should pause. Where none runs, nothing. */
export class Sending {
  private readonly socket: string;
  private readonly target: Pick<UploadTarget, 'name' | 'kind' | 'storageClass'>;
  private readonly begun = Date.now();
  private readonly timer: NodeJS.Timeout;
  private pieces: readonly PlannedPiece[] = [];
  private progress: UploadProgress | undefined;
  private samples: { at: number; bytes: number }[] = [];
  private control: ControlClient | undefined;
  private lookAt = 0;
  private saying: Promise<void> | undefined;
  private isPausing = false;

  constructor(socket: string, target: Pick<UploadTarget, 'name' | 'kind' | 'storageClass'>) {
    this.socket = socket;
    this.target = target;
    this.timer = setInterval(() => void this.say(false), everyMs);
  }

  plan(pieces: readonly PlannedPiece[]): void {
    this.pieces = pieces;
    void this.say(false);
  }

  tell(progress: UploadProgress): void {
    this.progress = progress;
    const now = performance.now();
    this.samples.push({ at: now, bytes: progress.bytes });
    while (this.samples.length > 2 && now - (this.samples[1]?.at ?? now) > rateOverMs) this.samples.shift();
  }

  /** A device that may has asked for it. */
  get pausing(): boolean {
    return this.isPausing;
  }

  async end(failure?: string): Promise<void> {
    clearInterval(this.timer);
    await this.saying;
    await this.say(true, failure);
    this.control?.close();
  }

  /** Never rejects: who sends does not depend on who listens. */
  private say(ended: boolean, failure?: string): Promise<void> {
    this.saying ??= this.ask(ended, failure)
      .catch(() => {
        this.control?.close();
        this.control = undefined;
      })
      .finally(() => (this.saying = undefined));
    return this.saying;
  }

  private async ask(ended: boolean, failure?: string): Promise<void> {
    if (this.pieces.length === 0) return;
    if (this.control === undefined) {
      if (performance.now() < this.lookAt) return;
      this.lookAt = performance.now() + lookEveryMs;
      this.control = await ControlClient.connect(this.socket);
    }
    const before = this.isPausing;
    const { pause } = await withinSeconds(this.control.ask({ ...this.report(ended, failure) }));
    this.isPausing ||= pause === true;
    // the device waits to hear that it was heard
    if (this.isPausing !== before && !ended) await withinSeconds(this.control.ask({ ...this.report(ended) }));
  }

  private report(ended: boolean, failure?: string): SendingReport {
    const { pieces, progress, samples } = this;
    const sent = pieces.filter(({ state }) => state !== 'there');
    const sum = (which: readonly PlannedPiece[]) => which.reduce((all, { size }) => all + size, 0);
    const kept = sum(sent.filter(({ state }) => state === 'kept'));
    const current =
      progress?.at ??
      Math.max(
        0,
        pieces.findIndex(({ state }) => state === 'waiting'),
      );
    const from = Math.max(0, Math.min(current - restorePage / 2, pieces.length - restorePage));
    const [first, last] = [samples[0], samples.at(-1)];
    const ms = first === undefined ? 0 : performance.now() - first.at;
    return {
      verb: 'sending',
      begun: this.begun,
      target: this.target.name,
      kind: this.target.kind,
      storageClass: this.target.storageClass,
      ...(pieces[current] === undefined ? {} : { stagedAt: pieces[current].run.at }),
      files: sent.length,
      leftOut: pieces.length - sent.length,
      bytes: sum(sent),
      sentBytes: kept + (progress?.bytes ?? 0),
      partBytes: partBytesFor(pieces[current]?.size ?? 0),
      ...(ms > 3000 ? { rate: Math.round(((last!.bytes - first!.bytes) / ms) * 1000) } : {}),
      rows: pieces.slice(from, from + restorePage).map((piece, at) => this.rowOf(piece, from + at, failure)),
      from,
      pausing: this.isPausing,
      ended,
    };
  }

  private rowOf(
    { name, size, parts, state }: PlannedPiece,
    at: number,
    failure: string | undefined,
  ): SentRow {
    const row = { name, size, parts };
    if (state !== 'waiting') return { ...row, part: state === 'kept' ? parts : 0, state };
    const { progress } = this;
    if (progress === undefined || at > progress.at) return { ...row, part: 0, state: 'waiting' };
    if (at < progress.at || progress.kept) return { ...row, part: parts, state: 'kept' };
    if (failure !== undefined)
      return { ...row, part: Math.min(progress.parts + 1, parts), state: 'failed', code: failure };
    return { ...row, part: Math.min(progress.parts + 1, parts), state: 'sending' };
  }
}

/** A home agent that hangs holds nobody up. */
async function withinSeconds<Result>(asked: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), 3000);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
