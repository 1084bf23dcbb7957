import { execFile } from 'node:child_process';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LatchkeyError } from '../../lib/errors.ts';
import type { ArchiveView, Catalogue, FileToImport } from '../../server/archives/catalogue.ts';
import { takeMapping } from '../../server/archives/mapping.ts';
import { openCatalogue } from '../../server/archives/open.ts';
import { count } from '../counts.ts';
import { scratchFolder } from './scratch.ts';
import { cli } from '../support/built.ts';

const hash = '6b9d4cf8697bd3af6aa1b590a0b27b337da5b18988dbcc619a3e608a554a1e62';
const arn = (name: string, region = 'eu-central-1') =>
  `arn:aws:glacier:${region}:012345678901:vaults/${name}`;
const vault = 'nas_1234ABCD_1';

let folder: string;
let catalogue: Catalogue;
beforeEach(async () => {
  folder = scratchFolder();
  catalogue = await openCatalogue(path.join(folder, 'archives.db'));
});
afterEach(() => catalogue.close());

async function take(file: string, options: Omit<FileToImport, 'fd'> = {}) {
  const fd = openSync(file, 'r');
  try {
    return await catalogue.importFile({ fd, size: fstatSync(fd).size, ...options });
  } finally {
    closeSync(fd);
  }
}

async function refused(file: string, options: Omit<FileToImport, 'fd'> = {}): Promise<string> {
  try {
    await take(file, options);
  } catch (error) {
    if (error instanceof LatchkeyError) return `${error.code} ${error.detail ?? ''}`;
    throw error;
  }
  return 'accepted';
}

const idOf = (n: number): string => `id-${String(n).padStart(135, '0')}`;

function inventory(name: string, ids: readonly string[], date = '2026-01-02T00:00:00Z'): string {
  const file = path.join(folder, `inventory-${name}`);
  const text = JSON.stringify({
    VaultARN: arn(name),
    InventoryDate: date,
    ArchiveList: ids.map((id, n) => ({
      ArchiveId: id,
      ArchiveDescription: '',
      CreationDate: `2020-01-01T00:00:${String(n % 60).padStart(2, '0')}.000Z`,
      Size: n + 1,
      SHA256TreeHash: hash,
    })),
  });
  writeFileSync(file, text);
  return file;
}

type Value = string | number | Buffer | null;
interface File {
  readonly share?: Value;
  readonly base: Value;
  readonly id: Value;
  readonly current?: number;
}

const table = `create table file_info_tb (key text primary key, shareName text, basePath text, archiveID text,
  lastBkpTime integer, fileSize integer, archiveVersion integer, current integer, checksum text)`;

/** As Synology's Glacier Backup writes it, by what is known of it. */
function mapping(files: readonly File[], change?: (db: Database.Database) => void, schema = table): string {
  const file = path.join(folder, 'mapping.sqlite3');
  writeFileSync(file, '');
  const db = new Database(file);
  db.exec(schema);
  db.exec('create table backup_info_tb (key text primary key, value text)');
  const fact = db.prepare('insert into backup_info_tb values (?, ?)');
  fact.run('taskName', 'nightly');
  fact.run('bkpFolder', '/volume1/photo');
  fact.run('hostName', 'nas');
  if (schema === table) {
    const put = db.prepare('insert into file_info_tb values (?, ?, ?, ?, 1700000000, 1, 1, ?, ?)');
    files.forEach(({ share = 'photo', base, id, current = 1 }, n) =>
      put.run(String(n), share, base, id, current, hash),
    );
  }
  change?.(db);
  db.close();
  return file;
}

async function all(search?: string): Promise<readonly ArchiveView[]> {
  return (await catalogue.page({ limit: 1000, sort: 'size', ...(search === undefined ? {} : { search }) }))
    .rows;
}

