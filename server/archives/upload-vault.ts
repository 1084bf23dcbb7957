import type { GlacierClient } from '@aws-sdk/client-glacier';
import type * as sdkTypes from '@aws-sdk/client-glacier';
import { vaultArn, vaultOf, type Vault } from '../../lib/archive.ts';
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

/**
 * A vault of Amazon Glacier. Always in parts, a single one too: "Complete Multipart Upload" may be asked again and gives
 * the same archive id, so an answer that was lost makes no second archive. "Upload Archive" would.
 */
export async function vaultTarget(
  region: string,
  name: string,
  pause: (ms: number) => Promise<void> = realPause,
): Promise<UploadTarget> {
  const sdk = await import('@aws-sdk/client-glacier').then(ofCommonJs);
  return new VaultTarget(sdk, new sdk.GlacierClient({ ...clientOptions, region }), region, name, pause);
}

class VaultTarget implements UploadTarget {
  readonly key: string;
  readonly kind = 'vault';
  readonly name: string;
  readonly storageClass = 'VAULT';
  readonly #sdk: Sdk;
  readonly #client: GlacierClient;
  readonly #region: string;
  readonly #where: { readonly accountId: string; readonly vaultName: string };
  readonly #pause: (ms: number) => Promise<void>;
  /** By description; asked once, for uploads whose begin nobody heard. */
  #begun: Promise<Map<string, { uploadId: string; partBytes: number }>> | undefined;

  constructor(
    sdk: Sdk,
    client: GlacierClient,
    region: string,
    name: string,
    pause: (ms: number) => Promise<void>,
  ) {
    this.#sdk = sdk;
    this.#client = client;
    this.#region = region;
    this.name = name;
    this.#where = { accountId: '-', vaultName: name };
    this.#pause = pause;
    this.key = `vault:${region}:${name}`;
  }

  async vault(): Promise<Vault | undefined> {
    try {
      const { VaultARN } = await this.#again(() =>
        this.#client.send(new this.#sdk.DescribeVaultCommand(this.#where)),
      );
      return vaultOf(VaultARN ?? '');
    } catch (thrown) {
      if (asLatchkeyError(thrown).code === 'archives-denied') return undefined;
      throw thrown;
    }
  }

  /** All that is asked here may be asked twice. */
  #again<Result>(call: () => Promise<Result>): Promise<Result> {
    return patiently(call, { pause: this.#pause, repeatable: true });
  }

  async find(piece: PieceToUpload, begun: string | undefined): Promise<Arrived | undefined> {
    if (begun === undefined || (await this.#partsOf(begun)) !== undefined) return undefined;
    try {
      return await this.finish(piece, begun);
    } catch (thrown) {
      // it was not finished: AWS forgets what nobody goes on with
      if (asLatchkeyError(thrown).code === 'archives-missing') return undefined;
      throw thrown;
    }
  }

  async begin(piece: PieceToUpload, partBytes: number, begun: string | undefined): Promise<Begun> {
    this.#begun ??= this.#uploads();
    const left = (await this.#begun).get(piece.name);
    const taken = begun ?? (left?.partBytes === partBytes ? left.uploadId : undefined);
    const parts = taken === undefined ? undefined : await this.#partsOf(taken);
    if (taken !== undefined && parts !== undefined)
      return { uploadId: taken, has: ({ from, treeHash }) => parts.get(from) === treeHash };
    const create = () =>
      this.#client.send(
        new this.#sdk.InitiateMultipartUploadCommand({
          ...this.#where,
          archiveDescription: piece.name,
          partSize: String(partBytes),
        }),
      );
    const uploadId = await beginOnce(
      async () => (await patiently(create, { pause: this.#pause, repeatable: false })).uploadId,
      async () => (await this.#uploads()).get(piece.name)?.uploadId,
      this.#pause,
    );
    return { uploadId, has: () => false };
  }

  async put(_piece: PieceToUpload, uploadId: string, { from, bytes, treeHash }: Part): Promise<void> {
    await this.#again(() =>
      this.#client.send(
        new this.#sdk.UploadMultipartPartCommand({
          ...this.#where,
          uploadId,
          range: `bytes ${from}-${from + bytes.length - 1}/*`,
          checksum: treeHash,
          body: bytes,
        }),
      ),
    );
  }

  async finish({ size, treeHash }: PieceToUpload, uploadId: string): Promise<Arrived> {
    const { archiveId, location, checksum } = await this.#again(() =>
      this.#client.send(
        new this.#sdk.CompleteMultipartUploadCommand({
          ...this.#where,
          uploadId,
          archiveSize: String(size),
          checksum: treeHash,
        }),
      ),
    );
    const account = /^\/(\d{12})\//.exec(location ?? '')?.[1];
    if (archiveId === undefined || account === undefined)
      throw new LatchkeyError('archives-unreachable', 'no archive id');
    // AWS refuses another one than its own; what it says in the end is what it keeps
    if (checksum !== treeHash) throw new LatchkeyError('archives-refused', `tree hash ${String(checksum)}`);
    return { vault: vaultArn(this.#region, account, this.#where.vaultName), archive: archiveId };
  }

  stop(): void {
    this.#client.destroy();
  }

  async #uploads(): Promise<Map<string, { uploadId: string; partBytes: number }>> {
    const found = new Map<string, { uploadId: string; partBytes: number }>();
    let marker: string | undefined;
    do {
      const page = await this.#again(() =>
        this.#client.send(
          new this.#sdk.ListMultipartUploadsCommand({
            ...this.#where,
            ...(marker === undefined ? {} : { marker }),
          }),
        ),
      );
      for (const { ArchiveDescription, MultipartUploadId, PartSizeInBytes } of page.UploadsList ?? [])
        if (ArchiveDescription && MultipartUploadId)
          found.set(ArchiveDescription, { uploadId: MultipartUploadId, partBytes: PartSizeInBytes ?? 0 });
      marker = page.Marker ?? undefined;
    } while (marker !== undefined);
    return found;
  }

  /** Tree hashes by first byte; undefined: there is no such upload, or not any more. */
  async #partsOf(uploadId: string): Promise<Map<number, string> | undefined> {
    const found = new Map<number, string>();
    let marker: string | undefined;
    try {
      do {
        const page = await this.#again(() =>
          this.#client.send(
            new this.#sdk.ListPartsCommand({
              ...this.#where,
              uploadId,
              ...(marker === undefined ? {} : { marker }),
            }),
          ),
        );
        for (const { RangeInBytes, SHA256TreeHash } of page.Parts ?? [])
          found.set(Number(RangeInBytes?.split('-')[0] ?? NaN), SHA256TreeHash ?? '');
        marker = page.Marker ?? undefined;
      } while (marker !== undefined);
    } catch (thrown) {
      if (asLatchkeyError(thrown).code === 'archives-missing') return undefined;
      throw thrown;
    }
    return found;
  }
}
