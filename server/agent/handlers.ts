import { createHash } from 'node:crypto';
import { isCanonical } from '../../lib/address.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { readPermissions } from '../../lib/permission.ts';
import type { Notice, Request, RequestOf, Result, Step } from '../../lib/protocol/message.ts';
import type { Random } from '../../lib/protocol/keys.ts';
import { authorizeOpen, isWitnessed, mayOpen, type Policy } from './authorize.ts';
import { archiveHandlers } from './archives/handlers.ts';
import type { HomeArchives } from './archives/home-archives.ts';
import { restoreHandlers } from './archives/restore-handlers.ts';
import { sendingHandlers } from './archives/sending-handlers.ts';
import type { Audit } from './audit.ts';
import type { Bans } from './bans/bans.ts';
import { banHandlers } from './bans/handlers.ts';
import type { Checked } from './checks.ts';
import type { Clock } from './clock.ts';
import type { Devices } from './devices.ts';
import { doorView, doorViews } from './door-view.ts';
import type { Doors } from './doors.ts';
import type { LiveSession } from './live-sessions.ts';
import { fitting } from './fit.ts';
import { keyOf, sessionView, type OpenOrder } from './held.ts';
import type { Openings } from './openings.ts';
import { StillOpen, unwrap } from './outcome.ts';
import type { Proofs } from './proofs.ts';
import type { Outcome, Requests } from './requests.ts';
import { closeAllOf, closeOwn } from './settle.ts';

export interface HandlerParts {
  readonly doors: Doors;
  readonly devices: Devices;
  readonly openings: Openings;
  readonly proofs: Proofs;
  readonly requests: Requests;
  readonly audit: Audit;
  readonly bans: Bans;
  readonly archives: HomeArchives;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly random: Random;
  readonly say: (live: LiveSession, notice: Notice) => void;
  /** What the doctor says of this home; shared by all who ask, and at most a few seconds old. */
  readonly checks: () => Promise<Checked>;
  /** A device lost its rights: its sessions are told, the relay drops its sockets. */
  readonly revoked: (device: string) => void;
}

export interface Call<Type extends Request['type']> {
  readonly request: RequestOf<Type>;
  readonly live: LiveSession;
  /** Monotonic ms at which the frame arrived. */
  readonly receivedAt: number;
  readonly parts: HandlerParts;
}

export type Handlers = { readonly [Type in Request['type']]: (call: Call<Type>) => Promise<Result> };

function view(name: string, { live, parts }: Pick<Call<'inspect'>, 'live' | 'parts'>) {
  return doorView(parts.doors.facts(name), live.device, parts);
}

// What one message may hold (lib/protocol/message.ts).
const mostDevices = 64;
const mostOpenings = 8;
const mostChecks = 96;

