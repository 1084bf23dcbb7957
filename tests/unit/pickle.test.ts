import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../lib/errors.ts';
import { readBanned, readBans, readCounts, readJails } from '../../server/bans/fail2ban-replies.ts';
import { WallClock } from '../../server/bans/fail2ban-time.ts';
import { decodePickle, encodeWords, PickledError } from '../../server/bans/pickle.ts';
import { count } from '../counts.ts';

const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/fail2ban/replies.json', import.meta.url), 'utf8'),
) as { name: string; reply: string }[];
const bytesOf = (name: string) => Buffer.from(recorded.find((one) => one.name === name)?.reply ?? '', 'hex');
const answer = (name: string) => decodePickle(bytesOf(name));
const payload = (name: string) => {
  const [code, value] = answer(name) as [number, ReturnType<typeof decodePickle>];
  expect(code).toBe(0);
  return value;
};

describe('what fail2ban said', () => {
  test('every recorded reply is read', () => {
    expect(recorded.length).toBeGreaterThan(25);
    for (const { reply } of recorded) expect(() => decodePickle(Buffer.from(reply, 'hex'))).not.toThrow();
  });

  test('values, addresses, errors and texts are what they are', () => {
    expect(answer('ping')).toEqual([0, 'pong']);
    expect(payload('get sshd banip')).toEqual([
      '203.0.113.5',
      '2001:db8::dead:beef',
      '2001:db8:1::/64',
      'not an ip',
    ]);
    expect(payload('get sshd bantime.increment')).toBeNull();
    expect(payload('get __proto__ bantime')).toBe(-1);
    expect(answer('status nosuchjail')).toEqual([
      1,
      new PickledError('fail2ban.exceptions.UnknownJailException', ['nosuchjail']),
    ]);
    expect(answer('nothing')).toBe('ERROR: Ran out of input');
  });

  test('jails of any name, counts and bans', () => {
    expect(readJails(payload('status'))).toEqual(['<b>bold</b>', '__proto__', 'bulk', 'sshd']);
    expect(readCounts(payload('status sshd short'))).toEqual({
      failing: 0,
      failed: 3,
      banned: 4,
      everBanned: 4,
    });
    expect(readBanned(payload('banned 203.0.113.5 192.0.2.9'), 2)).toEqual([
      ['sshd', '__proto__', '<b>bold</b>'],
      [],
    ]);
    const list = (jail: string) =>
      readBans(payload(`get ${jail} banip --with-time`), {
        source: 'fail2ban',
        jail,
        clock: new WallClock(),
        now: Date.now(),
      });
    const [first] = list('sshd');
    expect(first).toEqual({
      source: 'fail2ban',
      jail: 'sshd',
      value: '203.0.113.5',
      since: expect.any(Number) as number,
      until: (first?.since ?? 0) + 600_000,
    });
    expect(list('sshd').map(({ value }) => value)).toContain('not an ip');
    expect(list('__proto__')).toMatchObject([{ value: '203.0.113.5', permanent: true }]);
    expect(list('__proto__')[0]).not.toHaveProperty('until');
    expect(new Set(list('bulk').map(({ value }) => value)).size).toBe(1100);
  });
});

