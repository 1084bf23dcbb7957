import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  InvalidObjectState,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
  UploadPartCommand,
  type Tier,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { prices2026 } from '../double/bill.ts';
import { day, hour } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';

const mebibyte = 1024 * 1024;
let double: Double;
let client: S3Client;

beforeAll(async () => {
  double = await startDouble();
  client = clientWith();
});
beforeEach(() => {
  double.calls.length = 0;
});
afterAll(() => double.close());

function clientWith(options: { secret?: string; region?: string } = {}): S3Client {
  const [mine] = double.credentials;
  return new S3Client({
    region: options.region ?? 'us-east-1',
    endpoint: double.endpoint,
    maxAttempts: 1,
    followRegionRedirects: true,
    credentials: {
      accessKeyId: mine?.accessKeyId ?? '',
      secretAccessKey: options.secret ?? mine?.secretAccessKey ?? '',
    },
  });
}

async function refusal(promise: Promise<unknown>): Promise<[string, number | undefined]> {
  try {
    await promise;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return [name, $metadata?.httpStatusCode];
  }
  throw new Error('it was not refused');
}

let named = 0;
function bucketName(): string {
  const name = `bucket${++named}`;
  double.bucket(name);
  return name;
}

async function read(Bucket: string, Key: string, Range?: string): Promise<Buffer> {
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket, Key, ...(Range === undefined ? {} : { Range }) }),
  );
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function restore(Bucket: string, Key: string, Tier: Tier, Days = 2): Promise<number | undefined> {
  const RestoreRequest = { Days, GlacierJobParameters: { Tier } };
  return client
    .send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest }))
    .then(({ $metadata }) => $metadata.httpStatusCode);
}

