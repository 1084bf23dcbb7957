import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Archive } from '../../lib/archive.ts';
import { writeAwsField } from '../../lib/archive/inventory-csv.ts';
import { ArchiveFile } from '../../lib/archive/read-file.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { count } from '../counts.ts';

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

/** All rows and facts, or what was thrown; the file comes in pieces of the given sizes, again and again. */
function read(bytes: string, sizes: readonly number[] = [1 << 16]) {
  const file = new ArchiveFile();
  const rows: Archive[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    rows.push(...file.push(bytes.slice(at, at + size)));
    at += size;
  }
  const end = file.end();
  return { rows: [...rows, ...end.rows], facts: end.facts };
}

function refused(bytes: string, sizes?: readonly number[]): string {
  try {
    read(bytes, sizes);
  } catch (error) {
    if (error instanceof LatchkeyError) return `${error.code} ${error.detail ?? ''}`;
    throw error;
  }
  return 'accepted';
}

const hash = '6b9d4cf8697bd3af6aa1b590a0b27b337da5b18988dbcc619a3e608a554a1e62';
const arn = 'arn:aws:glacier:us-west-2:012345678901:vaults/examplevault';

interface Row {
  readonly id: string;
  readonly description: string;
  readonly at: number;
  readonly size: number;
}

// what AWS lets in: at most 1024 of 0x20 to 0x7e; and what it does not, where a file has it all the same
const printable = fc.string({ unit: fc.constantFrom(...'\\",; =+-@{}<>aA1~\''), maxLength: 40 });
const row: fc.Arbitrary<Row> = fc.record({
  id: fc.string({ unit: fc.constantFrom(...'aZ09-_'), minLength: 1, maxLength: 138 }),
  description: fc.oneof(
    printable,
    fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\r\n]/.test(text)),
    fc.constant('x'.repeat(1024)),
    fc.constant('"'.repeat(512)),
  ),
  at: fc.integer({ min: 0, max: 4e12 }),
  size: fc.oneof(fc.constant(40 * 2 ** 40), fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)),
});
const rowsOf = fc.array(row, { maxLength: 12 });
const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 });

const seen = (rows: readonly Archive[]) =>
  rows.map(({ id, description, createdAt, size, treeHash }) => ({
    id,
    description,
    at: createdAt,
    size,
    treeHash,
  }));
const wanted = (rows: readonly Row[]) =>
  rows.map(({ id, description, at, size }) => ({ id, description, at, size, treeHash: hash }));

function json(rows: readonly Row[], shuffle = false): string {
  const list = rows.map(({ id, description, at, size }) => {
    const entries = Object.entries({
      ArchiveId: id,
      ArchiveDescription: description,
      CreationDate: new Date(at).toISOString(),
      Size: size,
      SHA256TreeHash: hash,
    });
    return Object.fromEntries(shuffle ? entries.reverse() : entries);
  });
  const date = '2011-12-12T14:19:01Z';
  return JSON.stringify(
    shuffle
      ? { ArchiveList: list, New: [{ a: [1, -2.5e3, null, true] }], InventoryDate: date, VaultARN: arn }
      : { VaultARN: arn, InventoryDate: date, ArchiveList: list },
    null,
    shuffle ? 2 : 0,
  );
}

function csv(rows: readonly Row[], quoted = false): string {
  const lines = rows.map(({ id, description, at, size }) => {
    const date = new Date(at).toISOString();
    const short = [id, date, String(size), hash].map((field) => (quoted ? `"${field}"` : field));
    return [short[0], writeAwsField(description), ...short.slice(1)].join(',');
  });
  return `${['ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash', ...lines].join('\n')}\n`;
}

test('JSON of any rows, in pieces of any size, in any order of keys', () => {
  fc.assert(
    fc.property(rowsOf, sizes, fc.boolean(), (rows, pieces, shuffle) => {
      const found = read(bytesOf(json(rows, shuffle)), pieces);
      expect(seen(found.rows)).toEqual(wanted(rows));
      expect(found.facts).toEqual({
        kind: 'inventory-json',
        vault: arn,
        inventoryAt: Date.parse('2011-12-12T14:19:01Z'),
      });
    }),
    { numRuns: count(300, 30_000) },
  );
});

test('CSV as AWS writes it: no wrong row, whatever the description is', () => {
  fc.assert(
    fc.property(rowsOf, sizes, fc.boolean(), (rows, pieces, quoted) => {
      expect(seen(read(bytesOf(csv(rows, quoted)), pieces).rows)).toEqual(wanted(rows));
    }),
    { numRuns: count(500, 50_000) },
  );
});

test('AWS’s own example of its quoting', () => {
  const line = `abc,"1\\\\"2",2012-05-15T17:19:46.700Z,1,${hash}`;
  const text = `ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\r\n${line}\r\n`;
  expect(read(text).rows[0]?.description).toBe('1\\"2');
});

test('a file that ends anywhere too early says where, and is never whole', () => {
  const rows: Row[] = [
    { id: 'one', description: 'é "quoted", \\', at: 1.5e12, size: 1 },
    { id: 'two', description: 'plain', at: 1.6e12, size: 2 },
  ];
  const whole = bytesOf(json(rows));
  for (let at = 1; at < whole.length; at++)
    expect(refused(whole.slice(0, at))).toBe(`archives-cut byte ${at}: the file ends here`);
  const log = `{"location":"/012345678901/vaults/v/archives/one","checksum":"${hash}","archiveId":"one"}`;
  for (let at = 20; at < log.length; at++)
    expect(refused(log.slice(0, at))).toContain(`archives-cut byte ${at}`);
  // of CSV: anywhere but exactly between two rows
  const text = bytesOf(csv(rows));
  for (let at = 12; at < text.length - 1; at++)
    if (text[at - 1] !== '\n' && text[at] !== '\n')
      expect(refused(text.slice(0, at))).toMatch(/^archives-cut/);
});

