import { joinFrames } from '../../lib/protocol/frame.ts';
import { Bucket, type Limits } from './limits.ts';
import type { Transport } from './transport.ts';

/** How long a peer may take to fetch what was sent before a polite end (ms). */
const closingTime = 2000;

/** What a frame costs beside its bytes, so that many small ones cannot lie there for free (bytes, about). */
const frameCost = 64;

/** A poll that waits for its answer. */
interface Waiting {
  readonly answer: (frames: Uint8Array) => void;
  readonly timer: NodeJS.Timeout;
}

const nothing = new Uint8Array(0);

/**
 * One device that polls. Both ways are counted by frame, so that a request which was lost or doubled on the way
 * (proxies and browsers send again by themselves) loses and doubles no frame: what was sent is kept until a later
 * poll says that it came. Whoever holds the line's token is handed its frames and can add some; admission, mailbox
 * and limits are those of a WebSocket.
 */
export class PollLine implements Transport {
  readonly address: string;
  readonly host: string;
  private readonly limits: Limits;
  private readonly requests: Bucket;
  private readonly closers: (() => void)[] = [];
  private listener: (bytes: Uint8Array) => void = () => undefined;
  private state: 'open' | 'closing' | 'over' = 'open';
  /** Sent and not yet known to have come. */
  private kept: Uint8Array[] = [];
  /** Frames before those. */
  private came = 0;
  private cost = 0;
  /** Frames that came from the device. */
  private received = 0;
  private waiting: Waiting | undefined;
  private gap: NodeJS.Timeout | undefined;
  private answering = false;

  constructor(address: string, host: string, limits: Limits) {
    this.address = address;
    this.host = host;
    this.limits = limits;
    this.requests = new Bucket(limits.pollsPerSecond, limits.pollBurst, performance.now());
    this.awaitPoll();
  }

  get buffered(): number {
    return this.cost;
  }

  get isOver(): boolean {
    return this.state === 'over';
  }

  /** What stands there now, for the answer that brings the token. */
  get unseen(): Uint8Array {
    return joinFrames(this.kept);
  }

  send(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    this.kept.push(bytes);
    this.cost += bytes.length + frameCost;
    if (this.waiting === undefined || this.answering) return;
    this.answering = true;
    // What comes in the same turn of the loop goes in the same answer.
    setImmediate(() => {
      this.answering = false;
      this.answer(this.unseen);
    });
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.listener = listener;
  }

  onClose(listener: () => void): void {
    this.closers.push(listener);
  }

  close(): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    setTimeout(() => this.drop(), closingTime).unref();
  }

  drop(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.kept = [];
    this.answer(nothing);
    clearTimeout(this.gap);
    for (const closer of this.closers) closer();
  }

  /**
   * One poll: all frames after the first `have` as soon as there are any, or none after `pollWait`. A newer poll ends
   * an older one. Undefined: this line is over. `abandoned` is called with what the caller is to call when its peer
   * has hung up.
   */
  poll(have: number, abandoned: (forget: () => void) => void): Promise<Uint8Array> | undefined {
    if (!this.isAllowed()) return undefined;
    // An old one that was delayed on the way says nothing new, and must not end the present one.
    if (have < this.came) return Promise.resolve(nothing);
    if (have > this.came + this.kept.length) {
      this.drop();
      return undefined;
    }
    for (const frame of this.kept.splice(0, have - this.came)) this.cost -= frame.length + frameCost;
    this.came = have;
    this.answer(nothing);
    if (this.kept.length > 0) return Promise.resolve(this.unseen);
    if (this.state === 'closing') {
      this.drop();
      return undefined;
    }
    clearTimeout(this.gap);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answer(nothing), this.limits.pollWait);
      const waiting: Waiting = { answer: resolve, timer };
      this.waiting = waiting;
      abandoned(() => {
        if (this.waiting === waiting) this.answer(nothing);
      });
    });
  }

  /** Frames of the device, of which `before` came earlier. False: this line is over. */
  take(before: number, frames: readonly Uint8Array[]): boolean {
    if (!this.isAllowed()) return false;
    if (before > this.received) {
      this.drop();
      return false;
    }
    for (const frame of frames.slice(this.received - before)) {
      this.received += 1;
      if (this.state === 'open') this.listener(frame);
    }
    return !this.isOver;
  }

  private isAllowed(): boolean {
    if (this.state !== 'over' && !this.requests.take(performance.now())) this.drop();
    return this.state !== 'over';
  }

  private answer(frames: Uint8Array): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    waiting.answer(frames);
    this.awaitPoll();
  }

  private awaitPoll(): void {
    clearTimeout(this.gap);
    if (this.state === 'over') return;
    this.gap = setTimeout(() => this.drop(), this.limits.pollGap);
    this.gap.unref();
  }
}
