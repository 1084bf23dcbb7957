import { Refusal, type Answer } from './answer.ts';
import { invalid, json, notFound, page } from './vault-answers.ts';
import { isoMillis } from './clock.ts';
import { describeJob, statusOf, type Job } from './job.ts';
import { download, initiate } from './vault-jobs.ts';
import {
  abort,
  complete,
  initiateUpload,
  listParts,
  listUploads,
  upload,
  uploadPart,
} from './vault-uploads.ts';
import { overheadBytes, type Vault } from './vault.ts';
import type { Call, Parts } from './call.ts';

export interface Route {
  /** As the SDK names its command. */
  readonly operation: string;
  /** Vault or bucket. */
  readonly place: string | undefined;
  /** Archive, job or upload id, or key. */
  readonly thing: string | undefined;
  answer(call: Call, parts: Parts): Answer | Promise<Answer>;
}

type Handle = (call: Call, parts: Parts) => Answer;

const routes: readonly (readonly [method: string, path: RegExp, operation: string, handle: Handle])[] = [
  ['GET', /^vaults$/, 'ListVaults', listVaults],
  ['PUT', /^vaults\/([^/]+)$/, 'CreateVault', createVault],
  ['GET', /^vaults\/([^/]+)$/, 'DescribeVault', (call) => json(200, describeVault(vaultOf(call)))],
  ['DELETE', /^vaults\/([^/]+)$/, 'DeleteVault', deleteVault],
  [
    'POST',
    /^vaults\/([^/]+)\/archives$/,
    'UploadArchive',
    (call, parts) => upload(vaultOf(call), call, parts),
  ],
  ['DELETE', /^vaults\/([^/]+)\/archives\/([^/]+)$/, 'DeleteArchive', deleteArchive],
  ['POST', /^vaults\/([^/]+)\/jobs$/, 'InitiateJob', (call, parts) => initiate(vaultOf(call), call, parts)],
  ['GET', /^vaults\/([^/]+)\/jobs$/, 'ListJobs', listJobs],
  [
    'GET',
    /^vaults\/([^/]+)\/jobs\/([^/]+)$/,
    'DescribeJob',
    (call, parts) => json(200, describeJob(jobOf(call, parts), parts.clock)),
  ],
  [
    'GET',
    /^vaults\/([^/]+)\/jobs\/([^/]+)\/output$/,
    'GetJobOutput',
    (call, parts) => download(jobOf(call, parts), call, parts),
  ],
  [
    'POST',
    /^vaults\/([^/]+)\/multipart-uploads$/,
    'InitiateMultipartUpload',
    (call, parts) => initiateUpload(vaultOf(call), call, parts),
  ],
  [
    'GET',
    /^vaults\/([^/]+)\/multipart-uploads$/,
    'ListMultipartUploads',
    (call) => listUploads(vaultOf(call), call),
  ],
  [
    'PUT',
    /^vaults\/([^/]+)\/multipart-uploads\/([^/]+)$/,
    'UploadMultipartPart',
    (call) => uploadPart(vaultOf(call), call),
  ],
  [
    'POST',
    /^vaults\/([^/]+)\/multipart-uploads\/([^/]+)$/,
    'CompleteMultipartUpload',
    (call, parts) => complete(vaultOf(call), call, parts),
  ],
  [
    'DELETE',
    /^vaults\/([^/]+)\/multipart-uploads\/([^/]+)$/,
    'AbortMultipartUpload',
    (call) => abort(vaultOf(call), call),
  ],
  [
    'GET',
    /^vaults\/([^/]+)\/multipart-uploads\/([^/]+)$/,
    'ListParts',
    (call) => listParts(vaultOf(call), call),
  ],
  [
    'GET',
    /^policies\/data-retrieval$/,
    'GetDataRetrievalPolicy',
    (_call, parts) => json(200, { Policy: { Rules: [{ Strategy: parts.policy(), BytesPerHour: null }] } }),
  ],
];

