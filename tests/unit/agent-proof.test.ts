import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DoorView } from '../../lib/protocol/message.ts';
import { startHouse, type House, type PairedDevice } from '../support/house.ts';
import { TestHost } from '../support/test-host.ts';
import { until } from '../support/until.ts';

// What the home tells of an opening after it is open: rule, service, packet, session.

let house: House;
let host: TestHost;
let device: PairedDevice;
let later: number;

beforeEach(async () => {
  later = 0;
  host = new TestHost({ closes: 'process', seesPackets: true, sessions: true });
  const clock = { now: () => performance.now() + later, wall: () => Date.now() + later };
  house = await startHouse({ options: { helper: host, clock } });
  device = await house.device();
  await device.client.connect();
});
afterEach(() => house.stop());

const open = async (): Promise<string> =>
  (await device.client.release(await device.client.arm('gate'), { seconds: 600 })).value.address;
const view = async (): Promise<DoorView> => (await device.client.inspect('gate')).value;
const own = async () => (await view()).openings.find(({ mine }) => mine);

test('only a packet that came since counts, and once seen it stays seen', async () => {
  const address = await open();
  const says = async (packet: 'none' | { agoMs?: number }) => {
    host.openings.set(`gate ${address}`, { address, packet });
    return (await own())?.proof?.packet?.seen;
  };
  expect((await own())?.proof).toMatchObject({ packet: { seen: false }, sessions: true });
  expect(await says('none')).toBe(false);
  expect(await says({ agoMs: 3_600_000 })).toBe(false); // of an earlier opening
  later = 5000;
  expect(await says({ agoMs: 2000 })).toBe(true);
  const proof = (await own())?.proof;
  expect(proof?.packet?.ms).toBeGreaterThanOrEqual(2000);
  expect(proof?.packet?.ms).toBeLessThan(proof?.ruleMs ?? 0);
  expect(await says('none')).toBe(true); // lengthened: the system counts anew
  // another device is not told of it
  const other = await house.device('laptop');
  await other.client.connect();
  expect((await other.client.inspect('gate')).value.openings[0]).not.toHaveProperty('proof');
});

test('a tool that counts without a clock: seen by then', async () => {
  const address = await open();
  later = 3000;
  host.openings.set(`gate ${address}`, { address, packet: {} });
  expect((await own())?.proof?.packet).toMatchObject({ seen: true });
  expect((await own())?.proof?.packet?.ms).toBeLessThan(2000);
});

test('a session is connected, also while the door is lengthened; its end is told', async () => {
  const address = await open();
  const at = Date.now();
  host.live = [{ user: 'marta', address, port: 51_884, at, pid: 7 }];
  await house.agent.watchNow();
  expect((await view()).state).toBe('connected');
  later = 30_000;
  await open();
  await house.agent.watchNow();
  expect((await view()).state).toBe('connected');
  const connected = await own();
  expect(connected?.session).toMatchObject({ user: 'marta', port: 51_884 });
  // A log of whole seconds never puts the login before the rule; and who is in has sent packets.
  expect(connected?.session?.sinceMs).toBeLessThanOrEqual(connected?.proof?.ruleMs ?? 0);
  expect(connected?.proof?.packet?.seen).toBe(true);
  host.live = [];
  await house.agent.watchNow();
  expect((await view()).state).toBe('open');
  expect((await own())?.proof?.ended).toMatchObject({ user: 'marta' });
});

test('who is in by a device’s opening stands in the list of devices, also after its door has closed', async () => {
  const listed = async () => (await device.client.devices()).map(({ name, sessions }) => [name, sessions]);
  const other = await house.device('laptop');
  await other.client.connect();
  const address = await open();
  expect(await listed()).toEqual([
    ['phone', []],
    ['laptop', []],
  ]);
  host.live = [{ user: 'marta', address, port: 51_884, at: Date.now(), pid: 7 }];
  await house.agent.watchNow();
  const since = expect.any(Number) as number;
  const marta = { door: 'gate', user: 'marta', sinceMs: since };
  expect(await listed()).toContainEqual(['phone', [marta]]);
  await device.client.close('gate');
  expect(await listed()).toEqual([
    ['phone', [marta]],
    ['laptop', []],
  ]);
  const [phone] = await other.client.devices();
  expect(phone?.openings).toEqual([]);
  host.live = [];
  await house.agent.watchNow();
  expect(await listed()).toContainEqual(['phone', []]);
});

test('the service is looked for after the answer, never before it', async () => {
  const [gate] = host.facts;
  if (gate === undefined) throw new Error('no door');
  host.facts = [{ ...gate, service: { protocol: 'tcp', port: house.target, host: '127.0.0.1' } }];
  await house.agent.doors.refresh();
  const armed = await device.client.arm('gate');
  const { value } = await device.client.release(armed, { seconds: 600 });
  expect(value.door.openings[0]?.proof).not.toHaveProperty('service');
  const service = () => [...house.agent.openings.held.values()][0]?.found.service?.state;
  await until(() => service() === 'listens'); // by itself
  host.facts = [{ ...gate, service: { protocol: 'tcp', port: 1, host: '127.0.0.1' } }];
  await house.agent.doors.refresh();
  expect((await own())?.proof?.service?.state).toBe('silent');
});

test('where sessions cannot be told, a packet that found a service is a connection seen', async () => {
  const [gate] = host.facts;
  if (gate === undefined) throw new Error('no door');
  host.facts = [{ ...gate, sessions: false }];
  await house.agent.doors.refresh();
  const address = await open();
  expect((await own())?.seen).toBe(undefined);
  host.openings.set(`gate ${address}`, { address, packet: { agoMs: 0 } });
  expect(await own()).toMatchObject({ seen: true, proof: { sessions: false } });
});
