import * as v from 'valibot';
import { archiveStates, dialects, jobStatuses, storageClasses } from '../archive.ts';

/**
 * What crosses the wire about archives. No credential ever does, nor a path of the home. Sizes are bytes; times Unix ms
 * of the home's or AWS's clock, durations ms from when the home spoke. Names, descriptions and ids are text of others.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ms = count;
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
/** Key of a vault (lib/archive): its ARN, `vaults/NAME`, or ''. */
const vault = text(400);
/** An archive's id, or an object's key (1024 bytes). */
const id = text(1024);

/** Rows that one answer may hold. */
export const archivePage = 50;
/** Bytes of a file in one `importPart`. */
export const importPart = 12_000;

export const archiveSorts = ['created', 'size', 'name', 'vault'] as const;
export type ArchiveSort = (typeof archiveSorts)[number];

const row = v.strictObject({
  vault,
  id,
  /** As decoded, at most 200 characters of it; '' where there is none. */
  name: text(200),
  /** `name` is only its beginning. */
  cut: v.exactOptional(v.literal(true)),
  size: v.exactOptional(count),
  createdAt: v.exactOptional(ms),
  state: v.picklist(archiveStates),
  /** `ready`: when it is archived again; `restoring`: when it should be ready. */
  until: v.exactOptional(ms),
  /** Where the question asks for it: the rest, for a file. */
  whole: v.exactOptional(
    v.strictObject({
      /** Where `name` is only its beginning. */
      name: v.exactOptional(text(1024)),
      /** As it was written; absent: the same as the name. */
      description: v.exactOptional(text(1024)),
      dialect: v.picklist(dialects),
      treeHash: v.exactOptional(text(64)),
    }),
  ),
});
export type ArchiveRow = v.InferOutput<typeof row>;

const vaultView = v.strictObject({
  vault,
  kind: v.picklist(['vault', 'bucket']),
  name: v.exactOptional(text(255)),
  region: v.exactOptional(text(32)),
  archives: count,
  bytes: count,
  /** As of when: AWS's count, or the look at a bucket; absent: AWS has not counted, or nobody asked. */
  countedAt: v.exactOptional(ms),
  /** Its list was never taken in: the numbers are AWS's own, and there are no rows. */
  unlisted: v.exactOptional(v.literal(true)),
});
export type ArchiveVault = v.InferOutput<typeof vaultView>;

/** An inventory that is under way, or failed and was not asked again. */
const inventory = v.strictObject({
  vault,
  status: v.picklist(jobStatuses),
  askedMs: ms,
  /** Of its output: how much has arrived. */
  fetched: v.exactOptional(count),
  size: v.exactOptional(count),
  /** What AWS said of a failure. */
  message: v.exactOptional(text(300)),
});

const importing = v.strictObject({
  id: text(22),
  /** Arrived so far; all of them: it is being read. */
  bytes: count,
  ofBytes: v.exactOptional(count),
  /** Read so far. */
  rows: count,
  /** Read to its end; names are being indexed. */
  finishing: v.boolean(),
});
export type ArchiveImport = v.InferOutput<typeof importing>;

export const archiveRequests = [
  v.strictObject({ type: v.literal('archives') }),
  v.strictObject({
    type: v.literal('archiveList'),
    vault: v.exactOptional(vault),
    search: v.exactOptional(text(200)),
    sort: v.exactOptional(v.picklist(archiveSorts)),
    descending: v.exactOptional(v.boolean()),
    /** Only those under way, ready or failed. */
    active: v.exactOptional(v.literal(true)),
    /** With description and tree hash, as an export has them: fewer rows fit. */
    whole: v.exactOptional(v.literal(true)),
    /** `next` of the page before, with the same question. */
    after: v.exactOptional(text(3000)),
    limit: v.pipe(count, v.minValue(1), v.maxValue(archivePage)),
  }),
  v.strictObject({ type: v.literal('archive'), vault, id }),
] as const;

