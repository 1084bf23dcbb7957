import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyForLo } from '../../lib/knockd/copy.ts';
import { readKnockdFile } from '../../lib/knockd/read.ts';
import { debugValues, doorsSaid } from '../support/knockd-debug.ts';

const fixtures = join(import.meta.dirname, '../fixtures/knockd');
const read = (...path: string[]) => readFileSync(join(fixtures, ...path), 'latin1');
const confs = (folder: string) =>
  readdirSync(join(fixtures, folder))
    .filter((name) => name.endsWith('.conf'))
    .map((name) => basename(name, '.conf'));

describe('the real knockd agrees', () => {
  test.each(confs('accepted'))('accepts %s, and reads the same in it', (name) => {
    const file = readKnockdFile(read('accepted', `${name}.conf`));
    expect(file.error).toBeUndefined();
    expect(file.accepted).toBe(true);

    const said = doorsSaid(read('accepted', `${name}.txt`));
    expect(file.doors.map((door) => door.name)).toEqual(said.map((door) => door.name));
    for (const [i, { values }] of said.entries()) {
      const { 'tcp flags': _, ...rest } = values;
      expect(debugValues(file.doors[i]!)).toMatchObject(rest);
    }
  });

  test.each(confs('rejected').filter((name) => name !== 'one-time-missing'))(
    'rejects %s for the same reason',
    (name) => {
      const file = readKnockdFile(read('rejected', `${name}.conf`));
      expect(file.accepted).toBe(false);
      const said = /^(?:config: |error: )(?:line (\d+): )?(.*)$/.exec(read('rejected', `${name}.txt`).trim());
      expect(file.error?.reason).toBe(said?.[2]);
      if (said?.[1] !== undefined) expect(file.error?.line).toBe(Number(said[1]));
    },
  );
});

test('where knockd opens another file, the reader names it and does not judge it', () => {
  const file = readKnockdFile(read('rejected', 'one-time-missing.conf'));
  expect(file).toMatchObject({
    accepted: true,
    doors: [{ oneTimeSequences: '/nonexistent/x', sequence: [] }],
  });
});

test('a rejection that knockd reports without a line has one here', () => {
  expect(readKnockdFile('[d]\n\nsequence = 70000\n').error).toEqual({
    line: 3,
    reason: 'section d: port 70000 is invalid',
  });
  expect(readKnockdFile('#\n[d]\ntimeout=1\n[e]\nsequence=1').error?.line).toBe(2);
});

test('flags, target and options', () => {
  const file = readKnockdFile(
    '[options]\nUseSyslog\nlogfile=/a\nLogFile = /b\ninterface=eth1\ninterface=eth2\n' +
      '[d]\nsequence=1\ntcpflags=SYN,!ack\ntcpflags=!syn\ntarget=192.0.2.1\n',
  );
  expect(file.options).toEqual({ useSyslog: true, logFile: '/b', interface: 'eth1' });
  expect([...file.doors[0]!.tcpFlags]).toEqual([
    ['syn', false],
    ['ack', false],
  ]);
  expect(file.doors[0]?.target).toBe('192.0.2.1');
});

describe('the copy for lo', () => {
  const all = () => true;
  test('says the same about its doors and nothing of the outer instance', () => {
    const text =
      '[options]\nUseSyslog\nlogfile = /var/log/k\nInterface = eth0\n[a b]\nUseSyslog\nsequence=1:udp,2\ncommand=x %IP% = y\n' +
      '# note\n[options]\npidfile=/p\n[hidden]\ntarget=192.0.2.1\nsequence = 9\n[c]\nsequence=3\ntimeout=4\n';
    const file = readKnockdFile(text);
    const copy = copyForLo(text, file, '/own.pid', (door) => door.target === undefined);
    const again = readKnockdFile(copy);
    expect(again.options).toEqual({ useSyslog: false, interface: 'lo', pidFile: '/own.pid' });
    expect(again.doors.map(({ line: _, ...door }) => door)).toEqual(
      file.doors.filter((door) => door.name !== 'hidden').map(({ line: _, ...door }) => door),
    );
    expect(copy).not.toMatch(/syslog|eth0|logfile/i);
  });

  test.each(confs('accepted'))('of %s is accepted and means the same', (name) => {
    const text = read('accepted', `${name}.conf`);
    const file = readKnockdFile(text);
    const again = readKnockdFile(copyForLo(text, file, '/own.pid', all));
    expect(again.error).toBeUndefined();
    expect(again.doors.map(debugValues)).toEqual(file.doors.map(debugValues));
    expect(again.doors.map((door) => door.name)).toEqual(file.doors.map((door) => door.name));
  });
});

test('any bytes: an answer, never an exception, and an accepted file survives copying', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '[options]',
      '[d]',
      '[a: b]',
      'sequence = 1,2:udp',
      'UseSyslog',
      'tcpflags=syn,!ack',
      'cmd_timeout = 5',
    ),
    fc.constantFrom(
      'start_command = /sbin/iptables -I INPUT -s %IP% -j ACCEPT',
      'interface = eth0',
      '# x',
      '',
    ),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replace(/[^\0-\xff]/g, '?')),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const text = lines.join('\n');
      const file = readKnockdFile(text);
      expect(file.accepted).toBe(file.error === undefined);
      if (!file.accepted) return;
      const again = readKnockdFile(copyForLo(text, file, '/p', () => true));
      expect(again.doors.map(debugValues)).toEqual(file.doors.map(debugValues));
    }),
    { numRuns: 500 },
  );
});
