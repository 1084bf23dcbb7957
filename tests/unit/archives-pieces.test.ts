import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readOpening } from '../../lib/archive/openpgp.ts';
import { firstSuffix, nextSuffix, parsePieceName } from '../../lib/archive/piece-name.ts';
import { putBackLine } from '../../lib/archive/put-back.ts';
import { shellPath, shellWord } from '../../lib/archive/shell.ts';
import { sniff } from '../../lib/archive/sniff.ts';
import { uploadsIn } from '../../lib/archive/upload-log.ts';
import { count } from '../counts.ts';
import { scratchFolder } from './scratch.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('the literal packet, as gpg 2.2 wrote it, in both formats', () => {
  // gpg -z0 --set-filename 'x y', its encryption taken off
  const newFormat = bytes('cbed 6203 7820 796b 0b25 72fd 377a 585a 0000 04e6 d6b4 4602 0021 0116');
  const opening = readOpening(newFormat);
  expect(opening).toMatchObject({ kind: 'literal', date: 0x6b0b2572 });
  if (opening.kind !== 'literal') throw new Error();
  expect(Buffer.from(opening.name).toString()).toBe('x y');
  expect(sniff(newFormat.subarray(opening.body))).toBe('xz');
  // old format, length of one byte: tag 11 is 0xac
  expect(readOpening(bytes('ac 08 62 01 61 00000000 7a'))).toMatchObject({
    kind: 'literal',
    date: 0,
    body: 9,
  });
  // a signed one: one-pass, then literal
  expect(readOpening(bytes('90 0d 03 000102 0102030405060708 01 cb 08 62 01 61 00000000 7a'))).toMatchObject({
    kind: 'literal',
  });
  expect(readOpening(bytes('a3 02 789c'))).toEqual({ kind: 'compressed', algorithm: 2, body: 2 });
  // a session key for somebody, then what it opens; without the first it is no message
  expect(readOpening(bytes('84 02 03 00 d2 40 01'))).toEqual({ kind: 'encrypted' });
  expect(readOpening(bytes('d2 40 01'))).toEqual({ kind: 'other' });
  for (const cut of ['', 'cb', 'cbed', 'cbed 62', 'cbed 6203 78', 'a3', '84 02 03'])
    expect(readOpening(bytes(cut))).toEqual({ kind: 'more' });
  for (const other of ['00', 'fd377a585a00', '7f', 'cb 08 7a 01 61 00000000'])
    expect(readOpening(bytes(other)).kind).toBe('other');
});

test('any bytes give an answer, and one that lies within them', () => {
  const messages = [
    'cbed 6203 7820 796b 0b25 72fd 377a',
    'a302 789c 0003',
    '8402 0300 d240 01',
    '900d 0300 0102',
  ];
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        fc.tuple(fc.constantFrom(...messages), fc.nat(12), fc.nat(255)).map(([hex, at, byte]) => {
          const changed = bytes(hex);
          changed[at % changed.length] = byte;
          return new Uint8Array(changed);
        }),
      ),
      (text) => {
        const opening = readOpening(text);
        if ('body' in opening) expect(opening.body).toBeLessThanOrEqual(text.length);
        if (opening.kind === 'literal') expect(opening.name.length).toBeLessThan(256);
        sniff(text);
      },
    ),
    { numRuns: count(500, 100_000) },
  );
});

test('suffixes go on as those of split itself', () => {
  const folder = scratchFolder();
  for (const [name, args, number] of [
    ['letters', [], 720],
    ['digits', ['-d'], 90],
  ] as const) {
    const here = path.join(folder, name);
    mkdirSync(here);
    execFileSync('split', ['-b', '1', ...args, '-', 'x.'], { cwd: here, input: Buffer.alloc(number, 97) });
    const names = readdirSync(here).sort();
    let suffix: string | undefined = firstSuffix(names[0]!.slice(2));
    for (const each of names) {
      expect(each).toBe(`x.${suffix}`);
      if (!['gz', 'xz'].includes(suffix!)) expect(parsePieceName(each)?.suffix).toBe(suffix);
      suffix = nextSuffix(suffix!);
    }
  }
  expect(nextSuffix('99')).toBe(undefined);
});

