import { afterEach, expect, test } from 'vitest';
import { keysFrom, newSecretKeys } from '../../lib/client/keys.ts';
import { checkLink, pair } from '../../lib/client/pair.ts';
import { Disk } from '../support/disk.ts';
import { clock, dial, random, startHouse, type House } from '../support/house.ts';
import { until } from '../support/until.ts';
import { TestHost } from '../support/test-host.ts';

// A disk that takes no more: nothing is told that is not on it, nothing stays open, and the home agent lives.

let house: House;
let disk: Disk;
afterEach(async () => {
  disk.close();
  await house.stop();
});

test('the outcome cannot be written: the door closes at its time all the same, and the outcome comes later', async () => {
  const host = new TestHost({ closes: 'process' });
  let later = 0;
  house = await startHouse({
    options: { helper: host, clock: { now: () => performance.now() + later, wall: () => Date.now() } },
  });
  disk = new Disk(house.directory);
  const { client } = await house.device();
  await client.connect();
  const armed = await client.arm('gate');
  disk.fill('request', 'new.outcome is not null');
  await expect(client.release(armed, { seconds: 60 })).rejects.toMatchObject({ code: 'tool-failed' });
  expect(host.openings.size).toBe(1);
  later = 100_000;
  await until(() => host.openings.size === 0);
  disk.free('request');
  await until(() => disk.rows<{ outcome: unknown }>('request')[0]?.outcome !== null);
  expect(disk.rows<{ closedAt: unknown }>('opening')[0]?.closedAt).not.toBe(null);
});

test('no intent, no act; the reason of a refusal stays its own; nobody waits for a pairing for ever', async () => {
  const host = new TestHost({ closes: 'process' });
  house = await startHouse({ options: { helper: host } });
  disk = new Disk(house.directory);
  const { client } = await house.device();
  await client.connect();
  const armed = await client.arm('gate');
  const before = disk.state();
  for (const table of ['request', 'event', 'offer', 'device']) disk.fill(table);
  await expect(client.release(armed, { seconds: 60 })).rejects.toMatchObject({ code: 'tool-failed' });
  await expect(client.release(await client.arm('gate'), { seconds: 86_400 })).rejects.toMatchObject({
    code: 'refused-time',
  });
  expect(host.opened).toEqual([]);

  // A claim that the disk refuses is no claim: neither told nor remembered, and the offer is still good.
  const { links } = await house.agent.pairing.make(false, 5);
  const keys = keysFrom(newSecretKeys(random));
  const options = { link: checkLink(links[0] ?? ''), name: 'tablet', keys, dial, random, clock };
  const waiting = (): void => undefined;
  await expect(pair({ ...options, waiting }).done).rejects.toMatchObject({ code: 'tool-failed' });
  await expect(pair({ ...options, waiting }).done).rejects.toMatchObject({ code: 'tool-failed' });
  expect(disk.state()).toEqual(before);
  expect(house.agent.devices.all()).toHaveLength(1);
  for (const table of ['request', 'offer', 'device']) disk.free(table);
  disk.free('event');
  await expect(pair({ ...options, waiting }).done).resolves.toMatchObject({ deviceName: 'tablet' });

  // An offer that ends while the disk is full: the waiting device is told, and no rejection is left over.
  const asked = await house.agent.pairing.make(true, 5);
  let waits = false;
  const third = pair({
    ...options,
    keys: keysFrom(newSecretKeys(random)),
    link: checkLink(asked.links[0] ?? ''),
    waiting: () => (waits = true),
  }).done;
  third.catch(() => undefined);
  await until(() => waits);
  disk.fill('event');
  await house.agent.pairing.end('pairing-unanswered');
  await expect(third).rejects.toMatchObject({ code: 'pairing-unanswered' });
  expect(house.agent.pairing.admissionKey()).toBe(undefined);
});