const three = [
  { base: '/2012/IMG_0001.jpg', id: idOf(1) },
  { base: '2012/Fotos für Oma.jpg', id: idOf(2) },
  { base: 'later.jpg', id: idOf(3) },
];

/** All that the catalogue says, to see that nothing was changed. */
async function everything() {
  return { rows: await all(), vaults: await catalogue.vaults(), files: readdirSync(folder).sort() };
}

test('names come whichever file is first; until then the list says which archive to get back', async () => {
  const file = mapping(three);
  const lists = [
    inventory(vault, [idOf(1), idOf(2), idOf(9)]),
    inventory(`${vault}_mapping`, ['old', 'newest']),
  ];
  for (const list of lists) await take(list);
  const before = (await catalogue.vaults()).find(({ name }) => name === vault);
  expect(before?.mapping).toEqual({ vault: arn(`${vault}_mapping`), archive: 'newest' });
  expect((await catalogue.vaults()).filter(({ mapping: hint }) => hint !== undefined)).toHaveLength(1);

  expect(await take(file)).toEqual({
    kind: 'synology-mapping',
    vault: null,
    inventoryAt: null,
    rows: 3,
    mapping: { listed: 2, task: 'nightly', host: 'nas' },
    inserted: 0,
    gone: 0,
    stale: false,
  });
  const after = await all();
  const inVault = after.filter(({ vaultName }) => vaultName === vault);
  expect(inVault.map(({ name, dialect, description }) => ({ name, dialect, description }))).toEqual([
    { name: '', dialect: 'plain', description: '' },
    { name: 'photo/2012/Fotos für Oma.jpg', dialect: 'synology', description: '' },
    { name: 'photo/2012/IMG_0001.jpg', dialect: 'synology', description: '' },
  ]);
  expect((await all('oma fur')).map(({ id }) => id)).toEqual([idOf(2)]);
  expect((await catalogue.vaults()).some(({ mapping: hint }) => hint !== undefined)).toBe(false);
  expect((await catalogue.totals()).archives).toBe(5);

  const forwards = after;
  await catalogue.close();
  folder = scratchFolder();
  catalogue = await openCatalogue(path.join(folder, 'archives.db'));
  await take(mapping(three));
  expect(await all()).toEqual([]);
  for (const list of [
    inventory(`${vault}_mapping`, ['old', 'newest']),
    inventory(vault, [idOf(1), idOf(2), idOf(9)]),
  ])
    await take(list);
  const sorted = (rows: readonly ArchiveView[]) => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(sorted(await all())).toEqual(sorted(forwards));
  expect((await all('oma')).map(({ id }) => id)).toEqual([idOf(2)]);
  // A newer inventory lists a third: its name is known already. Taken in twice, nothing is otherwise.
  await take(inventory(vault, [idOf(1), idOf(2), idOf(3)], '2026-02-02T00:00:00Z'));
  const now = await all();
  expect(now.find(({ id }) => id === idOf(3))?.name).toBe('photo/later.jpg');
  expect(await take(mapping(three))).toMatchObject({ rows: 3, mapping: { listed: 3 } });
  expect(await all()).toEqual(now);
});

test('of another region it is no mapping; without its inventory there is nothing to get back yet', async () => {
  await take(inventory(vault, [idOf(1)]));
  const mapped = {
    key: arn(`${vault}_mapping`, 'us-west-2'),
    kind: 'vault',
    name: `${vault}_mapping`,
  } as const;
  await catalogue.putVaults([{ ...mapped, region: 'us-west-2', account: '012345678901' }]);
  expect((await catalogue.vaults()).some(({ mapping: hint }) => hint !== undefined)).toBe(false);
  const near = arn(`${vault}_mapping`);
  await catalogue.putVaults([{ ...mapped, key: near, region: 'eu-central-1', account: '012345678901' }]);
  expect((await catalogue.vaults()).find(({ name }) => name === vault)?.mapping).toEqual({
    vault: near,
    archive: null,
  });
});

