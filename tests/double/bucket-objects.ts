import { rangeOf, Refusal, type Answer } from './answer.ts';
import { escape } from './xml.ts';
import { expiryOf, isCold, restoreState, type Bucket, type StoredObject } from './bucket.ts';
import type { Call, Parts, RetrievalTier } from './call.ts';
import type { VirtualClock } from './clock.ts';

function objectOf(bucket: Bucket, call: Call): StoredObject {
  const object = bucket.objects.get(call.thing ?? '');
  if (object === undefined) throw new Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
  return object;
}

function headersOf(object: StoredObject, clock: VirtualClock): Record<string, string> {
  const state = restoreState(object, clock);
  return {
    etag: object.etag,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'content-type': object.contentType,
    'accept-ranges': 'bytes',
    // S3 leaves it out for STANDARD
    ...(object.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': object.storageClass }),
    ...(state === 'none' || !isCold(object.storageClass)
      ? {}
      : {
          'x-amz-restore':
            state === 'ongoing'
              ? 'ongoing-request="true"'
              : `ongoing-request="false", expiry-date="${new Date(object.restore?.expiresAt ?? 0).toUTCString()}"`,
        }),
    ...Object.fromEntries(
      Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
    ),
  };
}

export function headObject(call: Call, { clock, ledger }: Parts, bucket: Bucket): Answer {
  const object = objectOf(bucket, call);
  ledger.got(object.storageClass);
  return {
    status: 200,
    headers: { ...headersOf(object, clock), 'content-length': String(object.blob.size) },
  };
}

export function getObject(call: Call, { clock, ledger }: Parts, bucket: Bucket): Answer {
  const object = objectOf(bucket, call);
  if (isCold(object.storageClass) && restoreState(object, clock) !== 'restored')
    throw new Refusal(
      403,
      'InvalidObjectState',
      "The operation is not valid for the object's storage class",
      {},
      { StorageClass: object.storageClass },
    );
  const { size } = object.blob;
  const range = rangeOf(call.headers['range'], size);
  const start = range?.start ?? 0;
  const length = range === undefined ? size : range.end - range.start + 1;
  ledger.got(object.storageClass);
  ledger.left(length);
  if (object.storageClass === 'GLACIER_IR') ledger.retrieved('GLACIER_IR', 'Standard', length);
  const whole = call.headers['x-amz-checksum-mode'] === 'ENABLED' && range === undefined;
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headersOf(object, clock),
      ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${size}` }),
      ...(whole && object.crc32 !== undefined ? { 'x-amz-checksum-crc32': object.crc32 } : {}),
    },
    body: { blob: object.blob, start, length },
  };
}

const speed: Record<RetrievalTier, number> = { Bulk: 0, Standard: 1, Expedited: 2 };

/** 202 asked, 200 there already (only its end moves), 409 under way. */
export function restoreObject(call: Call, { clock, ledger, waits }: Parts, bucket: Bucket): Answer {
  const object = objectOf(bucket, call);
  const { storageClass } = object;
  if (!isCold(storageClass))
    throw new Refusal(
      403,
      'InvalidObjectState',
      "Restore is not allowed for the object's current storage class",
      {},
      { StorageClass: storageClass },
    );
  const text = call.body.text();
  const days = Number(/<Days>(\d+)<\/Days>/.exec(text)?.[1]);
  if (!Number.isInteger(days) || days < 1) throw new Refusal(400, 'MalformedXML', 'Days must be at least 1');
  const tier = (/<Tier>(\w+)<\/Tier>/.exec(text)?.[1] ?? 'Standard') as RetrievalTier;
  if (!(tier in speed)) throw new Refusal(400, 'MalformedXML', `Tier ${escape(tier)}`);
  if (tier === 'Expedited' && storageClass === 'DEEP_ARCHIVE')
    throw new Refusal(400, 'InvalidArgument', 'Retrieval option is not supported by this storage class');
  const now = clock.now();
  const state = restoreState(object, clock);
  if (state === 'restored' && object.restore !== undefined) {
    object.restore = { ...object.restore, expiresAt: expiryOf(now, days) };
    ledger.copyKept(object.blob.size, days);
    return { status: 200, body: '' };
  }
  if (state === 'ongoing' && object.restore !== undefined && speed[tier] <= speed[object.restore.tier])
    throw new Refusal(409, 'RestoreAlreadyInProgress', 'Object restore is already in progress');
  const readyAt = Math.min(now + waits.s3[storageClass][tier], object.restore?.readyAt ?? Infinity);
  object.restore = {
    tier,
    readyAt: state === 'ongoing' ? readyAt : now + waits.s3[storageClass][tier],
    expiresAt: expiryOf(now + waits.s3[storageClass][tier], days),
  };
  ledger.retrieved(storageClass, tier, object.blob.size);
  ledger.copyKept(object.blob.size, days);
  return { status: 202, body: '' };
}
