import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describe as nameOf } from '../../lib/archive/describe.ts';
import { csvField } from '../../lib/archive/export.ts';
import { safeFileName, shown } from '../../lib/archive/safe-text.ts';
import { fromUtf7 } from '../../lib/archive/utf7.ts';
import { pieces } from '../../server/archives/search-text.ts';
import { count } from '../counts.ts';

const base64 = (text: string, form: BufferEncoding = 'base64'): string => Buffer.from(text).toString(form);
const twice = (text: string): string => Buffer.from(text).toString('latin1');
/** RFC 2152, every character outside of a small set shifted. */
function utf7(text: string): string {
  return text.replace(/\+|[^A-Za-z0-9\\/:. ]+/g, (run) => {
    if (run === '+') return '+-';
    const bytes = Buffer.from(run, 'utf16le').swap16();
    return `+${bytes.toString('base64').replace(/=+$/, '')}-`;
  });
}

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });

test.each([
  ['plain', 'my archive 1', 'my archive 1'],
  ['plain', '', ''],
  [
    'fastglacier-v4',
    '<m><v>4</v><p>cGhvdG9zL8OpLnJhdw==</p><lm>20200101T000000Z</lm><ce>0:0:0:1</ce></m>',
    'photos/é.raw',
  ],
  ['fastglacier-v3', '<m><v>3</v><p>YQ==</p><lm>20200101T000000Z</lm><ce>0:0:0</ce></m>', 'a'],
  ['fastglacier-v2', '<m><v>2</v><p>YQ==</p><lm>20200101T000000Z</lm></m>', 'a'],
  ['fastglacier-v4', '<m><v>4</v><p>YQ==</p><lm>20200101T000000Z</lm></m>', 'a'],
  [
    'fastglacier-v1',
    '"<ArchiveMetadata><Path>YS9i</Path><LastModified>x</LastModified></ArchiveMetadata>   "',
    'a/b',
  ],
  ['mt2', `mt2 ${base64('{"mtime":"20200101T000000Z","filename":"фото.raw"}', 'base64url')}`, 'фото.raw'],
  ['mt1', `mt1 ${base64(JSON.stringify({ filename: twice('фото.raw') }), 'base64url')}`, 'фото.raw'],
  [
    'cloudberry',
    '{"Path":"C:\\\\my+AF8-files\\\\+BEQ-","UTCDateModified":"2015","Flags":0}',
    'C:\\my_files\\ф',
  ],
  ['cloudberry', '{"path":"a/b"}', 'a/b'],
  // AWS's own test path, which is no UTF-7
  ['cloudberry', '{"Path":"CB+F8-M5"}', 'CB+F8-M5'],
])('%s: %s', (dialect, description, expected) => {
  expect(nameOf(description)).toEqual({ name: expected, dialect });
});

test('what cannot be decoded is shown as it stands', () => {
  for (const text of [
    '<m><v>4</v><p>%%%</p></m>',
    '<m><v>4</v><p></p></m>',
    '<m><v>5</v><p>YQ==</p></m>',
    '<m><v>4</v><p>/////w==</p></m>',
    'mt2 !!!',
    'mt2 e30',
    `mt1 ${base64('{"filename":"ф"}', 'base64url')}`,
    'mtijob1 e30',
    '{"Path":1}',
    '{"Path":""}',
    '{broken',
    'mt2',
    '"quoted"',
  ])
    expect(nameOf(text)).toEqual({ name: text, dialect: 'plain' });
});

test('any name comes back from any dialect, and any text is answered', () => {
  fc.assert(
    fc.property(name, (text) => {
      expect(nameOf(`<m><v>4</v><p>${base64(text)}</p><lm>x</lm></m>`).name).toBe(text);
      expect(nameOf(`<ArchiveMetadata><Path>${base64(text)}</Path></ArchiveMetadata>`).name).toBe(text);
      expect(nameOf(`mt2 ${base64(JSON.stringify({ filename: text }), 'base64url')}`).name).toBe(text);
      expect(nameOf(`mt1 ${base64(JSON.stringify({ filename: twice(text) }), 'base64url')}`).name).toBe(text);
      expect(fromUtf7(utf7(text))).toBe(text);
      expect(nameOf(JSON.stringify({ Path: utf7(text) })).name).toBe(text);
    }),
    { numRuns: count(500, 50_000) },
  );
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .tuple(
        fc.constantFrom('<m><v>4</v><p>', 'mt1 ', 'mt2 ', '{"Path":"', '<ArchiveMetadata>', '"<m>'),
        fc.string(),
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      const { name: found, dialect } = nameOf(text);
      if (dialect === 'plain') expect(found).toBe(text);
    }),
    { numRuns: count(1000, 200_000) },
  );
});

test('an attacker’s name is text on a screen, one harmless name as a file, and no formula in a spreadsheet', () => {
  expect(shown('a\u001b[31m\u202egpj.exe\u0000\n')).toBe('a·[31m·gpj.exe··');
  expect(safeFileName('../../etc/passwd')).toBe('passwd');
  expect(safeFileName('C:\\Users\\me\\..\\')).toBe('me');
  expect(safeFileName('<img src=x onerror=alert(1)>')).not.toMatch(/[<>]/);
  expect(safeFileName('CON.txt')).toBe('_CON.txt');
  expect(safeFileName('-rf')).toBe('rf');
  for (const nothing of ['', '..', '/', '...', ' . ', '~']) expect(safeFileName(nothing)).toBe('archive');
  expect(csvField('=HYPERLINK("http://x")')).toBe(`"'=HYPERLINK(""http://x"")"`);
  expect(csvField(-5)).toBe('-5');

  const nasty = fc.string({
    unit: fc.oneof(fc.constantFrom(...'./\\:~- =+@|%<>"\n\0'), fc.string({ unit: 'binary', maxLength: 1 })),
  });
  fc.assert(
    fc.property(nasty, fc.nat(300), (text, more) => {
      const file = safeFileName(text + 'é'.repeat(more));
      expect(file).not.toMatch(/^[.~\s-]|[/\\<>:"|?*\u0000-\u001f\u007f\u202e\ud800-\udfff]|[.\s]$/u);
      expect(Buffer.byteLength(file)).toBeLessThanOrEqual(240);
      expect(file).not.toBe('');
      expect(shown(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      const field = csvField(text);
      expect(field.replace(/^"/, '')).not.toMatch(/^\s*[=+\-@|%]/);
    }),
    { numRuns: count(1000, 100_000) },
  );
});

test('pieces of names: of no more than four characters, whatever the name is', () => {
  expect(pieces('photos/2012/IMG_0000012.raw')).toEqual(['phot', 'os', '2012', 'IMG', '0000', '012', 'raw']);
  expect(pieces('Réunion 写真集')).toEqual(['Reun', 'ion', '写', '真', '集']);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const piece of pieces(text)) expect([...piece].length).toBeLessThanOrEqual(4);
    }),
  );
});
