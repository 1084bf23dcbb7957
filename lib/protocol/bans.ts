import * as v from 'valibot';
import { attackKinds, jailTroubles, longestJail, sourceName } from '../ban.ts';
import { isErrorCode, type ErrorCode } from '../errors.ts';

/**
 * What crosses the wire about bans. Times are Unix ms of the home's clock, and `leftMs`, `agoMs` durations from when
 * the home spoke: a device counts with those, and shows clock times with its own zone.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ms = count;
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const code = v.custom<ErrorCode>(isErrorCode, 'unknown code');
const source = v.pipe(v.string(), v.regex(sourceName));
const jail = text(longestJail);
/** An address, a network, or what else a source has there. */
const value = text(128);
const address = text(39);
const id = v.pipe(v.string(), v.length(22));

/** Rows that one answer may hold. */
export const banPage = 100;
/** Slots that one question about counts may have. */
export const mostSlots = 150;

const hit = v.strictObject({
  source,
  jail,
  value,
  since: v.exactOptional(ms),
  /** Until it ends by itself; absent: unknown, or never where `permanent`. */
  leftMs: v.exactOptional(ms),
  permanent: v.exactOptional(v.literal(true)),
});
export type BanHit = v.InferOutput<typeof hit>;

const row = v.strictObject({
  ...hit.entries,
  failures: v.exactOptional(count),
  times: v.exactOptional(count),
});
export type BanRow = v.InferOutput<typeof row>;

const line = v.strictObject({
  at: v.exactOptional(ms),
  user: v.exactOptional(text(64)),
  method: v.exactOptional(text(32)),
  text: text(300),
});

const jailView = v.strictObject({
  source,
  jail,
  banned: count,
  /** New since the viewer's midnight. */
  today: count,
  trouble: v.exactOptional(v.picklist(jailTroubles)),
});
export type JailView = v.InferOutput<typeof jailView>;

const sourceView = v.strictObject({
  source,
  kind: text(32),
  canUnban: v.boolean(),
  problem: v.exactOptional(code),
  /** How long ago it was last read; absent: never. */
  readMs: v.exactOptional(ms),
});
export type BanSourceView = v.InferOutput<typeof sourceView>;

/** Over 25 new bans of one jail within the last hour. */
const flood = v.strictObject({
  source,
  jail,
  count,
  /** Different /24 (IPv4) and /48 (IPv6) networks. */
  networks: count,
  /** One of the asking device's addresses is among them. */
  yours: v.boolean(),
  /** Of 5 minutes each, oldest first. */
  slots: v.pipe(v.array(count), v.length(12)),
});
export type BanFlood = v.InferOutput<typeof flood>;

/** What hit the asking device's own address. */
const own = v.strictObject({
  address,
  hits: v.pipe(v.array(hit), v.maxLength(8)),
  /** It was lifted less than 10 minutes before it came again. */
  again: v.boolean(),
  count: v.exactOptional(count),
  failures: v.exactOptional(count),
  lines: v.pipe(v.array(line), v.maxLength(5)),
});
export type OwnBan = v.InferOutput<typeof own>;

const attackHour = v.strictObject({
  hour: ms,
  kind: v.picklist(attackKinds),
  count,
  addresses: count,
});
const attackLine = v.strictObject({
  at: ms,
  kind: v.picklist(attackKinds),
  address: v.exactOptional(address),
  user: v.exactOptional(text(64)),
  text: text(200),
});

export const banRequests = [
  /**
   * How bans stand. `addresses`: what the device believes to be its own, a hint that decides nothing; `midnight`: when
   * the viewer's day began.
   */
  v.strictObject({
    type: v.literal('bans'),
    addresses: v.pipe(v.array(address), v.maxLength(2)),
    midnight: ms,
  }),
  /** Newest first. `search`: the beginning of an address, or a network. */
  v.strictObject({
    type: v.literal('banList'),
    source: v.exactOptional(source),
    jail: v.exactOptional(jail),
    search: v.exactOptional(text(64)),
    from: count,
    limit: v.pipe(count, v.minValue(1), v.maxValue(banPage)),
  }),
  /** The same by network, the fullest first. */
  v.strictObject({
    type: v.literal('banNetworks'),
    source: v.exactOptional(source),
    jail: v.exactOptional(jail),
    /** Only bans that began since. */
    since: v.exactOptional(ms),
    from: count,
    limit: v.pipe(count, v.minValue(1), v.maxValue(banPage)),
  }),
  v.strictObject({ type: v.literal('ban'), source, jail, value }),
  /** New bans between each two edges, which rise: the viewer's days, or slots of one. */
  v.strictObject({
    type: v.literal('banCounts'),
    edges: v.pipe(v.array(ms), v.minLength(2), v.maxLength(mostSlots + 1)),
  }),
  v.strictObject({ type: v.literal('attacks') }),
] as const;