test('the wrong secret and a changed body are refused, and nothing is stored', async () => {
  const Bucket = bucketName();
  const Body = Buffer.from('good');
  expect(
    await refusal(clientWith({ secret: 'wrong' }).send(new PutObjectCommand({ Bucket, Key: 'k', Body }))),
  ).toEqual(['SignatureDoesNotMatch', 403]);
  const changing = clientWith();
  changing.middlewareStack.add(
    (next) => (args) => {
      (args.request as { body: unknown }).body = Buffer.from('evil');
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  expect((await refusal(changing.send(new PutObjectCommand({ Bucket, Key: 'k', Body }))))[1]).toBe(400);
  expect(double.bucket(Bucket).objects.size).toBe(0);
});

test('keys of any kind: put, listed in pages in the order of their bytes, read back', async () => {
  const Bucket = bucketName();
  const keys = ['a b+c&d.tar', 'ü/日本.txt', '../../etc/passwd', '<b>"x"</b>', 'zz'];
  for (const Key of keys)
    await client.send(new PutObjectCommand({ Bucket, Key, Body: Key, StorageClass: 'GLACIER_IR' }));
  const found: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const listed: {
      Contents?: { Key?: string | undefined }[] | undefined;
      NextContinuationToken?: string | undefined;
    } = await client.send(
      new ListObjectsV2Command({
        Bucket,
        MaxKeys: 2,
        ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      }),
    );
    found.push(...(listed.Contents ?? []).map(({ Key }) => Key ?? ''));
    ContinuationToken = listed.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  expect(found).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  for (const Key of keys) expect((await read(Bucket, Key)).toString()).toBe(Key);
});

test('a bucket elsewhere: the list tells its region, and the SDK follows the redirect', async () => {
  double.bucket('far', 'eu-central-1').put('k', Buffer.from('far away'), 'STANDARD');
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  expect(Buckets?.find(({ Name }) => Name === 'far')?.BucketRegion).toBe('eu-central-1');
  expect((await read('far', 'k')).toString()).toBe('far away');
  expect(double.calls.map(({ status, region }) => [status, region])).toEqual([
    [200, 'us-east-1'],
    [301, 'us-east-1'],
    [200, 'eu-central-1'],
  ]);
});

test('GLACIER: 403 before, 202 asked, 409 meanwhile, 403 still, then ready until midnight, 200 asked again, gone', async () => {
  const Bucket = bucketName();
  const bytes = randomBytes(mebibyte + 3);
  double.bucket(Bucket).put('k', bytes, 'GLACIER');
  const listed = async (): Promise<unknown> => {
    const { Contents } = await client.send(
      new ListObjectsV2Command({ Bucket, OptionalObjectAttributes: ['RestoreStatus'] }),
    );
    return Contents?.[0]?.RestoreStatus;
  };
  const head = (): Promise<string | undefined> =>
    client.send(new HeadObjectCommand({ Bucket, Key: 'k' })).then(({ Restore }) => Restore);
  const cold = await client.send(new GetObjectCommand({ Bucket, Key: 'k' })).catch((error: unknown) => error);
  expect(cold).toBeInstanceOf(InvalidObjectState);
  expect(cold).toMatchObject({ StorageClass: 'GLACIER', $metadata: { httpStatusCode: 403 } });
  expect([await listed(), await head()]).toEqual([undefined, undefined]);
  expect(await restore(Bucket, 'k', 'Bulk')).toBe(202);
  expect(await refusal(restore(Bucket, 'k', 'Bulk'))).toEqual(['RestoreAlreadyInProgress', 409]);
  expect(await listed()).toEqual({ IsRestoreInProgress: true });
  expect(await head()).toBe('ongoing-request="true"');
  expect((await refusal(read(Bucket, 'k')))[0]).toBe('InvalidObjectState');
  // faster is taken
  expect(await restore(Bucket, 'k', 'Standard')).toBe(202);
  double.clock.advance(4 * hour);
  expect(await head()).toMatch(
    /^ongoing-request="false", expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT"$/,
  );
  expect(await listed()).toMatchObject({ IsRestoreInProgress: false });
  expect((await read(Bucket, 'k')).equals(bytes)).toBe(true);
  expect((await read(Bucket, 'k', 'bytes=10-19')).equals(bytes.subarray(10, 20))).toBe(true);
  expect(await restore(Bucket, 'k', 'Bulk', 1)).toBe(200);
  double.clock.advance(3 * day);
  expect((await refusal(read(Bucket, 'k')))[0]).toBe('InvalidObjectState');
});

test('each class in its own way', async () => {
  const Bucket = bucketName();
  const bucket = double.bucket(Bucket);
  bucket.put('deep', Buffer.from('deep'), 'DEEP_ARCHIVE');
  bucket.put('cold', Buffer.from('cold'), 'GLACIER');
  bucket.put('instant', Buffer.from('instant'), 'GLACIER_IR');
  expect((await read(Bucket, 'instant')).toString()).toBe('instant');
  expect((await refusal(restore(Bucket, 'instant', 'Bulk')))[0]).toBe('InvalidObjectState');
  expect((await refusal(restore(Bucket, 'deep', 'Expedited')))[1]).toBe(400);
  double.faults.order({ operation: 'RestoreObject', harm: 'no-capacity' });
  expect(await refusal(restore(Bucket, 'cold', 'Expedited'))).toEqual([
    'GlacierExpeditedRetrievalNotAvailable',
    503,
  ]);
  expect(await restore(Bucket, 'deep', 'Bulk')).toBe(202);
  double.clock.advance(47 * hour);
  expect((await refusal(read(Bucket, 'deep')))[0]).toBe('InvalidObjectState');
  double.clock.advance(hour);
  expect((await read(Bucket, 'deep')).toString()).toBe('deep');
});

test('in parts: small ones, missing ones and wrong ones are refused, and make no object', async () => {
  const Bucket = bucketName();
  const Key = 'parts';
  const bytes = randomBytes(5 * mebibyte + 9);
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, StorageClass: 'DEEP_ARCHIVE' }),
  );
  const part = (PartNumber: number, Body: Buffer): Promise<string | undefined> =>
    client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body })).then(({ ETag }) => ETag);
  const complete = (...etags: (string | undefined)[]): Promise<{ ETag?: string | undefined }> =>
    client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts: etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 })) },
      }),
    );
  const small = await part(1, bytes.subarray(0, 9));
  const rest = await part(2, bytes.subarray(5 * mebibyte));
  expect((await refusal(complete(small, rest)))[0]).toBe('EntityTooSmall');
  const first = await part(1, bytes.subarray(0, 5 * mebibyte));
  expect((await refusal(complete(small, rest)))[0]).toBe('InvalidPart');
  const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  expect(Parts?.map(({ Size }) => Size)).toEqual([5 * mebibyte, 9]);
  expect(double.bucket(Bucket).objects.size).toBe(0);
  expect((await complete(first, rest)).ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
  expect(double.bucket(Bucket).objects.get(Key)).toMatchObject({ storageClass: 'DEEP_ARCHIVE' });
  expect(double.bucket(Bucket).objects.get(Key)?.blob.size).toBe(bytes.length);
});