export const archiveResults = [
  v.strictObject({
    type: v.literal('archives'),
    /** Rises with every change; another one: what was loaded may be out of date. */
    revision: count,
    archives: count,
    bytes: count,
    /** Archives whose size nobody told: the sum is at least that. */
    unsized: count,
    /** The oldest `countedAt` of vaults with anything in them; absent: one of those has none. */
    countedAt: v.exactOptional(ms),
    vaults: v.pipe(v.array(vaultView), v.maxLength(64)),
    /** Further vaults that did not fit. */
    more: count,
    /** By year of creation (UTC), oldest first. */
    years: v.pipe(v.array(v.strictObject({ year: count, archives: count, bytes: count })), v.maxLength(40)),
    inventories: v.pipe(v.array(inventory), v.maxLength(16)),
    importing: v.exactOptional(importing),
    /** Sources that could not be asked: what is shown may be old. */
    problems: v.pipe(
      v.array(v.strictObject({ source: text(32), code: text(40), ms: v.exactOptional(ms) })),
      v.maxLength(8),
    ),
    /** This device may ask AWS for things that cost money. */
    mayRestore: v.boolean(),
  }),
  v.strictObject({
    type: v.literal('archiveList'),
    revision: count,
    rows: v.pipe(v.array(row), v.maxLength(archivePage)),
    next: v.exactOptional(text(3000)),
    /** On the first page: how many there are in all, where that is 10,000 or fewer. */
    count: v.exactOptional(count),
  }),
  v.strictObject({
    type: v.literal('archive'),
    /** Absent: it is not there any more. */
    archive: v.exactOptional(
      v.strictObject({
        ...row.entries,
        name: text(1024),
        description: text(1024),
        dialect: v.picklist(dialects),
        storageClass: v.picklist(storageClasses),
        treeHash: v.exactOptional(text(64)),
        region: v.exactOptional(text(32)),
        vaultName: v.exactOptional(text(255)),
        askedAt: v.exactOptional(ms),
        askedBy: v.exactOptional(text(64)),
      }),
    ),
  }),
  /** For how many vaults a list is on its way, or less than a day old. */
  v.strictObject({ type: v.literal('inventoryAsked'), vaults: count }),
  /** How many bytes have arrived: the next part begins there. */
  v.strictObject({ type: v.literal('importing'), import: text(22), at: count }),
  v.strictObject({
    type: v.literal('imported'),
    import: text(22),
    vault: v.exactOptional(text(255)),
    inventoryAt: v.exactOptional(ms),
    rows: count,
    inserted: count,
    gone: count,
    /** A newer inventory of this vault is known: nothing was changed. */
    stale: v.boolean(),
  }),
] as const;

/** What acts. Asking AWS needs the permission `restore`. */
export function archiveActs<Id extends v.GenericSchema>(requestId: Id) {
  return [
    /** Asks AWS for the list of one vault, or of all, unless one is under way or less than a day old. */
    v.strictObject({ type: v.literal('inventory'), id: requestId, vault: v.exactOptional(vault) }),
    /** A file from this device: begun, sent in parts in order, ended. One at a time at the home. */
    v.strictObject({
      type: v.literal('importBegin'),
      id: requestId,
      size: count,
      /** For a file that does not name its vault. */
      vault: v.exactOptional(text(255)),
    }),
    v.strictObject({
      type: v.literal('importPart'),
      import: requestId,
      at: count,
      /** Base64url. */
      bytes: text(Math.ceil((importPart * 4) / 3)),
    }),
    v.strictObject({ type: v.literal('importEnd'), import: requestId }),
    v.strictObject({ type: v.literal('importStop'), import: requestId }),
  ] as const;
}

/** Told to those who follow, at most once a second: ask again. */
export const archiveNotice = v.strictObject({ type: v.literal('archives'), revision: count });
