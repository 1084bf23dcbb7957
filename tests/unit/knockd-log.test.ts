import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minuteOf, readKnockdLine } from '../../lib/knockd/log.ts';

const fixtures = join(import.meta.dirname, '../fixtures/knockd');
const doors = ['openSSH', 'home: back door'];
const events = (name: string) =>
  readFileSync(join(fixtures, name), 'latin1')
    .split('\n')
    .map((line) => readKnockdLine(line, doors))
    .filter((event) => event !== undefined);

const knock = (address: string, door: string, of: number) => [
  ...Array.from({ length: of }, (_, i) => ({ kind: 'stage', address, door, n: i + 1 })),
  { kind: 'sesame', address, door },
];
const rule = (verb: string, tool: string, address: string) => ({
  kind: 'running',
  door: 'openSSH',
  command: `/sbin/${tool} -${verb} -s ${address} -p tcp --dport 22 -j ACCEPT`,
});
const back = 'home: back door';
const story = [
  { kind: 'listening', interface: 'lo' },
  ...knock('203.0.113.7', 'openSSH', 4),
  rule('I INPUT 1', 'iptables', '203.0.113.7'),
  ...knock('2001:db8:7::7', 'openSSH', 4),
  rule('I INPUT 1', 'ip6tables', '2001:db8:7::7'),
  ...knock('203.0.113.8', back, 3),
  { kind: 'running', door: back, command: '/bin/echo open 203.0.113.8' },
  ...knock('203.0.113.9', 'openSSH', 4).slice(0, 2),
  { kind: 'command-timeout', address: '203.0.113.8', door: back },
  { kind: 'running', door: back, command: '/bin/false' },
  { kind: 'command-timeout', address: '203.0.113.7', door: 'openSSH' },
  rule('D INPUT', 'iptables', '203.0.113.7'),
  { kind: 'command-timeout', address: '2001:db8:7::7', door: 'openSSH' },
  rule('D INPUT', 'ip6tables', '2001:db8:7::7'),
  { kind: 'stopping' },
];

test('a recorded run: what it printed, without the debug lines', () => {
  expect(events('stdout.txt')).toEqual(story);
});

test('the same run from its log file: dated lines, blank lines, and the status that stdout lacks', () => {
  const failed = { kind: 'status', door: back, status: 1 };
  const at = story.findIndex((event) => 'command' in event && event.command === '/bin/false') + 1;
  expect(events('logfile.txt')).toEqual([...story.slice(0, at), failed, ...story.slice(at)]);
});

test('a knock that stops half way, and a stop command that comes after an early close', () => {
  for (const name of ['early-close.stdout.txt', 'early-close.logfile.txt']) {
    const told = events(name);
    expect(told).toContainEqual({ kind: 'sequence-timeout', address: '203.0.113.9', door: 'openSSH', n: 2 });
    expect(told.at(-1)).toEqual({ kind: 'status', door: 'openSSH', status: 1 });
  }
});

test('a door whose name begins like another one, and -l', () => {
  const names = ['SSH', 'SSH: Stage', 'a (b)'];
  expect(readKnockdLine('203.0.113.7: SSH: Stage: Stage 2', names)).toEqual({
    kind: 'stage',
    address: '203.0.113.7',
    door: 'SSH: Stage',
    n: 2,
  });
  expect(readKnockdLine('2001:db8:: (host.example): a (b): OPEN SESAME', names)).toEqual({
    kind: 'sesame',
    address: '2001:db8::',
    door: 'a (b)',
  });
  expect(readKnockdLine('203.0.113.7: other: OPEN SESAME', names)).toBeUndefined();
});

test('lines that knockd prints seldom', () => {
  const one = (line: string) => readKnockdLine(line, ['d']);
  expect(one("error: parsed start command has been truncated! --> won't execute it")).toEqual({
    kind: 'truncated',
    command: 'start',
  });
  expect(one("error: parsed stop command has been truncated! --> won't execute start command")).toEqual({
    kind: 'truncated',
    command: 'stop',
  });
  expect(one('error while disabling used one time sequence for door d --> disabling the door')).toEqual({
    kind: 'disabled',
    door: 'd',
  });
  expect(one('re-opening log file: /var/log/k')).toEqual({ kind: 'log-reopened', file: '/var/log/k' });
  expect(one('could not create pid file /run/k: Permission denied')).toEqual({
    kind: 'no-pid-file',
    file: '/run/k',
    reason: 'Permission denied',
  });
  expect(one('[2026-11-22 14:15] error: command fork failed!')).toEqual({ kind: 'fork-failed' });
  expect(
    one('no more sequences left in the one time sequences file for door d --> disabling the door'),
  ).toEqual({
    kind: 'disabled',
    door: 'd',
  });
  expect(one('re-reading config file: /etc/knockd.conf')).toEqual({
    kind: 'reread',
    file: '/etc/knockd.conf',
  });
});

test('any text: an event of a known door or nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string(), { maxLength: 3 }), (line, names) => {
      const event = readKnockdLine(line, names);
      if (
        event !== undefined &&
        'door' in event &&
        event.kind !== 'disabled' &&
        event.kind !== 'bad-sequence'
      )
        expect(names).toContain(event.door);
    }),
  );
});

test('a stamp has no seconds, and a message may end with a blank line', () => {
  expect(minuteOf('[2014-12-28 15:57] shutting down')).toBe('2014-12-28 15:57');
  expect(minuteOf('203.0.113.7: d: [2014-12-28 15:57] ')).toBeUndefined();
  for (const line of ['', '\n', '[2014-12-28 15:57] ']) expect(readKnockdLine(line, ['d'])).toBeUndefined();
  expect(readKnockdLine('[2014-12-28 15:57] d: running command: a\rb\n', ['d'])).toEqual({
    kind: 'running',
    door: 'd',
    command: 'a\rb',
  });
});

test('of two names that a line can begin with, the longer one', () => {
  const names = ['d', 'd: running command'];
  expect(readKnockdLine('d: running command: running command: x', names)).toEqual({
    kind: 'running',
    door: 'd: running command',
    command: 'x',
  });
});
