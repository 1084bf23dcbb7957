import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../lib/errors.ts';
import { answer, longestLine, parseRequest, type Request } from '../../server/helper/verbs.ts';
import type { DoorHost } from '../../server/doors/host.ts';
import { count } from '../counts.ts';

const id = fc.nat();
const text = fc.string({ maxLength: 64 });
const source = fc.stringMatching(/^[a-z][a-z0-9_-]{0,30}$/);
const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ id, verb: fc.constant('ping' as const) }),
  fc.record({ id, verb: fc.constant('doors' as const) }),
  fc.record({
    id,
    verb: fc.constant('open' as const),
    door: text,
    address: text,
    seconds: fc.maxSafeInteger(),
  }),
  fc.record({ id, verb: fc.constant('close' as const), door: text, address: text }),
  fc.record({ id, verb: fc.constant('inspect' as const), door: text }),
  fc.record({ id, verb: fc.constant('sessions' as const), door: text }),
  fc.record({ id, verb: fc.constant('logins' as const), port: fc.integer({ min: 1, max: 65_535 }) }),
  fc.record({ id, verb: fc.constant('checks' as const) }),
  fc.record({ id, verb: fc.constant('banChanges' as const), cursor: text }),
  fc.record({ id, verb: fc.constant('banned' as const), address: text }),
  fc.record({
    id,
    verb: fc.constant('banFacts' as const),
    source,
    jail: text,
    values: fc.array(text, { minLength: 1, maxLength: 64 }),
  }),
  fc.record({ id, verb: fc.constant('banEvidence' as const), source, jail: text, value: text }),
  fc.record({ id, verb: fc.constant('unban' as const), value: text }),
  fc.record({ id, verb: fc.constant('reban' as const), source, jail: text, value: text }),
  fc.record({ id, verb: fc.constant('attacks' as const) }),
);

function outcome(line: string): Request | string {
  try {
    return parseRequest(line);
  } catch (error) {
    if (error instanceof LatchkeyError) return error.code;
    throw error; // anything else would end the helper
  }
}

describe('parseRequest', () => {
  test('reads back what a client writes', () => {
    fc.assert(
      fc.property(request, (one) => {
        const line = JSON.stringify(one);
        fc.pre(line.length <= longestLine && !line.includes('-0'));
        expect(parseRequest(line)).toEqual(JSON.parse(line));
      }),
      { numRuns: count(500, 20_000) },
    );
  });

  test('no bytes get more than a coded refusal out of it', () => {
    const bytes = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 1200 }),
      fc.constant('x'.repeat(longestLine + 1)),
      fc.json(),
      fc
        .record({ verb: fc.string(), id: fc.anything() }, { requiredKeys: [] })
        .map((one) => JSON.stringify(one)),
    );
    fc.assert(
      fc.property(bytes, (line) => {
        const result = outcome(line);
        if (typeof result === 'string') expect(result).toMatch(/^protocol-(malformed|oversized)$/);
        else expect(JSON.stringify(result)).toBe(line);
      }),
      { numRuns: count(1000, 1_000_000) },
    );
  });

  test('one changed byte of an honest request is the same request in other words, another honest one, or refused', () => {
    const honest = '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":300}';
    fc.assert(
      fc.property(fc.nat(honest.length - 1), fc.integer({ min: 0, max: 127 }), (at, byte) => {
        const line = honest.slice(0, at) + String.fromCharCode(byte) + honest.slice(at + 1);
        const result = outcome(line);
        if (typeof result !== 'string') {
          expect(Object.keys(result)).toEqual(['id', 'verb', 'door', 'address', 'seconds']);
          expect(JSON.stringify(result)).toBe(line);
        }
      }),
      { numRuns: count(2000, 200_000) },
    );
  });

  test.each([
    '{"id":1,"verb":"open","door":"ssh","address":"203.0.113.7","seconds":1e2}',
    '{"id":1, "verb":"ping"}',
    '{"id":1,"verb":"\\u0070ing"}',
    '{"id":1,"id":1,"verb":"ping"}',
    '{"id":-1,"verb":"ping"}',
    '{"id":1.5,"verb":"ping"}',
    '{"verb":"ping"}',
    '{"id":1,"verb":"ping","__proto__":{}}',
    '{"id":1,"verb":"ping","constructor":1}',
    '{"verb":"ping","id":1}',
    '{"id":1,"verb":"close","door":"ssh","address":["203.0.113.7"]}',
    'null',
    '',
  ])('refuses %s', (line) => {
    expect(outcome(line)).toBe('protocol-malformed');
  });
});

describe('answer', () => {
  test('the longest question about bans fits into a line', () => {
    const [word, jail] = ['\u0001'.repeat(128), '\u0002'.repeat(128)];
    const values = Array.from({ length: 64 }, () => word);
    const line = JSON.stringify({
      id: Number.MAX_SAFE_INTEGER,
      verb: 'banFacts',
      source: 'a'.repeat(31),
      jail,
      values,
    });
    expect(parseRequest(line)).toMatchObject({ values });
  });

  test('a helper without bans says so', async () => {
    const result = await answer(
      { id: 1, verb: 'unban', value: '203.0.113.5' },
      failing(new Error()),
      nothing,
      nothing,
    );
    expect(result).toEqual({ ok: false, code: 'tool-unsupported' });
  });

  const nothing = () => undefined;
  const failing = (error: unknown): DoorHost => {
    const fail = () => Promise.reject(error as Error);
    return { doors: fail, open: fail, close: fail, inspect: fail, sessions: fail, stop: fail };
  };

  test('only a code leaves; what was said stays in the log', async () => {
    const logged: string[] = [];
    const error = new LatchkeyError('tool-failed', 'nft: /etc/secret');
    const result = await answer({ id: 1, verb: 'inspect', door: 'ssh' }, failing(error), nothing, (line) =>
      logged.push(line),
    );
    expect(result).toEqual({ ok: false, code: 'tool-failed' });
    expect(logged.join()).toContain('/etc/secret');
  });

  test('a bug of ours is tool-failed, not the end of the helper', async () => {
    const result = await answer({ id: 1, verb: 'doors' }, failing(new TypeError('x')), nothing, nothing);
    expect(result).toEqual({ ok: false, code: 'tool-failed' });
  });
});
