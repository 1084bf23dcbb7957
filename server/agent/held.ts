import type { ServiceState, SessionFact } from '../../lib/door.ts';
import type { OpeningView, Step } from '../../lib/protocol/message.ts';
import type { Opening } from '../doors/driver.ts';
import type { DoorFacts } from '../doors/host.ts';
import type { Clock } from './clock.ts';
import type { OpeningRow } from './store/rows.ts';

/** An opening that Latchkey made, as the home agent knows it. */
export interface Held {
  row: OpeningRow;
  phase: 'opening' | 'open' | 'closing' | 'unconfirmed' | 'closed';
  /** Monotonic ms at which its time is up. */
  endsAt: number;
  /** Monotonic ms since when it is as it is: readings that began before say nothing about it. */
  since: number;
  /** Monotonic ms when it began, kept while it is lengthened: who came before came by another opening. */
  begunAt: number;
  overdueTold: boolean;
  session: SessionFact | undefined;
  found: Found;
}

/** What was found between an opening and a session, each with its monotonic ms. */
export interface Found {
  /** First read back from the system. */
  readonly ruleAt?: number;
  readonly service?: { readonly state: ServiceState; readonly at: number };
  /** `exact`: `at` is when it came, as the system keeps it; else it had come by then. */
  readonly packet?: { readonly seen: boolean; readonly at: number; readonly exact: boolean };
  /** The last session that is over. */
  readonly ended?: { readonly user: string; readonly at: number };
}

export interface Reading {
  readonly openings: readonly Opening[];
  /** Monotonic ms when the system was read. */
  readonly at: number;
}

export interface OpenOrder {
  readonly device: string;
  readonly id: string;
  readonly door: DoorFacts;
  readonly address: string;
  readonly seconds: number;
  /** Monotonic ms at which the request's frame arrived. */
  readonly receivedAt: number;
  readonly onStep: (step: Step) => void;
}

/** What an opening's intent holds on disk, as JSON. */
export interface OpenIntent {
  readonly address: string;
  readonly seconds: number;
}

/** What nobody has seen yet of an opening just made or taken over. */
export const fresh = { overdueTold: false, session: undefined, found: {} } as const;

/** Timers of kernel and process differ by this much at most: ms. */
const sameMoment = 50;

/** What a reading of the system at `at` says of an opening that it has. */
export function withReading(held: Held, opening: Opening, at: number): Found {
  const { found, begunAt } = held;
  const ruleAt = found.ruleAt ?? at;
  const { packet } = opening;
  // Once seen is seen, also when the opening is lengthened and the system counts anew.
  if (packet === undefined || found.packet?.seen === true) return { ...found, ruleAt };
  if (packet === 'none') return { ...found, ruleAt, packet: { seen: false, at, exact: true } };
  const exact = packet.agoMs !== undefined;
  const came = at - (packet.agoMs ?? 0);
  const seen = came >= begunAt - sameMoment;
  return { ...found, ruleAt, packet: { seen, at: seen ? came : at, exact } };
}

/** A session was found: its packets had come before it, whatever was read of them. */
export function withSession(held: Held, session: SessionFact, clock: Clock): Found {
  const { found } = held;
  if (found.packet?.seen === true && found.packet.exact) return found;
  const by = clock.now() - Math.max(0, clock.wall() - sessionAt(held, session, clock));
  const at = found.packet?.seen === true ? Math.min(found.packet.at, by) : by;
  return { ...found, packet: { seen: true, at, exact: false } };
}

/** Unix ms of the session's login. Logs know whole seconds; it was not before what led there. */
export function sessionAt({ found }: Held, session: SessionFact, clock: Clock): number {
  const { packet, ruleAt } = found;
  const before = packet?.seen === true && packet.exact ? packet.at : ruleAt;
  if (before === undefined) return session.at;
  const led = clock.wall() - (clock.now() - before);
  return led - session.at < 1000 ? Math.max(session.at, led) : session.at;
}

/** The session that is up, as devices are told of it. */
export function sessionView(held: Held, clock: Clock): OpeningView['session'] {
  const { session } = held;
  if (session === undefined) return undefined;
  const { user, port } = session;
  const since = clock.wall() - sessionAt(held, session, clock);
  return {
    user: user.slice(0, 64),
    sinceMs: Math.max(0, Math.round(since)),
    ...(port === 0 ? {} : { port }),
  };
}

export function keyOf(door: string, address: string): string {
  return `${door} ${address}`;
}
