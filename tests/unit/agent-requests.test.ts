import { expect, test } from 'vitest';
import { Requests } from '../../server/agent/requests.ts';
import type { Row } from '../../server/agent/store/rows.ts';
import type { Store } from '../../server/agent/store/store.ts';

// What a paired device gone wild can cost: so many rows a second, and a memory with an end.

function requests(): { all: Requests; rows: Row[]; clock: { time: number } } {
  const rows: Row[] = [];
  const clock = { time: 0 };
  const store: Store = {
    loaded: { devices: [], offers: [], requests: [], openings: [], lastEvent: 0 },
    commit: (batch) => {
      rows.push(...batch);
      return Promise.resolve();
    },
    events: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  return { all: new Requests(store, { now: () => clock.time, wall: () => clock.time }), rows, clock };
}

function close(all: Requests, device: string, id: number): Promise<unknown> {
  return all.once(device, String(id), { kind: 'close', on: 'gate' }, async (begin) => {
    await all.settle(await begin({ door: 'gate', at: 0, intent: '{}' }), { ok: true });
    return { ok: true };
  });
}

test('300 at once, then 5 a second, for each device; beyond that nothing reaches the disk', async () => {
  const { all, rows, clock } = requests();
  for (let id = 0; id < 300; id++) await close(all, 'wild', id);
  const written = rows.length;
  await expect(close(all, 'wild', 300)).rejects.toMatchObject({ code: 'refused-rate' });
  expect(rows).toHaveLength(written);
  // A retry costs nothing, and another device is not made to wait.
  await expect(close(all, 'wild', 299)).resolves.toEqual({ ok: true });
  await expect(close(all, 'calm', 0)).resolves.toEqual({ ok: true });
  clock.time = 200;
  await expect(close(all, 'wild', 300)).resolves.toEqual({ ok: true });
  await expect(close(all, 'wild', 301)).rejects.toMatchObject({ code: 'refused-rate' });
});

test('the newest ten thousand are remembered, and what has no outcome yet', async () => {
  const { all, rows } = requests();
  await all
    .once('first', '0', { kind: 'close', on: 'gate' }, async (begin) => {
      await begin({ door: 'gate', at: 0, intent: '{}' });
      throw new Error('the disk is full');
    })
    .catch(() => undefined);
  for (let id = 0; id < 10_100; id++) await close(all, `device ${id % 50}`, id);
  expect(all.unsettled()).toHaveLength(1);
  const written = rows.length;
  await close(all, 'device 49', 10_099);
  expect(rows).toHaveLength(written);
  await close(all, 'device 0', 0);
  expect(rows).toHaveLength(written + 2);
});
