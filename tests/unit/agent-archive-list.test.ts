import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unknownVault, vaultOf, bucketOf, type Archive } from '../../lib/archive.ts';
import type { Client } from '../../lib/client/client.ts';
import type { ArchiveRow } from '../../lib/protocol/archives.ts';
import { room, sizeOf } from '../../server/agent/fit.ts';
import { openCatalogue } from '../../server/archives/open.ts';
import { startHouse, type House } from '../support/house.ts';
import { until } from '../support/until.ts';

// What a device is told of the catalogue: it fits a message whatever stands in it, and is never older than it says.

const arn = (name: string): string => `arn:aws:glacier:eu-central-1:012345678901:vaults/${name}`;
const photos = { ...vaultOf(arn('photos')), key: arn('photos') } as NonNullable<ReturnType<typeof vaultOf>>;
let house: House;
let client: Client;
let notices = 0;

const archive = (id: string, description: string, more: Partial<Archive> = {}): Archive => ({
  id,
  description,
  createdAt: Date.UTC(2020, 0, 1),
  size: 1000,
  treeHash: 'ab'.repeat(32),
  storageClass: 'VAULT',
  ...more,
});

/** As the command line does beside a running agent. */
async function elsewhere(work: (catalogue: Awaited<ReturnType<typeof openCatalogue>>) => Promise<unknown>) {
  const catalogue = await openCatalogue(join(house.directory, 'archives.db'));
  try {
    await work(catalogue);
  } finally {
    await catalogue.close();
  }
}

beforeAll(async () => {
  house = await startHouse();
  ({ client } = await house.device());
  client.subscribe((event) => {
    if (event.type === 'archives') notices++;
  });
  await client.connect();
});
afterAll(() => house.stop());

test('a home without archives says so, and makes no catalogue for it', async () => {
  const { value } = await client.archives.totals();
  expect(value).toMatchObject({
    archives: 0,
    bytes: 0,
    vaults: [],
    more: 0,
    years: [],
    inventories: [],
    problems: [],
    mayRestore: false,
  });
  expect(value).not.toHaveProperty('countedAt');
  expect((await client.archives.list({ limit: 50 })).value).toMatchObject({ rows: [], count: 0 });
  expect((await client.archives.one(arn('photos'), 'x')).value).toEqual({ type: 'archive' });
  expect(existsSync(join(house.directory, 'archives.db'))).toBe(false);
});

