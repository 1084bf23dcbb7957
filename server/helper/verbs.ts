import * as v from 'valibot';
import { longestJail, sourceName, type Ban, type BanEvidence } from '../../lib/ban.ts';
import type { CheckResult } from '../../lib/checks.ts';
import type { SessionFact, Stage } from '../../lib/door.ts';
import { codeOf, LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { Attacks, BanChanges, BanHost } from '../bans/host.ts';
import type { BanFacts } from '../bans/source.ts';
import type { Opening } from '../doors/driver.ts';
import type { DoorFacts, DoorHost } from '../doors/host.ts';

/**
 * What the home agent may ask of the helper: this list and nothing else. One JSON object a line each way.
 *
 *   {"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":300}
 *   {"id":1,"stage":"rule"}                                       progress, any number, before the result
 *   {"id":1,"ok":true,"opening":{"address":"203.0.113.7","remainingMs":299996}}
 *   {"id":1,"ok":false,"code":"refused-time"}
 *
 * A line that is none of these ends the connection: only the home agent is at the other end, so it is broken or
 * no longer ours.
 */

/**
 * Most requests are some 150 bytes. The longest honest one is `banFacts`: 64 values of 128 characters, each up to six
 * in JSON, make 50 kB; so many at once, since a screen of bans asks for all its rows, and one by one would be 64 reads
 * of a database.
 */
export const longestLine = 64 * 1024;

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
// Their grammar is the keeper's to judge, so that a wrong one is answered with its own code.
const door = v.pipe(v.string(), v.maxLength(64));
const address = v.pipe(v.string(), v.maxLength(64));
const source = v.pipe(v.string(), v.regex(sourceName));
const jail = v.pipe(v.string(), v.maxLength(longestJail));
const value = v.pipe(v.string(), v.maxLength(128));

const request = v.variant('verb', [
  v.strictObject({ id, verb: v.literal('ping') }),
  v.strictObject({ id, verb: v.literal('doors') }),
  v.strictObject({
    id,
    verb: v.literal('open'),
    door,
    address,
    seconds: v.pipe(v.number(), v.safeInteger()),
  }),
  v.strictObject({ id, verb: v.literal('close'), door, address }),
  v.strictObject({ id, verb: v.literal('inspect'), door }),
  v.strictObject({ id, verb: v.literal('sessions'), door }),
  v.strictObject({
    id,
    verb: v.literal('logins'),
    port: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_535)),
  }),
  v.strictObject({ id, verb: v.literal('checks') }),
  v.strictObject({ id, verb: v.literal('banChanges'), cursor: v.pipe(v.string(), v.maxLength(100)) }),
  v.strictObject({ id, verb: v.literal('banned'), address }),
  v.strictObject({
    id,
    verb: v.literal('banFacts'),
    source,
    jail,
    values: v.pipe(v.array(value), v.minLength(1), v.maxLength(64)),
  }),
  v.strictObject({ id, verb: v.literal('banEvidence'), source, jail, value }),
  v.strictObject({ id, verb: v.literal('unban'), value }),
  v.strictObject({ id, verb: v.literal('reban'), source, jail, value }),
  v.strictObject({ id, verb: v.literal('attacks') }),
]);
export type Request = v.InferOutput<typeof request>;

export type Result = { readonly ok: false; readonly code: ErrorCode } | ({ readonly ok: true } & Success);
export interface Success {
  readonly doors?: readonly DoorFacts[];
  readonly opening?: Opening;
  readonly openings?: readonly Opening[];
  readonly sessions?: readonly SessionFact[];
  readonly checks?: readonly CheckResult[];
  readonly banChanges?: BanChanges;
  readonly bans?: readonly Ban[];
  readonly banFacts?: readonly (BanFacts & { readonly value: string })[];
  readonly banEvidence?: BanEvidence;
  readonly attacks?: Attacks;
}

/** What the helper has to offer. Absent parts answer `tool-unsupported`. */
export interface HelperHost extends DoorHost {
  bans?: Omit<BanHost, 'attacks'>;
  attacks?: BanHost['attacks'];
}

/**
 * Throws `protocol-oversized` or `protocol-malformed`. The line must equal the print of what was understood, keys
 * in the order above: that refuses duplicate keys, of which JSON.parse silently takes the last, and every other
 * way to say a thing twice.
 */
export function parseRequest(line: string): Request {
  if (line.length > longestLine) throw new LatchkeyError('protocol-oversized');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new LatchkeyError('protocol-malformed', 'not JSON', { cause: error });
  }
  const result = v.safeParse(request, value);
  if (!result.success)
    throw new LatchkeyError('protocol-malformed', v.getDotPath(result.issues[0]) ?? 'not an object');
  if (JSON.stringify(result.output) !== line) throw new LatchkeyError('protocol-malformed', 'not canonical');
  return result.output;
}

/** Does what was asked; never throws. `log` gets what the code alone does not say. */
export async function answer(
  request: Request,
  host: HelperHost,
  onStage: (stage: Stage) => void,
  log: (line: string) => void,
): Promise<Result> {
  try {
    return { ok: true, ...(await perform(request, host, onStage)) };
  } catch (error) {
    const code = codeOf(error, 'tool-failed');
    const on = 'door' in request ? ` ${JSON.stringify(request.door)}` : '';
    log(`${request.verb}${on}: ${error instanceof Error ? error.message : String(error)}`);
    return { ok: false, code };
  }
}

async function perform(
  request: Request,
  host: HelperHost,
  onStage: (stage: Stage) => void,
): Promise<Success> {
  switch (request.verb) {
    case 'ping':
      return {};
    case 'doors':
      return { doors: await host.doors() };
    case 'open':
      return { opening: await host.open(request.door, request.address, request.seconds, onStage) };
    case 'close':
      await host.close(request.door, request.address);
      return {};
    case 'inspect':
      return { openings: await host.inspect(request.door) };
    case 'sessions':
      return { sessions: await host.sessions(request.door) };
    case 'logins': {
      const sessions = await host.logins?.(request.port);
      return sessions === undefined ? {} : { sessions };
    }
    case 'checks':
      if (host.checks === undefined) throw new LatchkeyError('tool-unsupported');
      return { checks: await host.checks() };
    case 'banChanges':
      return { banChanges: await bansOf(host).banChanges(request.cursor) };
    case 'banned':
      return { bans: await bansOf(host).banned(request.address) };
    case 'banFacts': {
      const { source, jail, values } = request;
      return { banFacts: await bansOf(host).banFacts(source, jail, values) };
    }
    case 'banEvidence':
      return { banEvidence: await bansOf(host).banEvidence(request.source, request.jail, request.value) };
    case 'unban':
      return { bans: await bansOf(host).unban(request.value) };
    case 'reban':
      await bansOf(host).reban(request.source, request.jail, request.value);
      return {};
    case 'attacks':
      if (host.attacks === undefined) throw new LatchkeyError('tool-unsupported');
      return { attacks: await host.attacks() };
  }
}

function bansOf({ bans }: HelperHost): NonNullable<HelperHost['bans']> {
  if (bans === undefined) throw new LatchkeyError('tool-unsupported');
  return bans;
}
