/**
 * Words that the whole house shares about what lies in Glacier. Pure. Times are Unix ms, sizes bytes; a size may be
 * 40 TiB, which a number holds exactly. What others wrote (names, descriptions, keys) is text, and may be an attacker's.
 */

/** AWS's own limit for a description, in characters; S3's for a key, in bytes. */
export const longestDescription = 1024;

export const storageClasses = [
  /** An archive of a vault (the API of 2012-06-01). */
  'VAULT',
  'GLACIER',
  'DEEP_ARCHIVE',
  /** Needs no restore. */
  'GLACIER_IR',
] as const;
export type StorageClass = (typeof storageClasses)[number];

/** What a source says of an archive. */
export const sourceStates = [
  /** Must be asked back before it can be read. */
  'archived',
  'restoring',
  /** Can be read, until `until` where there is one. */
  'ready',
  /** Asked back, and AWS could not. */
  'failed',
] as const;
export type SourceState = (typeof sourceStates)[number];

/**
 * What is shown. AWS counts a vault about once a day: until then our own uploads and deletions stand on top of what it
 * counted, as `uploaded` and `deleted`.
 */
export const archiveStates = [...sourceStates, 'uploaded', 'deleted'] as const;
export type ArchiveState = (typeof archiveStates)[number];

/** Who wrote a description, by its shape; `plain` is everything else. */
export const dialects = [
  'plain',
  'fastglacier-v1',
  'fastglacier-v2',
  'fastglacier-v3',
  'fastglacier-v4',
  'mt1',
  'mt2',
  'cloudberry',
  /** The name comes from the vault `…_mapping` beside it. */
  'synology',
] as const;
export type Dialect = (typeof dialects)[number];

/** A vault, or an S3 bucket with archived objects in it. */
export interface Vault {
  /** Its ARN; `vaults/NAME` where only the name is known, '' for archives whose vault nobody told. */
  readonly key: string;
  readonly kind: 'vault' | 'bucket';
  readonly name: string | null;
  readonly region: string | null;
  readonly account: string | null;
  /** As AWS counted; absent: it has not, or nobody asked. */
  readonly counted?: Counted;
}

export interface Counted {
  /** Of the inventory, never of the question. */
  readonly at: number;
  readonly archives: number;
  readonly bytes: number;
}

/** One archive as its source tells it. */
export interface Archive {
  /** Unique in its vault: the archive's id, or the object's key. */
  readonly id: string;
  /** As it was written, never decoded; '' for an object of S3, whose key is its name. */
  readonly description: string;
  /** Null: the source does not tell (an upload's log). */
  readonly createdAt: number | null;
  readonly size: number | null;
  /** SHA-256 tree hash, 64 characters of lower-case hex. S3 has none. */
  readonly treeHash: string | null;
  readonly storageClass: StorageClass;
  /** Absent: `archived`. */
  readonly state?: SourceState;
  /** `ready`: when it is archived again. `restoring`: when it should be ready. */
  readonly until?: number;
}

export const jobKinds = [
  /** The list of a vault. */
  'inventory',
  /** One archive of a vault, or one object of S3 (RestoreObject). */
  'archive',
] as const;
export type JobKind = (typeof jobKinds)[number];

export const jobStatuses = [
  /** On disk before AWS is asked: after a crash nobody knows whether AWS heard it, so it is looked for, not repeated. */
  'asking',
  /** AWS has it. */
  'running',
  /** Its output can be fetched until `expiresAt`. */
  'ready',
  'failed',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const tiers = ['Expedited', 'Standard', 'Bulk'] as const;
export type Tier = (typeof tiers)[number];

/** Something that AWS was asked for. */
export interface Job {
  /** Our own, unique: it is also the job's description at AWS, by which a lost answer is found again. */
  readonly id: string;
  readonly vault: string;
  readonly kind: JobKind;
  /** AWS's; null until it has answered, and for S3. */
  readonly jobId: string | null;
  /** Of kind `archive`. */
  readonly archive: string | null;
  readonly tier: Tier | null;
  readonly status: JobStatus;
  readonly askedAt: number;
  /** The device's or person's name; null: the home itself. */
  readonly askedBy: string | null;
  readonly completedAt: number | null;
  /** Of a vault's job 24 h after completion, as AWS promises at least. */
  readonly expiresAt: number | null;
  /** Of the output. */
  readonly size: number | null;
  /** Bytes of the output that are on disk here, for a range that goes on. */
  readonly fetched: number;
  /** When the output was taken over whole; null: not yet. */
  readonly doneAt: number | null;
  /** What AWS said of a failure: text. */
  readonly message: string | null;
}

const arn = /^arn:aws[a-z-]{0,16}:glacier:([a-z0-9-]{1,32}):(\d{12}):vaults\/([A-Za-z0-9_.-]{1,255})$/;
/** AWS's rule for a vault's name. */
const vaultName = /^[A-Za-z0-9_.-]{1,255}$/;

/** A vault by ARN or by its bare name; undefined where the text is neither. */
export function vaultOf(text: string): Vault | undefined {
  const [, region, account, name] = arn.exec(text) ?? [];
  if (region !== undefined && account !== undefined && name !== undefined)
    return { key: text, kind: 'vault', name, region, account };
  if (!vaultName.test(text)) return undefined;
  return { key: `vaults/${text}`, kind: 'vault', name: text, region: null, account: null };
}

/** Where archives go whose vault nobody told: AWS's CSV and `upload-archive` without a location name none. */
export const unknownVault: Vault = { key: '', kind: 'vault', name: null, region: null, account: null };

/** AWS's list of vaults tells all of it. `partition`: `aws`, `aws-cn`, `aws-us-gov`. */
export function vaultArn(region: string, account: string, name: string, partition = 'aws'): string {
  return `arn:${partition}:glacier:${region}:${account}:vaults/${name}`;
}

export function bucketOf(name: string, region: string): Vault {
  return { key: `arn:aws:s3:::${name}`, kind: 'bucket', name, region, account: null };
}
