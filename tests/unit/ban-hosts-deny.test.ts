import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readWhole, replaceWhole } from '../../server/bans/edit-file.ts';
import { hostsDeny } from '../../server/bans/hosts-deny.ts';
import type { BanSource } from '../../server/bans/source.ts';
import { scratchFolder } from './scratch.ts';

const text = readFileSync(new URL('../fixtures/hosts-deny/denyhosts.deny', import.meta.url), 'latin1');
let file: string;
let work: string;
let source: BanSource;
let log: string[];

beforeEach(() => {
  const folder = scratchFolder();
  file = join(folder, 'hosts.deny');
  work = join(folder, 'denyhosts');
  mkdirSync(work);
  writeFileSync(file, text, 'latin1');
  chmodSync(file, 0o640);
  log = [];
  source = hostsDeny.create(hostsDeny.read({ file, work_dir: work }), {
    source: 'deny',
    log: (line) => log.push(line),
  });
});
const now = () => readFileSync(file, 'latin1');

test('a lifted ban takes its line and its note along, and nothing else; set again, it is there again', async () => {
  expect(await source.unban!('203.0.113.5')).toBe(1);
  const lines = text.split('\n');
  expect(now()).toBe([...lines.slice(0, 6), ...lines.slice(8)].join('\n'));
  expect(statSync(file).mode & 0o777).toBe(0o640);
  await source.ban!('hosts.deny', '203.0.113.5');
  expect(now()).toBe([...lines.slice(0, 6), ...lines.slice(8, -1), ...lines.slice(6, 8), ''].join('\n'));
  await source.stop();
});

test('what DenyHosts remembers comes back, and that is no success', async () => {
  writeFileSync(join(work, 'hosts-restricted'), '203.0.113.50:0:x\n203.0.113.5:6:Sun Nov 22 06:00:00 2026\n');
  await expect(source.unban!('203.0.113.5')).rejects.toMatchObject({ code: 'tool-comes-back' });
  expect(now()).not.toContain('203.0.113.5\n');
  expect(log.join()).toContain('hosts-restricted');
  // Another address that only looks alike is not remembered.
  expect(await source.unban!('2001:db8::66')).toBe(1);
  // Gone already: nothing was lifted, so nothing comes back.
  expect(await source.unban!('203.0.113.5')).toBe(0);
});

test('a line that it shares with others is left as it is, and the unban refused', async () => {
  await expect(source.unban!('203.0.113.9')).rejects.toMatchObject({ code: 'tool-unsupported' });
  expect(now()).toBe(text);
  expect(await source.banned('203.0.113.9')).toMatchObject([{ value: '203.0.113.9' }]);
});

test('what is on no line changes nothing, not even the file’s time', async () => {
  const before = statSync(file, { bigint: true });
  for (const value of ['203.0.113.6', 'ALL', '.example.com', '', '203.0.113.11'])
    expect(await source.unban!(value)).toBe(0);
  expect(statSync(file, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
  expect(statSync(file, { bigint: true }).ino).toBe(before.ino);
});

test('a line that somebody adds meanwhile is not lost', async () => {
  const read = await readWhole(file);
  appendFileSync(file, 'sshd: 203.0.113.88\n');
  expect(await replaceWhole(file, read, 'mine\n')).toBe(false);
  expect(now()).toBe(`${text}sshd: 203.0.113.88\n`);
  expect(readdirSync(join(file, '..')).sort()).toEqual(['denyhosts', 'hosts.deny']);
});
