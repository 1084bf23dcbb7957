import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Client } from '../../lib/client/client.ts';
import type { Requests } from '../../lib/client/requests.ts';
import { importPart } from '../../lib/protocol/archives.ts';
import { DroppedFile, largestDrop } from '../../server/agent/archives/dropped-file.ts';
import { day, hour, VirtualClock } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { policyActions } from '../support/archive-policy.ts';
import { Disk } from '../support/disk.ts';
import { random, startHouse, type House, type PairedDevice } from '../support/house.ts';
import { until } from '../support/until.ts';
import { scratchFolder } from './scratch.ts';

// What a device may do about archives. A refusal: AWS was asked nothing, no file, the catalogue and requests as they
// were, and a row of the audit where a right was missing.

let aws: Double;
let house: House;
let disk: Disk;
let phone: PairedDevice;
let tablet: PairedDevice;
let client: Client;
let wallLater = 0;
let later = 0;
/** The home's clock stands: how fast this machine asks decides nothing. */
let still: number | undefined;

const arn = (name: string): string => `arn:aws:glacier:us-west-2:012345678901:vaults/${name}`;

beforeAll(async () => {
  aws = await startDouble({ clock: new VirtualClock(Date.now() - 2 * day), regions: ['us-west-2'] });
  aws.credentials[0] = { accessKeyId: 'AKIALEAST', secretAccessKey: 'a secret', allow: policyActions() };
  for (const name of ['photos', 'studio'])
    aws.vault('us-west-2', name).put('one', { size: 1, treeHash: 'ab'.repeat(32) });
  aws.clock.advance(2 * day);
  for (const [name, value] of Object.entries(aws.environment())) vi.stubEnv(name, value);
  house = await startHouse({
    file: { archives: [{ name: 'glacier', type: 'glacier', keys: { regions: ['us-west-2'] } }] },
    options: { clock: { now: () => still ?? performance.now() + later, wall: () => Date.now() + wallLater } },
  });
  disk = new Disk(house.directory);
  phone = await house.device();
  tablet = await house.device('tablet');
  ({ client } = phone);
  await client.connect();
  await until(async () => (await client.archives.totals()).value.vaults.length === 2, 60_000);
});
afterAll(async () => {
  disk.close();
  await house.stop();
  await aws.close();
  vi.unstubAllEnvs();
});
afterEach(() => allow(phone));

const spool = (): string => join(house.directory, 'archives-import.part');
const ask = (of: Client): Requests => (of as unknown as { requests: Requests }).requests;
const id = (): string => Buffer.from(random(16)).toString('base64url');

async function allow(device: PairedDevice, ...permissions: string[]): Promise<void> {
  const row = house.agent.devices.get(device.record.device);
  if (row === undefined) throw new Error('no device');
  await house.agent.devices.put({ ...row, allowed: permissions.join(' ') });
}

async function everything(): Promise<unknown> {
  const catalogue = await house.agent.archives.open();
  const { importing: _importing, ...totals } = (await client.archives.totals()).value;
  const { rows } = await catalogue.page({ limit: 100 });
  return [disk.state(), totals.vaults, totals.archives, await catalogue.jobs(), rows];
}

/** Nothing of it happened: `asks` is what AWS was asked meanwhile, which is nothing. */
async function refuses(act: () => Promise<unknown>, code: string, noted: boolean): Promise<void> {
  const before = await everything();
  const calls = aws.calls.length;
  const events = disk.rows('event').length;
  await expect(act()).rejects.toMatchObject({ code });
  expect(await everything()).toEqual(before);
  expect(aws.calls.length).toBe(calls);
  const told = disk.rows<{ kind: string; code: string; device: string }>('event').slice(events);
  expect(told.map(({ kind, code: why, device }) => [kind, why, device])).toEqual(
    noted ? [['refused', code, 'phone']] : [],
  );
}

/** In parts, some at once, as a page sends them. */
async function bring(of: Client, bytes: Uint8Array, vault?: string): Promise<string> {
  const named = vault === undefined ? {} : { vault };
  const { import: begun } = (await of.archives.importBegin({ size: bytes.length, ...named })).value;
  const parts = [];
  for (let at = 0; at < bytes.length; at += importPart)
    parts.push(of.archives.importPart({ import: begun, at, bytes: bytes.subarray(at, at + importPart) }));
  await Promise.all(parts);
  return begun;
}

function inventoryFile(rows: number, vault = 'papers', date = '2026-11-01T00:00:00Z'): Buffer {
  const list = Array.from({ length: rows }, (_, i) => ({
    ArchiveId: `archive-id-of-${vault}-${i}`,
    ArchiveDescription: `paper ${i}`,
    CreationDate: '2020-05-15T17:19:46.700Z',
    Size: 100,
    SHA256TreeHash: 'cd'.repeat(32),
  }));
  return Buffer.from(JSON.stringify({ VaultARN: arn(vault), InventoryDate: date, ArchiveList: list }));
}

