import type { SessionFact } from '../../lib/door.ts';
import type { Step } from '../../lib/protocol/message.ts';
import type { Opening } from '../doors/driver.ts';
import type { DoorFacts } from '../doors/host.ts';
import type { OpeningRow } from './store/rows.ts';

/** An opening that Latchkey made, as the home agent knows it. */
export interface Held {
  row: OpeningRow;
  phase: 'opening' | 'open' | 'closing' | 'unconfirmed' | 'closed';
  /** Monotonic ms at which its time is up. */
  endsAt: number;
  /** Monotonic ms since when it is as it is: readings that began before say nothing about it. */
  since: number;
  overdueTold: boolean;
  session: SessionFact | undefined;
  seen: boolean;
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
export const fresh = { overdueTold: false, session: undefined, seen: false } as const;

export function keyOf(door: string, address: string): string {
  return `${door} ${address}`;
}
