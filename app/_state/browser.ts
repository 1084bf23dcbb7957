import { dialEither } from '../../lib/client/dial.ts';
import { dialByPolling } from '../../lib/client/poll.ts';
import {
  deviceEndpoint,
  observeEndpoint,
  type Clock,
  type Dial,
  type Observe,
  type Post,
} from '../../lib/client/transport.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Random } from '../../lib/protocol/keys.ts';
import type { Platform } from './platform.ts';
import { createStore } from './store.ts';
import type { Store } from './types.ts';
import { openVault } from './vault.ts';

const random: Random = (length) => crypto.getRandomValues(new Uint8Array(length));

const clock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Browsers say nothing of why a WebSocket failed: whatever it was, the relay was not reached. */
const dialSocket: Dial = (relay, events) => {
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    events.closed('relay-unreachable');
  };
  const socket = new WebSocket(deviceEndpoint(relay));
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => {
    if (!over && data instanceof ArrayBuffer) events.message(new Uint8Array(data));
  });
  socket.addEventListener('close', end);
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(frame));
    },
    close: () => {
      over = true;
      socket.close();
    },
  };
};

/** As every request of this page that is not for a page: nothing kept, nothing told. */
const bare: RequestInit = {
  cache: 'no-store',
  credentials: 'omit',
  redirect: 'error',
  referrerPolicy: 'no-referrer',
};

const post: Post = (address, token, body, limit) => {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limit);
  const ask = async () => {
    try {
      const response = await fetch(address, {
        ...bare,
        method: 'POST',
        headers: {
          'content-type': 'application/octet-stream',
          ...(token === undefined ? {} : { 'latchkey-poll': token }),
        },
        body: new Uint8Array(body),
        signal: stop.signal,
      });
      const answered = new Uint8Array(await response.arrayBuffer());
      const given = response.headers.get('latchkey-poll') ?? undefined;
      return { status: response.status, token: given, body: answered };
    } catch (cause) {
      throw new LatchkeyError('relay-unreachable', address, { cause });
    } finally {
      clearTimeout(timer);
    }
  };
  return { answer: ask(), cancel: () => stop.abort() };
};

const dial = dialEither(dialSocket, dialByPolling(post, clock), clock);

const observe: Observe = async (base, nonce) => {
  let response: Response;
  try {
    response = await fetch(observeEndpoint(base, nonce), {
      ...bare,
      signal: AbortSignal.timeout(5000),
    });
  } catch (cause) {
    throw new LatchkeyError('relay-unreachable', base, { cause });
  }
  if (response.status === 429) throw new LatchkeyError('relay-rate', base);
  if (!response.ok) throw new LatchkeyError('relay-unreachable', `${base}: status ${response.status}`);
  try {
    return (await response.json()) as unknown;
  } catch (cause) {
    throw new LatchkeyError('protocol-malformed', 'observer statement', { cause });
  }
};

function platform(): Platform {
  return {
    get origin() {
      return window.location.origin;
    },
    clock,
    wall: () => Date.now(),
    random,
    dial,
    observe,
    vault: openVault(random, () => Date.now()),
    isVisible: () => document.visibilityState === 'visible',
    isOnline: () => navigator.onLine,
    watch: (changes) => {
      const watching = new AbortController();
      const { signal } = watching;
      document.addEventListener(
        'visibilitychange',
        () => changes.visible(document.visibilityState === 'visible'),
        { signal },
      );
      window.addEventListener('online', () => changes.online(true), { signal });
      window.addEventListener('offline', () => changes.online(false), { signal });
      window.addEventListener('pageshow', ({ persisted }) => (persisted ? changes.restored() : undefined), {
        signal,
      });
      return () => watching.abort();
    },
    persist: async () => (await navigator.storage?.persist?.()) ?? false,
  };
}

let store: Store | undefined;

/** The page's one store, made when it is first asked for. Where there is no window it stays idle. */
export function browserStore(): Store {
  store ??= createStore(platform(), typeof window === 'undefined');
  return store;
}
