import type { GlacierClient, GlacierJobDescription } from '@aws-sdk/client-glacier';
import type * as sdkTypes from '@aws-sdk/client-glacier';
import type { Tier, Vault } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { asLatchkeyError, patiently } from '../aws.ts';
import type { Retrieval, Standing, Wanted } from './retrieval.ts';

type Sdk = typeof sdkTypes;

export interface VaultClient {
  readonly regions: readonly string[];
  client(region: string): Promise<{ sdk: Sdk; client: GlacierClient }>;
  readonly pause: (ms: number) => Promise<void>;
}

const day = 86_400_000;
/** The quicker, the higher. */
const speed: Readonly<Record<Tier, number>> = { Bulk: 0, Standard: 1, Expedited: 2 };

/** Archives of vaults: a job each, found again by our id, which is its description. */
export function vaultRetrieval({ regions, client: of, pause }: VaultClient): Retrieval {
  const where = (vault: Vault) => ({ accountId: vault.account ?? '-', vaultName: vault.name ?? '' });
  const regionOf = ({ key, region }: Vault): string => {
    if (region === null) throw new LatchkeyError('archives-missing', `nobody told the region of ${key}`);
    return region;
  };

  const jobsOf = async (vault: Vault): Promise<GlacierJobDescription[]> => {
    const { sdk, client } = await of(regionOf(vault));
    const found: GlacierJobDescription[] = [];
    let marker: string | undefined;
    do {
      const page = await patiently(
        () =>
          client.send(
            new sdk.ListJobsCommand({ ...where(vault), ...(marker === undefined ? {} : { marker }) }),
          ),
        { pause, repeatable: true },
      );
      for (const job of page.JobList ?? []) if (job.Action === 'ArchiveRetrieval') found.push(job);
      marker = page.Marker ?? undefined;
    } while (marker !== undefined);
    return found;
  };

  return {
    looksCost: false,
    serves: ({ kind, region }) => kind === 'vault' && region !== null && regions.includes(region),

    async ask(vault, wanted, { tier }) {
      const { sdk, client } = await of(regionOf(vault));
      const { id, first, bytes, size, job } = wanted;
      const whole = first === 0 && bytes === size;
      const command = new sdk.InitiateJobCommand({
        ...where(vault),
        jobParameters: {
          Type: 'archive-retrieval',
          ArchiveId: id,
          Tier: tier,
          ...(job === null ? {} : { Description: job }),
          ...(whole ? {} : { RetrievalByteRange: `${first}-${first + bytes - 1}` }),
        },
      });
      // an answer that never came may be a job all the same
      const { jobId } = await patiently(() => client.send(command), { pause, repeatable: false });
      if (jobId === undefined) throw new LatchkeyError('archives-unreachable', 'no job id');
      return { state: 'asked', jobId, ours: true };
    },

    async look(vault, wanted) {
      const jobs = await jobsOf(vault);
      const byId = new Map<string, GlacierJobDescription[]>();
      for (const job of jobs) byId.set(job.ArchiveId ?? '', [...(byId.get(job.ArchiveId ?? '') ?? []), job]);
      return wanted.map((one) => standingOf(one, byId.get(one.id) ?? []));
    },

    async range(vault, { jobId, first: from }, first, last, abortSignal) {
      const { sdk, client } = await of(regionOf(vault));
      if (jobId === null) throw new LatchkeyError('archives-expired', vault.key);
      const range = `bytes=${first - from}-${last - from}`;
      const command = new sdk.GetJobOutputCommand({ ...where(vault), jobId, range });
      try {
        const answer = await patiently(() => client.send(command, { abortSignal }), {
          pause,
          repeatable: false,
        });
        const body = answer.body as AsyncIterable<Uint8Array>;
        return {
          contentRange: answer.contentRange,
          body,
          ...(answer.checksum === undefined ? {} : { treeHash: answer.checksum }),
        };
      } catch (thrown) {
        const error = asLatchkeyError(thrown);
        if (error.code !== 'archives-missing') throw error;
        throw new LatchkeyError('archives-expired', error.detail, { cause: error });
      }
    },

    sums: () => Promise.resolve({}),
  };
}

/** Our own question, else whatever brings the same bytes no later. */
function standingOf(wanted: Wanted, jobs: readonly GlacierJobDescription[]): Standing {
  const mine = jobs.find(
    ({ JobId, JobDescription }) =>
      (wanted.jobId !== null && JobId === wanted.jobId) ||
      (wanted.job !== null && JobDescription === wanted.job),
  );
  if (mine !== undefined) return told(mine, true);
  const { first, bytes, size } = wanted;
  const same = jobs
    .filter(
      ({ RetrievalByteRange }) => (RetrievalByteRange ?? `0-${size - 1}`) === `${first}-${first + bytes - 1}`,
    )
    .map((job) => ({ job, standing: told(job, false) }))
    .filter(
      ({ job, standing }) =>
        standing.state === 'ready' ||
        (standing.state === 'asked' &&
          speed[(job.Tier as Tier | undefined) ?? 'Standard'] >= speed[wanted.tier]),
    );
  const ready = same.filter(({ standing }) => standing.state === 'ready');
  // the newest lasts longest
  const [best] = (ready.length > 0 ? ready : same).sort((a, b) => begun(b.job) - begun(a.job));
  return best?.standing ?? { state: 'none' };
}

function begun({ CreationDate }: GlacierJobDescription): number {
  return Date.parse(CreationDate ?? '') || 0;
}

function told(job: GlacierJobDescription, ours: boolean): Standing {
  const jobId = job.JobId ?? null;
  if (job.StatusCode === 'Failed') return { state: 'failed', message: job.StatusMessage ?? null };
  if (job.StatusCode !== 'Succeeded') return { state: 'asked', jobId, ours };
  const completed = Date.parse(job.CompletionDate ?? '');
  return { state: 'ready', jobId, ours, until: Number.isNaN(completed) ? null : completed + day };
}