test('one archive of several files has the name of the one that is current, and what has none stays', async () => {
  await take(inventory(vault, [idOf(1), idOf(2)]));
  const moved = [
    { base: 'new place', id: idOf(1), current: 1 },
    { base: 'old place', id: idOf(1), current: 0 },
    { base: 'not sent yet', id: null },
    { base: 'nor this', id: '' },
    { share: null, base: null, id: idOf(2) },
  ];
  expect(await take(mapping(moved))).toMatchObject({ rows: 2, mapping: { listed: 2 } });
  expect((await all()).map(({ name }) => name)).toEqual(['', 'photo/new place'].reverse().sort());
});

test('text of any bytes', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('../../etc/passwd', '=cmd|calc', '<img src=x>', 'a\0b', '\u202egpj.exe', 12, '‮'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), fc.boolean(), async (bases, wide) => {
      const ids = bases.map((_, n) => idOf(n));
      await take(inventory(vault, ids));
      const file = mapping([], (db) => {
        // A text whose bytes are no text, as SQLite keeps it.
        const put = db.prepare(
          wide
            ? 'insert into file_info_tb (shareName, basePath, archiveID) values (?, ?, ?)'
            : 'insert into file_info_tb (shareName, basePath, archiveID) values (?, cast(? as text), ?)',
        );
        bases.forEach((base, n) => put.run('s', base, ids[n]));
      });
      await take(file);
      const rows = await all();
      for (const [n, base] of bases.entries()) {
        const own = Buffer.isBuffer(base) ? base.toString('utf8') : String(base);
        const wanted =
          typeof base === 'number' ? /^s\/12(\.0)?$/ : Buffer.from(`s/${own.replace(/^\/+/, '')}`).toString();
        const name = rows.find(({ id }) => id === ids[n])?.name;
        if (typeof wanted === 'string') expect(name).toBe(wanted);
        else expect(name).toMatch(wanted);
      }
    }),
    { numRuns: count(25, 2000) },
  );
});

const none = `create table other (a)`;
const evil: readonly (readonly [what: string, make: () => string, says: RegExp])[] = [
  [
    'another database',
    () => mapping([], undefined, none),
    /malformed byte 0: .*without the table file_info_tb/,
  ],
  [
    'a view in its place',
    () =>
      mapping(
        [],
        (db) => db.exec(`create view file_info_tb as select 'x' as archiveID, 'y' as basePath`),
        none,
      ),
    /without the table/,
  ],
  [
    'a virtual table in its place',
    () =>
      mapping([], (db) => db.exec('create virtual table file_info_tb using fts5(archiveID, basePath)'), none),
    /without the table/,
  ],
  [
    'a column that is calculated',
    () =>
      mapping(
        [],
        undefined,
        `create table file_info_tb (archiveID text, n, basePath text as (hex(zeroblob(1e8))))`,
      ),
    /no column basePath/,
  ],
  [
    'no column of ids',
    () => mapping([], undefined, 'create table file_info_tb (basePath text)'),
    /no column archiveID/,
  ],
  [
    'no id of AWS',
    () =>
      mapping([
        { base: 'a', id: idOf(1) },
        { base: 'b', id: 'no id' },
      ]),
    /row 2 of file_info_tb: archiveID/,
  ],
  ['an endless id', () => mapping([{ base: 'a', id: 'x'.repeat(600) }]), /row 1 of file_info_tb: archiveID/],
  [
    'an endless name',
    () => mapping([{ base: 'x'.repeat(50_000_000), id: idOf(1) }]),
    /row 1 .*basePath is 50000000 bytes long/,
  ],
];

