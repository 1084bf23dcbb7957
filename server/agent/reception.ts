import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { utf8 } from '../../lib/protocol/bytes.ts';
import { decodeFrame, encodeFrame, type FrameOf } from '../../lib/protocol/frame.ts';
import {
  readClaim,
  readRequest,
  type HomeView,
  type Notice,
  type Result,
} from '../../lib/protocol/message.ts';
import { Challenges } from './challenges.ts';
import type { Devices } from './devices.ts';
import { answer, type HandlerParts } from './handlers.ts';
import type { Handshakes } from './handshakes.ts';
import type { LiveSession, LiveSessions, Route } from './live-sessions.ts';
import type { StepObserver } from './openings.ts';
import type { Pairing } from './pairing.ts';
import type { DeviceRow } from './store/rows.ts';

// Requests of one session under way: a page has a handful. A room that hangs must not fill the memory.
const mostAsked = 64;
/** What a device is told of what it did. */
const told: readonly Result['type'][] = ['opened', 'unbanned', 'rebanned'];

export interface ReceptionParts {
  readonly home: HomeView;
  readonly handshakes: Handshakes;
  readonly sessions: LiveSessions;
  readonly devices: Devices;
  readonly pairing: () => Pairing;
  readonly handlers: HandlerParts;
  readonly observe: StepObserver | undefined;
}

/** Where end-to-end frames arrive. Whatever is wrong with one, nothing has changed. */
export class Reception {
  private readonly parts: ReceptionParts;

  constructor(parts: ReceptionParts) {
    this.parts = parts;
  }

  take(bytes: Uint8Array, route: Route): void {
    const receivedAt = this.parts.handlers.clock.now();
    try {
      const frame = decodeFrame(bytes);
      if (frame.kind === 'sealed') this.sealed(frame, route, receivedAt);
      else if (frame.kind === 'hello') this.hello(bytes, route);
      else if (frame.kind === 'initiate') void this.initiate(frame, bytes, route);
    } catch (error) {
      refuse(route, error);
    }
  }

  private hello(bytes: Uint8Array, route: Route): void {
    const { policy, clock, random } = this.parts.handlers;
    const challenges = new Challenges();
    const greeting = challenges.make(policy.observers, undefined, clock.now(), random);
    route.send(this.parts.handshakes.hello(bytes, JSON.stringify(greeting), challenges));
  }

  private async initiate(frame: FrameOf<'initiate'>, bytes: Uint8Array, route: Route): Promise<void> {
    const { handshakes, sessions, handlers } = this.parts;
    try {
      const { device, claim, transcript, keys, challenges } = handshakes.initiate(frame, bytes);
      // From here on there is a session, so that a refusal too is sealed, by the home and nobody else.
      const live = sessions.add(keys, route, challenges);
      try {
        const pairing = this.parts.pairing();
        const claimed =
          claim === '' ? undefined : await pairing.claim(readClaim(utf8(claim)), device, transcript);
        const row = claimed?.row ?? this.known(device);
        sessions.assign(live, row.id);
        handlers.devices.sawNow(row.id, handlers.clock.now());
        handlers.say(live, this.ready(row, claimed?.waitMs));
      } catch (error) {
        handlers.say(live, { type: 'refused', code: codeOf(error, 'tool-failed') });
        sessions.drop(live);
      }
    } catch (error) {
      refuse(route, error);
    }
  }

  private ready(row: DeviceRow, waitMs: number | undefined): Notice {
    const waiting = this.parts.devices.isWaiting(row.id);
    return {
      type: 'ready',
      home: this.parts.home,
      device: row.id,
      name: row.name,
      ...(waiting
        ? { pairing: 'waiting' as const }
        : waitMs === undefined
          ? {}
          : { pairing: 'done' as const }),
      ...(waiting && waitMs !== undefined ? { waitMs: Math.max(0, Math.round(waitMs)) } : {}),
    };
  }

  private known(boxKey: Uint8Array): DeviceRow {
    const row = this.parts.devices.ofKey(boxKey);
    if (row === undefined) throw new LatchkeyError('session-unknown-device');
    if (row.revokedAt !== null) throw new LatchkeyError('session-revoked');
    return row;
  }

  private sealed(frame: FrameOf<'sealed'>, route: Route, receivedAt: number): void {
    const opened = this.parts.sessions.open(frame, route);
    if (opened === undefined) return;
    if (typeof opened === 'string') throw new LatchkeyError(opened);
    const { live, message } = opened;
    this.parts.devices.sawNow(live.device, receivedAt);
    if (live.asked >= mostAsked) {
      return this.parts.handlers.say(live, { type: 'failure', re: frame.sequence, code: 'refused-rate' });
    }
    live.asked++;
    void this.request(message, frame.sequence, live, receivedAt).finally(() => live.asked--);
  }

  private async request(
    message: Uint8Array,
    re: number,
    live: LiveSession,
    receivedAt: number,
  ): Promise<void> {
    const { handlers, observe } = this.parts;
    let notice: Notice;
    try {
      notice = await answer(readRequest(message), re, live, receivedAt, handlers);
    } catch (error) {
      notice = { type: 'failure', re, code: codeOf(error, 'protocol-malformed') };
    }
    handlers.say(live, notice);
    if (observe !== undefined && notice.type === 'reply' && told.includes(notice.result.type))
      await observe('reply');
  }
}

/** Unsealed, so it can only make the device shake hands again. */
function refuse(route: Route, error: unknown): void {
  route.send(encodeFrame({ kind: 'gone', code: codeOf(error, 'protocol-malformed') }));
}
