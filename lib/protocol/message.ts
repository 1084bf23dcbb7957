import * as v from 'valibot';
import { checkResult } from '../checks.ts';
import { applications, doorStates, serviceStates } from '../door.ts';
import { isErrorCode, LatchkeyError, type ErrorCode } from '../errors.ts';
import { longestJail } from '../ban.ts';
import { permissions } from '../permission.ts';
import { archiveActs, archiveNotice, archiveRequests, archiveResults } from './archives.ts';
import { banActs, banNotice, banRequests, banResults } from './bans.ts';
import { restoreActs, restoreRequests, restoreResults } from './restores.ts';
import { fromBase64, fromUtf8, utf8 } from './bytes.ts';

/**
 * What is inside the seal: compact JSON, exactly as JSON.stringify writes it. Times are whole milliseconds,
 * durations of openings whole seconds, byte strings base64url. Unknown keys are refused.
 */

const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const ms = count(Number.MAX_SAFE_INTEGER);
const seconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400));
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const bytes = (length: number) =>
  v.pipe(
    v.string(),
    v.length(Math.ceil((length * 4) / 3)),
    v.check((value) => {
      try {
        return fromBase64(value).length === length;
      } catch {
        return false;
      }
    }),
  );
const code = v.custom<ErrorCode>(isErrorCode, 'unknown code');
const door = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,30}$/));
const address = text(39);
const requestId = bytes(16);
const key = bytes(32);

const evidence = v.strictObject({ observer: key, address, signature: bytes(64) });
export type Evidence = v.InferOutput<typeof evidence>;

const observer = v.strictObject({
  key,
  /** Base address to ask; empty: the relay that the device uses now. */
  url: text(200),
  family: v.picklist(['any', 'v4', 'v6']),
  nonce: bytes(32),
});
export type ObserverTask = v.InferOutput<typeof observer>;

/** Asked for at thumb down; WELCOME's greeting has the same shape, for the cold case. */
const challenge = v.strictObject({ challenge: key, observers: v.pipe(v.array(observer), v.maxLength(8)) });
export type Challenge = v.InferOutput<typeof challenge>;

const request = v.variant('type', [
  v.strictObject({ type: v.literal('arm'), door }),
  v.strictObject({
    type: v.literal('open'),
    id: requestId,
    door,
    challenge: key,
    seconds: v.exactOptional(seconds),
    evidence: v.pipe(v.array(evidence), v.maxLength(8)),
  }),
  v.strictObject({ type: v.literal('close'), id: requestId, door }),
  v.strictObject({ type: v.literal('inspect'), door }),
  v.strictObject({ type: v.literal('doors') }),
  v.strictObject({ type: v.literal('follow'), on: v.boolean() }),
  v.strictObject({
    type: v.literal('activity'),
    before: v.exactOptional(ms),
    limit: v.pipe(count(50), v.minValue(1)),
  }),
  v.strictObject({ type: v.literal('devices') }),
  v.strictObject({ type: v.literal('revoke'), id: requestId, device: bytes(16) }),
  v.strictObject({ type: v.literal('checks') }),
  ...banRequests,
  /** As `arm`, for `unban`. */
  v.strictObject({ type: v.literal('armUnban') }),
  ...banActs(requestId, key, v.pipe(v.array(evidence), v.maxLength(8))),
  ...archiveRequests,
  ...archiveActs(requestId),
  ...restoreRequests,
  ...restoreActs(requestId),
]);
export type Request = v.InferOutput<typeof request>;
export type RequestOf<Type extends Request['type']> = Extract<Request, { type: Type }>;

/** `n` and `of` count knocks; `atMs` is from the frame's arrival at the home. */
const step = v.strictObject({
  step: v.picklist(['received', 'asked', 'knock', 'sesame', 'rule', 'checked']),
  n: v.exactOptional(count(64)),
  of: v.exactOptional(count(64)),
  atMs: ms,
});
export type Step = v.InferOutput<typeof step>;

/** What the home found between the opening and a session. Each time: how long ago, in ms. */
const proof = v.strictObject({
  /** Since the rule was first read from the system; absent: never. */
  ruleMs: v.exactOptional(ms),
  /** Whether a service waits behind the door, and since when it is seen so; absent: not looked yet. */
  service: v.exactOptional(v.strictObject({ state: v.picklist(serviceStates), ms })),
  /** A first packet of this address, seen or not (then since the last look); absent: this door cannot tell. */
  packet: v.exactOptional(v.strictObject({ seen: v.boolean(), ms })),
  /** Sessions behind this door can be told. */
  sessions: v.boolean(),
  /** The last session through it that is over, and since when. */
  ended: v.exactOptional(v.strictObject({ user: text(64), ms })),
});

