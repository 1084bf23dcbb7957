import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { startHouse, type House } from '../support/house.ts';
import { until } from '../support/until.ts';

let house: House;
afterEach(() => house.stop());

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => done(false), 500);
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write('x'));
    socket.on('data', () => done(true));
    socket.on('close', () => done(false));
    socket.on('error', () => done(false));
  });
}

test('a paired device opens the proxy door, gets through, and closes it', async () => {
  house = await startHouse();
  const { client } = await house.device();
  await client.connect();
  expect((await client.doors()).value[0]?.state).toBe('closed');
  expect(await connects(house.listen)).toBe(false);
  const opened = await client.release(await client.arm('ssh'), { seconds: 60 });
  expect(opened.value.address).toBe('127.0.0.1');
  expect(opened.value.door.state).toBe('open');
  expect(await connects(house.listen)).toBe(true);
  const closed = await client.close('ssh');
  expect(closed.value.state).toBe('closed');
  expect(await connects(house.listen)).toBe(false);
  const kinds = (await client.activity(50)).map((event) => event.kind);
  expect(kinds.slice(0, 2)).toEqual(['closed', 'opened']);
});

test('revoking refuses the next request on the open session and closes what was opened', async () => {
  house = await startHouse();
  const { client } = await house.device();
  const other = await house.device('laptop');
  await client.connect();
  await client.release(await client.arm('ssh'), { seconds: 60 });
  await other.client.connect();
  const devices = await other.client.devices();
  const target = devices.find((device) => device.name === 'phone');
  expect(target?.openings).toHaveLength(1);
  await other.client.revoke(target?.id ?? '');
  await expect(client.doors()).rejects.toMatchObject({
    code: 'session-revoked',
  });
  expect(await connects(house.listen)).toBe(false);
  expect(house.agent.openings.held.size).toBe(0);
});

test('a restart of the home agent: the session is made anew, the door is closed with its process', async () => {
  house = await startHouse();
  const { client } = await house.device();
  await client.connect();
  await client.release(await client.arm('ssh'), { seconds: 60 });
  await house.restartAgent();
  expect(await connects(house.listen)).toBe(false);
  await until(async () => (await client.doors().catch(() => undefined))?.value[0]?.state === 'closed');
});
