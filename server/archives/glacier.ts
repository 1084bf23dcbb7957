import type { GlacierClient, GlacierJobDescription } from '@aws-sdk/client-glacier';
import type * as sdkTypes from '@aws-sdk/client-glacier';
import * as v from 'valibot';
import { vaultOf, type Job, type JobStatus, type Tier, type Vault } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { asLatchkeyError, clientOptions, glacierRegions, ofCommonJs, patiently, realPause } from './aws.ts';
import { download } from './ranged-download.ts';
import { isOurs } from './job-id.ts';
import type { Retrieval } from './restore/retrieval.ts';
import { vaultRetrieval } from './restore/vault-retrieval.ts';
import type { ArchiveSource, InventoryJobs, SourceContext, SourceType } from './source.ts';
import { optionsOf } from './source-table.ts';

const table = v.strictObject({
  /** Absent: every region with vaults. */
  regions: v.exactOptional(
    v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-z]{2}(-[a-z]+)+-\d$/))), v.minLength(1)),
  ),
});
export type GlacierOptions = v.InferOutput<typeof table>;

type Sdk = typeof sdkTypes;

const day = 86_400_000;
/** Regions asked at once. */
const abreast = 4;

/** Vaults of Amazon Glacier, the API of 2012-06-01. Credentials come by the SDK's standard chain and stay in it. */
class GlacierSource implements ArchiveSource {
  private readonly regions: readonly string[];
  private readonly log: (line: string) => void;
  private readonly pause: (ms: number) => Promise<void>;
  private readonly clients = new Map<string, GlacierClient>();
  private sdk: Promise<Sdk> | undefined;
  readonly inventory: InventoryJobs;
  readonly retrieval: Retrieval;

  constructor(options: GlacierOptions, context: SourceContext) {
    this.regions = options.regions ?? glacierRegions;
    this.log = context.log;
    this.pause = context.pause ?? realPause;
    this.inventory = {
      ask: (vault, job) => this.ask(vault, job),
      jobs: (vault) => this.jobs(vault),
      fetch: (vault, job, file, progress) => this.fetch(vault, job, file, progress),
    };
    this.retrieval = vaultRetrieval({
      regions: this.regions,
      client: (region) => this.client(region),
      pause: this.pause,
    });
  }

  /** The SDK is loaded by the first question, so that a home without archives never carries it. */
  private async client(region: string): Promise<{ sdk: Sdk; client: GlacierClient }> {
    this.sdk ??= import('@aws-sdk/client-glacier').then(ofCommonJs);
    const sdk = await this.sdk;
    const client = this.clients.get(region) ?? new sdk.GlacierClient({ ...clientOptions, region });
    this.clients.set(region, client);
    return { sdk, client };
  }

  private again<Result>(call: () => Promise<Result>): Promise<Result> {
    return patiently(call, { pause: this.pause, repeatable: true });
  }