test('asking AWS needs the permission, read again at every request', async () => {
  await refuses(() => client.archives.askInventory(), 'refused-permission', true);
  await refuses(() => client.archives.askInventory(arn('photos')), 'refused-permission', true);
  await allow(phone, 'unban');
  await refuses(() => client.archives.askInventory(), 'refused-permission', true);
  await allow(phone, 'restore');
  await expect(client.archives.askInventory(arn('nowhere'))).rejects.toMatchObject({
    code: 'archives-missing',
  });
  expect(aws.count('InitiateJob')).toBe(0);
  await allow(phone);
  await refuses(() => client.archives.askInventory(), 'refused-permission', true);
});

test('the same request again is the same act, another one asks AWS no second time', async () => {
  await allow(phone, 'restore');
  const request = { type: 'inventory', id: id(), vault: arn('photos') } as const;
  const answers = await Promise.all([ask(client).ask(request), ask(client).ask(request)]);
  expect(answers.map(({ value }) => value.vaults)).toEqual([1, 1]);
  const calls = aws.calls.length;
  expect((await ask(client).ask(request)).value.vaults).toBe(1);
  expect(aws.calls.length).toBe(calls);
  // Another act by the same id.
  await expect(ask(client).ask({ ...request, vault: arn('studio') })).rejects.toMatchObject({
    code: 'refused-replay',
  });
  expect(aws.calls.length).toBe(calls);
  expect((await client.archives.askInventory(arn('photos'))).value.vaults).toBe(1);
  expect(aws.count('InitiateJob')).toBe(1);
  const { inventories } = (await client.archives.totals()).value;
  expect(inventories).toMatchObject([{ vault: arn('photos'), status: 'running' }]);
  const asked = (await client.activity(50)).filter(({ kind }) => kind === 'inventory-asked');
  expect(asked).toMatchObject([
    { device: 'phone', vault: 'photos' },
    { device: 'phone', vault: 'photos' },
  ]);
});

test('an intent without an outcome is carried on after a restart, and asks nothing twice', async () => {
  await allow(phone, 'restore');
  const row = { device: phone.record.device, id: id(), kind: 'inventory', door: '', at: Date.now() };
  disk.run(
    `insert into request (device, id, kind, door, at, intent) values ('${row.device}', '${row.id}', 'inventory', '', ${row.at}, '{}')`,
  );
  await house.restartAgent();
  await house.reached();
  await client.connect();
  const outcome = (): string | null | undefined =>
    disk.rows<{ id: string; outcome: string | null }>('request').find((one) => one.id === row.id)?.outcome;
  await until(() => typeof outcome() === 'string', 60_000);
  expect(JSON.parse(outcome() ?? '')).toEqual({ ok: true, vaults: 2 });
  expect(['photos', 'studio'].map((name) => aws.count('InitiateJob', name))).toEqual([1, 1]);
  // It is told to whoever asks again by that id.
  const again = await ask(client).ask({ type: 'inventory', id: row.id });
  expect(again.value.vaults).toBe(2);
});

test('a list that is here is told, once; one that will not come is told too', async () => {
  const followed: string[] = [];
  client.subscribe((event) => {
    if (event.type === 'event') followed.push(`${event.event.kind} ${event.event.vault ?? ''}`);
  });
  await client.follow(true);
  aws.clock.advance(5 * hour);
  wallLater += 5 * hour;
  await house.agent.archives.watch?.tick();
  await until(() => followed.includes('inventory photos') && followed.includes('inventory studio'), 60_000);
  const { inventories, vaults } = (await client.archives.totals()).value;
  expect(inventories).toEqual([]);
  expect(vaults.map(({ unlisted }) => unlisted)).toEqual([undefined, undefined]);
  // Asked again while the output can be had: the same list stands for it. A day later it is another.
  await allow(phone, 'restore');
  expect((await client.archives.askInventory(arn('photos'))).value.vaults).toBe(1);
  expect(aws.count('InitiateJob', 'photos')).toBe(1);
  aws.clock.advance(30 * hour);
  wallLater += 30 * hour;
  await client.archives.askInventory(arn('photos'));
  expect(aws.count('InitiateJob', 'photos')).toBe(2);
  aws.clock.advance(80 * hour);
  wallLater += 80 * hour;
  await house.agent.archives.watch?.tick();
  await until(() => followed.includes('inventory-failed photos'), 60_000);
  expect((await client.archives.totals()).value.inventories).toMatchObject([{ status: 'failed' }]);
  expect(followed.filter((one) => one.startsWith('inventory '))).toHaveLength(2);
});

