import { LatchkeyError, type ErrorCode } from '../errors.ts';
import type { Challenge, DoorView, EventView, HomeView } from '../protocol/message.ts';
import type { ConnectionState } from './connection-types.ts';
import type { Answer } from './requests.ts';
import type { Clock } from './transport.ts';

export type ClientEvent =
  | { readonly type: 'connection'; readonly state: ConnectionState }
  /** What the home said of one door, or (`doors`) of all that it has. */
  | { readonly type: 'door'; readonly seen: Answer<DoorView> }
  | { readonly type: 'doors'; readonly seen: Answer<readonly DoorView[]> }
  | { readonly type: 'event'; readonly event: EventView }
  /** Something about bans is another: ask. */
  | { readonly type: 'bans' }
  /** The same of archives. */
  | { readonly type: 'archives' }
  /** The home's greeting: its name and this device's at it. */
  | { readonly type: 'home'; readonly home: HomeView; readonly device: string; readonly name: string };

/** WELCOME's challenge: good in the session that it began. */
export interface Greeting {
  readonly challenge: Challenge;
  readonly session: Uint8Array;
  /** When it came, monotonic ms. */
  readonly at: number;
}

type Inner = ClientEvent | { readonly type: 'greeting' };

/** Tells listeners, and lets the client itself wait for what comes. */
export class Events {
  private readonly clock: Clock;
  private readonly listeners = new Set<(event: ClientEvent) => void>();
  private readonly watchers = new Set<(event: Inner) => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  subscribe(listener: (event: ClientEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: Inner): void {
    for (const watcher of [...this.watchers]) watcher(event);
    if (event.type !== 'greeting') for (const listener of [...this.listeners]) listener(event);
  }

  /**
   * The first event of one of the types. Throws why the home is not reached, once a whole round over its relays
   * has failed or it said no, and `relay-no-answer` after `limit` ms.
   */
  until(wanted: (event: Inner) => boolean, limit?: number): Promise<Inner> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel();
        this.watchers.delete(watcher);
      };
      const watcher = (event: Inner): void => {
        const failure = failureOf(event);
        if (wanted(event)) {
          stop();
          resolve(event);
        } else if (failure !== undefined) {
          stop();
          reject(new LatchkeyError(failure));
        }
      };
      const late = (): void => {
        stop();
        reject(new LatchkeyError('relay-no-answer'));
      };
      const cancel = limit === undefined ? () => undefined : this.clock.after(limit, late);
      this.watchers.add(watcher);
    });
  }
}

export function isReady(event: Inner): boolean {
  return event.type === 'connection' && event.state.phase === 'ready';
}

function failureOf(event: Inner): ErrorCode | undefined {
  if (event.type !== 'connection') return undefined;
  const { state } = event;
  if (state.phase === 'off') return 'relay-unreachable';
  if (state.phase === 'refused') return state.code;
  return state.phase === 'waiting' && state.failures > 0 ? state.code : undefined;
}
