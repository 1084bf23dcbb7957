import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { KnockdLint } from '../../lib/knockd/lint.ts';
import { cli } from '../support/built.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'lk-knockd-'));
afterAll(() => rmSync(directory, { recursive: true }));

function run(...words: string[]): Promise<{ status: unknown; out: string; err: string }> {
  const command = [cli, 'knockd', ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: root }, (error, out, err) =>
      resolve({ status: error === null ? 0 : error.code, out, err }),
    );
  });
}

function write(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
}

test('an accepted file: the verdict first, each door, each finding with its remedy; status 0', async () => {
  const spent = write('spent', '#1,2\n 3,4\n');
  const file = write(
    'a.conf',
    `[options]\nUseSyslog\nInterface = lo\n[Tür: \x1b[2J]\nsequence = 7000,8000,9000\ncommand = ufw allow 22\n[one]\none_time_sequences = ${spent}\n`,
  );
  const { status, out, err } = await run('lint', file);
  expect([status, err]).toEqual([0, '']);
  const lines = out.split('\n');
  expect(lines[0]).toBe('Accepted: knockd starts with this file. 2 doors, 4 errors, 2 warnings, 1 note.');
  expect(lines.slice(1, 3)).toEqual(['', '[Tür: ·[2J]  7000:tcp,8000:tcp,9000:tcp, within 25 s']);
  expect(lines).toContain('  error    line 6, opens-for-everyone');
  expect(lines).toContain('[one]  3:tcp,4:tcp, within 25 s');
  expect(lines).toContain('  error    line 8, one-time-last');
  for (const [i, line] of lines.entries()) {
    if (!/^ {2}(?:error|warning|note) /.test(line)) continue;
    expect(lines[i + 1]).toMatch(/^ {11}\S.*\.$/);
    expect(lines[i + 2]).toMatch(/^ {11}→ .*\.$/);
  }
  expect(out).not.toContain('\x1b');
});

test('a rejected file, for people and for scripts: status 1, and nothing on stderr', async () => {
  const file = write('b.conf', '[options]\nUseSyslog\n[d]\nsequence = 1\n; note\n');
  const people = await run('lint', file);
  expect([people.status, people.err]).toEqual([1, '']);
  expect(people.out).toMatch(/^Rejected: knockd does not start\. Line 5: syntax error\.\n/);
  expect(people.out).toContain('→ Begin a comment with `#`');
  const scripts = await run('lint', file, '--json');
  const printed = JSON.parse(scripts.out) as KnockdLint;
  expect(scripts.status).toBe(1);
  expect(Object.keys(printed)).toEqual(['accepted', 'error', 'doors', 'findings']);
  expect(printed).toMatchObject({ accepted: false, error: { line: 5, reason: 'syntax error' } });
});

test('one-time sequences that are not there reject the file, as they do at knockd', async () => {
  const file = write('c.conf', `[d]\none_time_sequences = ${directory}/none\n`);
  const { status, out } = await run('lint', '--json', file);
  expect(status).toBe(1);
  expect((JSON.parse(out) as KnockdLint).error?.line).toBe(2);
});

test('what cannot be read is refused, and wrong usage is status 2', async () => {
  for (const path of [join(directory, 'nothing'), directory, '/dev/zero']) {
    const { status, out, err } = await run('lint', path);
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain('config-unreadable');
    expect(err).toContain(path);
  }
  for (const words of [['lint'], ['lint', 'a', 'b'], ['lint', 'a', '--yaml'], ['read', 'a']]) {
    const { status, out } = await run(...words);
    expect([status, out]).toEqual([2, '']);
  }
});
