import { afterEach, expect, test } from 'vitest';
import { Disk } from '../support/disk.ts';
import { startHouse, type House } from '../support/house.ts';
import { TestHost } from '../support/test-host.ts';

// What grows (activity, devices, openings) never grows past what one message holds.

let house: House;
afterEach(() => house.stop());

test('a list too long for a message comes shortened, never not at all', async () => {
  const host = new TestHost({ closes: 'process' });
  const [gate] = host.facts;
  if (gate === undefined) throw new Error('no door');
  host.facts = Array.from({ length: 40 }, (_, n) => ({ ...gate, name: `gate_${n}` }));
  for (let n = 0; n < 3000; n++) {
    const address = `2001:db8:aaaa:bbbb:cccc:dddd:eeee:${(n + 4096).toString(16)}`;
    host.openings.set(`gate_${n % 40} ${address}`, { address, remainingMs: 599_999 });
  }
  // sixty-four letters that JSON writes as six each
  const name = '\u0001'.repeat(64);
  house = await startHouse({ options: { helper: host } });
  const { client } = await house.device(name);
  await client.connect();
  const disk = new Disk(house.directory);
  for (let n = 0; n < 100; n++) {
    disk.run(`insert into event (n, at, kind, device) values (${1000 + n}, 1, 'refused', '${name}')`);
    const id = Buffer.alloc(16, n).toString('base64url');
    await house.agent.devices.put({
      id,
      name,
      boxKey: Buffer.alloc(32, n).toString('base64url'),
      admissionKey: Buffer.alloc(32, n).toString('base64url'),
      pairedAt: 1,
      revokedAt: null,
      allowed: 'unban restore',
    });
  }
  disk.close();
  const events = await client.activity(50);
  expect(events[0]?.n).toBe(1099);
  expect(events.length).toBeGreaterThan(20);
  expect((await client.activity(50, events.at(-1)?.n))[0]?.n).toBe((events.at(-1)?.n ?? 0) - 1);
  const devices = await client.devices();
  expect(devices.length).toBeGreaterThan(20);
  expect(devices.some((device) => device.self)).toBe(true);
  const opened = await client.release(await client.arm('gate_39'), { seconds: 60 });
  expect(opened.value.door.openings[0]?.mine).toBe(true);
  const doors = (await client.doors()).value;
  expect(doors).toHaveLength(32);
  await client.follow(true);
}, 60_000);
