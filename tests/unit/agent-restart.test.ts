import { afterEach, expect, test } from 'vitest';
import { Disk } from '../support/disk.ts';
import { random, startHouse, type House, type PairedDevice } from '../support/house.ts';
import { until } from '../support/until.ts';
import { TestHost } from '../support/test-host.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';

// What an earlier life of the home agent left half done, and a room that is not there yet.

let house: House;
let disk: Disk | undefined;
afterEach(async () => {
  disk?.close();
  disk = undefined;
  await house.stop();
});

async function opened(host: TestHost, device: PairedDevice): Promise<string> {
  const { value } = await device.client.release(await device.client.arm('gate'), { seconds: 600 });
  expect(host.openings.size).toBe(1);
  return value.address;
}

test('a start before the helper: an unsettled opening is not taken for closed', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  const device = await house.device();
  await device.client.connect();
  const address = await opened(host, device);
  disk = new Disk(house.directory);
  host.away = true;
  await house.agent.stop();
  // as kill -9 between verb and outcome leaves it
  disk.run('update request set outcome = null');
  await house.restartAgent();
  expect(disk.rows<{ outcome: unknown }>('request')[0]?.outcome).toBe(null);
  expect(disk.rows<{ closedAt: unknown }>('opening')[0]?.closedAt).toBe(null);
  // nothing is said of doors that nobody could ask for yet
  await until(async () => (await device.client.doors().catch(() => undefined)) !== undefined);
  await expect(device.client.inspect('gate')).rejects.toMatchObject({ code: 'tool-helper-gone' });
  await expect(device.client.arm('gate')).rejects.toMatchObject({ code: 'tool-helper-gone' });

  host.away = false;
  await until(() => disk?.rows<{ outcome: unknown }>('request')[0]?.outcome !== null);
  const [request] = disk.rows<{ outcome: string }>('request');
  expect(JSON.parse(request?.outcome ?? '')).toMatchObject({ ok: true, address });
  await until(async () => (await device.client.doors()).value.some((door) => door.state === 'open'));
  expect(host.opened).toHaveLength(1);
});

test('kill -9 in the middle of a revocation: told revoked means revoked', async () => {
  house = await startHouse();
  const phone = await house.device();
  const laptop = await house.device('laptop');
  await laptop.client.connect();
  // The process ends where the second commit would have begun.
  house.agent.devices.put = () => new Promise(() => undefined);
  const told = laptop.client.revoke(phone.record.device).then(
    () => true,
    () => false,
  );
  disk = new Disk(house.directory);
  await until(() => disk?.rows('request').length === 1);
  await house.restartAgent();
  await until(() => disk?.rows<{ outcome: unknown }>('request')[0]?.outcome !== null);
  expect(await told).toBe(true);
  expect(house.agent.devices.get(phone.record.device)?.revokedAt).not.toBe(null);
  await expect(phone.client.connect()).rejects.toMatchObject({
    code: expect.stringMatching(/revoked|admitted/) as string,
  });
});

test('a door that left the configuration: its opening ends with its time, and a revocation goes through', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  const phone = await house.device();
  await phone.client.connect();
  await opened(host, phone);
  host.facts = [];
  await house.agent.doors.refresh();
  const laptop = await house.device('laptop');
  await laptop.client.connect();
  await laptop.client.revoke(phone.record.device);
  expect(house.agent.devices.get(phone.record.device)?.revokedAt).not.toBe(null);
  for (const held of house.agent.openings.held.values()) held.endsAt = 0;
  await until(() => house.agent.openings.held.size === 0);
});

test('a clock that was set back keeps nothing open', async () => {
  const host = new TestHost({ closes: 'process' });
  let wallBack = 0;
  let later = 0;
  const clock = { now: () => performance.now() + later, wall: () => Date.now() - wallBack };
  house = await startHouse({ options: { helper: host, clock } });
  const device = await house.device();
  await device.client.connect();
  await opened(host, device);
  wallBack = 3_600_000;
  later = 700_000;
  await until(() => host.openings.size === 0 && house.agent.openings.held.size === 0);
});

