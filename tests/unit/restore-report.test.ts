import { expect, test } from 'vitest';
import { headlineSize, readSize } from '../../lib/restore.ts';
import { planReport, restoreReport } from '../../server/cli/restore-report.ts';
import { planOf, restoreOf, rowOf } from './restore-samples.ts';

test('sizes as people write them; what is none is refused', () => {
  for (const [text, bytes] of [
    ['200GB', 200e9],
    [' 1.5 tb ', 1.5e12],
    ['640000', 640_000],
    ['0.000001 MB', 1],
  ] as const)
    expect(readSize(text)).toBe(bytes);
  for (const text of [
    '',
    '0',
    '0GB',
    '-1GB',
    '1,5TB',
    '1e9',
    'GB',
    '1 GiB',
    '9'.repeat(16),
    '999999999999999TB',
    '1 2',
  ])
    expect(readSize(text)).toBeUndefined();
  for (const bytes of [1, 999, 1_140_000, 367e9]) expect(readSize(headlineSize(bytes))).toBe(bytes);
});

test('a plan in a terminal: what, where to, each tier, what it is made of', () => {
  const plan = planOf({ leftOut: 1, again: 2, disk: { need: 3e9, free: 2e9 } });
  const [bulk] = plan.choices;
  expect(planReport(plan, '/srv/back', bulk!)).toBe(
    `3 archives, 1.14 TB: Photos 2019, raw, Photos 2020, raw, Photos 2022, raw
1 archive left out: on the way already, deleted, or nothing here can ask for it.
! 2 of them came back before: asked for, and paid for, once more.
To /srv/back, where 2.00 GB are free.
! 1.00 GB short: it will stop there, and go on once there is room.

> Bulk          $105.54  ready after 5 to 12 h, all of it in 6 days
  Standard      $114.10  ready after 3 to 5 h, all of it in 6 days
  Expedited           -  only for what is under 250 MB

Bulk: $2.85 retrieval, $102.69 transfer, $0.00 requests. Prices of 2026-05-03; AWS’s bill decides.
All of it is asked for at once (--per-day SIZE).
`,
  );
});

test('how a restore stands: counted, what stops it with its remedy, each row; text of others moves no cursor', () => {
  const view = restoreOf({ code: 'archives-space', failed: 1, startedBy: 'phone\u001b[2J' });
  const rows = [
    rowOf('2022', { state: 'failed', code: 'archives-missing', message: 'gone\u001b]0;x\u0007' }),
    rowOf('2020', { state: 'downloading', down: 61e9, rate: 4_100_000, untilMs: 1_778_100_000_000 }),
    rowOf('2019', { state: 'back', bySize: true }),
  ];
  const text = restoreReport(view, rows, '/srv/back', 'latchkey archives restore');
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  const lines = text.split('\n');
  expect(lines[0]).toBe(
    'Restore of 2026-05-05 16:53Z by phone·[2J, Bulk: stopped: 1 of 3 archives back, 1 failed, 412 GB of 1.14 TB',
  );
  expect(lines[1]).toBe('  day 3 of 6, $43.74 of about $105.54 so far, to /srv/back');
  expect(lines[2]).toMatch(/^ {2}! There is not enough room in the folder\. /);
  expect(lines[3]).toMatch(/^ {2}failed +388 GB {2}Photos 2022$/);
  expect(lines[4]).toContain('AWS: gone·]0;x·');
  expect(lines[5]).toMatch(
    /downloading +388 GB {2}Photos 2020 {2}\(until 2026-05-06 20:40Z, 61\.0 GB here, 4\.10 MB\/s\)$/,
  );
  expect(lines[6]).toContain('compared by its size alone');
  expect(restoreReport(undefined, [], '/x', 'latchkey archives restore')).toContain(
    'Nothing was ever asked back',
  );
});
