import { rangeOf, Refusal, type Answer } from './answer.ts';
import type { Call, Parts, RetrievalTier } from './call.ts';
import { inventoryOutput, markerOf, statusOf, type ArchiveJob, type InventoryJob, type Job } from './job.ts';
import { invalid, json, notFound } from './vault-answers.ts';
import { isTreeHashAligned } from './tree-hash.ts';
import { treeHashOfBlob } from './body.ts';
import { glacierId, type Vault } from './vault.ts';

const mebibyte = 1024 * 1024;

interface JobParameters {
  readonly Type?: string;
  readonly Format?: string | null;
  readonly Description?: string | null;
  readonly SNSTopic?: string | null;
  readonly ArchiveId?: string;
  readonly Tier?: string | null;
  readonly RetrievalByteRange?: string | null;
  readonly InventoryRetrievalParameters?: {
    readonly StartDate?: string | null;
    readonly EndDate?: string | null;
    readonly Limit?: string | null;
    readonly Marker?: string | null;
  } | null;
}

export function initiate(vault: Vault, call: Call, parts: Parts): Answer {
  let asked: JobParameters;
  try {
    asked = JSON.parse(call.body.text()) as JobParameters;
  } catch {
    throw new Refusal(400, 'SerializationException', 'The request body is not valid JSON');
  }
  const description = asked.Description ?? null;
  if (description !== null && !/^[\x20-\x7e]{0,1024}$/.test(description))
    throw invalid(`Invalid description: ${description}`);
  const now = parts.clock.now();
  const common = {
    id: glacierId(69),
    vault,
    description,
    snsTopic: asked.SNSTopic ?? null,
    createdAt: now,
  };
  let job: Job;
  if (asked.Type === 'inventory-retrieval') job = inventoryJob(vault, asked, common, parts);
  else if (asked.Type === 'archive-retrieval') job = archiveJob(vault, asked, common, parts);
  else throw invalid(`Invalid job type: ${asked.Type}`);
  vault.jobs.push(job);
  return json(202, undefined, {
    location: `/012345678901/vaults/${vault.name}/jobs/${job.id}`,
    'x-amz-job-id': job.id,
    'content-length': '0',
  });
}

type CommonFields = Pick<Job, 'id' | 'vault' | 'description' | 'snsTopic' | 'createdAt'>;

function inventoryJob(vault: Vault, asked: JobParameters, common: CommonFields, parts: Parts): InventoryJob {
  const format = asked.Format ?? 'JSON';
  if (format !== 'JSON' && format !== 'CSV') throw invalid(`Invalid format: ${format}`);
  const range = asked.InventoryRetrievalParameters ?? {};
  const limit = range.Limit ?? null;
  if (limit !== null && !/^[1-9]\d*$/.test(limit)) throw invalid(`Invalid limit: ${limit}`);
  const marker = range.Marker ?? null;
  const inventory = vault.inventory();
  if (inventory === undefined) throw notFound(`The vault has no inventory yet: ${vault.arn}`);
  if (marker !== null && !inventory.archives.some(({ id }) => markerOf(id) === marker))
    throw invalid(`The marker is not valid: ${marker}`);
  const fields = {
    format,
    limit,
    startDate: range.StartDate ?? null,
    endDate: range.EndDate ?? null,
  } as const;
  return {
    ...common,
    action: 'InventoryRetrieval',
    asked: fields,
    completesAt: common.createdAt + parts.waits.inventory,
    ...inventoryOutput(inventory, fields, marker, parts.blobs),
  };
}

function archiveJob(vault: Vault, asked: JobParameters, common: CommonFields, parts: Parts): ArchiveJob {
  const archive = vault.archives.get(asked.ArchiveId ?? '');
  if (archive === undefined) throw notFound(`The archive ID was not found: ${asked.ArchiveId}`);
  const tier = (asked.Tier ?? 'Standard') as RetrievalTier;
  if (!['Expedited', 'Standard', 'Bulk'].includes(tier)) throw invalid(`Invalid tier: ${tier}`);
  if (parts.policy() === 'FreeTier')
    throw new Refusal(
      400,
      'PolicyEnforcedException',
      'InitiateJob request denied by current data retrieval policy.',
    );
  const range = asked.RetrievalByteRange ?? `0-${archive.size - 1}`;
  const [start, end] = (/^(\d+)-(\d+)$/.exec(range)?.slice(1).map(Number) ?? []) as [number?, number?];
  if (start === undefined || end === undefined || start > end || end >= archive.size)
    throw invalid(`Invalid byte range: ${range}`);
  if (start % mebibyte !== 0 || ((end + 1) % mebibyte !== 0 && end !== archive.size - 1))
    throw invalid(`Invalid byte range. Byte ranges must be megabyte aligned: ${range}`);
  const job: ArchiveJob = {
    ...common,
    action: 'ArchiveRetrieval',
    archive,
    tier,
    start,
    end,
    missing: archive.deletedAt !== undefined || archive.blob === undefined,
    completesAt: common.createdAt + parts.waits.vault[tier],
  };
  const staged = vault.jobs.some(
    (other) =>
      other.action === 'ArchiveRetrieval' &&
      other.archive === archive &&
      other.start <= start &&
      other.end >= end &&
      statusOf(other, parts.clock) === 'Succeeded',
  );
  parts.ledger.retrieved('VAULT', tier, job.missing || staged ? 0 : end - start + 1);
  return job;
}

export function download(job: Job, call: Call, { clock, ledger }: Parts): Answer {
  const status = statusOf(job, clock);
  if (status === 'InProgress') throw invalid(`The job is not currently available for download: ${job.id}`);
  if (status === 'Failed') throw notFound(`The job failed and has no output: ${job.id}`);
  const inventory = job.action === 'InventoryRetrieval';
  const [base, size] = inventory ? [0, job.output.size] : [job.start, job.end - job.start + 1];
  const blob = inventory ? job.output : job.archive.blob;
  if (blob === undefined) throw new Error('a job without bytes succeeded');
  let range;
  try {
    range = rangeOf(call.headers['range'], size);
  } catch {
    throw invalid(`Invalid range: ${call.headers['range']}`);
  }
  const start = range?.start ?? 0;
  const end = range?.end ?? size - 1;
  const length = end - start + 1;
  const aligned =
    !inventory &&
    isTreeHashAligned(job.start, job.end, job.archive.size) &&
    isTreeHashAligned(base + start, base + end, job.archive.size);
  ledger.left(length);
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      'content-type': !inventory
        ? 'application/octet-stream'
        : job.asked.format === 'CSV'
          ? 'text/csv'
          : 'application/json',
      'accept-ranges': 'bytes',
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
      ...(aligned ? { 'x-amz-sha256-tree-hash': treeHashOfBlob(blob, base + start, length) } : {}),
      ...(!inventory && job.archive.description !== ''
        ? { 'x-amz-archive-description': job.archive.description }
        : {}),
    },
    body: { blob, start: base + start, length },
  };
}
