import type { S3Client } from '@aws-sdk/client-s3';
import type * as sdkTypes from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { bucketOf, type StorageClass, type Vault } from '../../lib/archive.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { asLatchkeyError, clientOptions, ofCommonJs, patiently, realPause } from './aws.ts';
import {
  beginOnce,
  type Arrived,
  type Begun,
  type Part,
  type PieceToUpload,
  type UploadTarget,
} from './upload-target.ts';

type Sdk = typeof sdkTypes;

/** Of the object, since S3 has no tree hash. */
export const treeHashKey = 'latchkey-tree-hash';

/** A bucket, straight into a class that is an archive's. An object's key tells what it is, so it can be looked for. */
export async function bucketTarget(
  region: string,
  bucket: string,
  prefix: string,
  storageClass: Exclude<StorageClass, 'VAULT'>,
  pause: (ms: number) => Promise<void> = realPause,
): Promise<UploadTarget> {
  const sdk = await import('@aws-sdk/client-s3').then(ofCommonJs);
  const client = new sdk.S3Client({ ...clientOptions, region, followRegionRedirects: true });
  return new BucketTarget(sdk, client, { bucket, prefix, storageClass, region }, pause);
}

interface Where {
  readonly bucket: string;
  readonly prefix: string;
  readonly storageClass: Exclude<StorageClass, 'VAULT'>;
  readonly region: string;
}

class BucketTarget implements UploadTarget {
  readonly key: string;
  readonly kind = 'bucket';
  readonly name: string;
  readonly storageClass: StorageClass;
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #where: Where;
  readonly #pause: (ms: number) => Promise<void>;
  /** Of the upload under way: ETag by part number. */
  readonly #tags = new Map<number, string>();

  constructor(sdk: Sdk, client: S3Client, where: Where, pause: (ms: number) => Promise<void>) {
    this.#sdk = sdk;
    this.#client = client;
    this.#where = where;
    this.#pause = pause;
    this.name = where.bucket;
    this.storageClass = where.storageClass;
    this.key = `bucket:${where.bucket}:${where.prefix}:${where.storageClass}`;
  }

  vault(): Promise<Vault> {
    return Promise.resolve(bucketOf(this.#where.bucket, this.#where.region));
  }

  #again<Result>(call: () => Promise<Result>): Promise<Result> {
    return patiently(call, { pause: this.#pause, repeatable: true });
  }

  #object({ name }: PieceToUpload): { Bucket: string; Key: string } {
    return { Bucket: this.#where.bucket, Key: `${this.#where.prefix}${name}` };
  }

  async find(piece: PieceToUpload): Promise<Arrived | undefined> {
    const object = this.#object(piece);
    try {
      const head = await this.#again(() => this.#client.send(new this.#sdk.HeadObjectCommand(object)));
      if (head.ContentLength === piece.size && head.Metadata?.[treeHashKey] === piece.treeHash)
        return this.#arrived(object.Key);
      throw new LatchkeyError(
        'archives-refused',
        `${object.Bucket}/${object.Key}: there is another object of that key`,
      );
    } catch (thrown) {
      if (asLatchkeyError(thrown).code === 'archives-missing') return undefined;
      throw thrown;
    }
  }

  async begin(piece: PieceToUpload, _partBytes: number, begun: string | undefined): Promise<Begun> {
    this.#tags.clear();
    const object = this.#object(piece);
    const taken = begun ?? (await this.#uploadOf(object));
    const parts = taken === undefined ? undefined : await this.#partsOf(object, taken);
    if (taken !== undefined && parts !== undefined)
      return {
        uploadId: taken,
        has: ({ index, bytes }) => {
          const tag = parts.get(index + 1);
          // S3's own: the MD5, unless the bucket encrypts with a key of the customer; then it is sent again
          if (tag !== `"${createHash('md5').update(bytes).digest('hex')}"`) return false;
          this.#tags.set(index + 1, tag);
          return true;
        },
      };
    const create = () =>
      this.#client.send(
        new this.#sdk.CreateMultipartUploadCommand({
          ...object,
          StorageClass: this.#where.storageClass,
          Metadata: { [treeHashKey]: piece.treeHash },
        }),
      );
    const uploadId = await beginOnce(
      async () => (await patiently(create, { pause: this.#pause, repeatable: false })).UploadId,
      () => this.#uploadOf(object),
      this.#pause,
    );
    return { uploadId, has: () => false };
  }

  async put(piece: PieceToUpload, uploadId: string, { index, bytes }: Part): Promise<void> {
    const { ETag } = await this.#again(() =>
      this.#client.send(
        new this.#sdk.UploadPartCommand({
          ...this.#object(piece),
          UploadId: uploadId,
          PartNumber: index + 1,
          Body: bytes,
          ContentLength: bytes.length,
        }),
      ),
    );
    this.#tags.set(index + 1, ETag ?? '');
  }

  async finish(piece: PieceToUpload, uploadId: string): Promise<Arrived> {
    const object = this.#object(piece);
    const Parts = [...this.#tags]
      .sort(([a], [b]) => a - b)
      .map(([PartNumber, ETag]) => ({ PartNumber, ETag }));
    try {
      await this.#again(() =>
        this.#client.send(
          new this.#sdk.CompleteMultipartUploadCommand({
            ...object,
            UploadId: uploadId,
            MultipartUpload: { Parts },
          }),
        ),
      );
    } catch (thrown) {
      // asked again after a lost answer, it may be done
      const arrived = await this.find(piece);
      if (arrived === undefined) throw thrown;
      return arrived;
    }
    return this.#arrived(object.Key);
  }

  stop(): void {
    this.#client.destroy();
  }

  #arrived(archive: string): Arrived {
    return { vault: bucketOf(this.#where.bucket, this.#where.region).key, archive };
  }

  /** The newest upload of this key that nobody finished: its parts cost money until somebody does. */
  async #uploadOf({ Bucket, Key }: { Bucket: string; Key: string }): Promise<string | undefined> {
    const { Uploads } = await this.#again(() =>
      this.#client.send(new this.#sdk.ListMultipartUploadsCommand({ Bucket, Prefix: Key })),
    );
    return Uploads?.filter((each) => each.Key === Key).at(-1)?.UploadId;
  }

  async #partsOf(
    object: { Bucket: string; Key: string },
    UploadId: string,
  ): Promise<Map<number, string> | undefined> {
    const found = new Map<number, string>();
    let marker: string | undefined;
    try {
      do {
        const page = await this.#again(() =>
          this.#client.send(
            new this.#sdk.ListPartsCommand({
              ...object,
              UploadId,
              ...(marker === undefined ? {} : { PartNumberMarker: marker }),
            }),
          ),
        );
        for (const { PartNumber, ETag } of page.Parts ?? []) found.set(PartNumber ?? 0, ETag ?? '');
        marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
    } catch (thrown) {
      // NoSuchUpload: finished, or taken back
      if (
        (thrown as Error).cause instanceof Error &&
        ((thrown as Error).cause as Error).name === 'NoSuchUpload'
      )
        return undefined;
      if (asLatchkeyError(thrown).code === 'archives-missing') return undefined;
      throw thrown;
    }
    return found;
  }
}