test('a machine that starts without its clock: what it had open ends in its own time', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  const device = await house.device();
  await device.client.connect();
  await opened(host, device);
  disk = new Disk(house.directory);
  await house.agent.stop();
  disk.run('update request set outcome = null');
  let later = 0;
  const clock = { now: () => performance.now() + later, wall: () => Date.now() - 86_400_000 };
  await house.restartAgent({ clock });
  const [held] = house.agent.openings.held.values();
  expect((held?.endsAt ?? Infinity) - clock.now()).toBeLessThanOrEqual(600_000);
  later = 700_000;
  await until(() => host.openings.size === 0);
});

test('no session facts, still a reconciler', async () => {
  const host = new TestHost({ closes: 'process' });
  let later = 0;
  const clock = { now: () => performance.now() + later, wall: () => Date.now() };
  house = await startHouse({ options: { helper: host, clock } });
  const device = await house.device();
  await device.client.connect();
  await opened(host, device);
  host.sessionsFail = true;
  later = 700_000;
  await until(() => host.openings.size === 0);
});

test('a request id used for something else is refused, and does nothing', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  const phone = await house.device();
  const laptop = await house.device('laptop');
  const tablet = await house.device('tablet');
  const parts = house.agent.handlerParts();
  const { revokeDevice } = await import('../../server/agent/handlers.ts');
  const id = toBase64(random(16));
  await revokeDevice(laptop.record.device, phone.record.device, id, parts);
  await expect(revokeDevice(tablet.record.device, phone.record.device, id, parts)).rejects.toMatchObject({
    code: 'refused-replay',
  });
  expect(house.agent.devices.get(tablet.record.device)?.revokedAt).toBe(null);
});

test('what nobody here opened: shown with its time, left alone until then, and closed after it', async () => {
  const host = new TestHost({ closes: 'child' });
  house = await startHouse({ options: { helper: host } });
  const device = await house.device();
  await device.client.connect();
  const view = async () => (await device.client.doors()).value.find((door) => door.name === 'gate');
  const key = 'gate 203.0.113.9';
  host.openings.set(key, { address: '203.0.113.9', dueMs: 60_000 });
  await until(async () => (await view())?.openings.length === 1);
  expect((await view())?.state).toBe('closed');
  expect((await view())?.openings[0]).toMatchObject({
    mine: false,
    remainingMs: expect.any(Number) as number,
  });
  expect((await device.client.close('gate')).value.state).toBe('closed');
  expect(host.closed).toEqual([]);

  // nobody knows until when: shown, and never touched by itself
  host.openings.set(key, { address: '203.0.113.9' });
  await until(async () => (await view())?.state === 'stale');
  await house.agent.stop();
  await house.restartAgent();
  await until(async () => (await view().catch(() => undefined))?.state === 'stale');
  expect(host.closed).toEqual([]);

  host.openings.set(key, { address: '203.0.113.9', dueMs: 0 });
  await until(() => host.openings.size === 0);
  expect(host.closed).toEqual(['203.0.113.9']);
  await until(async () => (await view())?.state === 'closed');
  const kinds = (await device.client.activity(10)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'overdue' || kind === 'closed')).toEqual(['closed', 'overdue']);
});

test('a fault of a door is told as its problem, and the door goes on being read and closed', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  const device = await house.device();
  await device.client.connect();
  await opened(host, device);
  host.facts = [{ ...host.facts[0]!, fault: 'tool-ended' }];
  const view = async () => (await device.client.doors()).value.find((door) => door.name === 'gate');
  expect(await view()).toMatchObject({ state: 'open', problem: 'tool-ended' });
  expect((await device.client.close('gate')).value.state).toBe('closed');
  expect(await view()).toMatchObject({ state: 'closed', problem: 'tool-ended' });
});
