import * as v from 'valibot';
import { LatchkeyError } from '../errors.ts';
import { fromBase64 } from '../protocol/bytes.ts';

const bytes = (length: number) =>
  v.pipe(
    v.string(),
    v.check((text) => {
      try {
        return fromBase64(text).length === length;
      } catch {
        return false;
      }
    }, `not ${length} bytes of base64url`),
  );
const relay = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/, 'not the address of a relay'),
);

/** What a device keeps of a home it is paired with. Byte strings are base64url; no secret is in here. */
const homeRecord = v.strictObject({
  version: v.literal(1),
  /** The home's own name, as it said when pairing; shown as text. */
  name: v.pipe(v.string(), v.maxLength(64)),
  /** S. */
  home: bytes(32),
  mailbox: bytes(32),
  /** In the order to try them. */
  relays: v.pipe(v.array(relay), v.minLength(1), v.maxLength(3)),
  /** SHA-256 of the relay certificate's SubjectPublicKeyInfo, where a local CA issued it. */
  spki: v.exactOptional(bytes(32)),
  /** True: the relay is the owner's. False: openings are vouched for by the relay alone. */
  ownRelay: v.boolean(),
  /** This device's id at the home. */
  device: bytes(16),
  /** What this device calls itself at the home. */
  deviceName: v.pipe(v.string(), v.maxLength(64)),
  /** C and the admission key, their public halves. */
  publicKey: bytes(32),
  admissionKey: bytes(32),
});
export type HomeRecord = v.InferOutput<typeof homeRecord>;

/** Reads what was stored. Throws `config-invalid`, naming the key. */
export function readHomeRecord(stored: unknown): HomeRecord {
  const checked = v.safeParse(homeRecord, stored, { abortEarly: true });
  if (!checked.success) {
    const issue = checked.issues[0];
    throw new LatchkeyError('config-invalid', `${v.getDotPath(issue) ?? 'home'}: ${issue.message}`);
  }
  return checked.output;
}

/** Names a home on this device: it is the home's public key, so it survives a new name. */
export function homeId(record: HomeRecord): string {
  return record.home;
}