test('a file comes in parts, and is in the catalogue; the answer can be asked for again', async () => {
  await allow(phone, 'restore');
  const bytes = inventoryFile(400);
  expect(bytes.length).toBeGreaterThan(5 * importPart);
  const begun = await bring(client, bytes);
  expect(statSync(spool()).mode & 0o777).toBe(0o600);
  expect((await client.archives.totals()).value.importing).toEqual({
    id: begun,
    bytes: bytes.length,
    ofBytes: bytes.length,
    rows: 0,
    finishing: false,
  });
  const { value } = await client.archives.importEnd(begun);
  expect(value).toEqual({
    type: 'imported',
    import: begun,
    vault: 'papers',
    inventoryAt: Date.parse('2026-11-01T00:00:00Z'),
    rows: 400,
    inserted: 400,
    gone: 0,
    stale: false,
  });
  expect((await client.archives.importEnd(begun)).value).toEqual(value);
  expect(existsSync(spool())).toBe(false);
  const totals = (await client.archives.totals()).value;
  expect(totals).not.toHaveProperty('importing');
  expect(totals.vaults.find(({ name }) => name === 'papers')).toMatchObject({ archives: 400 });
  expect((await client.archives.list({ search: 'paper 399', limit: 5 })).value.count).toBe(1);
  const [event] = (await client.activity(50)).filter(({ kind }) => kind === 'imported');
  expect(event).toMatchObject({ device: 'phone', vault: 'papers', archives: 400 });
  // An older one changes nothing, and says so; nor is it told as something that happened.
  const older = await bring(client, inventoryFile(3, 'papers', '2026-10-01T00:00:00Z'));
  expect((await client.archives.importEnd(older)).value).toMatchObject({ stale: true, inserted: 0 });
  expect((await client.activity(50)).filter(({ kind }) => kind === 'imported')).toHaveLength(1);
});

test('bringing a file needs the permission, at every part', async () => {
  const bytes = inventoryFile(10, 'stolen');
  await refuses(() => client.archives.importBegin({ size: bytes.length }), 'refused-permission', true);
  expect(existsSync(spool())).toBe(false);
  await allow(phone, 'restore');
  const begun = await bring(client, bytes);
  await allow(phone);
  await refuses(
    () => client.archives.importPart({ import: begun, at: 0, bytes: bytes.subarray(0, 5) }),
    'refused-permission',
    true,
  );
  await refuses(() => client.archives.importEnd(begun), 'refused-permission', true);
  // Stopping takes away what is its own, and needs no right.
  await client.archives.importStop(begun);
  expect(existsSync(spool())).toBe(false);
});

test('what is no whole list changes nothing, and its file is gone', async () => {
  await allow(phone, 'restore');
  const whole = inventoryFile(50, 'broken');
  for (const [bytes, code] of [
    [whole.subarray(0, whole.length - 20), 'archives-cut'],
    [Buffer.concat([whole.subarray(0, 500), Buffer.from('}'), whole.subarray(500)]), 'archives-malformed'],
    [Buffer.from('hello'), 'archives-malformed'],
  ] as const) {
    await refuses(async () => client.archives.importEnd(await bring(client, bytes)), code, false);
    expect(existsSync(spool())).toBe(false);
  }
  await refuses(
    async () => client.archives.importEnd(await bring(client, whole, 'other')),
    'archives-vault',
    false,
  );
  // Parts are missing.
  const { import: begun } = (await client.archives.importBegin({ size: whole.length })).value;
  await client.archives.importPart({ import: begun, at: 0, bytes: whole.subarray(0, 100) });
  await refuses(() => client.archives.importEnd(begun), 'archives-cut', false);
  expect(existsSync(spool())).toBe(false);
  for (const [file, code] of [
    [{ size: 0 }, 'archives-empty'],
    [{ size: largestDrop + 1 }, 'archives-too-large'],
    [{ size: 10, vault: 'no/vault' }, 'archives-vault'],
  ] as const)
    await refuses(() => client.archives.importBegin(file), code, false);
  expect(existsSync(spool())).toBe(false);
});