test.each([
  ['backup__rootaa.xz.gpg', 'backup__root|xz.gpg', 'aa', ['xz', 'gpg']],
  ['stage.tar.xz.ac', 'stage.tar.xz.|', 'ac', []],
  ['/stage/backup_etczaaa.xz', '/stage/backup_etc|xz', 'zaaa', ['xz']],
  ['root.tar.000012.zst', 'root.tar.|zst', '000012', ['zst']],
])('%s is a piece', (name, stem, suffix, layers) => {
  expect(parsePieceName(name)).toMatchObject({ stem, suffix, layers });
});

test.each(['notes.tar', 'aa', 'photo.jpeg', '', 'zz', 'my archive Thu', '.aa', 'report.tar.gz'])(
  '%s is no piece of a split',
  (name) => {
    expect(parsePieceName(name)).toBe(undefined);
  },
);

test('a word for the shell is one word, whatever it holds, and shows nothing but plain text', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 12 }),
          fc
            .constantFrom(
              "'",
              '"',
              '$(touch x)',
              '`id`',
              '\\',
              '\n',
              '-rf',
              ' ',
              '\u202e',
              '\u001b]0;x\u0007',
              'é',
              '!!',
            )
            .map((text) => new Uint8Array(Buffer.from(text))),
        ),
        { minLength: 1, maxLength: 5 },
      ),
      (parts) => {
        const name = Buffer.concat(parts).filter((byte) => byte !== 0);
        if (name.length === 0) return;
        const word = shellWord(name);
        expect(word).toMatch(/^[\x20-\x7e\p{L}\p{N}]+$/u);
        const back = execFileSync('bash', ['--norc', '--noprofile', '-c', `printf %s ${word}`]);
        expect(back.equals(name)).toBe(true);
        expect(shellPath(name).replace(/^\$?'/, '').startsWith('-')).toBe(false);
      },
    ),
    { numRuns: count(40, 2000) },
  );
  expect(shellPath('-rf')).toBe('./-rf');
  expect(shellWord("it's")).toBe(`'it'\\''s'`);
  expect(() => shellWord('a\0b')).toThrow(RangeError);
});

test('the line: one message is read whole, pieces that were encrypted one by one are decrypted one by one', () => {
  const plain = { encryption: null, each: false, compression: 'xz', content: 'tar' } as const;
  expect(putBackLine({ ...plain, pieces: ['a b', 'c'] })).toMatch(/^cat 'a b' c \| xz -dc \| tar --extract /);
  expect(putBackLine({ ...plain, pieces: ['a', 'b'], encryption: 'gpg' })).toMatch(
    /^cat a b \| gpg --quiet --decrypt \| xz/,
  );
  expect(putBackLine({ ...plain, pieces: ['a', 'b'], encryption: 'gpg', each: true })).toMatch(
    /^for piece in a b; do gpg --quiet --decrypt "\$piece" \|\| break; done \| xz -dc \| tar/,
  );
  expect(putBackLine({ ...plain, pieces: ['a'], content: 'file', name: '-x', compression: null })).toBe(
    'cat a > ./-x',
  );
});

test('the log of an upload: of the AWS CLI, on one line or several, and of the program of the seed', () => {
  const log = `some noise
{"location": "/1/vaults/v/archives/AAA", "checksum": "00", "archiveId": "AAA"}
{
    "location": "/1/vaults/v/archives/B_-",
    "archiveId": "B_-"
}
backup__rootaa.xz Archive ID: C1
backup with Archive ID: in it.xz Archive ID: C2
Archive ID: 
`;
  expect(uploadsIn(log)).toEqual([
    { archiveId: 'AAA', file: null },
    { archiveId: 'B_-', file: null },
    { archiveId: 'C1', file: 'backup__rootaa.xz' },
    { archiveId: 'C2', file: 'backup with Archive ID: in it.xz' },
  ]);
});
