import * as v from 'valibot';
import { parseDuration } from '../../lib/duration.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Knock } from '../../lib/knockd/read.ts';
import { doorHost } from './definition.ts';
import type { DriverType } from './driver.ts';
import { readEndpoint, type Endpoint } from './endpoint.ts';
import { makeKnockDoor } from './knock-door.ts';

/** Latency does not put knocks out of order, jitter does: more than most networks have. ms */
const usualSpacing = 75;
/** A socket lives less than a second, or its second SYN would be a knock too many. */
const longestSpacing = 900;
/** knockd's own limit on a sequence (SEQ_MAX), and its time for one where the file says nothing (25 s). */
const mostKnocks = 32;
const longestSequenceMs = 20_000;

export interface KnockOptions {
  /** Name or address of the host that runs knockd. */
  readonly to: string;
  readonly sequence: readonly Knock[];
  /** What the sequence opens there. */
  readonly port: number;
  readonly spacingMs: number;
  /** Seconds after which the far knockd closes by itself; absent: `close` does. */
  readonly lasts?: number;
  /** The sequence that closes. */
  readonly close?: readonly Knock[];
  /** A TCP port that answers the home only while the door is open; host absent: `to`. */
  readonly check?: Endpoint;
  /** The home's own SSH, as devices reach it; host absent: the relay's. */
  readonly jump: Endpoint;
}

const text = v.string('must be text');
const schema = v.strictObject({
  to: v.pipe(text, v.regex(doorHost, 'must be a host name or address')),
  sequence: v.optional(text),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
  spacing: v.optional(
    v.pipe(v.number('must be milliseconds'), v.integer(), v.minValue(0), v.maxValue(longestSpacing)),
    usualSpacing,
  ),
  lasts: v.optional(text),
  close: v.optional(text),
  check: v.optional(v.union([v.number(), v.string()])),
  jump: v.optional(v.union([v.number(), v.string()]), 22),
});

const invalid = (detail: string) => new LatchkeyError('config-invalid', detail);

/** `7000,8000:udp,9000`. What is wrong is named by its place: a sequence is a secret, and errors are logged. */
function readSequence(value: string | undefined, key: string): readonly Knock[] {
  if (value === undefined) throw invalid(`${key}: such as "7000,8000:udp,9000"`);
  const knocks = value.split(',').map((item, at): Knock => {
    const found = /^\s*(\d{1,5})(?::(tcp|udp))?\s*$/i.exec(item);
    const port = Number(found?.[1]);
    if (found === null || port < 1 || port > 65535)
      throw invalid(`${key}: knock ${at + 1} is not a port, or a port with :tcp or :udp`);
    return { port, protocol: found[2]?.toLowerCase() === 'udp' ? 'udp' : 'tcp' };
  });
  if (knocks.length > mostKnocks) throw invalid(`${key}: more than ${mostKnocks} knocks`);
  return knocks;
}

function read(table: Readonly<Record<string, unknown>>): KnockOptions {
  const result = v.safeParse(schema, table);
  if (!result.success) {
    const issue = result.issues[0];
    throw invalid(`${v.getDotPath(issue) ?? 'door'}: ${issue.message}`);
  }
  const { to, port, spacing: spacingMs, ...rest } = result.output;
  const sequence = readSequence(rest.sequence, 'sequence');
  if ((sequence.length - 1) * spacingMs > longestSequenceMs)
    throw invalid('spacing: too long for so many knocks');
  if ((rest.lasts === undefined) === (rest.close === undefined))
    throw invalid('lasts: how long knockd leaves it open, or else close: the sequence that closes it');
  if (rest.close !== undefined && rest.check === undefined)
    throw invalid('check: needed beside close, or nobody knows whether it closed');
  const check = rest.check === undefined ? undefined : readEndpoint(rest.check, 'check');
  const close = rest.close === undefined ? undefined : readSequence(rest.close, 'close');
  if (check !== undefined && (check.host ?? to) === to && [...sequence, ...(close ?? [])].some(isCheck))
    throw invalid('check: is a port of the sequence, so it would be a knock');
  function isCheck(knock: Knock): boolean {
    return knock.protocol === 'tcp' && knock.port === check?.port;
  }
  return {
    to,
    sequence,
    port,
    spacingMs,
    ...(rest.lasts === undefined ? {} : { lasts: parseDuration(rest.lasts) }),
    ...(close === undefined ? {} : { close }),
    ...(check === undefined ? {} : { check }),
    jump: readEndpoint(rest.jump, 'jump'),
  };
}

/**
 * A host that has only knockd: the home knocks, so the door is open for the home's own address, and clients jump
 * through the home. The sequence never leaves the home but as knocks.
 */
export const knock = {
  name: 'knock',
  runsIn: 'agent',
  needsRoot: false,
  read,
  port: (options) => options.port,
  host: (options) => options.to,
  jump: (options) => options.jump,
  // One host sees one caller, the home: two doors there would be one.
  guard: () => 'elsewhere',
  claim: (options) => `port ${options.port} of ${options.to}`,
  create: makeKnockDoor,
} satisfies DriverType<KnockOptions>;