export const banResults = [
  v.strictObject({
    type: v.literal('bans'),
    /** Rises with every change; another one: what was loaded may be out of date. */
    revision: count,
    sources: v.pipe(v.array(sourceView), v.maxLength(16)),
    jails: v.pipe(v.array(jailView), v.maxLength(64)),
    /** Further jails that did not fit. */
    more: count,
    total: count,
    today: count,
    /** Median of new bans a day over the last 30 days; absent: fewer than 3 days are known. */
    usual: v.exactOptional(count),
    own: v.pipe(v.array(own), v.maxLength(2)),
    floods: v.pipe(v.array(flood), v.maxLength(4)),
    /** This device may lift bans of other addresses. */
    mayUnban: v.boolean(),
  }),
  v.strictObject({
    type: v.literal('banList'),
    revision: count,
    total: count,
    from: count,
    rows: v.pipe(v.array(row), v.maxLength(banPage)),
  }),
  v.strictObject({
    type: v.literal('banNetworks'),
    revision: count,
    total: count,
    from: count,
    rows: v.pipe(v.array(v.strictObject({ network: value, count })), v.maxLength(banPage)),
  }),
  v.strictObject({
    type: v.literal('ban'),
    /** Absent: it is not banned there any more. */
    ban: v.exactOptional(hit),
    failures: v.exactOptional(count),
    /** Bans of this value in the last 30 days, as far as home remembers. */
    times: count,
    /** Its next ban: seconds and by whom, where that can be told. */
    next: v.exactOptional(v.strictObject({ jail, seconds: count })),
    lines: v.pipe(v.array(line), v.maxLength(10)),
    /** Other bans that turn the same address away. */
    also: v.pipe(v.array(hit), v.maxLength(8)),
  }),
  v.strictObject({
    type: v.literal('banCounts'),
    jails: v.pipe(
      v.array(v.strictObject({ source, jail, counts: v.pipe(v.array(count), v.maxLength(mostSlots)) })),
      v.maxLength(32),
    ),
    /** Further jails, all in one, where there are more than fit. */
    others: v.exactOptional(v.pipe(v.array(count), v.maxLength(mostSlots))),
    /** Home remembers no further back. */
    knownSince: ms,
  }),
  v.strictObject({
    type: v.literal('unbanned'),
    value,
    lifted: v.pipe(v.array(hit), v.maxLength(16)),
    /** What still turns it away, asked afterwards. */
    left: v.pipe(v.array(hit), v.maxLength(8)),
    /** How long `reban` can take this back; absent: it cannot. */
    undoMs: v.exactOptional(ms),
    /** It was lifted, and what set it has it on a list of its own: it will set it again (`tool-comes-back`). */
    comesBack: v.exactOptional(v.literal(true)),
  }),
  v.strictObject({ type: v.literal('rebanned'), value, hits: v.pipe(v.array(hit), v.maxLength(16)) }),
  v.strictObject({
    type: v.literal('attacks'),
    /** The last 24 hours, oldest first; hours without anything are left out. */
    hours: v.pipe(v.array(attackHour), v.maxLength(96)),
    recent: v.pipe(v.array(attackLine), v.maxLength(10)),
    /** False: no log can be read, so that nothing seen means nothing. */
    reads: v.boolean(),
  }),
] as const;

/** Acts: `value` is an address of the device's own by fresh evidence, or anything on the list with the permission. */
export function banActs<
  Id extends v.GenericSchema,
  Key extends v.GenericSchema,
  Evidence extends v.GenericSchema,
>(requestId: Id, challenge: Key, evidence: Evidence) {
  return [
    v.strictObject({ type: v.literal('unban'), id: requestId, challenge, evidence, value }),
    /** Takes an `unban` of this device back, within its time. */
    v.strictObject({ type: v.literal('reban'), id: requestId, unban: id }),
  ] as const;
}

/** Told to those who follow, at most twice a second: ask again. */
export const banNotice = v.strictObject({ type: v.literal('bans'), revision: count });