/** One entry a message. Each throws LatchkeyError; what it throws is sealed and sent as `failure`. */
const handlers: Handlers = {
  arm({ request, live, parts }) {
    parts.doors.facts(request.door);
    const made = live.challenges.make(parts.policy.observers, request.door, parts.clock.now(), parts.random);
    return Promise.resolve({ type: 'armed', ...made });
  },

  async open({ request, live, receivedAt, parts }) {
    // Told as it happens, but behind what the step itself sets going: sealing and sending keep no verb waiting.
    const onStep = (step: Step): void => {
      setImmediate(() => parts.say(live, { type: 'progress', id: request.id, ...step }));
    };
    const outcome = unwrap(
      await parts.requests.once(
        live.device,
        request.id,
        { kind: 'open', on: request.door },
        async (begin) => {
          try {
            const door = parts.doors.facts(request.door);
            const challenge = live.challenges.use(
              request.challenge,
              request.door,
              request.id,
              parts.clock.now(),
            );
            if (!mayOpen(door, live.device, parts.devices)) throw new LatchkeyError('refused-permission');
            const { addresses, seconds } = await authorizeOpen(request, challenge, door, parts.policy);
            const [address, other] = addresses;
            parts.bans.own.proved(live.device, addresses, parts.clock.now());
            const order = { device: live.device, id: request.id, door, address, seconds, receivedAt, onStep };
            const opened = await parts.openings.open(order, begin);
            if (opened.ok && other !== undefined) await openAlso({ ...order, address: other }, parts);
            return opened;
          } catch (error) {
            await noteRefusal(request.door, live, error, parts);
            throw error;
          }
        },
      ),
    );
    parts.proofs.soon();
    // Not by the wall's clock: a record answered again later may lie on the other side of a change of it.
    const held = parts.openings.held.get(keyOf(request.door, outcome.address ?? ''));
    const left = held === undefined || held.phase === 'closed' ? 0 : held.endsAt - parts.clock.now();
    return {
      type: 'opened',
      door: view(request.door, { live, parts }),
      address: outcome.address ?? '',
      steps: [...(outcome.steps ?? [])],
      ...(outcome.closesAt === undefined ? {} : { remainingMs: Math.max(0, Math.round(left)) }),
      vouched: !isWitnessed(parts.policy),
      ...alsoOpen(request.door, live.device, outcome.address ?? '', parts),
    };
  },

  async close({ request, live, parts }) {
    parts.doors.host(request.door);
    const act = { kind: 'close', on: request.door } as const;
    const outcome = await parts.requests.once(live.device, request.id, act, async (begin) => {
      const row = await begin({ door: request.door, at: parts.clock.wall(), intent: '{}' });
      let ended: Outcome = { ok: true };
      try {
        await closeOwn(request.door, live.device, parts.openings);
      } catch (error) {
        ended = { ok: false, code: codeOf(error, 'tool-failed') };
      }
      await parts.requests.settle(row, ended);
      return ended;
    });
    unwrap(outcome);
    return { type: 'closed', door: view(request.door, { live, parts }) };
  },

  async inspect({ request, live, parts }) {
    await Promise.all([parts.openings.inspect(request.door), parts.proofs.look()]);
    return { type: 'door', door: view(request.door, { live, parts }) };
  },

  async doors({ live, parts }) {
    await parts.doors.refresh();
    const names = parts.doors.list();
    await Promise.all([
      parts.proofs.look(),
      ...names
        .filter((door) => door.problem === undefined)
        .map((door) => parts.openings.inspect(door.name).catch(() => [])),
    ]);
    return { type: 'doors', doors: doorViews(parts.doors.list(), live.device, parts) };
  },

  follow({ request, live }) {
    live.following = request.on;
    return Promise.resolve({ type: 'following', on: request.on });
  },

  async activity({ request, parts }) {
    const before = request.before ?? Number.MAX_SAFE_INTEGER;
    const events = await parts.audit.read(before, request.limit);
    return { type: 'activity', events: fitting(events, request.limit) };
  },

  devices({ live, parts }) {
    const now = parts.clock.now();
    const devices = parts.devices.all().map((row) => {
      const seen = parts.devices.lastSeen(row.id);
      const held = [...parts.openings.held.values()].filter((one) => one.row.device === row.id);
      const open = held.filter((one) => one.phase !== 'closed');
      const sessions = held.flatMap((one) => {
        const session = sessionView(one, parts.clock);
        if (session === undefined) return [];
        return [{ door: one.row.door, user: session.user, sinceMs: session.sinceMs }];
      });
      return {
        id: row.id,
        name: row.name,
        pairedAt: row.pairedAt,
        ...(seen === undefined ? {} : { lastSeenMs: Math.max(0, Math.round(now - seen)) }),
        self: row.id === live.device,
        confirmed: !parts.devices.isWaiting(row.id),
        allowed: readPermissions(row.allowed),
        openings: open.slice(0, mostOpenings).map((one) => ({
          door: one.row.door,
          address: one.row.address,
          remainingMs: Math.max(0, Math.round(one.endsAt - now)),
        })),
        sessions: sessions.slice(0, mostOpenings),
      };
    });
    // The asking device first, then the newest, should they be too many for one message.
    const fit = fitting(devices, mostDevices);
    if (fit.length < devices.length)
      devices.sort((a, b) => Number(b.self) - Number(a.self) || b.pairedAt - a.pairedAt);
    return Promise.resolve({ type: 'devices', devices: fitting(devices, mostDevices) });
  },

  async revoke({ request, live, parts }) {
    unwrap(await revokeDevice(request.device, live.device, request.id, parts));
    return { type: 'revoked', device: request.device };
  },

  async checks({ parts }) {
    const { at, results } = await parts.checks();
    const order = { finding: 0, unknown: 1, ok: 2 } as const;
    const sorted = [...results].sort((a, b) => order[a.state] - order[b.state]);
    const checks = fitting(sorted, mostChecks);
    const lookedMs = Math.max(0, Math.round(parts.clock.now() - at));
    return { type: 'checks', checks, more: sorted.length - checks.length, lookedMs };
  },

  ...banHandlers,
  ...archiveHandlers,
  ...restoreHandlers,
  ...sendingHandlers,
};

