import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Client } from '../../lib/client/client.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import type { AgentFile } from '../../server/agent/config.ts';
import { observerOf } from '../../server/relay/observer.ts';
import { startHouse, type House } from '../support/house.ts';

/** One relay by a main name and one for each family: a device proves both of its addresses, and home opens for both. */

let house: House;
afterEach(() => house.stop());

async function twoNames(door: Record<string, unknown> = {}): Promise<Client> {
  const observer = observerOf(randomBytes(32));
  house = await startHouse({ relay: { observer } });
  const port = house.relay.plainPort;
  const key = toBase64(observer.key);
  const file: AgentFile = {
    name: 'attic',
    allow_private: true,
    relay: [{ url: `http://localhost:${port}`, own: true }],
    observer: [
      { key, url: '', family: 'any' },
      { key, url: `http://[::1]:${port}`, family: 'v6' },
      { key, url: `http://127.0.0.1:${port}`, family: 'v4' },
    ],
    door: [
      { name: 'ssh', driver: 'proxy', listen: house.listen, target: `127.0.0.1:${house.target}`, ...door },
    ],
  };
  await house.restartAgent({ file });
  await house.reached();
  const { client } = await house.device();
  await client.connect();
  return client;
}

function passes(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(house.listen, host);
    socket.on('connect', () => socket.write('x'));
    socket.on('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(false));
  });
}

test('opens for both addresses, tells both, and closes both', async () => {
  const client = await twoNames();
  const armed = await client.arm('ssh');
  expect(armed.evidence.map(({ address }) => address).sort()).toEqual(['127.0.0.1', '::1']);
  const { value } = await client.release(armed, { seconds: 60 });
  expect([value.address, value.also].sort()).toEqual(['127.0.0.1', '::1']);
  // the main name's is the first
  expect(value.address).toBe(armed.evidence[0]?.address);
  expect(value.steps.filter(({ step }) => step === 'asked').length).toBe(1);
  const mine = value.door.openings.filter((opening) => opening.mine).map((opening) => opening.address);
  expect(mine.sort()).toEqual(['127.0.0.1', '::1']);
  expect([await passes('127.0.0.1'), await passes('::1')]).toEqual([true, true]);
  const closed = await client.close('ssh');
  expect(closed.value).toMatchObject({ state: 'closed', openings: [] });
  expect([await passes('127.0.0.1'), await passes('::1')]).toEqual([false, false]);
  const opened = (await client.activity(10)).filter((event) => event.kind === 'opened');
  expect(opened.map((event) => event.address).sort()).toEqual(['127.0.0.1', '::1']);
});

test('where only one more address fits, the first is open and says so', async () => {
  const client = await twoNames({ max_open: 1 });
  const { value } = await client.release(await client.arm('ssh'), { seconds: 60 });
  expect(value.also).toBeUndefined();
  expect(value.door.openings.map(({ address }) => address)).toEqual([value.address]);
  expect(house.agent.openings.held.size).toBe(1);
});
