import type { ErrorCode } from '../errors.ts';
import type { Clock, Dial, Link, LinkEvents } from './transport.ts';

/** A WebSocket without a first frame after this has company: ms. The relay speaks first, in the flight of the 101. */
const patience = 2000;
/** The same where polling carried the last link to that relay. */
const shortPatience = 250;

interface Way {
  link: Link | undefined;
  lost: boolean;
}

/**
 * Reaches a relay by WebSocket, and by long polling where that does not come up: refused, hanging, or open without a
 * frame. The first way that brings a frame is the link, the other is closed. Nothing is remembered but which one it
 * was, so every new dial can find the way back to WebSockets.
 */
export function dialEither(socket: Dial, polling: Dial, clock: Clock): Dial {
  const polled = new Set<string>();
  return (relay, events) => {
    let chosen: Way | undefined;
    let over = false;
    let failure: ErrorCode | undefined;
    const bySocket: Way = { link: undefined, lost: false };
    const byPolling: Way = { link: undefined, lost: false };

    const finish = (code: ErrorCode): void => {
      close();
      events.closed(code);
    };
    const close = (): void => {
      over = true;
      cancel();
      bySocket.link?.close();
      byPolling.link?.close();
    };
    const listen = (way: Way, other: Way, lost: (code: ErrorCode) => void): LinkEvents => ({
      message(frame) {
        if (over || (chosen !== undefined && chosen !== way)) return;
        if (chosen === undefined) {
          chosen = way;
          cancel();
          other.link?.close();
          if (way === byPolling) polled.add(relay);
          else polled.delete(relay);
        }
        events.message(frame);
      },
      closed(code) {
        way.lost = true;
        if (over || (chosen !== undefined && chosen !== way)) return;
        if (chosen === way) finish(code);
        else lost(code);
      },
    });
    const poll = (): void => {
      if (over || chosen !== undefined || byPolling.link !== undefined) return;
      byPolling.link = polling(
        relay,
        listen(byPolling, bySocket, (code) => {
          // What a relay says of itself is worth more than that something failed.
          const told = code === 'relay-unreachable' ? (failure ?? code) : code;
          if (bySocket.lost) finish(told);
          else failure = told;
        }),
      );
    };
    const cancel = clock.after(polled.has(relay) ? shortPatience : patience, poll);
    bySocket.link = socket(
      relay,
      listen(bySocket, byPolling, (code) => {
        // Whoever has another key than the relay's is no better by polling.
        if (code === 'relay-certificate' || byPolling.lost) return finish(failure ?? code);
        failure = code;
        poll();
      }),
    );
    return {
      send: (frame) => chosen?.link?.send(frame),
      close,
      get polls() {
        return chosen === byPolling;
      },
    };
  };
}
