import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { day, hour } from '../double/clock.ts';
import type { Double } from '../double/double.ts';
import { content, restoreHouse, sha256, type RestoreHouse, doubleForTest } from './restore-house.ts';
import { scratchFolder } from './scratch.ts';

// What goes wrong on the way back: at AWS, on the line, at home. Nothing is asked twice, nothing wrong is written.

const mebibyte = 1024 * 1024;
let double: Double;
let house: RestoreHouse;

beforeEach(async () => {
  double = await doubleForTest();
});
afterEach(async () => {
  await house.close();
  await double.close();
  vi.unstubAllEnvs();
});

type Options = Parameters<typeof restoreHouse>[1];

async function photos(bytes: Buffer, options: Options = {}) {
  const vault = double.vault('us-west-2', 'photos');
  const { id } = vault.put('2019.tar.xz', bytes);
  double.clock.advance(2 * day);
  house = await restoreHouse(double, options);
  await house.know();
  return { vault: vault.arn, id };
}

/** Questions for archives; the vault's list is one of its own. */
const asked = (): number => double.vault('us-west-2', 'photos').jobs.length - 1;

test('an answer that is lost: the job is found in the list of AWS, and not asked for again', async () => {
  const bytes = content(2 * mebibyte, 'lost');
  const archive = await photos(bytes);
  double.faults.order({ operation: 'InitiateJob', harm: 'lose-answer' });
  await house.begin({ archives: [archive] });
  await house.over();
  expect(asked()).toBe(1);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('throttled and failing: asked again by itself, and one job comes of it', async () => {
  const bytes = content(2 * mebibyte, 'throttled');
  const archive = await photos(bytes);
  double.faults.order(
    { operation: 'InitiateJob', harm: 'throttle', times: 3 },
    { operation: 'ListJobs', harm: 'throttle', times: 3 },
    { operation: 'GetJobOutput', harm: 'throttle', times: 3 },
    { operation: 'GetJobOutput', harm: 'fail' },
  );
  await house.begin({ archives: [archive] });
  await house.over();
  expect(asked()).toBe(1);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('a byte that is another on the line: that range is fetched again, MiB by MiB, and what is written is right', async () => {
  const bytes = content(20 * mebibyte + 5, 'flipped');
  const archive = await photos(bytes);
  await house.begin({ archives: [archive] });
  const before = double.count('GetJobOutput', 'photos');
  double.faults.order({ operation: 'GetJobOutput', harm: { flipAt: 3 * mebibyte + 1 } });
  await house.over();
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
  // Two ranges, the one that is wrong again by its MiB, and the other once more, which was asked for ahead.
  expect(double.count('GetJobOutput', 'photos') - before).toBeLessThanOrEqual(2 + 16 + 1);
  expect(asked()).toBe(1);
});

test('lines that break: what has arrived stays, and the rest is fetched', async () => {
  const bytes = content(20 * mebibyte + 5, 'broken');
  const archive = await photos(bytes);
  await house.begin({ archives: [archive] });
  double.faults.order(
    { operation: 'GetJobOutput', harm: { dropAfter: 5 * mebibyte + 7 } },
    { operation: 'GetJobOutput', harm: { truncateTo: mebibyte + 1 } },
  );
  await house.over();
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
  expect(asked()).toBe(1);
});

test('a home agent that begins anew at every moment goes on, and asks nothing twice', async () => {
  const directory = scratchFolder();
  const bytes = content(9 * mebibyte, 'anew');
  const archive = await photos(bytes, { directory });
  await house.begin({ archives: [archive] });
  // Dropped after a tick, in whatever state it is; time goes on between two lives.
  for (let life = 0; life < 10; life++) {
    await house.restores.tick();
    await house.close();
    double.clock.advance(hour);
    house = await restoreHouse(double, { directory });
  }
  await house.over();
  expect(asked()).toBe(1);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('no room: nothing more is fetched, it says so, and goes on when there is room', async () => {
  const bytes = content(4 * mebibyte, 'room');
  let free = 100 * 2 ** 30;
  const archive = await photos(bytes, { free: () => Promise.resolve(free) });
  await house.begin({ archives: [archive] });
  await house.restores.drain();
  free = 1000;
  const before = double.count('GetJobOutput', 'photos');
  await house.pass(10 * hour, hour);
  expect((await house.restores.view()).restore).toMatchObject({ status: 'running', code: 'archives-space' });
  expect(double.count('GetJobOutput', 'photos')).toBe(before);
  expect(house.files()).toEqual({});
  free = 100 * 2 ** 30;
  await house.over();
  expect((await house.restores.view()).restore?.code).toBeUndefined();
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
  expect(asked()).toBe(1);
});

test('not fetched while AWS had it ready: asked for again, once, and it comes', async () => {
  const bytes = content(4 * mebibyte, 'late');
  const archive = await photos(bytes);
  const id = await house.begin({ archives: [archive] });
  await house.pass(7 * hour, hour);
  // Stopped by a person for longer than AWS keeps it.
  await house.restores.pause(id, { now: true });
  double.clock.advance(40 * hour);
  await house.restores.goOn(id);
  await house.over();
  expect(asked()).toBe(2);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('an archive that was deleted: failed, in the words of AWS, and the other comes back', async () => {
  const bytes = content(2 * mebibyte, 'kept');
  const archive = await photos(bytes);
  const vault = double.vault('us-west-2', 'photos');
  const gone = vault.put('gone.tar', content(mebibyte, 'gone'));
  double.clock.advance(2 * day);
  await house.know();
  vault.delete(gone.id);
  await house.begin({ archives: [archive, { vault: vault.arn, id: gone.id }] });
  await house.over();
  const { restore, rows } = await house.restores.view();
  expect(restore).toMatchObject({ status: 'done', back: 1, failed: 1 });
  expect(rows[0]).toMatchObject({ state: 'failed', name: 'gone.tar' });
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});