test('what another process puts into the catalogue is told to those who follow, once a second at most', async () => {
  await client.follow(true);
  const before = (await client.archives.totals()).value.revision;
  notices = 0;
  await elsewhere(async (catalogue) => {
    await catalogue.putVaults([
      { ...photos, counted: { at: 1000, archives: 7, bytes: 70 } },
      { ...bucketOf('cold', 'eu-west-1') },
    ]);
  });
  await until(() => notices > 0);
  const first = (await client.archives.totals()).value;
  expect(first.revision).toBeGreaterThan(before);
  // Its list was never taken in: the numbers are AWS's own.
  expect(first).toMatchObject({ archives: 7, bytes: 70, countedAt: 1000 });
  expect(first.vaults).toEqual([
    { vault: 'arn:aws:s3:::cold', kind: 'bucket', name: 'cold', region: 'eu-west-1', archives: 0, bytes: 0 },
    {
      vault: arn('photos'),
      kind: 'vault',
      name: 'photos',
      region: 'eu-central-1',
      archives: 7,
      bytes: 70,
      countedAt: 1000,
      unlisted: true,
    },
  ]);
  notices = 0;
  const [began, rows] = [Date.now(), Array.from({ length: 30 }, (_, i) => archive(`id-${i}`, `photo ${i}`))];
  await elsewhere(async (catalogue) => {
    for (const row of rows) {
      await catalogue.putArchives(photos.key, [row], 5000);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await catalogue.endList(photos.key, 5000);
  });
  await until(async () => (await client.archives.totals()).value.archives === 30);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(notices).toBeGreaterThan(0);
  expect(notices).toBeLessThanOrEqual(Math.ceil((Date.now() - began) / 1000) + 1);
  const { revision, countedAt, years } = (await client.archives.totals()).value;
  expect([countedAt, years]).toEqual([5000, [{ year: 2020, archives: 30, bytes: 30_000 }]]);
  expect((await client.archives.totals()).value.revision).toBe(revision);
});

test('pages: every row once, in order, each page in one message, however long the names are', async () => {
  // 200 characters end within a pair of surrogates, and JSON makes six of each control character.
  const long = [
    archive('long-pair', `${'x'.repeat(199)}😀 and more`),
    archive('exact', 'y'.repeat(200)),
    ...Array.from({ length: 60 }, (_, i) => archive(`control-${i}`, '\u0001'.repeat(1000))),
  ];
  await elsewhere((catalogue) => catalogue.putArchives(photos.key, long, 5000));
  await until(async () => (await client.archives.totals()).value.archives === 92);
  const rows: ArchiveRow[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const { value } = await client.archives.list({
      vault: photos.key,
      sort: 'name',
      limit: 50,
      ...(after === undefined ? {} : { after }),
    });
    expect(sizeOf(value)).toBeLessThanOrEqual(room + 100);
    expect(value.count).toBe(after === undefined ? 92 : undefined);
    rows.push(...value.rows);
    after = value.next;
    pages++;
  } while (after !== undefined);
  expect(pages).toBeGreaterThan(2);
  expect(rows).toHaveLength(92);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(92);
  const of = (id: string) => rows.find((row) => row.id === id);
  expect(of('long-pair')).toMatchObject({ name: 'x'.repeat(199), cut: true });
  expect(of('exact')).toMatchObject({ name: 'y'.repeat(200) });
  expect(of('exact')).not.toHaveProperty('cut');
  expect(of('id-3')).toEqual({
    vault: photos.key,
    id: 'id-3',
    name: 'photo 3',
    size: 1000,
    createdAt: Date.UTC(2020, 0, 1),
    state: 'archived',
  });
});

test('search, by vault, and the ones under way; a cursor of nobody is a first page', async () => {
  const ids = async (query: Omit<Parameters<typeof client.archives.list>[0], 'limit'>) =>
    (await client.archives.list({ ...query, limit: 50 })).value.rows.map(({ id }) => id);
  expect(await ids({ search: 'photo 17' })).toEqual(['id-17']);
  expect(await ids({ search: 'photo 17', vault: 'arn:aws:s3:::cold' })).toEqual([]);
  expect(await ids({ active: true })).toEqual([]);
  const until_ = Date.now() + 3_600_000;
  await elsewhere((catalogue) =>
    catalogue.putArchives(photos.key, [archive('id-4', 'photo 4', { state: 'ready', until: until_ })], 5001),
  );
  const active = (await client.archives.list({ active: true, limit: 50 })).value.rows;
  expect(active).toMatchObject([{ id: 'id-4', state: 'ready', until: until_ }]);
  const first = await ids({ sort: 'name' });
  for (const after of ['', '[]', '["x"]', 'null', '{"a":1}', '[{},1e999]'])
    expect(await ids({ sort: 'name', after })).toEqual(first);
});

test('one archive, whole; the worst that may stand there still fits', async () => {
  const key = '\u0001\u{1F600}'.repeat(1024).slice(0, 1024);
  await elsewhere((catalogue) =>
    catalogue.putArchives(
      'arn:aws:s3:::cold',
      [archive(key, '', { storageClass: 'DEEP_ARCHIVE', treeHash: null, createdAt: null, size: null })],
      5000,
    ),
  );
  const plain = (await client.archives.one(photos.key, 'id-3')).value.archive;
  expect(plain).toMatchObject({
    name: 'photo 3',
    description: 'photo 3',
    dialect: 'plain',
    storageClass: 'VAULT',
    treeHash: 'ab'.repeat(32),
    region: 'eu-central-1',
    vaultName: 'photos',
  });
  const worst = (await client.archives.one('arn:aws:s3:::cold', key)).value.archive;
  expect(worst).toMatchObject({ id: key, storageClass: 'DEEP_ARCHIVE', vaultName: 'cold' });
  expect(worst?.name.length).toBeGreaterThan(300);
  expect(worst).not.toHaveProperty('size');
  expect((await client.archives.totals()).value.unsized).toBe(1);
  expect((await client.archives.one(photos.key, key)).value).toEqual({ type: 'archive' });
});

test('too many vaults: the largest are told, and how many there are more', async () => {
  const many = Array.from({ length: 90 }, (_, i) => ({
    ...unknownVault,
    ...vaultOf(arn(`${String(i).padStart(3, '0')}-${'v'.repeat(200)}`)),
    counted: { at: 7000, archives: i + 1, bytes: i + 1 },
  }));
  await elsewhere((catalogue) => catalogue.putVaults(many));
  const { value } = await client.archives.totals();
  expect(value.vaults.length).toBeGreaterThan(10);
  expect(value.vaults.length + value.more).toBe(92);
  const names = value.vaults.map(({ name = '' }) => name);
  expect(names).toEqual([...names].sort());
  expect(names.some((name) => name.startsWith('089-'))).toBe(true);
  expect(names.some((name) => name.startsWith('000-'))).toBe(false);
  // The sum is of all of them, and as old as its oldest count; of the bucket's one archive nobody told a time.
  expect(value.archives).toBe(93 + (90 * 91) / 2);
});
