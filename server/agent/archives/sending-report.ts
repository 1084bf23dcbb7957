import * as v from 'valibot';
import { storageClasses } from '../../../lib/archive.ts';
import { restorePage, sentRow } from '../../../lib/protocol/restores.ts';

/** What the command that sends says of itself, once a second; the answer says whether it should pause. */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const sendingReport = v.strictObject({
  verb: v.literal('sending'),
  /** Of this run of the command: when it began, Unix ms. */
  begun: count,
  target: v.pipe(v.string(), v.maxLength(255)),
  kind: v.picklist(['vault', 'bucket']),
  storageClass: v.picklist(storageClasses),
  stagedAt: v.exactOptional(count),
  /** To be sent in all, those sent before among them. */
  files: count,
  bytes: count,
  sentBytes: count,
  leftOut: count,
  partBytes: count,
  rate: v.exactOptional(count),
  rows: v.pipe(v.array(sentRow), v.maxLength(restorePage)),
  from: count,
  /** It has heard that it should, and begins no more. */
  pausing: v.boolean(),
  /** It ends with this. */
  ended: v.boolean(),
});
export type SendingReport = v.InferOutput<typeof sendingReport>;
