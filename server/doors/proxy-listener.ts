import { connect, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { ofSocket } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { Server, Socket } from 'node:net';
import type { Opening } from './driver.ts';
import type { ProxyOptions } from './proxy.ts';

export interface ProxyConnection {
  /** Who called, canonical. */
  readonly address: string;
  /** Our own port towards the target, once connected: the target's log shows this one. */
  readonly outgoingPort?: number;
  /** Unix time in ms. */
  readonly at: number;
  readonly live: boolean;
}

export interface ProxyListener {
  /** Lets the address in for `ms`, or until then instead of earlier. Throws `tool-failed`. */
  admit(address: string, ms: number): Promise<void>;
  /** No new connection from the address; live ones live on. Resolves once the listener says so too. */
  dismiss(address: string): Promise<void>;
  admitted(): (Opening & { readonly remainingMs: number })[];
  connections(): ProxyConnection[];
  stop(): Promise<void>;
}

/** Of one door, all addresses together: a scan must not use up the process's descriptors. */
const mostConnections = 64;
const connectWithinMs = 10_000;
/** A peer that vanished without a word is noticed after about this long, then the system's own probes. */
const keepAliveMs = 60_000;

interface Live {
  readonly address: string;
  readonly at: number;
  readonly inside: Socket;
  readonly outside: Socket;
}

export function openProxy(options: ProxyOptions, log: (line: string) => void): ProxyListener {
  /** Address to the end of its admission on performance's clock, which no one can set. */
  const admissions = new Map<string, { until: number; timer: NodeJS.Timeout }>();
  const lives = new Set<Live>();
  const seen = new Map<string, ProxyConnection>();
  let server: Server | undefined;
  let changing: Promise<void> = Promise.resolve();

  const admits = (address: string | undefined): address is string =>
    address !== undefined && (admissions.get(address)?.until ?? 0) > performance.now();

  function pass(outside: Socket): void {
    outside.on('error', () => outside.destroy());
    const address = ofSocket(outside.remoteAddress);
    if (!admits(address) || lives.size >= mostConnections) {
      outside.destroy();
      return;
    }
    const inside = connect({ ...options.target, allowHalfOpen: true });
    const live: Live = { address, at: Date.now(), inside, outside };
    lives.add(live);
    const hurry = setTimeout(() => inside.destroy(new Error('no answer')), connectWithinMs);
    for (const socket of [inside, outside]) socket.setKeepAlive(true, keepAliveMs).setNoDelay(true);
    inside.once('connect', () => {
      clearTimeout(hurry);
      seen.set(address, tell(live, true));
      // pipe() passes each side's end on and leaves the other direction open.
      outside.pipe(inside);
      inside.pipe(outside);
    });
    inside.on('error', (error) => {
      log(`proxy: target ${options.target.host}:${options.target.port}: ${error.message}`);
      outside.destroy();
    });
    inside.once('close', () => {
      clearTimeout(hurry);
      lives.delete(live);
      const last = seen.get(address);
      if (last?.at === live.at) seen.set(address, { ...last, live: false });
      // After a clean end both have finished on their own; anything else takes the other side along.
      if (!outside.writableFinished) outside.destroySoon();
    });
    outside.once('close', () => {
      if (!inside.writableFinished) inside.destroy();
    });
  }

  function tell(live: Live, isLive: boolean): ProxyConnection {
    const { address, at, inside } = live;
    const outgoingPort = inside.localPort;
    return outgoingPort === undefined
      ? { address, at, live: isLive }
      : { address, outgoingPort, at, live: isLive };
  }

  async function listen(): Promise<void> {
    if (server?.listening === true) return;
    const fresh = createServer({ allowHalfOpen: true }, pass);
    const { host, port } = options.listen;
    await new Promise<void>((resolve, reject) => {
      fresh.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? `port ${port} is in use` : `port ${port}: ${error.message}`;
        reject(new LatchkeyError('tool-failed', why, { cause: error }));
      });
      fresh.listen(host === undefined ? { port } : { host, port }, resolve);
    });
    fresh.on('error', (error) => log(`proxy: port ${port}: ${error.message}`));
    server = fresh;
  }

  /** Stops listening at once; the promise of close() would wait for the live connections. */
  function unlisten(): void {
    server?.close();
    server = undefined;
  }

  function expire(address: string): void {
    const admission = admissions.get(address);
    if (admission === undefined) return;
    clearTimeout(admission.timer);
    admissions.delete(address);
    seen.delete(address);
    if (admissions.size === 0) unlisten();
  }

  return {
    admit(address, ms) {
      const admitting = changing.then(async () => {
        await listen();
        clearTimeout(admissions.get(address)?.timer);
        const timer = setTimeout(() => expire(address), ms);
        admissions.set(address, { until: performance.now() + ms, timer });
      });
      changing = admitting.catch(() => undefined);
      return admitting;
    },
    dismiss(address) {
      changing = changing.then(() => expire(address));
      return changing;
    },
    admitted() {
      if (server?.listening !== true || server.address() === null) return [];
      const now = performance.now();
      return [...admissions]
        .map(([address, { until }]) => ({ address, remainingMs: Math.floor(until - now) }))
        .filter((opening) => opening.remainingMs > 0);
    },
    connections() {
      const all = [...lives].map((live) => tell(live, true));
      for (const last of seen.values()) {
        if (!last.live) all.push(last);
      }
      return all.sort((a, b) => b.at - a.at);
    },
    async stop() {
      await changing;
      for (const address of [...admissions.keys()]) expire(address);
      for (const { inside, outside } of lives) {
        inside.destroy();
        outside.destroy();
      }
    },
  };
}