describe('the decoder', () => {
  const decode = (...bytes: (number | string)[]) =>
    decodePickle(
      Buffer.concat(
        bytes.map((one) => (typeof one === 'number' ? Buffer.of(one) : Buffer.from(one, 'latin1'))),
      ),
    );
  const word = (text: string) => Buffer.of(0x8c, text.length).toString('latin1') + text;

  test('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (words) => {
        expect(decodePickle(encodeWords(words))).toEqual(words);
      }),
      { numRuns: count(200, 20_000) },
    );
  });

  test('the bytes of a request are those that were recorded', () => {
    expect(encodeWords(['ping']).toString('hex')).toBe('80025d28580400000070696e67652e');
    expect(encodeWords(['get', 'sshd', 'banip', '--with-time']).toString('hex')).toBe(
      '80025d28580300000067657458040000007373686458050000' +
        '0062616e6970580b0000002d2d776974682d74696d65652e',
    );
  });

  test('numbers of every kind', () => {
    expect(decode(0x4a, '\xff\xff\xff\xff', '.')).toBe(-1);
    expect(decode(0x8a, 5, '\x00\x00\x00\x00\x01', '.')).toBe(2 ** 32);
    expect(decode(0x8a, 1, '\xfe', '.')).toBe(-2);
    expect(decode(0x8a, 0, '.')).toBe(0);
    expect(decode(0x47, '\x3f\xf8\x00\x00\x00\x00\x00\x00', '.')).toBe(1.5);
  });

  test('no class is called, whatever it is named', () => {
    const call = (module: string, name: string, arg: string) =>
      decode(word(module), word(name), 0x93, word(arg), 0x85, 0x52, '.');
    expect(call('os', 'system', 'id')).toEqual(new PickledError('os.system', ['id']));
    expect(call('builtins', 'eval', '1')).toEqual(new PickledError('builtins.eval', ['1']));
    expect(call('builtins', 'str', '203.0.113.5')).toBe('203.0.113.5');
  });

  test('a dict is a Map: __proto__ is a key, and nothing is polluted', () => {
    const map = decode('}', word('__proto__'), '}', word('polluted'), 0x88, 's', 's', '.') as Map<
      string,
      unknown
    >;
    expect([...map.keys()]).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([
    ['an opcode of older pickles', ['cos\nsystem\n(S"id"\ntR.']],
    ['BUILD', [']', '}', 'b', '.']],
    ['NEWOBJ', [word('a'), word('b'), 0x93, ')', 0x81, '.']],
    ['a class alone', [word('a'), word('b'), 0x93, '.']],
    ['a call of a text', [word('a'), ')', 'R', '.']],
    ['a list in itself', [']', 0x94, 'h', 0, 'a', '.']],
    ['a list twice', [']', ']', 0x94, 'a', 'h', 0, 'a', '.']],
    ['a tuple twice', ['N', 0x85, 0x94, 'h', 0, 0x86, '.']],
    ['nothing', []],
    ['a stop of nothing', ['.']],
    ['something left over', ['N', 'N', '.']],
    ['bytes after the end', ['N', '.', 'N']],
    ['a text longer than the reply', [0x58, '\xff\xff\xff\xff', 'x', '.']],
    ['no mark', ['N', 'e', '.']],
    ['a mark as a value', ['(', '.']],
    ['an odd dict', ['}', '(', 'N', 'u', '.']],
    ['a memo of nothing', ['h', 0, '.']],
    ['deep lists', ['N', ...Array.from({ length: 30 }, () => 0x85), '.']],
  ])('refuses %s', (_name, bytes) => {
    expect(() => decode(...bytes)).toThrow(LatchkeyError);
  });

  test('few bytes cannot fill memory', () => {
    for (const byte of [']', '}', ')', 'N', '(', 'N\x94', 'N\x85'])
      expect(() => decode(byte.repeat(3_000_000), '.')).toThrow('too large');
  });
});

test('mutated replies are read, or refused with our error, in little time and memory', () => {
  const replies = recorded.map(({ reply }) => Buffer.from(reply, 'hex')).filter(({ length }) => length < 400);
  const big = bytesOf('get bulk banip --with-time');
  const opcodes = Buffer.from('5d7d286165737585868774298c584b4d4a8a474e888994686a93522e8095', 'hex');
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator: the same run each time
    return Math.floor((seed / 2 ** 32) * below);
  };
  let longest = 0;
  let most = 0;
  const runs = count(20_000, 1_000_000);
  for (let run = 0; run < runs; run++) {
    const from = run % 200 === 0 ? big : replies[run % replies.length]!;
    let bytes = Buffer.from(from);
    for (let changes = 1 + random(6); changes > 0; changes--) {
      const at = random(bytes.length);
      const kind = random(4);
      if (kind === 0) bytes[at] = random(256);
      else if (kind === 1) bytes[at] = opcodes[random(opcodes.length)] ?? 0;
      else if (kind === 2) bytes = bytes.subarray(0, at);
      else {
        const piece = bytes.subarray(at, at + random(40));
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          ...Array.from({ length: random(50) }, () => piece),
          bytes.subarray(at),
        ]);
      }
      if (bytes.length === 0) break;
    }
    const began = performance.now();
    try {
      decodePickle(bytes);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
    }
    longest = Math.max(longest, performance.now() - began);
    if (run % 1000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  expect(longest).toBeLessThan(5000); // a hang; on a busy machine one run may wait for its turn
  expect(most).toBeLessThan(64 * 1024 * 1024);
});
