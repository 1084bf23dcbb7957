import { randomBytes } from 'node:crypto';
import { day, hour, type VirtualClock } from './clock.ts';
import { treeHashOfBlob, type Blob, type Blobs } from './body.ts';
import type { Inventory, Listed } from './inventory.ts';
import type { Job } from './job.ts';

export interface Archive extends Listed {
  /** Absent: only listed; a job for it fails. */
  readonly blob?: Blob;
  deletedAt?: number;
}

export interface Upload {
  readonly id: string;
  readonly description: string | null;
  readonly createdAt: number;
  readonly partSize: number;
  /** By first byte. */
  readonly parts: Map<number, { readonly blob: Blob; readonly treeHash: string }>;
}

const account = '012345678901';
const firstInventoryAfter = 18 * hour;
/** "including any per-archive overhead": index and metadata of an archive. */
export const overheadBytes = 32 * 1024;

export function glacierId(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** A vault of one region, with its archives, jobs and uploads under way. */
export class Vault {
  readonly region: string;
  readonly name: string;
  readonly createdAt: number;
  readonly archives = new Map<string, Archive>();
  readonly uploads = new Map<string, Upload>();
  /** By upload: what it became. */
  readonly finished = new Map<string, Archive>();
  readonly jobs: Job[] = [];
  private readonly clock: VirtualClock;
  private readonly blobs: Blobs;

  constructor(region: string, name: string, clock: VirtualClock, blobs: Blobs) {
    this.region = region;
    this.name = name;
    this.clock = clock;
    this.blobs = blobs;
    this.createdAt = clock.now();
  }

  get arn(): string {
    return `arn:aws:glacier:${this.region}:${account}:vaults/${this.name}`;
  }

  /** Puts an archive there as if it had been uploaded at `createdAt`, absent: now. */
  put(
    description: string,
    content: Uint8Array | { size: number; treeHash: string },
    createdAt?: number,
  ): Archive {
    const blob = content instanceof Uint8Array ? this.blobs.of(content) : undefined;
    return this.add(description, blob ?? (content as { size: number; treeHash: string }), createdAt);
  }

  add(description: string, content: Blob | { size: number; treeHash: string }, createdAt?: number): Archive {
    const archive: Archive = {
      // 138 characters of base64url
      id: glacierId(104).slice(0, 138),
      description,
      createdAt: createdAt ?? this.clock.now(),
      size: content.size,
      treeHash: 'treeHash' in content ? content.treeHash : treeHashOfBlob(content, 0, content.size),
      ...('file' in content ? { blob: content } : {}),
    };
    this.archives.set(archive.id, archive);
    return archive;
  }

  /** Deleting what is deleted is no error. */
  delete(id: string): void {
    const archive = this.archives.get(id);
    if (archive === undefined || archive.deletedAt !== undefined) return;
    archive.deletedAt = this.clock.now();
  }

  living(id: string): Archive | undefined {
    const archive = this.archives.get(id);
    return archive?.deletedAt === undefined ? archive : undefined;
  }

  /**
   * The last inventory that was made: about once a day, the first 18 h after the first upload, and a new one only
   * where something had changed. Undefined before the first.
   */
  inventory(): Inventory | undefined {
    const now = this.clock.now();
    let first = Infinity;
    for (const { createdAt } of this.archives.values()) first = Math.min(first, createdAt);
    const begin = first + firstInventoryAfter;
    if (now < begin) return undefined;
    const lookedAt = begin + Math.floor((now - begin) / day) * day;
    let changed = first;
    for (const { createdAt, deletedAt } of this.archives.values()) {
      for (const at of [createdAt, deletedAt ?? 0]) if (at <= lookedAt) changed = Math.max(changed, at);
    }
    const date = begin + Math.max(0, Math.ceil((changed - begin) / day)) * day;
    const archives = [...this.archives.values()].filter(
      ({ createdAt, deletedAt }) => createdAt <= date && (deletedAt === undefined || deletedAt > date),
    );
    return { vaultArn: this.arn, date, archives };
  }
}
