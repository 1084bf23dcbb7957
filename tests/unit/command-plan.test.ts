import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { isCanonical } from '../../lib/address.ts';
import { command } from '../../server/doors/command.ts';
import { readDoor } from '../../server/doors/definition.ts';
import { fill, readListing } from '../../server/doors/command-plan.ts';
import { count } from '../counts.ts';

const context = { door: 'front', directory: '/nonexistent', log: () => undefined };
const acts = { port: 22, open: ['/bin/true', '{address}'], close: ['/bin/true', '-{address}'] };
const one = ['/bin/true', '{address}'];

const address = fc.oneof(fc.ipV4(), fc.ipV6()).filter((text) => isCanonical(text) !== undefined);

describe('what a table makes of a door', () => {
  test('the home agent closes; opening again lengthens only where the system can be asked', () => {
    const facts = (table: object) => command.create(command.read(table as never), context).facts;
    expect(facts(acts)).toEqual({ closes: 'agent', choosesTime: true, extends: false, readsBack: false });
    expect(facts({ ...acts, inspect: ['/bin/cat'] })).toMatchObject({ extends: true, readsBack: true });
  });

  test('one set of commands for both families, or each its own, or one alone', () => {
    const plans = (table: object) => command.read(table as never).plans;
    expect(plans({ ...acts, inspect: ['/bin/cat', 'set{family}'] })).toMatchObject({
      4: { inspect: ['/bin/cat', 'set4'] },
      6: { inspect: ['/bin/cat', 'set6'] },
    });
    const six = ['/bin/cat', '{address}'];
    expect(plans({ ...acts, open6: six, close6: six })).toMatchObject({ 4: { open: one }, 6: { open: six } });
    expect(Object.keys(plans({ ...acts, family: 4 }))).toEqual(['4']);
    expect(Object.keys(plans({ ...acts, family: 6 }))).toEqual(['6']);
  });

  test.each([
    ['family', { ...acts, family: 5 }],
    ['family', { ...acts, family: 4, open6: one, close6: one }],
    ['inspect6', { ...acts, inspect: one, open6: one, close6: one }],
    ['open6', { ...acts, close6: one }],
    ['user', { ...acts, user: '-x' }],
    ['user', { ...acts, user: 'root; id' }],
    ['timeout', { ...acts, timeout: '10s' }],
    ['open', { ...acts, open: [] }],
    ['port', { ...acts, port: 0 }],
  ])('%s is named when it is wrong', (key, table) => {
    expect(() => command.read(table as never)).toThrow(new RegExp(`config-invalid.*${key}`));
  });

  test('a program that is not there is a missing one, by its path and key', () => {
    const gone = { ...acts, close: ['/sbin/no-such-pfctl', '{address}'] };
    expect(() => command.read(gone as never)).toThrow(
      /^tool-missing.*close: there is no \/sbin\/no-such-pfctl/,
    );
  });

  test('two doors with one command make one claim', () => {
    const claim = (table: object) => command.claim(command.read(table as never));
    expect(claim({ ...acts, port: 23 })).toBe(claim(acts));
    expect(claim({ ...acts, open: ['/bin/true', 'x', '{address}'] })).not.toBe(claim(acts));
  });
});

test('every entry of the docs page is a door; only its programs may be missing here', async () => {
  const page = await readFile(new URL('../../server/doors/COMMANDS.md', import.meta.url), 'utf8');
  const entries = [...page.matchAll(/^```toml\n([^]*?)^```$/gm)].map(([, text = '']) => text);
  expect(entries).toHaveLength(6);
  for (const text of entries) {
    const table = parse(text.replace(/"\/(?:usr|sbin|opt)\/[^"]*"/g, '"/bin/true"'));
    expect(readDoor('ssh', table, [command]).type.name).toBe('command');
  }
});

test('an address fills arguments and makes none more', () => {
  fc.assert(
    fc.property(address, fc.array(fc.string(), { maxLength: 5 }), (text, words) => {
      const filled = fill(['/bin/true', ...words, '{address}', '--to={address}/32'], text);
      expect(filled).toEqual([
        '/bin/true',
        ...words.map((word) => word.replaceAll('{address}', text)),
        text,
        `--to=${text}/32`,
      ]);
      expect(text).toMatch(/^[0-9a-f:][0-9a-f:.]*$/);
    }),
    { numRuns: count(200, 20_000) },
  );
});

test('what is no address fills nothing', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => isCanonical(text) === undefined),
      (text) => {
        expect(() => fill(['/bin/true', '{address}'], text)).toThrow('tool-failed');
      },
    ),
    { numRuns: count(200, 20_000) },
  );
});

describe('a listing', () => {
  test.each([
    ['a file of addresses', '203.0.113.7\n[2001:db8::7]\n', ['203.0.113.7', '2001:db8::7']],
    ['pfctl', '   203.0.113.7\n   2001:db8::7\n', ['203.0.113.7', '2001:db8::7']],
    [
      'ipfw',
      '--- table(latchkey), set(0) ---\n203.0.113.7/32 0\n2001:db8::7/128 0\n',
      ['203.0.113.7', '2001:db8::7'],
    ],
    ['aws', '203.0.113.7/32\t203.0.113.66/32\n', ['203.0.113.7', '203.0.113.66']],
    ['JSON', '{"CidrIp": "203.0.113.7/32"},', ['203.0.113.7']],
    ['networks are no addresses', '203.0.113.0/24 2001:db8::/32 0.0.0.0/0 203.0.113.7/128', []],
    ['other prints are none', '203.0.113.07 0x7f.1 2001:DB8::7 ::ffff:203.0.113.7 [203.0.113.7', []],
    ['nothing', '', []],
  ])('%s', (_what, text, addresses) => {
    expect([...readListing(text)]).toEqual(addresses);
  });

  test('any text gives canonical addresses that stand in it, and never an exception', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('/32', '[', ']', '/', ' ', '\n', '"'),
      address,
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        for (const found of readListing(text)) {
          expect(isCanonical(found)).toBeDefined();
          expect(text).toContain(found);
        }
      }),
      { numRuns: count(500, 50_000) },
    );
  });

  test('a long line takes no long time', () => {
    const began = performance.now();
    readListing('['.repeat(500_000) + '/'.repeat(500_000));
    readListing('1'.repeat(1_000_000));
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
