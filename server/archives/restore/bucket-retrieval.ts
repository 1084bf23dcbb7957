import type { HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import type * as sdkTypes from '@aws-sdk/client-s3';
import type { Vault } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { asLatchkeyError, patiently } from '../aws.ts';
import { treeHashKey } from '../upload-bucket.ts';
import type { Retrieval, Standing, Wanted } from './retrieval.ts';

type Sdk = typeof sdkTypes;

export interface BucketClient {
  client(region: string | null): Promise<{ sdk: Sdk; client: S3Client }>;
  readonly pause: (ms: number) => Promise<void>;
}

/** Looked at once: a HEAD each. */
const abreast = 8;

/** Objects of the archive classes: RestoreObject puts a copy beside each, and the object itself says how it stands. */
export function bucketRetrieval({ client: of, pause }: BucketClient): Retrieval {
  const where = (vault: Vault, { id }: Wanted) => ({ Bucket: vault.name ?? '', Key: id });

  const head = async (vault: Vault, wanted: Wanted): Promise<HeadObjectCommandOutput> => {
    const { sdk, client } = await of(vault.region);
    const command = new sdk.HeadObjectCommand(where(vault, wanted));
    return patiently(() => client.send(command), { pause, repeatable: true });
  };

  const lookAt = async (vault: Vault, wanted: Wanted): Promise<Standing> => {
    try {
      return standingOf(await head(vault, wanted));
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      if (error.code !== 'archives-missing') throw error;
      return { state: 'failed', message: 'The object is gone.' };
    }
  };

  return {
    looksCost: true,
    serves: ({ kind }) => kind === 'bucket',

    async ask(vault, wanted, { tier, days }) {
      const { sdk, client } = await of(vault.region);
      const command = new sdk.RestoreObjectCommand({
        ...where(vault, wanted),
        RestoreRequest: { Days: days, GlacierJobParameters: { Tier: tier } },
      });
      try {
        const { $metadata } = await patiently(() => client.send(command), { pause, repeatable: false });
        if ($metadata.httpStatusCode !== 200) return { state: 'asked', jobId: null, ours: true };
        return await lookAt(vault, wanted);
      } catch (thrown) {
        const error = asLatchkeyError(thrown);
        // somebody was quicker, or our own question whose answer was lost
        if (nameOf(error) === 'RestoreAlreadyInProgress') return { state: 'asked', jobId: null, ours: false };
        throw error;
      }
    },

    async look(vault, wanted) {
      const standings: Standing[] = [];
      let next = 0;
      const work = async (): Promise<void> => {
        for (let at = next++; at < wanted.length; at = next++)
          standings[at] = await lookAt(vault, wanted[at]!);
      };
      await Promise.all(Array.from({ length: Math.min(abreast, wanted.length) }, work));
      return standings;
    },

    async range(vault, wanted, first, last, abortSignal) {
      const { sdk, client } = await of(vault.region);
      const command = new sdk.GetObjectCommand({ ...where(vault, wanted), Range: `bytes=${first}-${last}` });
      try {
        const answer = await patiently(() => client.send(command, { abortSignal }), {
          pause,
          repeatable: false,
        });
        return { contentRange: answer.ContentRange, body: answer.Body as AsyncIterable<Uint8Array> };
      } catch (thrown) {
        const error = asLatchkeyError(thrown);
        // archived again
        if (nameOf(error) !== 'InvalidObjectState') throw error;
        throw new LatchkeyError('archives-expired', error.detail, { cause: error });
      }
    },

    async sums(vault, wanted) {
      const told = await head(vault, wanted);
      const treeHash = told.Metadata?.[treeHashKey];
      const etag = told.ETag?.replaceAll('"', '');
      // encrypted with a key of KMS or of the customer, it is no hash of the bytes
      const plain =
        told.SSECustomerAlgorithm === undefined && !told.ServerSideEncryption?.startsWith('aws:kms');
      return {
        ...(treeHash !== undefined && /^[0-9a-f]{64}$/.test(treeHash) ? { treeHash } : {}),
        ...(etag !== undefined && plain && /^[0-9a-f]{32}(?:-\d+)?$/.test(etag) ? { etag } : {}),
      };
    },
  };
}

function standingOf({ StorageClass, Restore }: HeadObjectCommandOutput): Standing {
  const cold = StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE';
  if (!cold) return { state: 'ready', jobId: null, ours: false, until: null };
  if (Restore === undefined) return { state: 'none' };
  if (Restore.includes('ongoing-request="true"')) return { state: 'asked', jobId: null, ours: true };
  const until = Date.parse(/expiry-date="([^"]+)"/.exec(Restore)?.[1] ?? '');
  if (Number.isNaN(until)) return { state: 'none' };
  return { state: 'ready', jobId: null, ours: true, until };
}

/** What the SDK called it. */
function nameOf(error: LatchkeyError): unknown {
  return (error.cause as { name?: unknown } | undefined)?.name;
}