/** The vault API, 2012-06-01. Undefined: no such operation. */
export function vaultRoute(method: string, url: string): Route | undefined {
  const path = decodeURIComponent((url.split('?')[0] ?? '').replace(/^\/[^/]+\//, ''));
  for (const [wanted, shape, operation, handle] of routes) {
    const found = wanted === method ? shape.exec(path) : null;
    if (found !== null) return { operation, place: found[1], thing: found[2], answer: handle };
  }
  return undefined;
}

function vaultOf(call: Call): Vault {
  const vault = call.vaults.get(call.place ?? '');
  if (vault === undefined)
    throw notFound(
      `Vault not found for ARN: arn:aws:glacier:${call.region}:012345678901:vaults/${call.place}`,
    );
  return vault;
}

function jobOf(call: Call, { clock }: Parts): Job {
  const job = vaultOf(call).jobs.find(({ id }) => id === call.thing);
  if (job === undefined || statusOf(job, clock) === 'expired')
    throw notFound(`The job ID was not found: ${call.thing}`);
  return job;
}

function describeVault(vault: Vault): Record<string, unknown> {
  const inventory = vault.inventory();
  return {
    CreationDate: isoMillis(vault.createdAt),
    // of the last inventory, and null before the first
    LastInventoryDate: inventory === undefined ? null : isoMillis(inventory.date),
    NumberOfArchives: inventory?.archives.length ?? null,
    SizeInBytes: inventory?.archives.reduce((sum, { size }) => sum + size + overheadBytes, 0) ?? null,
    VaultARN: vault.arn,
    VaultName: vault.name,
  };
}

function listVaults(call: Call): Answer {
  const vaults = [...call.vaults.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, marker } = page(vaults, ({ arn }) => arn, call, 10);
  return json(200, { Marker: marker, VaultList: items.map(describeVault) });
}

function listJobs(call: Call, { clock }: Parts): Answer {
  const status = call.query.get('statuscode');
  if (status !== null && !['InProgress', 'Succeeded', 'Failed'].includes(status))
    throw invalid(`The job status code is not valid: ${status}`);
  const completed = call.query.get('completed');
  const jobs = vaultOf(call).jobs.filter((job) => {
    const is = statusOf(job, clock);
    if (is === 'expired' || (status !== null && is !== status)) return false;
    return completed === null || completed === String(is !== 'InProgress');
  });
  const { items, marker } = page(jobs, ({ id }) => id, call, 50);
  return json(200, { JobList: items.map((job) => describeJob(job, clock)), Marker: marker });
}

function createVault(call: Call, { newVaults }: Parts): Answer {
  const name = call.place ?? '';
  if (!newVaults())
    throw new Refusal(400, 'NoLongerSupportedException', 'Amazon Glacier is closed to new customers');
  if (!/^[A-Za-z0-9_.-]{1,255}$/.test(name)) throw invalid(`Invalid vault name: ${name}`);
  call.newVault(name);
  return json(201, undefined, { location: `/012345678901/vaults/${name}`, 'content-length': '0' });
}

function deleteVault(call: Call, { clock }: Parts): Answer {
  const vault = vaultOf(call);
  const living = [...vault.archives.values()].some(({ deletedAt }) => deletedAt === undefined);
  const written = [...vault.archives.values()].some(({ createdAt, deletedAt }) => {
    const date = vault.inventory()?.date ?? 0;
    return createdAt > date || (deletedAt ?? 0) > date;
  });
  if (living || written || clock.now() < vault.createdAt)
    throw invalid(`Vault not empty or recently written to: ${vault.arn}`);
  call.vaults.delete(vault.name);
  return { status: 204 };
}

function deleteArchive(call: Call): Answer {
  const vault = vaultOf(call);
  if (!vault.archives.has(call.thing ?? '')) throw notFound(`The archive ID was not found: ${call.thing}`);
  vault.delete(call.thing ?? '');
  return { status: 204 };
}
