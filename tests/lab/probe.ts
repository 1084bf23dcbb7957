import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Space } from './space.ts';

const script = fileURLToPath(new URL('probe-process.js', import.meta.url));

/** Outcome of a TCP connect: 'connected', 'timeout' (dropped), or the error's code, e.g. 'ECONNREFUSED'. */
export interface Probed {
  readonly outcome: string;
  /** CLOCK_MONOTONIC in ns, the same clock in every process of the machine (process.hrtime.bigint()). */
  readonly atNs: bigint;
  /** From the connect's start. Of `connect` alone. */
  readonly tookMs?: number;
  /** until: how many connections were tried. */
  readonly tries?: number;
}

export interface Held {
  /** Sends a byte and waits for it to come back: does the connection still live? */
  alive(timeoutMs?: number): Promise<boolean>;
  release(): Promise<void>;
}

export interface Fired {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** TCP from (or, with listen, at) a host of the lab: one process that stays, so no probe pays for a start. */
export interface Probe {
  connect(
    host: string,
    port: number,
    options?: { timeoutMs?: number; localAddress?: string },
  ): Promise<Probed>;
  /** A new connect every `everyMs` (2) until one succeeds, or 'timeout' after `timeoutMs` (10 000). */
  until(host: string, port: number, options?: { everyMs?: number; timeoutMs?: number }): Promise<Probed>;
  /** Starts a client program here, then `until`: how long from firing it to a connection, in ms. */
  fire(client: Fired, host: string, port: number, options?: { timeoutMs?: number }): Promise<number>;
  /** Runs command lines one after another and says how long they took, in ms. Each must end with status 0. */
  time(commands: readonly (readonly string[])[]): Promise<number>;
  /** A connection that stays open to a server of `listen`. Throws when it cannot be made. */
  hold(host: string, port: number, timeoutMs?: number): Promise<Held>;
  /** An echo server on both families at this host. */
  listen(port: number): Promise<void>;
  /** Who connected to `listen` so far, as the socket says ('::ffff:203.0.113.7' for IPv4). */
  peers(port: number): Promise<string[]>;
  stop(): void;
}

interface Answer {
  id: number;
  outcome: string;
  atNs: string;
  tries?: number;
  firedNs?: string;
  peers?: string[];
}

export function startProbe(space: Space): Probe {
  const child = space.spawn(process.execPath, [script]);
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  let last = 0;
  let gone = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  child.once('close', () => {
    gone = true;
    for (const { reject } of waiting.values())
      reject(new Error(`The probe in ${space.name} ended: ${complaint}`));
    waiting.clear();
  });
  const ask = (verb: string, fields: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (gone) return reject(new Error(`The probe in ${space.name} is gone: ${complaint}`));
      const id = ++last;
      waiting.set(id, { resolve, reject });
      child.stdin.write(JSON.stringify({ id, verb, ...fields }) + '\n');
    });
  const probed = (answer: Answer): Probed => ({
    outcome: answer.outcome,
    atNs: BigInt(answer.atNs),
    ...(answer.firedNs === undefined ? {} : { tookMs: tookMs(answer) }),
    ...(answer.tries === undefined ? {} : { tries: answer.tries }),
  });
  return {
    connect: async (host, port, { timeoutMs = 400, localAddress } = {}) =>
      probed(await ask('connect', { host, port, timeoutMs, localAddress })),
    until: async (host, port, { everyMs = 2, timeoutMs = 10_000 } = {}) =>
      probed(await ask('until', { host, port, everyMs, timeoutMs })),
    async fire(client, host, port, { timeoutMs = 10_000 } = {}) {
      const answer = await ask('fire', { ...client, host, port, everyMs: 2, timeoutMs });
      if (answer.outcome !== 'connected')
        throw new Error(`${client.command}: ${answer.outcome}: ${complaint}`);
      return tookMs(answer);
    },
    async time(commands) {
      const answer = await ask('time', { commands });
      if (answer.outcome !== 'done') throw new Error(`${answer.outcome}: ${complaint}`);
      return tookMs(answer);
    },
    async hold(host, port, timeoutMs = 1000) {
      const { id, outcome } = await ask('hold', { host, port, timeoutMs });
      if (outcome !== 'connected') throw new Error(`hold ${host} ${port}: ${outcome}`);
      return {
        alive: async (wait = 1000) =>
          (await ask('echo', { of: id, timeoutMs: wait })).outcome === 'connected',
        release: async () => void (await ask('release', { of: id })),
      };
    },
    async listen(port) {
      const { outcome } = await ask('listen', { port });
      if (outcome !== 'listening') throw new Error(`listen ${port} in ${space.name}: ${outcome}`);
    },
    peers: async (port) => (await ask('peers', { port })).peers ?? [],
    stop: () => void child.kill(),
  };
}

function tookMs(answer: Answer): number {
  return Number(BigInt(answer.atNs) - BigInt(answer.firedNs ?? 0)) / 1e6;
}