test('one at a time at the home; parts out of place are not taken; a newer one of the same device makes room', async () => {
  await allow(phone, 'restore');
  await allow(tablet, 'restore');
  await tablet.client.connect();
  const bytes = inventoryFile(200, 'queue');
  const { import: first } = (await client.archives.importBegin({ size: bytes.length })).value;
  const { import: mine } = (await client.archives.importBegin({ size: bytes.length })).value;
  await expect(tablet.client.archives.importBegin({ size: 10 })).rejects.toMatchObject({
    code: 'archives-busy',
  });
  for (const act of [
    () => tablet.client.archives.importPart({ import: mine, at: 0, bytes: bytes.subarray(0, 10) }),
    () => tablet.client.archives.importEnd(mine),
    () => tablet.client.archives.importStop(mine),
    () => client.archives.importPart({ import: first, at: 0, bytes: bytes.subarray(0, 10) }),
  ])
    await expect(act()).rejects.toMatchObject({ code: 'archives-file-gone' });
  expect(statSync(spool()).size).toBe(0);
  const part = async (at: number, to: number) =>
    (await client.archives.importPart({ import: mine, at, bytes: bytes.subarray(at, to) })).value.at;
  expect(await part(0, 100)).toBe(100);
  expect([await part(0, 100), await part(300, 400), await part(50, 150)]).toEqual([100, 100, 100]);
  expect(statSync(spool()).size).toBe(100);
  // Begun again by a lost answer: it goes on where it was.
  const again = await ask(client).ask({ type: 'importBegin', id: mine, size: bytes.length });
  expect(again.value.at).toBe(100);
  // More than was announced.
  await expect(
    client.archives.importPart({ import: mine, at: bytes.length - 5, bytes: bytes.subarray(0, 100) }),
  ).rejects.toMatchObject({ code: 'protocol-malformed' });
  expect(statSync(spool()).size).toBe(100);
  await client.archives.importStop(mine);
  expect(existsSync(spool())).toBe(false);
  await allow(tablet);
});

test('parts are no acts, beginnings are; a restart takes what lay there', async () => {
  await allow(phone, 'restore');
  later += 3_600_000;
  const { import: mine } = (await client.archives.importBegin({ size: 1000 })).value;
  for (let at = 0; at < 700; at += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        client.archives.importPart({ import: mine, at: at + i, bytes: new Uint8Array(1) }),
      ),
    );
  expect((await client.archives.totals()).value.importing).toMatchObject({ bytes: 700 });
  still = performance.now() + later;
  let refused = 0;
  for (let i = 0; i < 400 && refused === 0; i += 40)
    await Promise.all(
      Array.from({ length: 40 }, () =>
        client.archives.importBegin({ size: 0 }).catch((error: unknown) => {
          if ((error as { code: string }).code === 'refused-rate') refused++;
        }),
      ),
    );
  later = still - performance.now();
  still = undefined;
  expect(refused).toBeGreaterThan(0);
  expect(existsSync(spool())).toBe(true);
  await house.agent.stop();
  expect(existsSync(spool())).toBe(false);
  // As a kill leaves it.
  writeFileSync(spool(), 'left');
  await house.restartAgent();
  expect(existsSync(spool())).toBe(false);
});

test('a device that is gone takes its file with it; a disk without room is not filled', async () => {
  const directory = scratchFolder();
  const dropped = new DroppedFile({
    directory,
    log: () => undefined,
    open: () => Promise.reject(new Error('not asked')),
    changed: () => undefined,
    taken: () => Promise.resolve(),
    patience: 100,
  });
  const begin = (device: string, size = 100) =>
    dropped.begin(device, { type: 'importBegin', id: 'x', size }, () => undefined);
  await begin('phone');
  await dropped.part('phone', { type: 'importPart', import: 'x', at: 0, bytes: 'AAAA' });
  expect(dropped.view).toMatchObject({ bytes: 3 });
  await until(() => dropped.view === undefined);
  expect(existsSync(join(directory, 'archives-import.part'))).toBe(false);
  await expect(
    dropped.part('phone', { type: 'importPart', import: 'x', at: 3, bytes: 'AAAA' }),
  ).rejects.toMatchObject({ code: 'archives-file-gone' });
  expect(await begin('tablet')).toBe(0);
  await dropped.close();
  expect(existsSync(join(directory, 'archives-import.part'))).toBe(false);
  const full = new DroppedFile({
    directory,
    log: () => undefined,
    open: () => Promise.reject(new Error('not asked')),
    changed: () => undefined,
    taken: () => Promise.resolve(),
    free: () => 64 * 1024 * 1024 + 399,
  });
  await expect(
    full.begin('phone', { type: 'importBegin', id: 'x', size: 100 }, () => undefined),
  ).rejects.toMatchObject({ code: 'archives-no-room' });
  expect(existsSync(join(directory, 'archives-import.part'))).toBe(false);
});

test('a home that names no place at AWS says so, and asks nothing', async () => {
  const other = await startHouse();
  const device = await other.device();
  const row = other.agent.devices.get(device.record.device);
  if (row === undefined) throw new Error('no device');
  await other.agent.devices.put({ ...row, allowed: 'restore' });
  await device.client.connect();
  const calls = aws.calls.length;
  await expect(device.client.archives.askInventory()).rejects.toMatchObject({ code: 'archives-no-source' });
  expect(aws.calls.length).toBe(calls);
  expect(existsSync(join(other.directory, 'archives.db'))).toBe(false);
  await other.stop();
});
