import ipaddr from 'ipaddr.js';
import { admissionTime, maxFrame } from '../../lib/protocol/version.ts';

/** Every bound of the relay, each with its reason. A relay's file may change those under `[limits]`. */
export interface Limits {
  readonly deviceFrame: number;
  readonly offerFrame: number;
  readonly framesPerSecond: number;
  readonly frameBurst: number;
  readonly offerFramesPerSecond: number;
  readonly offerFrameBurst: number;
  readonly homeFramesPerSecond: number;
  readonly homeFrameBurst: number;
  readonly socketsPerSource: number;
  readonly connectionsPerSource: number;
  readonly unadmittedPerSource: number;
  readonly unadmitted: number;
  readonly devicesPerMailbox: number;
  readonly offerConnections: number;
  readonly deviceBuffered: number;
  readonly homeBuffered: number;
  readonly admissionTime: number;
  readonly pingEvery: number;
  readonly observePerSecond: number;
  readonly observeBurst: number;
  readonly pollWait: number;
  readonly pollGap: number;
  readonly pollBody: number;
  readonly pollsPerSecond: number;
  readonly pollBurst: number;
}

/** Kind and connection id, which `from` and `to` put before a device's frame (bytes). */
const wrap = 1 + 16;

export const defaultLimits: Limits = {
  // what still fits into one frame for the home once wrapped (bytes)
  deviceFrame: maxFrame - wrap,
  // HELLO is 130 bytes, INITIATE with a device's name below 600, a sealed frame padded to 1 KiB is 1,065
  offerFrame: 1536,
  // A page that opens sends about ten frames, a hold two: room for a hundred holds a second is no limit for
  // people, and 50 × 1 KiB is nothing for a home's uplink.
  framesPerSecond: 50,
  frameBurst: 200,
  // pairing is HELLO, INITIATE and a few questions; several tries after a phone was locked
  offerFramesPerSecond: 4,
  offerFrameBurst: 24,
  // A home answers all of its devices and pushes to those that follow.
  homeFramesPerSecond: 2000,
  homeFrameBurst: 4000,
  // TCP connections of any kind from one source, refused before TLS costs anything: browsers open six.
  socketsPerSource: 256,
  // WebSockets from one IPv4 address or IPv6 /64: a household or an office behind one address.
  connectionsPerSource: 64,
  // Of those, still without admission: admission takes one round trip.
  unadmittedPerSource: 16,
  // All unadmitted sockets: 30 KB each under TLS (measured), so about 30 MB for strangers at most.
  unadmitted: 1024,
  // A household's phones, tabs and terminals at once.
  devicesPerMailbox: 64,
  // One phone pairs; its old socket may linger after it was locked.
  offerConnections: 4,
  // Unsent bytes after which a reader is too slow and is dropped: 15 of the largest frames for a device,
  // and some seconds of all devices together for a home.
  deviceBuffered: 256 * 1024,
  homeBuffered: 4 * 1024 * 1024,
  // ms for the one frame that answers the challenge: signing takes a phone milliseconds
  admissionTime,
  // ms; middleboxes forget idle connections after 60 s or more
  pingEvery: 30_000,
  // A hold asks each observer once.
  observePerSecond: 5,
  observeBurst: 20,
  // ms that a poll is held without a frame: proxies give up on an answer after 30 s or more
  pollWait: 20_000,
  // ms without a poll after which a device is gone: two tries of a device whose poll was lost, and some
  pollGap: 15_000,
  // One of the largest frames and a small one beside it, each with its length (bytes).
  pollBody: 2 * (maxFrame + 2),
  // Requests of one line: a device sends as it has frames, and polls once for what came meanwhile.
  pollsPerSecond: 50,
  pollBurst: 200,
};

/** A token bucket. Times are ms of a monotonic clock. */
export class Bucket {
  private tokens: number;
  private readonly perSecond: number;
  private readonly burst: number;
  private at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.tokens = burst;
    this.at = now;
  }

  /** False when there is nothing left: nothing may happen then. */
  take(now: number): boolean {
    this.refill(now);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  isFull(now: number): boolean {
    this.refill(now);
    return this.tokens >= this.burst;
  }

  private refill(now: number): void {
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
  }
}

/** A bucket for each source, with a bounded memory: a full bucket is the same as none. */
export class SourceRates {
  private readonly buckets = new Map<string, Bucket>();
  private readonly perSecond: number;
  private readonly burst: number;

  constructor(perSecond: number, burst: number) {
    this.perSecond = perSecond;
    this.burst = burst;
  }

  take(source: string, now: number): boolean {
    let bucket = this.buckets.get(source);
    if (bucket === undefined) {
      if (this.buckets.size >= 10_000) this.forget(now);
      bucket = new Bucket(this.perSecond, this.burst, now);
      this.buckets.set(source, bucket);
    }
    return bucket.take(now);
  }

  private forget(now: number): void {
    for (const [source, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(source);
    // 10,000 sources at once is an attack; those that came first lose their count.
    for (const source of this.buckets.keys()) {
      if (this.buckets.size < 5000) break;
      this.buckets.delete(source);
    }
  }
}

/** How many of something each source holds now. */
export class SourceCounts {
  private readonly counts = new Map<string, number>();

  of(source: string): number {
    return this.counts.get(source) ?? 0;
  }

  add(source: string): void {
    this.counts.set(source, this.of(source) + 1);
  }

  remove(source: string): void {
    const left = this.of(source) - 1;
    if (left > 0) this.counts.set(source, left);
    else this.counts.delete(source);
  }
}

/** What limits count by: the address itself, or its /64, which one subscriber owns whole (RFC 6177). */
export function sourceOf(canonical: string): string {
  if (!canonical.includes(':')) return canonical;
  return Buffer.from(ipaddr.parse(canonical).toByteArray().slice(0, 8)).toString('hex');
}
