import * as v from 'valibot';
import { tiers } from '../archive.ts';
import { restoreStates, restoreStatuses, sendStates } from '../restore.ts';

/**
 * What crosses the wire about getting archives back, and about what is being sent. Sizes are bytes, times Unix ms of the
 * home's clock, money millionths of a US dollar. Names and AWS's messages are text of others.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ms = count;
const money = count;
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const vault = text(400);
const archiveId = text(1024);
const tier = v.picklist(tiers);

/** Archives that one plan may name; a whole vault is named by its key. */
export const mostChosen = 32;
/** Rows that one answer may hold. */
export const restorePage = 24;

const chosen = v.strictObject({ vault, id: archiveId });

/** One way to get it back. */
const choice = v.strictObject({
  tier,
  /** What AWS bills for the retrieval alone. */
  retrieval: money,
  /** From the question until a part is ready. */
  earliestMs: ms,
  latestMs: ms,
  /** Days until all of it is here, by the cap of the plan. */
  days: count,
});

const plan = v.strictObject({
  plan: text(22),
  archives: count,
  bytes: count,
  /** Some of the names, for a sentence. */
  names: v.pipe(v.array(text(200)), v.maxLength(4)),
  /** Left out: ready or under way already, deleted, or of unknown size. */
  leftOut: count,
  /** Of the archives, those that came back before; absent: none. */
  again: v.exactOptional(count),
  disk: v.strictObject({ need: count, free: count }),
  /** Where it is written; the last part of the path only. */
  folder: text(255),
  choices: v.pipe(v.array(choice), v.maxLength(3)),
  /** Tiers that AWS would refuse for some of these, and why. */
  refused: v.pipe(
    v.array(v.strictObject({ tier, why: v.picklist(['too-big', 'class', 'no-restore']) })),
    v.maxLength(3),
  ),
  transfer: money,
  /** Copies that lie in S3 while they are ready; 0 for vaults. */
  copies: money,
  requests: money,
  /** Bytes a day that the plan was counted with; absent: no cap. */
  perDay: v.exactOptional(count),
  /** Of the price table, YYYY-MM-DD. */
  pricesOf: text(10),
});
export type RestorePlan = v.InferOutput<typeof plan>;
export type RestoreChoice = v.InferOutput<typeof choice>;

const row = v.strictObject({
  vault,
  id: archiveId,
  name: text(200),
  vaultName: v.exactOptional(text(255)),
  size: count,
  state: v.picklist(restoreStates),
  /** 1 of 1 where it comes whole. */
  part: count,
  parts: count,
  /** Bytes of this part. */
  partBytes: count,
  /** Absent: not yet. `waiting`: when it is to be asked. */
  askedMs: v.exactOptional(ms),
  /** When AWS was, or should be, ready. */
  readyMs: v.exactOptional(ms),
  untilMs: v.exactOptional(ms),
  /** Of the whole archive: how much is on the disk. */
  down: count,
  /** Bytes a second, over the last minute. */
  rate: v.exactOptional(count),
  checkedMs: v.exactOptional(ms),
  /** `back`: compared by its size alone, since nothing else is known of it. */
  bySize: v.exactOptional(v.literal(true)),
  /** So far. */
  cost: money,
  /** What failed: our code, and AWS's words where it said any. */
  code: v.exactOptional(text(40)),
  message: v.exactOptional(text(300)),
});
export type RestoreRow = v.InferOutput<typeof row>;

const overall = v.strictObject({
  restore: text(22),
  status: v.picklist(restoreStatuses),
  /** Paused after what is asked for has come. */
  pausing: v.exactOptional(v.literal(true)),
  archives: count,
  back: count,
  failed: count,
  bytes: count,
  backBytes: count,
  /** From 1. */
  day: count,
  days: count,
  cost: money,
  costInAll: money,
  perDay: v.exactOptional(count),
  tier,
  free: count,
  folder: text(255),
  startedMs: ms,
  startedBy: v.exactOptional(text(64)),
  /** Stopped by itself: what is missing (`archives-space`, `archives-credentials`). */
  code: v.exactOptional(text(40)),
});
export type RestoreView = v.InferOutput<typeof overall>;

export const sentRow = v.strictObject({
  name: text(200),
  size: count,
  parts: count,
  part: count,
  state: v.picklist(sendStates),
  code: v.exactOptional(text(40)),
});
const sending = v.strictObject({
  /** Vault or bucket, as AWS names it. */
  target: text(255),
  kind: v.picklist(['vault', 'bucket']),
  stagedMs: v.exactOptional(ms),
  /** The command that sends has told of itself in the last seconds. */
  alive: v.boolean(),
  pausing: v.exactOptional(v.literal(true)),
  files: count,
  leftOut: count,
  bytes: count,
  sentBytes: count,
  partBytes: count,
  rate: v.exactOptional(count),
  /** A month of keeping it. */
  monthly: money,
  leastDays: count,
  /** Those before and after the one that is being sent. */
  rows: v.pipe(v.array(sentRow), v.maxLength(restorePage)),
  /** Of `rows[0]`. */
  from: count,
});
export type SendingView = v.InferOutput<typeof sending>;
export type SentRow = v.InferOutput<typeof sentRow>;

export const restoreRequests = [
  /** Asks AWS nothing. Exactly one of `archives` and `vault`. Needs the permission `restore`. */
  v.strictObject({
    type: v.literal('restorePlan'),
    archives: v.exactOptional(v.pipe(v.array(chosen), v.minLength(1), v.maxLength(mostChosen))),
    vault: v.exactOptional(vault),
    perDay: v.exactOptional(count),
  }),
  /** The restore that is under way or was last; nothing of it where there was none. */
  v.strictObject({
    type: v.literal('restores'),
    /** Rows: failed first, under way, waiting, back. */
    from: count,
    limit: v.pipe(count, v.minValue(1), v.maxValue(restorePage)),
  }),
  v.strictObject({ type: v.literal('sending') }),
] as const;

export const restoreResults = [
  v.strictObject({ type: v.literal('restorePlan'), plan }),
  v.strictObject({
    type: v.literal('restores'),
    restore: v.exactOptional(overall),
    rows: v.pipe(v.array(row), v.maxLength(restorePage)),
    from: count,
  }),
  v.strictObject({ type: v.literal('sending'), sending: v.exactOptional(sending) }),
  v.strictObject({ type: v.literal('restoreStarted'), restore: text(22) }),
  v.strictObject({ type: v.literal('restoreChanged') }),
] as const;

/** What acts. All of it needs the permission `restore`. */
export function restoreActs<Id extends v.GenericSchema>(requestId: Id) {
  return [
    /** `refused-size` for another size than the plan's, `refused-cost` where the cost rose by over 5 %. */
    v.strictObject({
      type: v.literal('restoreStart'),
      id: requestId,
      plan: text(22),
      tier,
      typed: text(40),
      /** The whole as it was shown: retrieval, requests, transfer and copies. */
      cost: money,
    }),
    /** Asks for no more; what is asked for is paid for, and still comes. `now`: fetches nothing more, either. */
    v.strictObject({
      type: v.literal('restorePause'),
      id: requestId,
      restore: text(22),
      now: v.exactOptional(v.literal(true)),
    }),
    v.strictObject({ type: v.literal('restoreGoOn'), id: requestId, restore: text(22) }),
    /** Absent: no cap. */
    v.strictObject({
      type: v.literal('restoreCap'),
      id: requestId,
      restore: text(22),
      perDay: v.exactOptional(count),
    }),
    v.strictObject({ type: v.literal('sendingPause'), id: requestId }),
  ] as const;
}