/**
 * The device's address of the other family, once the first is open: a request with a record of its own, so that a crash
 * finds it too. What hinders it is on the audit and no refusal: the door is open for the first.
 */
async function openAlso(order: OpenOrder, { requests, openings }: HandlerParts): Promise<void> {
  const id = createHash('sha256').update(`latchkey also ${order.id}`).digest().subarray(0, 16);
  const also = { ...order, id: id.toString('base64url'), onStep: () => undefined };
  await requests
    .once(order.device, also.id, { kind: 'open', on: order.door.name }, (begin) => openings.open(also, begin))
    .catch(() => undefined);
}

/** Read from what is held, so that a retry is told the same as long as it is so. */
function alsoOpen(
  door: string,
  device: string,
  address: string,
  { openings }: HandlerParts,
): { also?: string } {
  const other = openings
    .of(door)
    .find(
      ({ row, phase }) =>
        row.device === device && phase === 'open' && isCanonical(row.address) !== isCanonical(address),
    );
  return other === undefined ? {} : { also: other.row.address };
}

async function noteRefusal(
  door: string,
  live: LiveSession,
  error: unknown,
  parts: HandlerParts,
): Promise<void> {
  const code = codeOf(error, 'tool-failed');
  if (!code.startsWith('refused-')) return;
  const device = parts.devices.nameOf(live.device);
  const known = code === 'refused-door' ? {} : { door };
  const note = { kind: 'refused', code, ...known, ...(device === undefined ? {} : { device }) } as const;
  // A disk that is full changes nothing about the refusal, nor about its reason.
  await parts.audit.note(note).catch(() => undefined);
}

/** Revoked on disk first; then its sessions and sockets end, and what it opened is closed. */
export async function revokeDevice(
  target: string,
  by: string,
  id: string,
  parts: Pick<HandlerParts, 'devices' | 'requests' | 'audit' | 'clock' | 'openings' | 'revoked'>,
): Promise<Outcome> {
  const row = parts.devices.get(target);
  if (row === undefined) throw new LatchkeyError('refused-device');
  return parts.requests.once(by, id, { kind: 'revoke', on: target }, async (begin) => {
    const now = parts.clock.wall();
    const event = parts.audit.draft({ kind: 'revoked', device: row.name });
    // Intent and revocation in one: no restart finds the one without the other.
    const value = { ...row, revokedAt: row.revokedAt ?? now };
    const draft = { door: '', at: now, intent: JSON.stringify({ device: target }) };
    const request = await begin(draft, { put: 'device', value }, event);
    parts.devices.know(value);
    parts.audit.tell(event);
    parts.revoked(target);
    let ended: Outcome = { ok: true };
    try {
      await closeAllOf(target, parts.openings);
    } catch (error) {
      ended = { ok: false, code: codeOf(error, 'tool-still-open') };
    }
    await parts.requests.settle(request, ended);
    return ended;
  });
}

/** Answers one request: exactly one `reply` or `failure`, whatever happens. */
export async function answer(
  request: Request,
  re: number,
  live: LiveSession,
  receivedAt: number,
  parts: HandlerParts,
): Promise<Notice> {
  try {
    parts.devices.require(live.device);
    const handler = handlers[request.type] as (call: Call<Request['type']>) => Promise<Result>;
    return { type: 'reply', re, ok: true, result: await handler({ request, live, receivedAt, parts }) };
  } catch (error) {
    const remaining = error instanceof StillOpen ? { remainingMs: error.remainingMs } : {};
    return { type: 'failure', re, code: codeOf(error, 'tool-failed'), ...remaining };
  }
}