test('what is no inventory is refused with its byte', () => {
  const head = `{"VaultARN":"${arn}","InventoryDate":null,"ArchiveList":[`;
  const good = `{"ArchiveId":"a","ArchiveDescription":null,"CreationDate":"2012-05-15T17:19:46.700Z","Size":1,"SHA256TreeHash":"${hash}"}`;
  expect(refused(`${head}${good}]}`)).toBe('accepted');
  const cases: readonly (readonly [string, string])[] = [
    ['', 'archives-empty byte 0'],
    [' \n\t ', 'archives-empty byte 4'],
    ['\ufeff', 'archives-empty byte 3'],
    ['<html>', 'archives-malformed byte 0: neither'],
    ['BZh91AY', 'archives-malformed byte 0: compressed'],
    ['\u007fELF\0\0', 'archives-malformed byte 0: neither'],
    ['[1]', 'archives-malformed byte 0: neither'],
    ['{}', 'archives-malformed byte 2: no ArchiveList'],
    ['{"ArchiveList":{}}', 'archives-malformed byte 15: ArchiveList is no list'],
    ['{"ArchiveList":[1]}', 'archives-malformed byte 16: an archive is no object'],
    ['{"ArchiveList":[{}]}', 'archives-malformed byte 16: an archive without an ArchiveId'],
    ['{"code":"ResourceNotFoundException"}', 'archives-malformed byte 36: no ArchiveList'],
    [`${head}${good}]}x`, `archives-malformed byte ${head.length + good.length + 2}: something stands after`],
    [`${head}${good} ${good}]}`, `archives-malformed byte ${head.length + good.length + 1}: a comma`],
    [
      `${head}${good},]}`,
      `archives-malformed byte ${head.length + good.length + 1}: an archive is no object`,
    ],
    [
      `${head}${good.replace('2012-05-15', '2012-02-31')}]}`,
      `archives-malformed byte ${head.length}: CreationDate`,
    ],
    [`${head}${good.replace('"Size":1', '"Size":-1')}]}`, `archives-malformed byte ${head.length}: Size`],
    [
      `${head}${good.replace('"Size":1', '"Size":01')}]}`,
      `archives-malformed byte ${head.length + good.indexOf('"Size"') + 7}: no number`,
    ],
    [
      `${head}${good.replace(hash, hash.slice(1))}]}`,
      `archives-malformed byte ${head.length}: SHA256TreeHash`,
    ],
    [`${head}${good}],"ArchiveList":[]}`, 'a second ArchiveList'],
    [`\ufeff{"ArchiveList":[1]}`, 'archives-malformed byte 19: an archive is no object'],
    [`{"VaultARN":"\t","ArchiveList":[]}`, 'archives-malformed byte 13: a control character'],
    [`{"A":${'['.repeat(100)}`, 'nested too deep'],
    [`{"A":"${'x'.repeat(200_000)}"}`, 'a value of over 65536 bytes'],
    [`ArchiveId,Size\nx,1\n`, 'archives-malformed byte 0: no header'],
    [
      `ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\na,"he said ""no""",2012-05-15T17:19:46.700Z,1,${hash}\n`,
      'archives-malformed byte 64: a description',
    ],
  ];
  for (const [text, why] of cases) expect(refused(bytesOf(text))).toContain(why);
  expect(refused(`${head}${good.replace('null,"Cr', '"\xff","Cr')}]}`)).toContain('no UTF-8');
});

test('logs of uploads, as every form of the command prints them', () => {
  const location = '/012345678901/vaults/photos/archives/abc';
  const one = { location, checksum: hash, archiveId: 'abc' };
  for (const text of [
    JSON.stringify(one),
    `${JSON.stringify(one, null, 4)}\n`,
    `abc\t${hash}\t${location}\n`,
    `{"archiveId":"abc","location":"${location}"}`,
  ]) {
    const { rows, facts } = read(text, [7]);
    expect(rows).toMatchObject([{ id: 'abc', size: null, vault: 'vaults/photos' }]);
    expect(facts).toMatchObject({ kind: 'upload-log', vault: 'vaults/photos' });
  }
  const lines = 'stage.tar.xz.aa Archive ID: abc\nstage.tar.xz.ab Archive ID: def\n';
  expect(read(lines, [11]).rows).toMatchObject([
    { id: 'abc', file: 'stage.tar.xz.aa' },
    { id: 'def', file: 'stage.tar.xz.ab' },
  ]);
  expect(refused(`{"location":"/1/vaults/photos/archives/other","archiveId":"abc"}`)).toContain('no upload');
});

test('any bytes, and any damage to good files: rows or a code, the same in any pieces', () => {
  const damaged = fc
    .tuple(rowsOf, fc.boolean(), fc.nat(), fc.nat(), fc.string({ maxLength: 5 }))
    .map(([rows, asCsv, from, length, put]) => {
      const whole = bytesOf(asCsv ? csv(rows) : json(rows));
      const at = from % (whole.length + 1);
      return whole.slice(0, at) + put + whole.slice(at + (length % 8));
    });
  const any = fc.oneof(damaged, fc.string({ unit: 'binary', maxLength: 200 }).map(bytesOf));
  fc.assert(
    fc.property(any, sizes, (bytes, pieces) => {
      const result = refused(bytes, pieces);
      expect(result).toMatch(/^(?:accepted|archives-(?:cut|empty|malformed) byte \d+)/);
      expect(result.split(':')[0]).toBe(refused(bytes).split(':')[0]);
    }),
    { numRuns: count(1000, 200_000) },
  );
});
