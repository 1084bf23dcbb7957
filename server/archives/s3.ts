import type { ListObjectsV2CommandOutput, S3Client, _Object as Listed } from '@aws-sdk/client-s3';
import type * as sdkTypes from '@aws-sdk/client-s3';
import * as v from 'valibot';
import { bucketOf, type Archive, type StorageClass, type Vault } from '../../lib/archive.ts';
import type { LatchkeyError } from '../../lib/errors.ts';
import { asLatchkeyError, clientOptions, ofCommonJs, patiently, realPause } from './aws.ts';
import { bucketRetrieval } from './restore/bucket-retrieval.ts';
import type { Retrieval } from './restore/retrieval.ts';
import type { ArchiveSource, SourceContext, SourceType } from './source.ts';
import { optionsOf } from './source-table.ts';

const table = v.strictObject({
  /** Absent: every bucket of the account. */
  buckets: v.exactOptional(
    v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/))), v.minLength(1)),
  ),
  /** Where buckets are asked for first; absent: as the SDK is configured, else us-east-1. */
  region: v.exactOptional(v.pipe(v.string(), v.regex(/^[a-z]{2}(-[a-z]+)+-\d$/))),
});
export type S3Options = v.InferOutput<typeof table>;

type Sdk = typeof sdkTypes;

const archiveClasses: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE', 'GLACIER_IR'];

/** The archive classes of S3: a bucket's list tells class and restore state of a thousand objects in one request. */
class S3Source implements ArchiveSource {
  private readonly options: S3Options;
  private readonly pause: (ms: number) => Promise<void>;
  private readonly log: (line: string) => void;
  private readonly clients = new Map<string, S3Client>();
  private sdk: Promise<Sdk> | undefined;
  readonly retrieval: Retrieval;

  constructor(options: S3Options, context: SourceContext) {
    this.options = options;
    this.pause = context.pause ?? realPause;
    this.log = context.log;
    this.retrieval = bucketRetrieval({ client: (region) => this.client(region), pause: this.pause });
  }

  /** The SDK is loaded by the first question. */
  private async client(region: string | null): Promise<{ sdk: Sdk; client: S3Client }> {
    this.sdk ??= import('@aws-sdk/client-s3').then(ofCommonJs);
    const sdk = await this.sdk;
    const where = region ?? this.options.region ?? (process.env['AWS_REGION'] || 'us-east-1');
    const made = (): S3Client =>
      new sdk.S3Client({ ...clientOptions, region: where, followRegionRedirects: true });
    const client = this.clients.get(where) ?? made();
    this.clients.set(where, client);
    return { sdk, client };
  }

  private again<Result>(call: () => Promise<Result>): Promise<Result> {
    return patiently(call, { pause: this.pause, repeatable: true });
  }

  async vaults(): Promise<readonly Vault[]> {
    const { sdk, client } = await this.client(null);
    if (this.options.buckets === undefined) {
      const { Buckets } = await this.again(() => client.send(new sdk.ListBucketsCommand({})));
      return (Buckets ?? []).map(({ Name, BucketRegion }) =>
        bucketOf(Name ?? '', BucketRegion ?? 'us-east-1'),
      );
    }
    const found: Vault[] = [];
    const failed: LatchkeyError[] = [];
    for (const name of this.options.buckets) {
      try {
        const head = await this.again(() => client.send(new sdk.HeadBucketCommand({ Bucket: name })));
        found.push(bucketOf(name, head.BucketRegion ?? 'us-east-1'));
      } catch (thrown) {
        const error = asLatchkeyError(thrown);
        failed.push(error);
        this.log(`archives: bucket ${name}: ${error.message}`);
      }
    }
    if (found.length === 0 && failed[0] !== undefined) throw failed[0];
    return found;
  }

  async *list(vault: Vault): AsyncIterable<readonly Archive[]> {
    const { sdk, client } = await this.client(vault.region);
    let token: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await this.again(() =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: vault.name ?? '',
            OptionalObjectAttributes: ['RestoreStatus'],
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        ),
      );
      yield (page.Contents ?? []).flatMap((object) => archiveOf(object) ?? []);
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  stop(): Promise<void> {
    for (const client of this.clients.values()) client.destroy();
    this.clients.clear();
    return Promise.resolve();
  }
}

/** Undefined: an object of a class that is no archive's. */
function archiveOf(object: Listed): Archive | undefined {
  const { Key, StorageClass: storageClass, RestoreStatus: restore } = object;
  if (Key === undefined || storageClass === undefined || !archiveClasses.includes(storageClass))
    return undefined;
  const until = restore?.RestoreExpiryDate?.getTime();
  return {
    id: Key,
    description: '',
    createdAt: object.LastModified?.getTime() ?? null,
    size: object.Size ?? null,
    treeHash: null,
    storageClass: storageClass as StorageClass,
    ...(restore?.IsRestoreInProgress === true
      ? { state: 'restoring' }
      : until === undefined
        ? {}
        : { state: 'ready', until }),
  };
}

export const s3: SourceType<S3Options> = {
  name: 's3',
  read: (keys) => optionsOf(table, keys),
  create: (options, context) => new S3Source(options, context),
};
