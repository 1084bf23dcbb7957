import { Refusal, type Answer } from './answer.ts';
import { isCold, restoreState, type Bucket, type StoredObject } from './bucket.ts';
import { getObject, headObject, restoreObject } from './bucket-objects.ts';
import { abort, complete, createUpload, listParts, listUploads, put, uploadPart } from './bucket-uploads.ts';
import type { Call, Parts } from './call.ts';
import { isoMillis } from './clock.ts';
import type { Route } from './vault-api.ts';
import { escape, namespace, xml } from './xml.ts';

type Handle = (call: Call, parts: Parts, bucket: Bucket) => Answer;

/** [method, is it an object, query key that must be there ('' for none), operation] */
const routes: readonly (readonly [string, boolean, string, string, Handle])[] = [
  ['GET', false, 'list-type', 'ListObjectsV2', listObjects],
  [
    'GET',
    false,
    'location',
    'GetBucketLocation',
    (_call, _parts, bucket) =>
      xml(
        200,
        `<LocationConstraint ${namespace}>${bucket.region === 'us-east-1' ? '' : bucket.region}</LocationConstraint>`,
      ),
  ],
  ['GET', false, 'uploads', 'ListMultipartUploads', (_call, _parts, bucket) => listUploads(bucket)],
  [
    'HEAD',
    false,
    '',
    'HeadBucket',
    (_call, _parts, bucket) => ({
      status: 200,
      headers: { 'x-amz-bucket-region': bucket.region },
    }),
  ],
  ['POST', true, 'uploads', 'CreateMultipartUpload', createUpload],
  ['POST', true, 'uploadId', 'CompleteMultipartUpload', complete],
  ['POST', true, 'restore', 'RestoreObject', restoreObject],
  ['PUT', true, 'partNumber', 'UploadPart', uploadPart],
  ['PUT', true, '', 'PutObject', put],
  ['GET', true, 'uploadId', 'ListParts', listParts],
  ['GET', true, '', 'GetObject', getObject],
  ['HEAD', true, '', 'HeadObject', headObject],
  ['DELETE', true, 'uploadId', 'AbortMultipartUpload', abort],
  [
    'DELETE',
    true,
    '',
    'DeleteObject',
    (call, _parts, bucket) => {
      bucket.objects.delete(call.thing ?? '');
      return { status: 204 };
    },
  ],
];

/** S3 by path: `/bucket/key`. Undefined: no such operation. */
export function bucketRoute(method: string, url: string): Route | undefined {
  const [path, query] = [url.split('?')[0] ?? '', new URLSearchParams(url.split('?')[1] ?? '')];
  const [, place, key] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  if (place === '') {
    return method === 'GET'
      ? { operation: 'ListBuckets', place: undefined, thing: undefined, answer: listBuckets }
      : undefined;
  }
  const found = routes.find(
    ([wanted, object, must]) =>
      wanted === method && object === (key !== '') && (must === '' || query.has(must)),
  );
  if (found === undefined) return undefined;
  return {
    operation: found[3],
    place: decodeURIComponent(place ?? ''),
    thing: key === '' ? undefined : decodeURIComponent(key ?? ''),
    answer(call, parts) {
      const bucket = parts.buckets.get(call.place ?? '');
      if (bucket === undefined) throw new Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
      if (bucket.region !== call.region)
        throw new Refusal(
          301,
          'PermanentRedirect',
          'The bucket you are attempting to access must be addressed using the specified endpoint.',
          { 'x-amz-bucket-region': bucket.region },
        );
      return found[4](call, parts, bucket);
    },
  };
}

function listBuckets(_call: Call, { buckets, ledger }: Parts): Answer {
  ledger.listed();
  const all = [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const list = all.map(
    ({ name, region, createdAt }) =>
      `<Bucket><Name>${name}</Name><CreationDate>${isoMillis(createdAt)}</CreationDate><BucketRegion>${region}</BucketRegion></Bucket>`,
  );
  return xml(
    200,
    `<ListAllMyBucketsResult ${namespace}><Owner><ID>0123</ID></Owner><Buckets>${list.join('')}</Buckets></ListAllMyBucketsResult>`,
  );
}

function listObjects(call: Call, { clock, ledger }: Parts, bucket: Bucket): Answer {
  ledger.listed();
  const { query } = call;
  const most = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const after =
    token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  // S3 lists in the order of UTF-8 bytes
  const all = [...bucket.objects.values()]
    .filter(({ key }) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  const shown = all.slice(0, most);
  const more = all.length > shown.length;
  const withRestore = (call.headers['x-amz-optional-object-attributes'] ?? '').includes('RestoreStatus');
  const keyText = (key: string): string =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/') : escape(key);
  const contents = shown.map(
    (object) =>
      `<Contents><Key>${keyText(object.key)}</Key><LastModified>${isoMillis(object.modifiedAt)}</LastModified><ETag>${escape(object.etag)}</ETag><Size>${object.blob.size}</Size><StorageClass>${object.storageClass}</StorageClass>${withRestore ? restoreStatus(object) : ''}</Contents>`,
  );
  function restoreStatus(object: StoredObject): string {
    const state = restoreState(object, clock);
    if (!isCold(object.storageClass) || state === 'none') return '';
    const expiry =
      state === 'restored'
        ? `<RestoreExpiryDate>${isoMillis(object.restore?.expiresAt ?? 0)}</RestoreExpiryDate>`
        : '';
    return `<RestoreStatus><IsRestoreInProgress>${state === 'ongoing'}</IsRestoreInProgress>${expiry}</RestoreStatus>`;
  }
  const last = shown.at(-1)?.key ?? '';
  return xml(
    200,
    `<ListBucketResult ${namespace}><Name>${bucket.name}</Name><Prefix>${escape(prefix)}</Prefix><KeyCount>${shown.length}</KeyCount><MaxKeys>${most}</MaxKeys>${query.get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : ''}<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${Buffer.from(last).toString('base64url')}</NextContinuationToken>` : ''}${contents.join('')}</ListBucketResult>`,
  );
}
