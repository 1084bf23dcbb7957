import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ban } from '../../lib/ban.ts';
import { until } from '../support/until.ts';
import { startFail2ban, type Fail2ban } from './fail2ban.ts';
import { startLabHelper, type LabHelper } from './helper.ts';
import { createLab, type Lab } from './net.ts';
import { unpack } from './unpack.ts';

// fail2ban's own samples of every log that it has a filter for, read where its package has them (they are GPL).

let lab: Lab;
let fail2ban: Fail2ban;
let helper: LabHelper;
let jails: string[];

const two = (n: number) => String(n).padStart(2, '0');

/** The samples are of 2004 to 2020: fail2ban would not look at them. In the machine's zone, as logs are. */
function madeNew(text: string, at: Date): string {
  const month = at.toLocaleString('en-US', { month: 'short' });
  const weekday = at.toLocaleString('en-US', { weekday: 'short' });
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const utc = at.toISOString();
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) =>
      line
        .replace(
          /^([A-Z][a-z]{2}) +\d{1,2} \d\d:\d\d:\d\d/,
          `${month} ${String(at.getDate()).padStart(2)} ${time}`,
        )
        .replace(
          /\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}/,
          `${utc.slice(8, 10)}/${at.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })}/${utc.slice(0, 4)}:${utc.slice(11, 19)} +0000`,
        )
        .replace(
          /[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? \d{4}/,
          `${weekday} ${month} ${two(at.getDate())} ${time} ${at.getFullYear()}`,
        )
        .replace(/\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(?![.,]?\d*(?:Z|[+-]\d\d))/, `${day}$1${time}`),
    )
    .join('\n');
}

beforeAll(async () => {
  lab = await createLab();
  const unpacked = await unpack('fail2ban');
  const samples = unpacked.path('usr/lib/python3/dist-packages/fail2ban/tests/files/logs');
  const logs = join(lab.directory, 'logs');
  await mkdir(logs);
  jails = readdirSync(samples)
    .filter((name) => statSync(join(samples, name)).isFile())
    .filter((name) => existsSync(unpacked.path(`etc/fail2ban/filter.d/${name}.conf`)))
    .sort();
  for (const name of jails)
    await writeFile(
      join(logs, name),
      madeNew(readFileSync(join(samples, name), 'latin1'), new Date()),
      'latin1',
    );
  fail2ban = await startFail2ban(lab, {
    action: 'noop',
    defaults: { maxretry: 1, bantime: 3600, logencoding: 'latin1' },
    jails: jails
      .map((name) => `[${name}]\nenabled = true\nfilter = ${name}\nlogpath = ${logs}/${name}\n`)
      .join(''),
  });
  helper = await startLabHelper(lab, {}, { bans: { fail2ban: fail2ban.source } });
});
afterAll(async () => {
  await helper.client.stop();
  await lab.destroy();
});

async function ours(): Promise<Ban[]> {
  const bans: Ban[] = [];
  let cursor = '';
  for (;;) {
    const changes = await helper.client.banChanges(cursor);
    if (changes.reset) bans.length = 0;
    for (const { gone, ...ban } of changes.changes) if (gone !== true) bans.push(ban);
    cursor = changes.cursor;
    if (changes.more !== true) return bans;
  }
}

function print({ value, since = 0, until = 0 }: Ban): string {
  const text = (ms: number) => {
    const at = new Date(ms);
    return (
      `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
      `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
    );
  };
  return `${value} \t${text(since)} + ${(until - since) / 1000} = ${text(until)}`;
}

test('what the real fail2ban bans by its own samples is what we say, one by one', async () => {
  // Until it has read them all, and banned nobody while we were asked.
  let last = '';
  let bans: Ban[] = [];
  await until(async () => {
    const before = last;
    bans = await ours();
    last = await fail2ban.client('banned');
    return last === before;
  });
  // Python's print of a list of dicts of texts without quotes.
  const lists = JSON.parse(last.replaceAll("'", '"')) as Record<string, string[]>[];
  const wanted = lists.flatMap((one) =>
    Object.entries(one).flatMap(([jail, values]) => values.map((value) => `${jail} ${value}`)),
  );
  expect(bans.map(({ jail, value }) => `${jail} ${value}`).sort()).toEqual(wanted.sort());
  const size = (jail: string) => bans.filter((ban) => ban.jail === jail).length;
  const largest = jails.sort((a, b) => size(b) - size(a)).slice(0, 4);
  for (const jail of largest) {
    const lines = (await fail2ban.client('get', jail, 'banip', '--with-time'))
      .split('\n')
      .map((line) => line.trim());
    const own = bans.filter((ban) => ban.jail === jail).map(print);
    expect(own.sort()).toEqual(lines.filter(Boolean).sort());
    expect(own.length).toBeGreaterThan(3);
  }
  // Or it would say little.
  expect(new Set(bans.map(({ jail }) => jail)).size).toBeGreaterThan(40);
  expect(bans.length).toBeGreaterThan(200);
});
