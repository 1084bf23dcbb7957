import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const time = fileURLToPath(new URL('../../server/bans/fail2ban-time.ts', import.meta.url));

/** Runs in a process of that zone: a zone is read once, when a process starts. */
function inZone(zone: string, expression: string): unknown {
  const script = `const { momentsOf, WallClock } = await import(${JSON.stringify(time)});
const at = (text) => Date.parse(text);
process.stdout.write(JSON.stringify(${expression}));`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script],
    { env: { ...process.env, TZ: zone }, encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const utc = (text: string) => Date.parse(text);

describe('times of the server are times of its zone', () => {
  test('in Berlin: winter, summer, the hour that is not, the hour that is twice', () => {
    const wanted: [string, number[]][] = [
      ['2026-01-15 12:00:00', [utc('2026-01-15T11:00:00Z')]],
      ['2026-07-15 12:00:00', [utc('2026-07-15T10:00:00Z')]],
      ['2026-03-29 01:59:59', [utc('2026-03-29T00:59:59Z')]],
      ['2026-03-29 02:30:00', []],
      ['2026-03-29 03:00:00', [utc('2026-03-29T01:00:00Z')]],
      ['2026-10-25 01:59:59', [utc('2026-10-24T23:59:59Z')]],
      ['2026-10-25 02:30:00', [utc('2026-10-25T00:30:00Z'), utc('2026-10-25T01:30:00Z')]],
      ['2026-10-25 03:00:00', [utc('2026-10-25T02:00:00Z')]],
      ['no time', []],
    ];
    const texts = JSON.stringify(wanted.map(([text]) => text));
    expect(inZone('Europe/Berlin', `${texts}.map(momentsOf)`)).toEqual(wanted.map(([, moments]) => moments));
  });

  test.each([
    ['America/New_York', '2026-07-15 12:00:00', '2026-07-15T16:00:00Z'],
    ['Asia/Kathmandu', '2026-07-15 12:00:00', '2026-07-15T06:15:00Z'],
    // half an hour of summer time
    ['Australia/Lord_Howe', '2026-01-15 12:00:00', '2026-01-15T01:00:00Z'],
    ['UTC', '2026-10-25 02:30:00', '2026-10-25T02:30:00Z'],
  ])('in %s', (zone, text, moment) => {
    expect(inZone(zone, `momentsOf(${JSON.stringify(text)})`)).toEqual([utc(moment)]);
  });

  test('in the doubled hour a ban began when it can have: its end, or that it is in force, says which', () => {
    const cases = [
      // [start, seconds, printed end, now, began]
      ['2026-10-25 02:30:00', 3600, '2026-10-25 02:30:00', '2026-10-25T01:00:00Z', '2026-10-25T00:30:00Z'],
      ['2026-10-25 02:30:00', 3600, '2026-10-25 03:30:00', '2026-10-25T02:00:00Z', '2026-10-25T01:30:00Z'],
      ['2026-10-25 02:10:00', 600, '2026-10-25 02:20:00', '2026-10-25T00:15:00Z', '2026-10-25T00:10:00Z'],
      ['2026-10-25 02:10:00', 600, '2026-10-25 02:20:00', '2026-10-25T01:15:00Z', '2026-10-25T01:10:00Z'],
      ['2026-10-25 01:30:00', 86400, '2026-10-26 00:30:00', '2026-10-25T12:00:00Z', '2026-10-24T23:30:00Z'],
    ] as const;
    const calls = cases.map(
      ([start, seconds, end, now]) =>
        `clock.began('${start}${end}', 0, ${seconds}, ${start.length}, at('${now}'))`,
    );
    expect(inZone('Europe/Berlin', `((clock) => [${calls.join(',')}])(new WallClock())`)).toEqual(
      cases.map(([, , , , began]) => utc(began)),
    );
  });
});
