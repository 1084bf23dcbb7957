import { createHash } from 'node:crypto';
import type { Blob, Blobs } from './body.ts';
import type { RetrievalTier, S3Class } from './call.ts';
import { day, type VirtualClock } from './clock.ts';

/** A restore that was asked for; its copy is there from `readyAt` to `expiresAt`. */
export interface Restore {
  readonly tier: RetrievalTier;
  readonly readyAt: number;
  /** Midnight UTC after the days that were asked for. */
  readonly expiresAt: number;
}

export interface StoredObject {
  readonly key: string;
  readonly blob: Blob;
  /** With its quotes. */
  readonly etag: string;
  readonly storageClass: S3Class;
  readonly modifiedAt: number;
  readonly contentType: string;
  /** Without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly crc32?: string;
  restore?: Restore;
}

export interface S3Upload {
  readonly id: string;
  readonly key: string;
  readonly createdAt: number;
  readonly storageClass: S3Class;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly blob: Blob; readonly md5: Buffer }>;
}

export class Bucket {
  readonly name: string;
  readonly region: string;
  readonly createdAt: number;
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, S3Upload>();
  private readonly clock: VirtualClock;
  private readonly blobs: Blobs;

  constructor(name: string, region: string, clock: VirtualClock, blobs: Blobs) {
    this.name = name;
    this.region = region;
    this.clock = clock;
    this.blobs = blobs;
    this.createdAt = clock.now();
  }

  /** Puts an object there as if it had been uploaded. */
  put(
    key: string,
    bytes: Uint8Array,
    storageClass: S3Class,
    metadata: Record<string, string> = {},
  ): StoredObject {
    const object: StoredObject = {
      key,
      blob: this.blobs.of(bytes),
      etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
      storageClass,
      modifiedAt: this.clock.now(),
      contentType: 'application/octet-stream',
      metadata,
    };
    this.objects.set(key, object);
    return object;
  }
}

export type RestoreState = 'none' | 'ongoing' | 'restored';

export function restoreState(object: StoredObject, clock: VirtualClock): RestoreState {
  const { restore } = object;
  if (restore === undefined || clock.now() >= restore.expiresAt) return 'none';
  return clock.now() < restore.readyAt ? 'ongoing' : 'restored';
}

/** S3 rounds the end of a copy up to the next midnight UTC. */
export function expiryOf(readyAt: number, days: number): number {
  return Math.ceil((readyAt + days * day) / day) * day;
}

export function isCold(storageClass: S3Class): storageClass is 'GLACIER' | 'DEEP_ARCHIVE' {
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';
}