test('a tree whose branches meet again and again ends where the file would', async () => {
  await take(inventory(vault, [idOf(1)]));
  const file = path.join(folder, 'braided');
  const db = new Database(file);
  db.pragma('page_size = 512');
  db.exec('create table file_info_tb (archiveID text, basePath text)');
  const put = db.prepare('insert into file_info_tb values (?, ?)');
  for (let n = 0; n < 100; n++) put.run(idOf(n), `${n}.jpg`);
  const top = db
    .prepare(`select rootpage from sqlite_schema where name = 'file_info_tb'`)
    .pluck()
    .get() as number;
  db.close();
  const bytes = readFileSync(file);
  const page = (n: number): Buffer => bytes.subarray((n - 1) * 512, n * 512);
  const root = page(top);
  expect(root[0]).toBe(5);
  const cells = root.readUInt16BE(3);
  const cell = (n: number): number => root.readUInt16BE(12 + 2 * n);
  const [leaf, branch] = [root.readUInt32BE(cell(0)), root.readUInt32BE(cell(1))];
  // Where a leaf was there is a branch with sixty times the same leaf, and the root has nothing but that branch.
  const many = page(branch).fill(0);
  many[0] = 5;
  many.writeUInt16BE(60, 3);
  many.writeUInt16BE(512 - 60 * 5, 5);
  many.writeUInt32BE(leaf, 8);
  for (let n = 0; n < 60; n++) {
    const at = 512 - 5 * (n + 1);
    many.writeUInt16BE(at, 12 + 2 * n);
    many.writeUInt32BE(leaf, at);
    many[at + 4] = n;
  }
  for (let n = 0; n < cells; n++) root.writeUInt32BE(branch, cell(n));
  root.writeUInt32BE(branch, 8);
  writeFileSync(file, bytes);
  const before = await everything();
  expect(await refused(file)).toBe(
    `archives-malformed byte ${bytes.length}: file_info_tb holds more than the file`,
  );
  expect(await everything()).toEqual(before);
});

test('what is no mapping, or a trap, is refused by name, and nothing is changed', async () => {
  await take(inventory(vault, [idOf(1), idOf(2)]));
  for (const [what, make, says] of evil) {
    const file = make();
    const before = await everything();
    expect(await refused(file), what).toMatch(says);
    expect(await everything(), what).toEqual(before);
  }
});

test('triggers, expressions, other tables and journals beside it change nothing', async () => {
  await take(inventory(vault, [idOf(1)]));
  const file = mapping([{ base: 'true name', id: idOf(1) }], (db) => {
    db.exec('create table log (a); insert into log values (1)');
    db.exec('create trigger t after insert on file_info_tb begin delete from log; end');
    db.exec(`create index lying on file_info_tb (archiveID, basePath, shareName, current, upper(basePath))`);
    db.exec(`create view v as select load_extension('x') from log`);
  });
  writeFileSync(`${file}-journal`, 'nothing of SQLite’s');
  writeFileSync(`${file}-wal`, 'nor this');
  const whole = readFileSync(file);
  await take(file);
  expect((await all()).map(({ name }) => name)).toEqual(['photo/true name']);
  expect(readFileSync(file).equals(whole)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
});

test('a database in WAL mode, one of UTF-16, and one through a pipe', async () => {
  await take(inventory(vault, [idOf(1), idOf(2)]));
  const wal = mapping([{ base: 'wal', id: idOf(1) }], (db) => db.pragma('journal_mode = WAL'));
  expect(readFileSync(wal)[18]).toBe(2);
  await take(wal);
  const file = path.join(folder, 'wide');
  const db = new Database(file);
  db.pragma(`encoding = 'UTF-16le'`);
  db.exec(table);
  db.prepare('insert into file_info_tb (shareName, basePath, archiveID) values (?, ?, ?)').run(
    'ß',
    'ä.txt',
    idOf(2),
  );
  db.close();
  await take(file);
  expect((await all()).map(({ name }) => name).sort()).toEqual(['photo/wal', 'ß/ä.txt']);

  const again = mapping([{ base: 'through a pipe', id: idOf(2) }]);
  const fifo = path.join(folder, 'fifo');
  await new Promise((resolve) => execFile('mkfifo', [fifo], resolve));
  const writer = new Promise<void>((resolve) => {
    execFile('sh', ['-c', '{ head -c 7 "$1"; sleep 0.1; tail -c +8 "$1"; } > "$2"', 'sh', again, fifo], () =>
      resolve(),
    );
  });
  const fd = openSync(fifo, 'r');
  await catalogue.importFile({ fd });
  closeSync(fd);
  await writer;
  expect((await all()).map(({ name }) => name).sort()).toEqual(['photo/through a pipe', 'photo/wal']);
});

test('cut anywhere it says so; damaged anywhere it is refused or read, and is never the end of the thread', async () => {
  await take(
    inventory(
      vault,
      Array.from({ length: 200 }, (_, n) => idOf(n)),
    ),
  );
  const file = mapping(Array.from({ length: 200 }, (_, n) => ({ base: `folder/${n}.jpg`, id: idOf(n) })));
  const whole = readFileSync(file);
  const before = await everything();
  for (const length of [1, 15, 16, 17, 99, 100, 4096, whole.length - 4096, whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, length));
    const wanted = length < 16 ? /^archives-malformed byte 0/ : `archives-cut byte ${length}`;
    expect(await refused(file)).toMatch(wanted);
  }
  expect(await everything()).toEqual(before);
  const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 30 }), async (changes) => {
      const bytes = Buffer.from(whole);
      for (const { at, byte } of changes) bytes[at] = byte;
      writeFileSync(file, bytes);
      const outcome = await refused(file);
      expect(outcome).toMatch(/^(accepted|archives-)/);
      expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
    }),
    { numRuns: count(60, 20_000) },
  );
  expect((await catalogue.totals()).archives).toBe(200);
});

