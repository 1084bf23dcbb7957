import { closeSync, fstatSync, openSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { bucketOf, type Archive, type Job } from '../../lib/archive.ts';
import type { Catalogue, FileToImport, ImportProgress, PageQuery } from '../../server/archives/catalogue.ts';
import { openCatalogue } from '../../server/archives/open.ts';
import { generatedRow } from '../bench/archives/generate.ts';
import { scratchFolder } from './scratch.ts';

const hash = '6b9d4cf8697bd3af6aa1b590a0b27b337da5b18988dbcc619a3e608a554a1e62';
const arn = (name: string, region = 'us-west-2') => `arn:aws:glacier:${region}:012345678901:vaults/${name}`;
const day = 86_400_000;

let catalogue: Catalogue;
let folder: string;
afterEach(() => catalogue.close());

async function fresh(now = () => Date.parse('2026-11-28T12:00:00Z')): Promise<void> {
  folder = scratchFolder();
  catalogue = await openCatalogue(path.join(folder, 'archives.db'), { now });
}

async function take(
  text: string,
  options: Omit<FileToImport, 'fd' | 'size'> = {},
  progress?: (progress: ImportProgress) => void,
) {
  const file = path.join(folder, 'inventory');
  writeFileSync(file, text);
  const fd = openSync(file, 'r');
  try {
    return await catalogue.importFile({ fd, size: fstatSync(fd).size, ...options }, progress);
  } finally {
    closeSync(fd);
  }
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly size?: number;
  readonly at?: string;
}

function inventory(vault: string, date: string, rows: readonly Row[]): string {
  return JSON.stringify({
    VaultARN: vault,
    InventoryDate: date,
    ArchiveList: rows.map(({ id, name, size = 1, at = '2020-01-01T00:00:00.000Z' }) => ({
      ArchiveId: id,
      ArchiveDescription: name,
      CreationDate: at,
      Size: size,
      SHA256TreeHash: hash,
    })),
  });
}

const csvOf = (...ids: string[]) =>
  [
    'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash',
    ...ids.map((id) => `${id},csv ${id},2020-01-01T00:00:00.000Z,5,${hash}`),
  ].join('\n');

/** Every row of a question, in pages of two. */
async function names(query: Omit<PageQuery, 'limit'> = {}): Promise<string[]> {
  const all: string[] = [];
  let after: string | undefined;
  do {
    const page = await catalogue.page({ ...query, limit: 2, ...(after === undefined ? {} : { after }) });
    all.push(...page.rows.map(({ name }) => name));
    after = page.next ?? undefined;
  } while (after !== undefined);
  return all;
}

test('inventories: taken twice once, a newer one replaces, an older one changes nothing, a part only adds', async () => {
  await fresh();
  const first = [
    { id: 'a', name: 'alpha' },
    { id: 'b', name: 'beta', size: 10 },
  ];
  const text = inventory(arn('photos'), '2020-02-01T00:00:00Z', first);
  expect(await take(text)).toMatchObject({ vault: { name: 'photos' }, rows: 2, inserted: 2, gone: 0 });
  expect(await take(text)).toMatchObject({ rows: 2, inserted: 0, gone: 0 });
  const newer = inventory(arn('photos'), '2020-03-01T00:00:00Z', [first[1]!, { id: 'c', name: 'gamma' }]);
  expect(await take(newer)).toMatchObject({ rows: 2, inserted: 1, gone: 1 });
  expect(await names({ sort: 'name' })).toEqual(['beta', 'gamma']);
  expect(await names({ search: 'alpha' })).toEqual([]);
  expect(await take(text)).toMatchObject({ rows: 2, inserted: 0, stale: true });
  expect(await names({ sort: 'name' })).toEqual(['beta', 'gamma']);
  expect(await take(text, { part: true })).toMatchObject({ inserted: 1, gone: 0 });
  expect(await names({ sort: 'name' })).toEqual(['alpha', 'beta', 'gamma']);
  expect(await catalogue.totals()).toEqual({
    archives: 3,
    bytes: 12,
    unsized: 0,
    vaults: 1,
    counted: { at: Date.parse('2020-03-01T00:00:00Z'), archives: 2, bytes: 11 },
    restoring: 0,
    ready: 0,
    years: [{ year: 2020, archives: 3, bytes: 12 }],
  });
});

test('a file that is refused changes nothing, wherever it breaks', async () => {
  await fresh();
  const good = inventory(arn('photos'), '2020-02-01T00:00:00Z', [{ id: 'a', name: 'alpha' }]);
  await take(good);
  const state = () => {
    const db = new Database(path.join(folder, 'archives.db'), { readonly: true });
    const tables = ['vault', 'archive', 'year', 'told', 'job'].map((table) =>
      db.prepare(`select * from ${table}`).all(),
    );
    db.close();
    return tables;
  };
  const before = state();
  const rows = Array.from({ length: 3000 }, (_, at) => ({ id: `n${at}`, name: `new ${at}` }));
  const whole = inventory(arn('photos'), '2020-05-01T00:00:00Z', rows);
  const cases: readonly (readonly [string, string, object?])[] = [
    ['archives-cut', whole.slice(0, -1)],
    ['archives-cut', whole.slice(0, 200_000)],
    ['archives-malformed', `${whole}x`],
    ['archives-malformed', whole.replace('"n2999"', '5')],
    ['archives-empty', ''],
    ['archives-malformed', 'hello'],
    ['archives-vault', whole, { vault: 'papers' }],
    ['config-usage', whole, { vault: 'no/vault' }],
    ['archives-malformed', whole.replace(':vaults/', ':')],
  ];
  for (const [code, text, options] of cases)
    await expect(take(text, options)).rejects.toMatchObject({ code });
  expect(state()).toEqual(before);
  expect(await names({ search: 'new' })).toEqual([]);
  expect(await take(whole)).toMatchObject({ inserted: 3000, gone: 1 });
});

test('vault and date behind the list are found; progress ends with all rows', async () => {
  await fresh();
  const { VaultARN, InventoryDate, ArchiveList } = JSON.parse(
    inventory(arn('photos'), '2020-02-01T00:00:00Z', [{ id: 'a', name: 'alpha' }]),
  ) as Record<string, unknown>;
  const seen: ImportProgress[] = [];
  const text = JSON.stringify({ ArchiveList, InventoryDate, VaultARN });
  expect(await take(text, {}, (one) => seen.push(one))).toMatchObject({ vault: { key: arn('photos') } });
  expect(seen.at(-1)).toEqual({ bytes: text.length, ofBytes: text.length, rows: 1, finishing: true });
});

test('CSV and logs: nobody’s until a vault is known, and then the same archives', async () => {
  await fresh();
  expect(await take(csvOf('a', 'b'))).toMatchObject({ vault: null, inventoryAt: null, rows: 2, inserted: 2 });
  expect(await take(csvOf('c'), { vault: 'photos' })).toMatchObject({
    vault: { name: 'photos' },
    inserted: 1,
  });
  const log = `x.tar.aa Archive ID: d\n`;
  expect(await take(log, { vault: 'photos' })).toMatchObject({ kind: 'upload-log', inserted: 1 });
  expect((await catalogue.page({ limit: 9, search: 'tar' })).rows).toMatchObject([
    {
      id: 'd',
      name: 'x.tar.aa',
      description: '',
      size: null,
      createdAt: null,
      state: 'uploaded',
      vault: 'vaults/photos',
    },
  ]);
  // the inventory tells all of them, and where they are
  const rows = ['a', 'b', 'c', 'd'].map((id) => ({ id, name: `csv ${id}`, size: 5 }));
  expect(await take(inventory(arn('photos'), '2026-11-20T00:00:00Z', rows))).toMatchObject({
    inserted: 0,
    gone: 0,
  });
  const views = (await catalogue.page({ limit: 9, sort: 'name' })).rows;
  expect(views.map(({ id, vault, state }) => [id, vault, state])).toEqual(
    ['a', 'b', 'c', 'd'].map((id) => [id, arn('photos'), 'archived']),
  );
  // a name that only the log had stays
  expect(views[3]).toMatchObject({ name: 'x.tar.aa', description: 'csv d' });
  expect(await names({ search: 'tar' })).toEqual(['x.tar.aa']);
  expect(await catalogue.totals()).toMatchObject({ archives: 4, bytes: 20, unsized: 0 });
  expect(await take(csvOf('a'))).toMatchObject({ inserted: 0 });
  expect((await catalogue.vaults()).map(({ key, archives }) => [key, archives])).toEqual([
    [arn('photos'), 4],
    ['', 0],
  ]);
  // the other way round, where no list of nobody's was ever taken in
  await fresh();
  await take(inventory(arn('photos'), '2026-11-20T00:00:00Z', rows));
  expect(await take(csvOf('a', 'z'))).toMatchObject({ rows: 2, inserted: 1 });
  expect((await catalogue.page({ limit: 9 })).rows.map(({ id }) => id).sort()).toEqual([
    'a',
    'b',
    'c',
    'd',
    'z',
  ]);
});

test('pages, sorts and searches agree with the plain list', async () => {
  await fresh();
  const rows = Array.from({ length: 30 }, (_, at) => ({
    id: `id-${String(at).padStart(8, '0')}`,
    name: ['Fotos/été', 'papers', 'Äpfel_2019', 'photos.raw', 'a"b*c'][at % 5]! + (at % 3),
    size: (at * 7) % 11,
    // many in one millisecond
    at: new Date(1.5e12 + (at % 4) * 1000).toISOString(),
  }));
  await take(inventory(arn('one'), '2020-02-01T00:00:00Z', rows.slice(0, 14)));
  await take(inventory(arn('two'), '2020-02-01T00:00:00Z', rows.slice(14)));
  const all = rows.map(({ name }) => name);
  const sorted = (list: readonly string[]) => [...list].sort();
  for (const sort of ['created', 'size', 'name', 'vault'] as const)
    for (const descending of [true, false]) {
      expect(sorted(await names({ sort, descending }))).toEqual(sorted(all));
      const some = await names({ sort, descending, search: 'p', vault: arn('two') });
      expect(sorted(some)).toEqual(sorted(all.slice(14).filter((name) => /^p/.test(name))));
    }
  const page = await catalogue.page({ limit: 30, sort: 'size' });
  expect(page.count).toBe(30);
  expect(page.rows.map(({ size }) => size)).toEqual(rows.map(({ size }) => size).sort((a, b) => b - a));
  const created = (await catalogue.page({ limit: 30 })).rows.map(({ createdAt }) => createdAt ?? 0);
  expect(created).toEqual([...created].sort((a, b) => b - a));

  const found = async (search: string) => sorted([...new Set(await names({ search }))]);
  expect(await found('ETE')).toEqual(['Fotos/été0', 'Fotos/été1', 'Fotos/été2']);
  expect(await found('apfel 201')).toEqual(['Äpfel_20190', 'Äpfel_20191', 'Äpfel_20192']);
  expect(await found('photos.r')).toEqual(['photos.raw0', 'photos.raw1', 'photos.raw2']);
  expect(await found('otos')).toEqual([]);
  for (const odd of ['"', 'a"b*c', '*', 'name : x', 'OR', ') AND (', '-', '\0', "';--", 'ф'.repeat(2000)])
    await found(odd);
  expect(await found('id-00000003')).toEqual([rows[3]!.name]);
  expect(await names({ after: 'nonsense' })).toHaveLength(30);
});

test('our own since AWS counted: on top until a list of a day later', async () => {
  await fresh();
  const at = Date.parse('2020-02-01T12:00:00Z');
  const date = (ms: number) => new Date(ms).toISOString().replace('.000', '');
  await take(inventory(arn('v'), date(at - day), [{ id: 'a', name: 'alpha', size: 3 }]));
  const mine: Archive = {
    id: 'm',
    description: 'mine',
    createdAt: at,
    size: 4,
    treeHash: hash,
    storageClass: 'VAULT',
  };
  await catalogue.uploaded(arn('v'), [mine], at);
  await catalogue.deleted(arn('v'), ['a'], at);
  const states = async () =>
    Object.fromEntries((await catalogue.page({ limit: 9 })).rows.map(({ id, state }) => [id, state]));
  expect(await states()).toEqual({ a: 'deleted', m: 'uploaded' });
  expect(await catalogue.totals()).toMatchObject({ archives: 1, bytes: 4 });
  // half a day later AWS still tells the old
  await take(inventory(arn('v'), date(at + day / 2), [{ id: 'a', name: 'alpha', size: 3 }]));
  expect(await states()).toEqual({ a: 'deleted', m: 'uploaded' });
  await take(inventory(arn('v'), date(at + 2 * day), [{ id: 'm', name: 'mine', size: 4 }]));
  expect(await states()).toEqual({ m: 'archived' });
  expect(await catalogue.totals()).toMatchObject({ archives: 1, bytes: 4 });
});

test('what is known of an object of S3 by its bytes goes when another one lies under its key', async () => {
  await fresh();
  const bucket = bucketOf('b', 'eu-north-1');
  await catalogue.putVaults([bucket]);
  const sentAt = Date.parse('2026-11-28T10:00:00Z');
  const listed: Archive = {
    ...{ id: 'a', description: '', createdAt: sentAt, size: 2 },
    ...{ treeHash: null, storageClass: 'DEEP_ARCHIVE' },
  };
  const hash = async () => (await catalogue.archive(bucket.key, 'a'))?.treeHash;
  await catalogue.uploaded(bucket.key, [{ ...listed, treeHash: 'ab'.repeat(32) }], sentAt);
  // a list says when its first part came, by AWS's clock
  for (const createdAt of [sentAt - 3_600_000, sentAt - 3_600_000 + 60_000]) {
    await catalogue.putArchives(bucket.key, [{ ...listed, createdAt }], sentAt + 1);
    expect(await hash()).toBe('ab'.repeat(32));
  }
  await catalogue.putArchives(bucket.key, [{ ...listed, createdAt: sentAt + 7_200_000 }], sentAt + 2);
  expect(await hash()).toBe(null);
});

test('lists of buckets, and jobs with the state of their archive, also after a restart', async () => {
  let now = 1000;
  await fresh(() => now);
  const bucket = bucketOf('b', 'eu-north-1');
  await catalogue.putVaults([{ ...bucket, counted: { at: 5, archives: 2, bytes: 3 } }]);
  const object: Archive = {
    id: 'x/y.tar',
    description: '',
    createdAt: 1,
    size: 2,
    treeHash: null,
    storageClass: 'DEEP_ARCHIVE',
  };
  await expect(catalogue.putArchives('arn:aws:s3:::other', [object], 10)).rejects.toMatchObject({
    code: 'config-missing',
  });
  expect(await catalogue.putArchives(bucket.key, [object, { ...object, id: 'z' }], 10)).toMatchObject({
    inserted: 2,
  });
  expect(await catalogue.endList(bucket.key, 10)).toMatchObject({ gone: 0 });
  await catalogue.putArchives(bucket.key, [{ ...object, state: 'ready', until: 2000 }], 20);
  expect(await catalogue.endList(bucket.key, 20)).toMatchObject({ gone: 1 });
  expect(await catalogue.page({ limit: 9, active: true })).toMatchObject({
    rows: [{ id: 'x/y.tar', name: 'x/y.tar', state: 'ready', until: 2000 }],
  });
  expect(await catalogue.totals()).toMatchObject({ ready: 1, archives: 1 });
  now = 3000;
  expect(await catalogue.archive(bucket.key, 'x/y.tar')).toMatchObject({ state: 'archived', until: null });

  await take(inventory(arn('v'), '2020-02-01T00:00:00Z', [{ id: 'a', name: 'alpha' }]));
  const job: Job = {
    id: 'j1',
    vault: arn('v'),
    kind: 'archive',
    jobId: null,
    archive: 'a',
    tier: 'Bulk',
    status: 'asking',
    askedAt: 7,
    askedBy: 'Laptop',
    completedAt: null,
    expiresAt: null,
    size: null,
    fetched: 0,
    doneAt: null,
    message: null,
  };
  await catalogue.putJobs([job]);
  await catalogue.putJobs([{ ...job, id: 'j2', kind: 'inventory', archive: null, status: 'running' }]);
  await catalogue.close();
  catalogue = await openCatalogue(path.join(folder, 'archives.db'), { now: () => now });
  expect(await catalogue.jobs({ kind: 'archive' })).toEqual([job]);
  expect(await catalogue.jobs({ status: ['running', 'ready'] })).toMatchObject([{ id: 'j2' }]);
  expect(await catalogue.archive(arn('v'), 'a')).toMatchObject({ state: 'restoring' });
  expect(await catalogue.withTreeHash(hash, 1)).toMatchObject([{ id: 'a' }]);
  expect(await catalogue.withTreeHash(hash, 2)).toEqual([]);
});

test('a large import makes its indexes anew, and another process’s transaction is waited for', async () => {
  await fresh();
  // large by its white space: sorting anew depends on the file's size
  const rows = Array.from({ length: 500 }, (_, at) => generatedRow(at));
  const text = `{"VaultARN":"${arn('big')}","InventoryDate":null,"ArchiveList":[${rows.join(`,${' '.repeat(45_000)}`)}]}`;
  const other = new Database(path.join(folder, 'archives.db'));
  other.exec('begin immediate');
  const importing = take(text);
  const job = catalogue.putVaults([bucketOf('b', 'x')]);
  await expect(catalogue.page({ limit: 5 })).resolves.toMatchObject({ rows: [] });
  other.exec('rollback');
  expect(await importing).toMatchObject({ inserted: 500 });
  await job;
  expect((await catalogue.page({ limit: 1, search: 'photos' })).count).toBeGreaterThan(0);
  const indexes = other
    .prepare(`select count(*) from sqlite_schema where type = 'index' and name like 'archive_%'`)
    .pluck()
    .get();
  expect(indexes).toBe(8);
  other.exec(`insert into search(search) values('integrity-check')`);
  other.close();
  expect(statSync(path.join(folder, 'archives.db')).size).toBeGreaterThan(100_000);
});
