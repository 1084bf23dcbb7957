import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSshJournal, readSshLine, readSshMessage } from '../../lib/ssh.ts';

const at = Date.UTC(2026, 10, 22, 12, 0, 0);
const one = (message: string) => readSshMessage(message, 77, at);
const key = 'ED25519 SHA256:x4XfMjNnoXJWkIw3hKaHkA6IN1mqoAeMQpB8MzMBqDQ';
const pat = { kind: 'accepted', user: 'pat', address: '203.0.113.7', port: 39876, pid: 77, at };

describe('what sshd says of a session', () => {
  test.each([
    ['Accepted password for pat from 203.0.113.7 port 39876 ssh2'],
    [`Accepted publickey for pat from 203.0.113.7 port 39876 ssh2: ${key}`],
    ['Accepted keyboard-interactive/pam for pat from 203.0.113.7 port 39876 ssh2'],
    [
      `Accepted publickey for pat from 203.0.113.7 port 39876 ssh2: ED25519-CERT ${key.slice(8)} ID pat laptop (serial 7) CA ${key}`,
    ],
    ['Accepted password for pat from ::ffff:203.0.113.7 port 39876 ssh2'],
  ])('%s', (message) => {
    expect(one(message)).toEqual(pat);
  });

  test('IPv6', () => {
    expect(one('Accepted password for pat from 2001:db8:7::7 port 1 ssh2')).toMatchObject({
      address: '2001:db8:7::7',
      port: 1,
    });
  });

  test.each([
    'Disconnected from user pat 203.0.113.7 port 39876',
    'Received disconnect from 203.0.113.7 port 39876:11: disconnected by user',
    'Received disconnect from 203.0.113.7 port 39876:11: bye from 6.6.6.6 port 9',
    'Connection closed by 203.0.113.7 port 39876',
    'Connection closed by user pat 203.0.113.7 port 39876',
    'Connection reset by 203.0.113.7 port 39876',
    'Timeout, client not responding from user pat 203.0.113.7 port 39876',
  ])('ends: %s', (message) => {
    expect(one(message)).toEqual({ kind: 'ended', address: '203.0.113.7', port: 39876, at });
  });

  test('ends by pid, as PAM tells', () => {
    expect(one('pam_unix(sshd:session): session closed for user pat')).toEqual({
      kind: 'closed',
      pid: 77,
      at,
    });
  });
});