test('what is got back from the mapping vault is taken in only where it is a mapping', async () => {
  const list = inventory(vault, [idOf(1)]);
  await expect(takeMapping(catalogue, list)).rejects.toMatchObject({ code: 'archives-malformed' });
  expect(await all()).toEqual([]);
  await take(list);
  const file = mapping([{ base: 'a', id: idOf(1) }]);
  expect(await refused(file, { vault })).toMatch(/^archives-vault/);
  expect((await all()).map(({ name }) => name)).toEqual(['']);
  expect(await takeMapping(catalogue, file)).toMatchObject({ rows: 1 });
  expect((await all()).map(({ name }) => name)).toEqual(['photo/a']);
});

test('on the command line: the hint, the import, the names', async () => {
  await catalogue.close();
  const state = path.join(folder, 'state');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const run = (...words: string[]): Promise<{ status: unknown; out: string }> =>
    new Promise((resolve) => {
      const words_ = [cli, 'archives', ...words];
      const env = { ...process.env, LATCHKEY_DIR: state };
      execFile(process.execPath, words_, { cwd: root, env }, (error, out) =>
        resolve({ status: error === null ? 0 : error.code, out }),
      );
    });
  await run('import', inventory(vault, [idOf(1)]));
  await run('import', inventory(`${vault}_mapping`, ['newest']));
  const before = await run('list');
  expect(before.out).toContain(`Synology keeps the names of ${vault} in the vault ${vault}_mapping.`);
  expect(before.out).toContain('\n    newest\n');
  const file = mapping([
    { base: 'a.jpg', id: idOf(1) },
    { base: 'b.jpg', id: idOf(2) },
  ]);
  expect(await run('import', file)).toEqual({
    status: 0,
    out: '2 names from Synology’s mapping of the task nightly on nas.\n1 of their archives is listed here. The others have their names once an inventory lists them.\n',
  });
  const after = await run('list', '--vault', vault);
  expect(after.out).toContain('photo/a.jpg');
  expect(after.out).not.toContain('Synology');
  catalogue = await openCatalogue(path.join(state, 'agent/archives.db'));
});
