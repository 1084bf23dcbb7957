import { day, isoMillis, type VirtualClock } from './clock.ts';
import { treeHashOfBlob, type Blob, type Blobs } from './body.ts';
import { asCsv, asJson, type Inventory, type Listed } from './inventory.ts';
import { isTreeHashAligned } from './tree-hash.ts';
import type { Archive, Vault } from './vault.ts';

export type Tier = 'Expedited' | 'Standard' | 'Bulk';

interface Common {
  readonly id: string;
  readonly vault: Vault;
  readonly description: string | null;
  readonly snsTopic: string | null;
  readonly createdAt: number;
  readonly completesAt: number;
}

export interface InventoryJob extends Common {
  readonly action: 'InventoryRetrieval';
  readonly asked: {
    readonly format: 'JSON' | 'CSV';
    readonly startDate: string | null;
    readonly endDate: string | null;
    readonly limit: string | null;
  };
  readonly output: Blob;
  readonly nextMarker: string | null;
}

export interface ArchiveJob extends Common {
  readonly action: 'ArchiveRetrieval';
  readonly archive: Archive;
  readonly tier: Tier;
  readonly start: number;
  readonly end: number;
  /** Was the archive there when it was asked for? If not, the job is taken all the same and fails. */
  readonly missing: boolean;
}

export type Job = InventoryJob | ArchiveJob;

export type Status = 'InProgress' | 'Succeeded' | 'Failed';

/** A job id and its output live this long after completion: "at least 24 hours", and here no longer. */
export const jobLife = day;

export function statusOf(job: Job, clock: VirtualClock): Status | 'expired' {
  if (clock.now() < job.completesAt) return 'InProgress';
  if (clock.now() >= job.completesAt + jobLife) return 'expired';
  return job.action === 'ArchiveRetrieval' && job.missing ? 'Failed' : 'Succeeded';
}

/** A part of an inventory, as `InventoryRetrievalParameters` ask: start inclusive, end exclusive, marker and limit. */
export function inventoryOutput(
  inventory: Inventory,
  asked: InventoryJob['asked'],
  marker: string | null,
  blobs: Blobs,
): { output: Blob; nextMarker: string | null } {
  const from = asked.startDate === null ? -Infinity : Date.parse(asked.startDate);
  const to = asked.endDate === null ? Infinity : Date.parse(asked.endDate);
  const fitting = inventory.archives.filter(({ createdAt }) => createdAt >= from && createdAt < to);
  const at = marker === null ? 0 : fitting.findIndex(({ id }) => markerOf(id) === marker);
  const end = asked.limit === null ? fitting.length : at + Number(asked.limit);
  const archives: readonly Listed[] = fitting.slice(at, end);
  const text = (asked.format === 'CSV' ? asCsv : asJson)({ ...inventory, archives });
  const next = fitting[end];
  return {
    output: blobs.of(Buffer.from(text)),
    nextMarker: next === undefined ? null : markerOf(next.id),
  };
}

export function markerOf(id: string): string {
  return Buffer.from(`after ${id}`).toString('base64url');
}

/** `GlacierJobDescription`; a field that does not apply is null, never left out. */
export function describeJob(job: Job, clock: VirtualClock): Record<string, unknown> {
  const status = statusOf(job, clock) as Status;
  const done = status !== 'InProgress';
  const message = { InProgress: 'Operation in progress.', Succeeded: 'Succeeded', Failed: 'Failed' }[status];
  const common = {
    Action: job.action,
    ArchiveId: null,
    ArchiveSHA256TreeHash: null,
    ArchiveSizeInBytes: null,
    Completed: done,
    CompletionDate: done ? isoMillis(job.completesAt) : null,
    CreationDate: isoMillis(job.createdAt),
    InventoryRetrievalParameters: null,
    InventorySizeInBytes: null,
    JobDescription: job.description,
    JobId: job.id,
    JobOutputPath: null,
    OutputLocation: null,
    RetrievalByteRange: null,
    SHA256TreeHash: null,
    SNSTopic: job.snsTopic,
    SelectParameters: null,
    StatusCode: status,
    StatusMessage: message,
    Tier: null,
    VaultARN: job.vault.arn,
  };
  if (job.action === 'InventoryRetrieval') {
    const { format, limit, startDate, endDate } = job.asked;
    return {
      ...common,
      InventorySizeInBytes: status === 'Succeeded' ? job.output.size : null,
      InventoryRetrievalParameters: {
        EndDate: endDate,
        Format: format,
        Limit: limit,
        Marker: done ? job.nextMarker : null,
        StartDate: startDate,
      },
    };
  }
  const { archive, start, end } = job;
  const whole = start === 0 && end === archive.size - 1;
  const aligned = isTreeHashAligned(start, end, archive.size);
  return {
    ...common,
    ArchiveId: archive.id,
    ArchiveSHA256TreeHash: archive.treeHash,
    ArchiveSizeInBytes: archive.size,
    RetrievalByteRange: `${start}-${end}`,
    SHA256TreeHash:
      !aligned || (whole && !done) || archive.blob === undefined || job.missing
        ? null
        : whole
          ? archive.treeHash
          : treeHashOfBlob(archive.blob, start, end - start + 1),
    Tier: job.tier,
  };
}