  async vaults(): Promise<readonly Vault[]> {
    const waiting = [...this.regions];
    const found: Vault[] = [];
    const failures: { region: string; error: LatchkeyError }[] = [];
    const work = async (): Promise<void> => {
      for (let region = waiting.shift(); region !== undefined; region = waiting.shift()) {
        try {
          found.push(...(await this.vaultsOf(region)));
        } catch (thrown) {
          failures.push({ region, error: asLatchkeyError(thrown) });
        }
      }
    };
    await Promise.all(Array.from({ length: abreast }, work));
    const [first] = failures;
    if (first !== undefined && failures.length === this.regions.length) throw first.error;
    for (const { region, error } of failures) {
      // a region that nobody opted into says so of a key that is right elsewhere
      if (error.code !== 'archives-credentials') this.log(`archives: ${region}: ${error.message}`);
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  private async vaultsOf(region: string): Promise<Vault[]> {
    const { sdk, client } = await this.client(region);
    const found: Vault[] = [];
    let marker: string | undefined;
    do {
      const page = await this.again(() =>
        client.send(
          new sdk.ListVaultsCommand({ accountId: '-', ...(marker === undefined ? {} : { marker }) }),
        ),
      );
      for (const { VaultARN, NumberOfArchives, SizeInBytes, LastInventoryDate } of page.VaultList ?? []) {
        const vault = vaultOf(VaultARN ?? '');
        if (vault === undefined) throw new LatchkeyError('archives-malformed', `a vault of ${region}`);
        const at = Date.parse(LastInventoryDate ?? '');
        // null until AWS has counted
        const counted = Number.isNaN(at)
          ? {}
          : { counted: { at, archives: NumberOfArchives ?? 0, bytes: SizeInBytes ?? 0 } };
        found.push({ ...vault, ...counted });
      }
      marker = page.Marker ?? undefined;
    } while (marker !== undefined);
    return found;
  }

  private async ask(vault: Vault, job: Job): Promise<Job> {
    return this.initiate(vault, job, { Type: 'inventory-retrieval', Format: 'JSON', Description: job.id });
  }

  private async initiate(vault: Vault, job: Job, jobParameters: Record<string, string>): Promise<Job> {
    const { sdk, client } = await this.client(regionOf(vault));
    const input = { accountId: vault.account ?? '-', vaultName: vault.name ?? '', jobParameters };
    const { jobId } = await patiently(() => client.send(new sdk.InitiateJobCommand(input)), {
      pause: this.pause,
      // an answer that never came may be a job all the same
      repeatable: false,
    });
    if (jobId === undefined) throw new LatchkeyError('archives-unreachable', 'no job id');
    return { ...job, jobId, status: 'running' };
  }

  private async jobs(vault: Vault): Promise<readonly Job[]> {
    const { sdk, client } = await this.client(regionOf(vault));
    const input = { accountId: vault.account ?? '-', vaultName: vault.name ?? '' };
    const found: Job[] = [];
    let marker: string | undefined;
    do {
      const page = await this.again(() =>
        client.send(new sdk.ListJobsCommand({ ...input, ...(marker === undefined ? {} : { marker }) })),
      );
      for (const told of page.JobList ?? []) {
        const job = jobOf(vault, told);
        if (job !== undefined) found.push(job);
      }
      marker = page.Marker ?? undefined;
    } while (marker !== undefined);
    return found;
  }

  private async fetch(
    vault: Vault,
    job: Job,
    file: string,
    progress: (bytes: number) => void,
  ): Promise<void> {
    const { sdk, client } = await this.client(regionOf(vault));
    const { jobId, size } = job;
    if (jobId === null || size === null) throw new LatchkeyError('archives-expired', job.id);
    const input = { accountId: vault.account ?? '-', vaultName: vault.name ?? '', jobId };
    const { pause } = this;
    try {
      await download({
        size,
        file,
        progress,
        pause,
        range: async (first, last) => {
          const answer = await patiently(
            () => client.send(new sdk.GetJobOutputCommand({ ...input, range: `bytes=${first}-${last}` })),
            { pause, repeatable: false },
          );
          return { contentRange: answer.contentRange, body: answer.body as AsyncIterable<Uint8Array> };
        },
      });
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      if (error.code !== 'archives-missing') throw error;
      throw new LatchkeyError('archives-expired', error.detail, { cause: error });
    }
  }

  stop(): Promise<void> {
    for (const client of this.clients.values()) client.destroy();
    this.clients.clear();
    return Promise.resolve();
  }
}

function regionOf({ key, region }: Vault): string {
  if (region === null) throw new LatchkeyError('archives-missing', `nobody told the region of ${key}`);
  return region;
}

/** Undefined: nothing of ours (select), or the list of a part of the vault, which is no list of it. */
function jobOf(vault: Vault, told: GlacierJobDescription): Job | undefined {
  const inventory = told.Action === 'InventoryRetrieval';
  if (!inventory && told.Action !== 'ArchiveRetrieval') return undefined;
  const { StartDate, EndDate, Limit } = told.InventoryRetrievalParameters ?? {};
  if (inventory && [StartDate, EndDate, Limit].some((part) => typeof part === 'string')) return undefined;
  const { JobId: jobId, JobDescription: description } = told;
  if (jobId === undefined) return undefined;
  const completed = Date.parse(told.CompletionDate ?? '');
  const status: JobStatus =
    told.StatusCode === 'Succeeded' ? 'ready' : told.StatusCode === 'Failed' ? 'failed' : 'running';
  const tier = told.Tier as Tier | undefined;
  return {
    id: isOurs(description) ? description : jobId,
    vault: vault.key,
    kind: inventory ? 'inventory' : 'archive',
    jobId,
    archive: told.ArchiveId ?? null,
    tier: inventory ? null : (tier ?? 'Standard'),
    status,
    askedAt: Date.parse(told.CreationDate ?? '') || 0,
    askedBy: null,
    completedAt: Number.isNaN(completed) ? null : completed,
    expiresAt: Number.isNaN(completed) ? null : completed + day,
    size: (inventory ? told.InventorySizeInBytes : lengthOf(told)) ?? null,
    fetched: 0,
    doneAt: null,
    message: status === 'failed' ? (told.StatusMessage ?? null) : null,
  };
}

function lengthOf({ RetrievalByteRange, ArchiveSizeInBytes }: GlacierJobDescription): number | undefined {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(RetrievalByteRange ?? '') ?? [];
  return last === undefined ? ArchiveSizeInBytes : Number(last) - Number(first) + 1;
}

export const glacier: SourceType<GlacierOptions> = {
  name: 'glacier',
  read: (keys) => optionsOf(table, keys),
  create: (options, context) => new GlacierSource(options, context),
};