test('a stream goes up in chunks with its checksum behind, which is checked; throttling is SlowDown', async () => {
  const Bucket = bucketName();
  const bytes = randomBytes(300_000);
  const body = (): Readable => Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
  const put = new PutObjectCommand({ Bucket, Key: 'streamed', Body: body(), ContentLength: bytes.length });
  await client.send(put);
  expect((await read(Bucket, 'streamed')).equals(bytes)).toBe(true);
  const wrong = new PutObjectCommand({
    Bucket,
    Key: 'wrong',
    Body: bytes,
    ChecksumCRC32: Buffer.from([1, 2, 3, 4]).toString('base64'),
  });
  expect(await refusal(client.send(wrong))).toEqual(['BadDigest', 400]);
  expect([...double.bucket(Bucket).objects.keys()]).toEqual(['streamed']);
  double.faults.order({ operation: 'HeadObject', harm: 'throttle' });
  expect((await refusal(client.send(new HeadObjectCommand({ Bucket, Key: 'k' }))))[1]).toBe(503);
  expect(await refusal(client.send(new HeadObjectCommand({ Bucket, Key: 'k' })))).toEqual(['NotFound', 404]);
});

test('the bill: requests, tiers and bytes by the price table', async () => {
  const own = await startDouble();
  try {
    const [mine] = own.credentials;
    const { accessKeyId = '', secretAccessKey = '' } = mine ?? {};
    const credentials = { accessKeyId, secretAccessKey };
    const mineClient = new S3Client({ region: 'us-east-1', endpoint: own.endpoint, credentials });
    const bytes = randomBytes(mebibyte);
    const bucket = own.bucket('b');
    for (let n = 0; n < 4; n++) bucket.put(`k${n}`, bytes, 'DEEP_ARCHIVE');
    for (let n = 0; n < 4; n++)
      await mineClient.send(
        new RestoreObjectCommand({
          Bucket: 'b',
          Key: `k${n}`,
          RestoreRequest: { Days: 3, GlacierJobParameters: { Tier: n < 2 ? 'Bulk' : 'Standard' } },
        }),
      );
    own.clock.advance(2 * day);
    for (let n = 0; n < 4; n++)
      await (
        await mineClient.send(new GetObjectCommand({ Bucket: 'b', Key: `k${n}` }))
      ).Body?.transformToByteArray();
    own.prices = { ...prices2026, freeEgressGb: 0 };
    const { lines, dollars } = own.bill();
    const perGb = mebibyte / 2 ** 30;
    expect(Object.fromEntries(lines.map(({ what, amount }) => [what, amount]))).toEqual({
      'retrieval-bytes DEEP_ARCHIVE Bulk': 2 * mebibyte,
      'retrieval-requests DEEP_ARCHIVE Bulk': 2,
      'retrieval-bytes DEEP_ARCHIVE Standard': 2 * mebibyte,
      'retrieval-requests DEEP_ARCHIVE Standard': 2,
      'restored-copy-byte-days': 12 * mebibyte,
      'get-requests DEEP_ARCHIVE': 4,
      'egress-bytes': 4 * mebibyte,
    });
    const expected =
      2 * perGb * 0.0025 +
      2 * perGb * 0.02 +
      (2 * 0.025) / 1000 +
      (2 * 0.1) / 1000 +
      (12 * perGb * 0.023) / 30 +
      (4 * 0.0004) / 1000 +
      4 * perGb * 0.09;
    expect(dollars).toBeCloseTo(expected, 12);
  } finally {
    await own.close();
  }
});
