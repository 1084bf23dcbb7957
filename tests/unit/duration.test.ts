import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatClock, formatDuration, longestDuration, parseDuration } from '../../lib/duration.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { count } from '../counts.ts';

const runs = { numRuns: count(500, 20_000) };
const seconds = fc.integer({ min: 1, max: longestDuration });

describe('times as people write them', () => {
  test.each([
    ['90s', 90],
    ['5m', 300],
    ['1h30m', 5400],
    ['1d', 86400],
    ['300', 300],
    ['1m30s', 90],
    ['90', 90],
    ['23h59m60s', 86400],
  ])('%s is %i s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each([
    ...['', '0', '0s', '-5m', '5 m', ' 5m', '5m ', '5M', '1.5h', '5m5m', '30s1m', 'm', '1w', '1e3', '0x10'],
    ...[
      '86401',
      '86401s',
      '1d1s',
      '25h',
      '2d',
      '999999s',
      '1h90000s',
      '٥m',
      '+5m',
      '5min',
      'P1D',
      'Infinity',
      'NaN',
    ],
  ])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow(LatchkeyError);
    expect(() => parseDuration(text)).toThrow(/config-invalid/);
  });

  test('what is printed is read back', () => {
    fc.assert(
      fc.property(seconds, (each) => parseDuration(formatDuration(each)) === each),
      runs,
    );
    fc.assert(
      fc.property(seconds, (each) => parseDuration(String(each)) === each),
      runs,
    );
  });

  test('anything else throws config-invalid and nothing else', () => {
    const pieces = fc
      .array(fc.constantFrom('0', '1', '59', '99999', 's', 'm', 'h', 'd', '-', '.', ' ', 'e'), {
        maxLength: 8,
      })
      .map((each) => each.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), pieces), (text) => {
        try {
          const read = parseDuration(text);
          expect(Number.isInteger(read) && read >= 1 && read <= longestDuration).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(LatchkeyError);
          expect((error as LatchkeyError).code).toBe('config-invalid');
        }
      }),
      runs,
    );
  });
});

describe('countdowns', () => {
  test.each([
    [252_000, '4:12'],
    [251_001, '4:12'],
    [1, '0:01'],
    [0, '0:00'],
    [-500, '0:00'],
    [3_600_000, '1:00:00'],
    [3_722_000, '1:02:02'],
    [59_000, '0:59'],
  ])('%i ms is %s', (milliseconds, text) => {
    expect(formatClock(milliseconds)).toBe(text);
  });

  test('never goes up as time goes by, and is over only when it is over', () => {
    const milliseconds = fc.integer({ min: 0, max: longestDuration * 1000 });
    const inSeconds = (text: string): number =>
      text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
    fc.assert(
      fc.property(milliseconds, fc.integer({ min: 0, max: 5000 }), (left, passed) => {
        expect(inSeconds(formatClock(left - passed))).toBeLessThanOrEqual(inSeconds(formatClock(left)));
        expect(formatClock(left) === '0:00').toBe(left === 0);
      }),
      runs,
    );
  });
});
