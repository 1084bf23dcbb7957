import { createHash, randomBytes } from 'node:crypto';
import { Refusal, type Answer } from './answer.ts';
import { escape, xml } from './xml.ts';
import type { Bucket, S3Upload } from './bucket.ts';
import type { Call, Parts, S3Class } from './call.ts';
import { isoMillis } from './clock.ts';

const classes: readonly string[] = ['STANDARD', 'GLACIER', 'DEEP_ARCHIVE', 'GLACIER_IR'];
const leastPart = 5 * 1024 * 1024;

function storageClassOf(call: Call): S3Class {
  const wanted = call.headers['x-amz-storage-class'] ?? 'STANDARD';
  if (!classes.includes(wanted))
    throw new Refusal(400, 'InvalidStorageClass', 'The storage class you specified is not valid');
  return wanted as S3Class;
}

function metadataOf(call: Call): Record<string, string> {
  return Object.fromEntries(
    Object.entries(call.headers)
      .filter(([name]) => name.startsWith('x-amz-meta-'))
      .map(([name, value]) => [name.slice('x-amz-meta-'.length), value ?? '']),
  );
}

function checkBody(call: Call): void {
  const { body, headers } = call;
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== body.md5.toString('base64'))
    throw new Refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  const crc = headers['x-amz-checksum-crc32'] ?? body.saidCrc32;
  if (crc !== undefined && crc !== body.crc32)
    throw new Refusal(400, 'BadDigest', 'The CRC32 you specified did not match what we received.');
}

export function put(call: Call, { clock, ledger }: Parts, bucket: Bucket): Answer {
  checkBody(call);
  const key = call.thing ?? '';
  const etag = `"${call.body.md5.toString('hex')}"`;
  const storageClass = storageClassOf(call);
  ledger.put(storageClass);
  bucket.objects.set(key, {
    key,
    blob: call.body,
    etag,
    storageClass,
    modifiedAt: clock.now(),
    contentType: call.headers['content-type'] ?? 'binary/octet-stream',
    metadata: metadataOf(call),
    crc32: call.body.crc32,
  });
  return { status: 200, headers: { etag, 'x-amz-checksum-crc32': call.body.crc32 }, body: '' };
}

export function createUpload(call: Call, { clock, ledger }: Parts, bucket: Bucket): Answer {
  const id = randomBytes(48).toString('base64url');
  const key = call.thing ?? '';
  const storageClass = storageClassOf(call);
  ledger.put(storageClass);
  bucket.uploads.set(id, {
    id,
    key,
    createdAt: clock.now(),
    storageClass,
    contentType: call.headers['content-type'] ?? 'binary/octet-stream',
    metadata: metadataOf(call),
    parts: new Map(),
  });
  return xml(
    200,
    `<InitiateMultipartUploadResult><Bucket>${bucket.name}</Bucket><Key>${escape(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
  );
}

function uploadOf(bucket: Bucket, call: Call): S3Upload {
  const found = bucket.uploads.get(call.query.get('uploadId') ?? '');
  if (found === undefined || found.key !== call.thing)
    throw new Refusal(404, 'NoSuchUpload', 'The specified upload does not exist.');
  return found;
}

export function uploadPart(call: Call, { ledger }: Parts, bucket: Bucket): Answer {
  const under = uploadOf(bucket, call);
  checkBody(call);
  const number = Number(call.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new Refusal(
      400,
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  ledger.put(under.storageClass);
  under.parts.set(number, { blob: call.body, md5: call.body.md5 });
  return {
    status: 200,
    headers: { etag: `"${call.body.md5.toString('hex')}"`, 'x-amz-checksum-crc32': call.body.crc32 },
    body: '',
  };
}

export function complete(call: Call, { blobs, clock, ledger }: Parts, bucket: Bucket): Answer {
  const under = uploadOf(bucket, call);
  const named = [...call.body.text().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part ?? '')?.[1]),
    etag: /<ETag>(?:"|&quot;|&#34;)?([0-9a-f]{32})/.exec(part ?? '')?.[1],
  }));
  const parts = named.map(({ number, etag }, index) => {
    const part = under.parts.get(number);
    if (part === undefined || part.md5.toString('hex') !== etag)
      throw new Refusal(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    if (index > 0 && number <= (named[index - 1]?.number ?? 0))
      throw new Refusal(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    if (index < named.length - 1 && part.blob.size < leastPart)
      throw new Refusal(
        400,
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    return part;
  });
  if (parts.length === 0) throw new Refusal(400, 'MalformedXML', 'No parts');
  const joined = createHash('md5').update(Buffer.concat(parts.map(({ md5 }) => md5)));
  const etag = `"${joined.digest('hex')}-${parts.length}"`;
  bucket.uploads.delete(under.id);
  ledger.put(under.storageClass);
  const { key, storageClass, contentType, metadata } = under;
  const blob = blobs.join(parts.map((part) => part.blob));
  bucket.objects.set(key, { key, blob, etag, storageClass, modifiedAt: clock.now(), contentType, metadata });
  return xml(
    200,
    `<CompleteMultipartUploadResult><Bucket>${bucket.name}</Bucket><Key>${escape(key)}</Key><ETag>${escape(etag)}</ETag></CompleteMultipartUploadResult>`,
  );
}

export function abort(call: Call, _parts: Parts, bucket: Bucket): Answer {
  bucket.uploads.delete(uploadOf(bucket, call).id);
  return { status: 204 };
}

export function listUploads(bucket: Bucket): Answer {
  const list = [...bucket.uploads.values()].map(
    ({ id, key, createdAt, storageClass }) =>
      `<Upload><Key>${escape(key)}</Key><UploadId>${id}</UploadId><StorageClass>${storageClass}</StorageClass><Initiated>${isoMillis(createdAt)}</Initiated></Upload>`,
  );
  return xml(
    200,
    `<ListMultipartUploadsResult><Bucket>${bucket.name}</Bucket><IsTruncated>false</IsTruncated>${list.join('')}</ListMultipartUploadsResult>`,
  );
}

export function listParts(call: Call, _parts: Parts, bucket: Bucket): Answer {
  const under = uploadOf(bucket, call);
  const most = Math.min(Number(call.query.get('max-parts') ?? 1000), 1000);
  const after = Number(call.query.get('part-number-marker') ?? 0);
  const all = [...under.parts].filter(([number]) => number > after).sort(([a], [b]) => a - b);
  const shown = all.slice(0, most);
  const list = shown.map(
    ([number, { blob, md5 }]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${md5.toString('hex')}&quot;</ETag><Size>${blob.size}</Size></Part>`,
  );
  return xml(
    200,
    `<ListPartsResult><Bucket>${bucket.name}</Bucket><Key>${escape(under.key)}</Key><UploadId>${under.id}</UploadId><StorageClass>${under.storageClass}</StorageClass><PartNumberMarker>${after}</PartNumberMarker><NextPartNumberMarker>${shown.at(-1)?.[0] ?? after}</NextPartNumberMarker><MaxParts>${most}</MaxParts><IsTruncated>${all.length > shown.length}</IsTruncated>${list.join('')}</ListPartsResult>`,
  );
}