const opening = v.strictObject({
  address,
  /** The asking device's own opening. */
  mine: v.boolean(),
  /** Name of the device that opened it; absent: not by Latchkey. */
  by: v.exactOptional(text(64)),
  /** Full length in ms, for the ring. */
  lengthMs: v.exactOptional(ms),
  remainingMs: v.exactOptional(ms),
  /** It outlived its time. */
  overdue: v.exactOptional(v.boolean()),
  /** `port`: the caller's own. */
  session: v.exactOptional(
    v.strictObject({ user: text(64), sinceMs: ms, port: v.exactOptional(count(65_535)) }),
  ),
  /** A connection through it was seen, where sessions cannot be told. */
  seen: v.exactOptional(v.boolean()),
  /** Of the asking device's own opening. */
  proof: v.exactOptional(proof),
});
export type OpeningView = v.InferOutput<typeof opening>;

/** Host absent: the host of the relay that the device uses. */
const endpoint = v.strictObject({ host: v.exactOptional(text(253)), port: count(65_535) });

const doorView = v.strictObject({
  name: door,
  driver: text(32),
  state: v.picklist(doorStates),
  /** `protocol` absent: TCP. */
  endpoint: v.strictObject({
    host: v.exactOptional(text(253)),
    port: count(65_535),
    protocol: v.exactOptional(v.literal('udp')),
  }),
  /** What is spoken there; absent: SSH. */
  serves: v.exactOptional(v.picklist(applications)),
  /** The door is open for the home's own address: connect through this (`ssh -J`). */
  jump: v.exactOptional(endpoint),
  choosesTime: v.boolean(),
  extends: v.boolean(),
  readsBack: v.boolean(),
  defaultSeconds: seconds,
  longestSeconds: seconds,
  openings: v.pipe(v.array(opening), v.maxLength(32)),
  /** How long ago the home read this from the system; absent: never. */
  verifiedMs: v.exactOptional(ms),
  problem: v.exactOptional(code),
});
export type DoorView = v.InferOutput<typeof doorView>;

const doorViews = v.pipe(v.array(doorView), v.maxLength(32));

/** Doors as a device kept them, of whatever version; undefined where they are none. */
export function readKeptDoors(value: unknown): readonly DoorView[] | undefined {
  const read = v.safeParse(doorViews, value);
  return read.success ? read.output : undefined;
}

const event = v.strictObject({
  n: ms,
  /** The home's clock, Unix ms. */
  at: ms,
  kind: v.picklist([
    'opened',
    'closed',
    'connected',
    'refused',
    'failed',
    'paired',
    'pairing',
    'pairing-second',
    'revoked',
    'overdue',
    'started',
    /** The address of a device was banned. */
    'banned',
    'unbanned',
    'rebanned',
    /** What a device may do was changed at home. */
    'allowed',
    /** AWS was asked for the list of a vault, or of all: by a device, or at home. */
    'inventory-asked',
    /** That list is here. */
    'inventory',
    'inventory-failed',
    /** A list came as a file. */
    'imported',
    /** Archives were asked back. */
    'restore-started',
    /** They are here, or those of them that could be had. */
    'restored',
    'restore-failed',
  ]),
  door: v.exactOptional(door),
  device: v.exactOptional(text(64)),
  address: v.exactOptional(address),
  code: v.exactOptional(code),
  user: v.exactOptional(text(64)),
  seconds: v.exactOptional(seconds),
  jail: v.exactOptional(text(longestJail)),
  /** Name of a vault or bucket. */
  vault: v.exactOptional(text(255)),
  /** How many archives it is about. */
  archives: v.exactOptional(ms),
});
export type EventView = v.InferOutput<typeof event>;

const deviceView = v.strictObject({
  id: bytes(16),
  name: text(64),
  pairedAt: ms,
  lastSeenMs: v.exactOptional(ms),
  self: v.boolean(),
  confirmed: v.boolean(),
  allowed: v.pipe(v.array(v.picklist(permissions)), v.maxLength(permissions.length)),
  openings: v.pipe(
    v.array(v.strictObject({ door, address, remainingMs: v.exactOptional(ms) })),
    v.maxLength(32),
  ),
  /** Of its openings that the home still follows, the last session that came by each and is up: there may be more. */
  sessions: v.pipe(v.array(v.strictObject({ door, user: text(64), sinceMs: ms })), v.maxLength(32)),
});
export type DeviceView = v.InferOutput<typeof deviceView>;

