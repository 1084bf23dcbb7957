import * as v from 'valibot';
import { attackKinds, longestJail, jailTroubles, sourceName } from '../../lib/ban.ts';
import { checkResult } from '../../lib/checks.ts';
import { applications } from '../../lib/door.ts';
import { errorCodes } from '../../lib/errors.ts';

/** What the helper may say: all of it is checked, since it is what this process shows and decides by. */

const code = v.picklist(errorCodes);
const opening = v.strictObject({
  address: v.string(),
  remainingMs: v.optional(v.number()),
  packet: v.optional(v.union([v.literal('none'), v.strictObject({ agoMs: v.optional(v.number()) })])),
  dueMs: v.optional(v.number()),
});
const doorFacts = v.strictObject({
  name: v.string(),
  driver: v.string(),
  closes: v.picklist(['kernel', 'process', 'child', 'agent']),
  choosesTime: v.boolean(),
  extends: v.boolean(),
  readsBack: v.boolean(),
  seesPackets: v.optional(v.boolean()),
  sessions: v.optional(v.boolean()),
  families: v.optional(v.array(v.picklist([4, 6]))),
  endpoint: v.strictObject({
    host: v.optional(v.string()),
    port: v.number(),
    protocol: v.optional(v.literal('udp')),
  }),
  serves: v.picklist(applications),
  service: v.optional(
    v.strictObject({
      protocol: v.picklist(['tcp', 'udp']),
      port: v.number(),
      host: v.optional(v.string()),
    }),
  ),
  devices: v.optional(v.array(v.string())),
  jump: v.optional(v.strictObject({ host: v.optional(v.string()), port: v.number() })),
  defaultSeconds: v.number(),
  longestSeconds: v.number(),
  problem: v.optional(code),
  fault: v.optional(code),
});
const session = v.strictObject({
  user: v.string(),
  address: v.string(),
  port: v.number(),
  at: v.number(),
  pid: v.number(),
});
const whole = v.pipe(v.number(), v.safeInteger());
const count = v.pipe(whole, v.minValue(0));
const source = v.pipe(v.string(), v.regex(sourceName));
const jail = v.pipe(v.string(), v.maxLength(longestJail));
const value = v.pipe(v.string(), v.maxLength(128));
const ban = v.strictObject({
  source,
  jail,
  value,
  since: v.exactOptional(whole),
  until: v.exactOptional(whole),
  permanent: v.exactOptional(v.literal(true)),
});
const banChanges = v.strictObject({
  cursor: v.pipe(v.string(), v.maxLength(100)),
  reset: v.exactOptional(v.literal(true)),
  more: v.exactOptional(v.literal(true)),
  changes: v.pipe(
    v.array(v.strictObject({ ...ban.entries, gone: v.exactOptional(v.literal(true)) })),
    v.maxLength(2000),
  ),
  sources: v.array(
    v.strictObject({
      source,
      kind: v.pipe(v.string(), v.maxLength(32)),
      problem: v.exactOptional(code),
      tellsTimes: v.boolean(),
      canUnban: v.boolean(),
      cannotBan: v.exactOptional(v.literal(true)),
      jails: v.array(
        v.strictObject({
          jail,
          banned: count,
          failing: v.exactOptional(count),
          failed: v.exactOptional(count),
          banSeconds: v.exactOptional(count),
          maxRetry: v.exactOptional(count),
          findSeconds: v.exactOptional(count),
          trouble: v.exactOptional(v.picklist(jailTroubles)),
        }),
      ),
    }),
  ),
});
const banFacts = v.strictObject({
  value,
  failures: v.exactOptional(count),
  times: v.exactOptional(count),
});
const banEvidence = v.strictObject({
  count: v.exactOptional(count),
  failures: v.exactOptional(count),
  lines: v.pipe(
    v.array(
      v.strictObject({
        at: v.exactOptional(whole),
        user: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
        method: v.exactOptional(v.pipe(v.string(), v.maxLength(32))),
        text: v.pipe(v.string(), v.maxLength(300)),
      }),
    ),
    v.maxLength(10),
  ),
});
const attackKind = v.picklist(attackKinds);
const attacks = v.strictObject({
  hours: v.pipe(
    v.array(v.strictObject({ hour: whole, kind: attackKind, count, addresses: count })),
    v.maxLength(49 * attackKinds.length),
  ),
  recent: v.pipe(
    v.array(
      v.strictObject({
        at: whole,
        kind: attackKind,
        address: v.exactOptional(v.pipe(v.string(), v.maxLength(39))),
        user: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
        text: v.pipe(v.string(), v.maxLength(200)),
      }),
    ),
    v.maxLength(20),
  ),
  reads: v.boolean(),
});
const stages = ['asked', 'knock', 'sesame', 'rule', 'checked'] as const;
const message = v.union([
  v.strictObject({
    id: v.number(),
    stage: v.picklist(stages),
    n: v.optional(v.number()),
    of: v.optional(v.number()),
  }),
  v.strictObject({ id: v.nullable(v.number()), ok: v.literal(false), code }),
  v.strictObject({
    id: v.number(),
    ok: v.literal(true),
    doors: v.optional(v.array(doorFacts)),
    opening: v.optional(opening),
    openings: v.optional(v.array(opening)),
    sessions: v.optional(v.array(session)),
    checks: v.optional(v.array(checkResult)),
    banChanges: v.optional(banChanges),
    bans: v.optional(v.array(ban)),
    banFacts: v.optional(v.array(banFacts)),
    banEvidence: v.optional(banEvidence),
    attacks: v.optional(attacks),
  }),
]);
export type Message = v.InferOutput<typeof message>;
export type Success = Extract<Message, { ok: true }>;

/** Undefined for a line that the helper does not say. */
export function parseMessage(line: string): Message | undefined {
  try {
    const result = v.safeParse(message, JSON.parse(line));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
