import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { Client } from '../../lib/client/client.ts';
import type { HomeRecord } from '../../lib/client/home-record.ts';
import { keysFrom, newSecretKeys, type ClientKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import {
  deviceEndpoint,
  observeEndpoint,
  type Clock,
  type Dial,
  type Observe,
} from '../../lib/client/transport.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { Agent, type AgentOptions } from '../../server/agent/agent.ts';
import type { AgentFile } from '../../server/agent/config.ts';
import { loadHomeKeys } from '../../server/agent/keys.ts';
import { observerOf } from '../../server/relay/observer.ts';
import type { RelayOptions, RunningRelay } from '../../server/relay/relay.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';
import { relay as startTestRelay } from '../unit/relay-peer.ts';

/** The real relay and the real home agent on loopback, and real devices of lib/client: no door but `proxy`. */

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

export const clock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const dial: Dial = (relay, events) => {
  const socket = new WebSocket(deviceEndpoint(relay), { perMessageDeflate: false });
  socket.on('message', (data: Buffer) => events.message(new Uint8Array(data)));
  socket.on('error', () => undefined);
  socket.on('close', () => events.closed('relay-unreachable'));
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close: () => {
      socket.removeAllListeners('close');
      socket.terminate();
    },
  };
};

export const observe: Observe = async (base, nonce) => (await fetch(observeEndpoint(base, nonce))).json();

export interface PairedDevice {
  readonly keys: ClientKeys;
  readonly record: HomeRecord;
  readonly client: Client;
}

export interface House {
  readonly directory: string;
  readonly relay: RunningRelay;
  agent: Agent;
  /** The port of an echo server, the target of the door `ssh`. */
  readonly target: number;
  /** What clients dial. */
  readonly listen: number;
  readonly log: string[];
  device(name?: string): Promise<PairedDevice>;
  client(keys: ClientKeys, record: HomeRecord, changes?: { dial?: Dial; observe?: Observe }): Client;
  restartAgent(changes?: Partial<AgentOptions>): Promise<Agent>;
  /** Once the home agent of now has its relay: before that, the relay admits none of its devices. */
  reached(): Promise<void>;
  stop(): Promise<void>;
}

export async function startHouse(
  changes: {
    file?: Partial<AgentFile>;
    options?: Partial<AgentOptions>;
    relay?: Partial<RelayOptions>;
  } = {},
): Promise<House> {
  const directory = mkdtempSync(join(tmpdir(), 'lk-house-'));
  const keys = loadHomeKeys(join(directory, 'home-keys.json'));
  const observer = observerOf(random(32));
  const relay = await startTestRelay({ homes: [toBase64(keys.mailbox)], observer, ...changes.relay });
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  const target = await listen(echo);
  const listenPort = await freePort();
  const log: string[] = [];
  const clients: Client[] = [];
  const url = `http://localhost:${relay.plainPort}`;
  const file: AgentFile = {
    name: 'attic',
    allow_private: true,
    relay: [{ url, own: true }],
    observer: [{ key: toBase64(observer.key), url: '', family: 'any' }],
    door: [
      { name: 'ssh', driver: 'proxy', listen: `127.0.0.1:${listenPort}`, target: `127.0.0.1:${target}` },
    ],
    ...changes.file,
  };
  const start = (more: Partial<AgentOptions> = {}): Promise<Agent> =>
    Agent.start({ directory, file, keys, log: (line) => log.push(line), ...changes.options, ...more });

  const house: House = {
    directory,
    relay,
    agent: await start(),
    target,
    listen: listenPort,
    log,
    async device(name = 'phone') {
      await until(() => log.some((line) => line.includes('reached')));
      const offer = await house.agent.pairing.make(false, 5);
      const own = keysFrom(newSecretKeys(random));
      const link = checkLink(offer.links[0] ?? '');
      const record = await pair({ link, name, keys: own, dial, random, clock, waiting: () => undefined })
        .done;
      return { keys: own, record, client: house.client(own, record) };
    },
    client(own, record, more = {}) {
      const client = new Client({ record, keys: own, dial, observe, random, clock, ...more });
      clients.push(client);
      return client;
    },
    async restartAgent(more = {}) {
      await house.agent.stop();
      log.length = 0;
      house.agent = await start(more);
      return house.agent;
    },
    reached: () => until(() => log.some((line) => line.includes('reached'))),
    async stop() {
      for (const client of clients) client.disconnect();
      await house.agent.stop();
      await relay.close();
      echo.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return house;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
}