const result = v.variant('type', [
  v.strictObject({ type: v.literal('armed'), ...challenge.entries }),
  v.strictObject({
    type: v.literal('opened'),
    door: doorView,
    address,
    /** This device's address of the other family, where the door is open for it too. */
    also: v.exactOptional(address),
    steps: v.pipe(v.array(step), v.maxLength(80)),
    remainingMs: v.exactOptional(ms),
    /** Told by the relay alone: shorter, and said so. */
    vouched: v.boolean(),
  }),
  v.strictObject({ type: v.literal('closed'), door: doorView }),
  v.strictObject({ type: v.literal('door'), door: doorView }),
  v.strictObject({ type: v.literal('doors'), doors: doorViews }),
  v.strictObject({ type: v.literal('following'), on: v.boolean() }),
  v.strictObject({ type: v.literal('activity'), events: v.pipe(v.array(event), v.maxLength(50)) }),
  v.strictObject({ type: v.literal('devices'), devices: v.pipe(v.array(deviceView), v.maxLength(64)) }),
  v.strictObject({ type: v.literal('revoked'), device: bytes(16) }),
  v.strictObject({
    type: v.literal('checks'),
    checks: v.pipe(v.array(checkResult), v.maxLength(96)),
    /** How many more there are than fit; never findings before what is sound. */
    more: count(10_000),
    /** How long ago the home looked. */
    lookedMs: ms,
  }),
  ...banResults,
  ...archiveResults,
  ...restoreResults,
]);
export type Result = v.InferOutput<typeof result>;
export type ResultOf<Type extends Result['type']> = Extract<Result, { type: Type }>;

const homeView = v.strictObject({
  name: text(64),
  /** True: the relay is the owner's; false: openings are vouched for by the relay alone. */
  ownRelay: v.boolean(),
});
export type HomeView = v.InferOutput<typeof homeView>;

/** Home to device. READY is the first sealed frame: `ready` or `refused`. */
const notice = v.variant('type', [
  v.strictObject({
    type: v.literal('ready'),
    home: homeView,
    device: bytes(16),
    name: text(64),
    /** `waiting`: no right until somebody at home says yes to the code. */
    pairing: v.exactOptional(v.picklist(['waiting', 'done'])),
    waitMs: v.exactOptional(ms),
  }),
  v.strictObject({ type: v.literal('refused'), code }),
  /** `re` is the sequence of the request's frame; exactly one a request. */
  v.strictObject({ type: v.literal('reply'), re: ms, ok: v.literal(true), result }),
  v.strictObject({ type: v.literal('failure'), re: ms, code, remainingMs: v.exactOptional(ms) }),
  v.strictObject({ type: v.literal('progress'), id: requestId, ...step.entries }),
  v.strictObject({ type: v.literal('state'), doors: doorViews }),
  v.strictObject({ type: v.literal('event'), event }),
  banNotice,
  archiveNotice,
  v.strictObject({ type: v.literal('paired'), ok: v.boolean(), code: v.exactOptional(code) }),
]);
export type Notice = v.InferOutput<typeof notice>;
export type NoticeOf<Type extends Notice['type']> = Extract<Notice, { type: Type }>;

const claim = v.strictObject({
  proof: key,
  /** What the device calls itself; shown at home as text. */
  name: v.pipe(text(64), v.minLength(1)),
  /** Its Ed25519 admission key for this home. */
  admission: key,
});
export type Claim = v.InferOutput<typeof claim>;

function reader<Schema extends v.GenericSchema>(
  schema: Schema,
): (message: Uint8Array) => v.InferOutput<Schema> {
  return (message) => {
    const written = fromUtf8(message);
    let parsed: unknown;
    try {
      parsed = JSON.parse(written);
    } catch (cause) {
      throw new LatchkeyError('protocol-malformed', 'not JSON', { cause });
    }
    // One text for each message: this is what refuses duplicate keys, which JSON.parse lets through.
    if (JSON.stringify(parsed) !== written) throw new LatchkeyError('protocol-malformed', 'not compact JSON');
    const checked = v.safeParse(schema, parsed, { abortEarly: true });
    if (!checked.success) {
      const issue = checked.issues[0];
      throw new LatchkeyError('protocol-malformed', `${v.getDotPath(issue) ?? 'message'}: ${issue.message}`);
    }
    return checked.output;
  };
}

/** Each throws `protocol-malformed`, naming the key. */
export const readRequest = reader(request);
export const readNotice = reader(notice);
export const readChallenge = reader(challenge);
export const readClaim = reader(claim);

export function writeMessage(message: Request | Notice | Challenge | Claim): Uint8Array {
  return utf8(JSON.stringify(message));
}