describe('what strangers make sshd say', () => {
  // Their user names are whatever they like; 6.6.6.6 is where they really come from.
  const names = [
    'x from 203.0.113.7 port 39876',
    'x from 203.0.113.7 port 39876 ssh2',
    'Accepted password for pat from 203.0.113.7 port 39876 ssh2',
    `x from 203.0.113.7 port 39876 ssh2: ${key}`,
    'pat 203.0.113.7 port 39876',
    'x\\nAccepted password for pat from 203.0.113.7 port 39876 ssh2',
  ];
  const forms = [
    (name: string) => `Invalid user ${name} from 6.6.6.6 port 7`,
    (name: string) => `Failed password for invalid user ${name} from 6.6.6.6 port 7 ssh2`,
    (name: string) => `Failed publickey for ${name} from 6.6.6.6 port 7 ssh2: ${key}`,
    (name: string) => `Postponed publickey for ${name} from 6.6.6.6 port 7 ssh2 [preauth]`,
    (name: string) => `Partial password for ${name} from 6.6.6.6 port 7 ssh2`,
    (name: string) => `Connection closed by invalid user ${name} 6.6.6.6 port 7 [preauth]`,
    (name: string) => `Connection closed by authenticating user ${name} 6.6.6.6 port 7 [preauth]`,
    (name: string) => `Disconnected from invalid user ${name} 6.6.6.6 port 7 [preauth]`,
    (name: string) => `Disconnected from authenticating user ${name} 6.6.6.6 port 7 [preauth]`,
    (name: string) => `input_userauth_request: invalid user ${name} [preauth]`,
    // Even an account of such a name is rather not shown than misread.
    (name: string) => `Accepted password for ${name} from 6.6.6.6 port 7 ssh2`,
    (name: string) => `Accepted publickey for ${name} from 6.6.6.6 port 7 ssh2: ${key}`,
    (name: string) => `Disconnected from user ${name} 6.6.6.6 port 7`,
  ];
  test.each(names)('%s', (name) => {
    for (const form of forms) expect(one(form(name))).toBeUndefined();
  });

  test('whatever the name: an address other than the real one is never read', () => {
    const name = fc.array(
      fc.oneof(
        fc.constantFrom(
          ' from ',
          ' port ',
          ' ssh2',
          ': ',
          '203.0.113.7',
          '39876',
          'Accepted',
          ' for ',
          '[preauth]',
          ' ',
        ),
        fc.string({ maxLength: 6 }).map((text) => text.replace(/[\n\r]/g, '')),
      ),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(name, fc.constantFrom(...forms), (parts, form) => {
        const event = one(form(parts.join('')));
        if (event !== undefined && 'address' in event)
          expect([event.address, event.port]).toEqual(['6.6.6.6', 7]);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ' Accepted password for pat from 203.0.113.7 port 39876 ssh2',
    'error: Accepted password for pat from 203.0.113.7 port 39876 ssh2',
    'Accepted password for pat from 203.0.113.7 port 39876 ssh2 ',
    'Accepted password for pat from 203.0.113.7 port 39876',
    'Accepted password for pat from 203.0.113.07 port 39876 ssh2',
    'Accepted password for pat from 0x7f.1 port 39876 ssh2',
    'Accepted password for pat from host.example port 39876 ssh2',
    'Accepted password for pat from 203.0.113.7 port 0 ssh2',
    'Accepted password for pat from 203.0.113.7 port 65536 ssh2',
    'Accepted password for invalid user pat from 203.0.113.7 port 39876 ssh2',
    'Accepted password for pat from 203.0.113.7 port 39876 ssh2\nx',
  ])('not as sshd writes: %j', (message) => {
    expect(one(message)).toBeUndefined();
  });
});

describe('lines of a syslog file', () => {
  const said = 'Accepted password for pat from 203.0.113.7 port 39876 ssh2';
  const now = new Date(2026, 10, 22, 12, 0, 0).getTime();

  test('traditional time: local, of the last year that is not to come', () => {
    const read = (stamp: string) => readSshLine(`${stamp} lab sshd[77]: ${said}`, now);
    expect(read('Nov 22 07:20:01')).toEqual({ ...pat, at: new Date(2026, 10, 22, 7, 20, 1).getTime() });
    expect(read('Nov  2 07:20:01')).toMatchObject({ at: new Date(2026, 10, 2, 7, 20, 1).getTime() });
    expect(read('Dec 31 23:59:59')).toMatchObject({ at: new Date(2025, 11, 31, 23, 59, 59).getTime() });
    expect(read('Foo 22 07:20:01')).toBeUndefined();
  });

  test('ISO time, and the name that sshd’s sessions have since OpenSSH 9.8', () => {
    expect(readSshLine(`2026-11-22T07:20:01.123456+01:00 lab sshd-session[77]: ${said}`, now)).toEqual({
      ...pat,
      at: Date.UTC(2026, 10, 22, 6, 20, 1, 123),
    });
    expect(readSshLine(`2026-11-22T06:20:01Z lab sshd[77]: ${said}`, now)).toMatchObject(pat && { pid: 77 });
  });

  test.each([
    `Nov 22 07:20:01 lab sudo[77]: ${said}`,
    `Nov 22 07:20:01 lab evil sshd[77]: ${said}`,
    `Nov 22 07:20:01 lab web[5]: Nov 22 07:20:01 lab sshd[77]: ${said}`,
    `Nov 22 07:20:01 lab sshd: ${said}`,
    `Nov 22 07:20:01 lab sshd[77x]: ${said}`,
    `2026-13-22T07:20:01Z lab sshd[77]: ${said}`,
    said,
  ])('not sshd’s: %s', (line) => {
    expect(readSshLine(line, now)).toBeUndefined();
  });
});

describe('journald’s JSON', () => {
  const entry = {
    _UID: '0',
    _COMM: 'sshd',
    _PID: '77',
    __REALTIME_TIMESTAMP: String(at * 1000 + 999),
    MESSAGE: 'Accepted password for pat from 203.0.113.7 port 39876 ssh2',
  };
  const read = (more: object) => readSshJournal(JSON.stringify({ ...entry, ...more }));

  test('root’s sshd, by its command or its unit', () => {
    expect(read({})).toEqual(pat);
    expect(read({ _COMM: 'sshd-session' })).toEqual(pat);
    expect(read({ _COMM: undefined, _SYSTEMD_UNIT: 'ssh.service' })).toEqual(pat);
    expect(read({ _COMM: 'x', _SYSTEMD_UNIT: 'ssh@3-192.0.2.20:22-203.0.113.7:39876.service' })).toEqual(pat);
  });

  test.each([
    { _UID: '1000' },
    { _UID: undefined },
    { _UID: 0 },
    { _COMM: 'logger', SYSLOG_IDENTIFIER: 'sshd' },
    { _COMM: undefined },
    { _COMM: 'x', _SYSTEMD_UNIT: 'evil-ssh.service' },
    { _PID: undefined, SYSLOG_PID: '77' },
    { _PID: '7.5' },
    { MESSAGE: [65, 99] },
    { MESSAGE: undefined },
    { __REALTIME_TIMESTAMP: 'x' },
  ])('not: %j', (more) => {
    expect(read(more)).toBeUndefined();
  });

  test.each(['', 'null', '[]', '7', '{', '{"__proto__":{"_UID":"0"}}'])('no entry: %s', (line) => {
    expect(readSshJournal(line)).toBeUndefined();
  });
});

test('any line: an event whose address is canonical, or nothing', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `Nov 22 07:20:01 lab sshd[77]: ${text}`),
  );
  fc.assert(
    fc.property(line, (text) => {
      for (const event of [readSshLine(text, at), readSshJournal(text), one(text)]) {
        if (event !== undefined && 'address' in event) expect(event.address).toMatch(/^[0-9a-f.:]+$/);
      }
    }),
  );
});
