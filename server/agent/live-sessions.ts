import type { ErrorCode } from '../../lib/errors.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import type { FrameOf } from '../../lib/protocol/frame.ts';
import { writeMessage, type Notice } from '../../lib/protocol/message.ts';
import { Session, type SessionKeys } from '../../lib/protocol/session.ts';
import type { Challenges } from './challenges.ts';
import type { Clock } from './clock.ts';

// protocol.md, Sessions
const mostPerDevice = 8;
const idleTime = 15 * 60_000;
const longestTime = 12 * 3_600_000;

/** The way back to one connection of one relay. Sending to one that is gone is silent. */
export interface Route {
  /** Names the connection, for `left`. */
  readonly name: string;
  send(bytes: Uint8Array): void;
}

export interface LiveSession {
  readonly session: Session;
  /** Device id; empty until the handshake's claim has been read. */
  device: string;
  readonly challenges: Challenges;
  readonly madeAt: number;
  usedAt: number;
  /** Where its last good frame came from: answers go there, whatever socket that is. */
  route: Route;
  following: boolean;
  /** Requests under way. */
  asked: number;
}

/** Sessions live in memory alone: a restart of the home agent makes every device shake hands again. */
export class LiveSessions {
  private readonly clock: Clock;
  private readonly byId = new Map<string, LiveSession>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  add(keys: SessionKeys, route: Route, challenges: Challenges): LiveSession {
    const now = this.clock.now();
    this.sweep(now);
    const live: LiveSession = {
      session: new Session(keys, 'home'),
      device: '',
      challenges,
      madeAt: now,
      usedAt: now,
      route,
      following: false,
      asked: 0,
    };
    this.byId.set(toBase64(keys.id), live);
    return live;
  }

  /** Names the device once it is known; its oldest idle session makes room. */
  assign(live: LiveSession, device: string): void {
    const own = this.ofDevice(device).sort((a, b) => a.usedAt - b.usedAt);
    for (const old of own.slice(0, Math.max(0, own.length - mostPerDevice + 1))) this.drop(old);
    live.device = device;
  }

  private sweep(now: number): void {
    for (const live of this.byId.values()) {
      if (now - live.usedAt > idleTime || now - live.madeAt > longestTime) this.drop(live);
    }
  }

  drop(live: LiveSession): void {
    this.byId.delete(toBase64(live.session.id));
  }

  ofDevice(device: string): LiveSession[] {
    return [...this.byId.values()].filter((live) => live.device === device);
  }

  followers(): LiveSession[] {
    return [...this.byId.values()].filter((live) => live.following);
  }

  /**
   * The session and message of a sealed frame. `session-none`: the home knows no such session, say so unsealed.
   * Undefined: drop it silently (old, repeated, or a seal that does not fit).
   */
  open(
    frame: FrameOf<'sealed'>,
    route: Route,
  ): { live: LiveSession; message: Uint8Array } | ErrorCode | undefined {
    const now = this.clock.now();
    const live = this.byId.get(toBase64(frame.session));
    if (live === undefined || now - live.usedAt > idleTime || now - live.madeAt > longestTime)
      return 'session-none';
    try {
      const message = live.session.open(frame);
      if (message === undefined) return undefined;
      live.usedAt = now;
      live.route = route;
      return { live, message };
    } catch {
      return undefined;
    }
  }

  say(live: LiveSession, notice: Notice): void {
    live.route.send(live.session.seal(writeMessage(notice)).bytes);
  }
}
