import { afterEach, expect, test } from 'vitest';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import { revokeDevice } from '../../server/agent/handlers.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { clock, dial, random, startHouse, type House } from '../support/house.ts';
import { until } from '../support/until.ts';
import { TestHost } from '../support/test-host.ts';

// A device that lost its rights keeps nothing open, however its requests and its end cross each other.

let house: House;
afterEach(() => house.stop());

const revoke = (device: string): Promise<unknown> =>
  revokeDevice(device, 'home', toBase64(random(16)), house.agent.handlerParts());

test('revoked while its opening is being weighed: the door is not asked', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  const phone = await house.device();
  await phone.client.connect();
  const armed = await phone.client.arm('gate');
  // Between the check of the device and the intent lies the check of signatures: the revocation falls in there.
  const { openings } = house.agent;
  const open = openings.open.bind(openings);
  openings.open = async (order, begin) => {
    await revoke(phone.record.device);
    return open(order, begin);
  };
  await expect(phone.client.release(armed, { seconds: 600 })).rejects.toMatchObject({
    code: 'session-revoked',
  });
  // The device is told by the revocation itself: wait for what the opening does after it.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(host.opened).toEqual([]);
  expect(openings.held.size).toBe(0);
});

test('revoked while it lengthens what another device opened for the same address: closed', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  const phone = await house.device();
  const laptop = await house.device('laptop');
  await laptop.client.connect();
  await laptop.client.release(await laptop.client.arm('gate'), { seconds: 60 });
  await phone.client.connect();
  const armed = await phone.client.arm('gate');
  let go = (): void => undefined;
  host.gate = new Promise<void>((resolve) => (go = resolve));
  const told = phone.client.release(armed, { seconds: 600 }).then(
    () => 'opened',
    (error: { code: string }) => error.code,
  );
  await until(() => host.opened.length === 2);
  await revoke(phone.record.device);
  go();
  expect(await told).toBe('session-revoked');
  await until(() => host.openings.size === 0);
});

test('a yes at home that comes after the revocation pairs nobody', async () => {
  house = await startHouse();
  await until(() => house.log.some((line) => line.includes('reached')));
  const { links } = await house.agent.pairing.make(true, 5);
  let waits = false;
  const keys = keysFrom(newSecretKeys(random));
  const run = pair({
    link: checkLink(links[0] ?? ''),
    name: 'thief',
    keys,
    dial,
    random,
    clock,
    waiting: () => (waits = true),
  });
  run.done.catch(() => undefined);
  await until(() => waits);
  const [device] = house.agent.devices.all();
  await revoke(device?.id ?? '');
  await expect(house.agent.pairing.answer(device?.id ?? '', true)).rejects.toMatchObject({
    code: 'pairing-expired',
  });
  expect(house.agent.devices.get(device?.id ?? '')?.revokedAt).not.toBe(null);
  expect(house.agent.devices.all()).toEqual([]);
  run.cancel();
});

test('a revoked device that shows its old offer again is told so, not that it is paired', async () => {
  house = await startHouse();
  await until(() => house.log.some((line) => line.includes('reached')));
  const { links } = await house.agent.pairing.make(false, 5);
  const keys = keysFrom(newSecretKeys(random));
  const again = (): Promise<unknown> =>
    pair({
      link: checkLink(links[0] ?? ''),
      name: 'phone',
      keys,
      dial,
      random,
      clock,
      waiting: () => undefined,
    }).done;
  await again();
  const [device] = house.agent.devices.all();
  await revoke(device?.id ?? '');
  await expect(again()).rejects.toMatchObject({ code: 'session-revoked' });
  expect(house.agent.devices.all()).toEqual([]);
});
