import {
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { day, hour, minute } from '../double/clock.ts';
import type { Double } from '../double/double.ts';
import { content, restoreHouse, sha256, type RestoreHouse, doubleForTest } from './restore-house.ts';
import type { Wanted } from '../../server/archives/restore/retrieval.ts';
import { scratchFolder } from './scratch.ts';

// What AWS may answer, and what may lie on the disk, beside what restore-faults has.

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

async function inVault(bytes: Buffer, directory = scratchFolder()) {
  const vault = double.vault('us-west-2', 'photos');
  const { id } = vault.put('2019.tar.xz', bytes);
  double.clock.advance(2 * day);
  house = await restoreHouse(double, { directory });
  await house.know();
  return { vault: vault.arn, id };
}

async function inBucket(bytes: Buffer, storageClass: 'GLACIER' | 'DEEP_ARCHIVE' = 'GLACIER') {
  double.bucket('attic', 'eu-west-1').put('2019.tar.xz', bytes, storageClass);
  house = await restoreHouse(double);
  await house.know();
  return { vault: 'arn:aws:s3:::attic', id: '2019.tar.xz' };
}

const retrievals = (): number => double.vault('us-west-2', 'photos').jobs.length - 1;
const view = async () => (await house.restores.view()).restore;

test('S3 says 409, since somebody asks for the same: nothing is asked again, and it comes', async () => {
  const bytes = content(3 * mebibyte, 'conflict');
  const archive = await inBucket(bytes);
  const [vault] = (await house.catalogue.vaults()).filter(({ key }) => key === archive.vault);
  const retrieval = house.watch.retrieval(vault!)!;
  const wanted: Wanted = {
    ...{ id: archive.id, size: bytes.length, first: 0, bytes: bytes.length },
    ...{ storageClass: 'GLACIER', job: null, jobId: null, tier: 'Bulk' },
  };
  expect(await retrieval.ask(vault!, wanted, { tier: 'Bulk', days: 3 })).toMatchObject({ ours: true });
  expect(await retrieval.ask(vault!, wanted, { tier: 'Bulk', days: 3 })).toEqual({
    state: 'asked',
    jobId: null,
    ours: false,
  });
  expect(double.calls.at(-1)).toMatchObject({ status: 409, code: 'RestoreAlreadyInProgress' });
  await house.begin({ archives: [archive] });
  await house.over();
  expect(double.count('RestoreObject')).toBe(2);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('an answer of S3 that is lost: the object says that it was asked for', async () => {
  const bytes = content(3 * mebibyte, 'lost');
  const archive = await inBucket(bytes, 'DEEP_ARCHIVE');
  double.faults.order({ operation: 'RestoreObject', harm: 'lose-answer' });
  await house.begin({ archives: [archive] });
  await house.over(hour);
  expect(double.count('RestoreObject')).toBe(1);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('503, no capacity for Expedited: the whole stops and says so, and is asked for again until there is', async () => {
  const bytes = content(2 * mebibyte, 'expedited');
  const archive = await inVault(bytes);
  double.faults.order({ operation: 'InitiateJob', harm: 'no-capacity', times: 3 });
  await house.begin({ archives: [archive] }, 'Expedited');
  await house.restores.drain();
  expect(await view()).toMatchObject({ status: 'running', code: 'archives-capacity', failed: 0 });
  await house.over(minute, 5 * hour);
  expect(retrievals()).toBe(1);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('the account’s policy refuses: the whole stops and says so, and goes on once it allows', async () => {
  const bytes = content(2 * mebibyte, 'policy');
  const archive = await inVault(bytes);
  double.faults.order({ operation: 'InitiateJob', harm: 'policy' });
  await house.begin({ archives: [archive] });
  await house.restores.drain();
  expect(await view()).toMatchObject({ status: 'running', code: 'archives-policy', back: 0 });
  expect(retrievals()).toBe(0);
  await house.over();
  expect((await view())?.code).toBeUndefined();
  expect(retrievals()).toBe(1);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('what will not be here before AWS lets go of it is staged again when under 5 h remain, once', async () => {
  const bytes = content(20 * mebibyte, 'slow');
  const archive = await inVault(bytes);
  await house.begin({ archives: [archive] });
  // nothing comes down until the first is gone
  double.faults.order({ operation: 'GetJobOutput', harm: 'fail', times: 100_000 });
  await house.pass(8 * hour + 30 * minute, 30 * minute);
  await house.pass(17 * hour, 30 * minute);
  expect(retrievals()).toBe(1);
  await house.pass(3 * hour, 30 * minute);
  expect(retrievals()).toBe(2);
  await house.pass(3 * hour, 30 * minute);
  expect(retrievals()).toBe(2);
  double.faults.clear();
  await house.over();
  expect(retrievals()).toBe(2);
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
});

test('a byte that turned on the disk between two lives is found in its MiB, and only that is fetched again', async () => {
  const directory = scratchFolder();
  const bytes = content(20 * mebibyte, 'turned');
  const archive = await inVault(bytes, directory);
  await house.begin({ archives: [archive] });
  // the first range comes, the second does not
  double.faults.order({ operation: 'GetJobOutput', harm: 'fail', after: 1, times: 100_000 });
  await house.pass(9 * hour, hour);
  await house.close();
  const incoming = join(house.folder, '.latchkey');
  const part = join(incoming, readdirSync(incoming).find((name) => name.endsWith('.part')) ?? '');
  const fd = openSync(part, 'r+');
  writeSync(fd, Buffer.of(0x5a), 0, 1, 5 * mebibyte + 77);
  closeSync(fd);
  double.faults.clear();
  house = await restoreHouse(double, { directory });
  const before = double.calls.length;
  await house.over();
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
  expect(house.logged.join('\n')).toContain('MiB 6 turned on this disk');
  const ranges = double.calls.slice(before).filter(({ operation }) => operation === 'GetJobOutput');
  expect(ranges.map(({ range }) => range)).toContain(`bytes=${5 * mebibyte}-${6 * mebibyte - 1}`);
  expect(ranges).toHaveLength(2);
  expect(retrievals()).toBe(1);
});

test('a name that is taken is nobody’s to overwrite', async () => {
  const bytes = content(mebibyte + 1, 'name');
  const archive = await inVault(bytes);
  writeFileSync(join(house.folder, '2019.tar.xz'), 'mine');
  await house.begin({ archives: [archive] });
  await house.over();
  expect(readFileSync(join(house.folder, '2019.tar.xz'), 'utf8')).toBe('mine');
  expect(house.files()['2019 (2).tar.xz']).toBe(sha256(bytes));
  expect(existsSync(join(house.folder, '.latchkey')) && readdirSync(join(house.folder, '.latchkey'))).toEqual(
    [],
  );
});

test('a broken link of that name is a name that is taken, too', async () => {
  const bytes = content(mebibyte + 1, 'link');
  const archive = await inVault(bytes);
  const target = join(house.folder, '2019.tar.xz');
  symlinkSync('/nowhere/at/all', target);
  await house.begin({ archives: [archive] });
  await house.over();
  expect(lstatSync(target).isSymbolicLink()).toBe(true);
  expect(sha256(readFileSync(join(house.folder, '2019 (2).tar.xz')))).toBe(sha256(bytes));
});

test('a folder for parts that leads elsewhere, or is somebody else’s: nothing is written there, it is said, and it goes on', async () => {
  const bytes = content(mebibyte + 1, 'elsewhere');
  const archive = await inVault(bytes);
  const incoming = join(house.folder, '.latchkey');
  const elsewhere = scratchFolder();
  symlinkSync(elsewhere, incoming);
  await house.begin({ archives: [archive] });
  await house.pass(13 * hour, hour);
  const standing = async () => (await house.restores.view()).restore;
  expect(await standing()).toMatchObject({ status: 'running', code: 'archives-folder', back: 0 });
  expect(readdirSync(elsewhere)).toEqual([]);
  rmSync(incoming);
  if (process.getuid?.() === 0) {
    mkdirSync(incoming);
    chownSync(incoming, 65534, 65534);
    await house.pass(hour, 10 * minute);
    expect(await standing()).toMatchObject({ status: 'running', code: 'archives-folder', back: 0 });
    expect(readdirSync(incoming)).toEqual([]);
    rmdirSync(incoming);
  }
  await house.over();
  expect(house.files()).toEqual({ '2019.tar.xz': sha256(bytes) });
  expect(retrievals()).toBe(1);
});

test('a part that is a link is not written through', async () => {
  const archive = await inVault(content(mebibyte + 1, 'part'));
  const secret = join(scratchFolder(), 'secret');
  writeFileSync(secret, 'mine');
  const id = await house.begin({ archives: [archive] });
  const incoming = join(house.folder, '.latchkey');
  mkdirSync(incoming);
  symlinkSync(secret, join(incoming, `${id}-1.part`));
  await house.pass(13 * hour, hour);
  expect((await house.restores.view()).restore).toMatchObject({ code: 'tool-failed', back: 0 });
  expect(readFileSync(secret, 'utf8')).toBe('mine');
});

test('parts of no usual size under S3’s ETag: compared by the size alone, and said so', async () => {
  const bytes = content(3 * mebibyte, 'odd');
  const archive = await inBucket(bytes);
  const object = double.bucket('attic', 'eu-west-1').objects.get('2019.tar.xz');
  Object.assign(object ?? {}, { etag: `${'0'.repeat(32)}-977` });
  await house.begin({ archives: [archive] });
  await house.over();
  expect((await house.restores.view()).rows).toMatchObject([{ state: 'back', bySize: true }]);
  // and it is known by its tree hash from now on
  expect((await house.catalogue.archive(archive.vault, archive.id))?.treeHash).toMatch(/^[0-9a-f]{64}$/);
});
