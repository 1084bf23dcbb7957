import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAttackJournal, readAttackLine, readPanelAttack, readSshAttack } from '../../lib/attack.ts';
import { isCanonical } from '../../lib/address.ts';
import { AttackCounts } from '../../server/helper/attacks.ts';
import { count } from '../counts.ts';

const at = Date.UTC(2026, 10, 22, 12, 30);
const address = '203.0.113.7';

describe('what sshd says of attacks', () => {
  test.each([
    [`Failed password for root from ${address} port 4 ssh2`, { user: 'root', method: 'password' }],
    [
      `Failed password for invalid user admin from ${address} port 4 ssh2`,
      { user: 'admin', method: 'password' },
    ],
    [`Failed password for root from ::ffff:${address} port 8880 ssh2`, { user: 'root', method: 'password' }],
    [
      `Failed publickey for pat from ${address} port 4 ssh2: RSA SHA256:x4XfMjNnoXJWkIw3`,
      { user: 'pat', method: 'publickey' },
    ],
    [
      `Failed keyboard-interactive/pam for pat from ${address} port 4 ssh2`,
      { user: 'pat', method: 'keyboard-interactive/pam' },
    ],
    [`Invalid user admin from ${address} port 4`, { user: 'admin', method: 'invalid' }],
    [`Invalid user admin from ${address}`, { user: 'admin', method: 'invalid' }],
    [`Invalid user  from ${address} port 4`, { method: 'invalid' }],
    [
      `User root from ${address} not allowed because not listed in AllowUsers`,
      { user: 'root', method: 'refused' },
    ],
  ])('a failed login: %s', (message, told) => {
    expect(readSshAttack(message)).toEqual({ kind: 'failed', address, ...told });
  });

  test.each([
    `Received disconnect from ${address}: 11: Bye Bye [preauth]`,
    `Received disconnect from ${address} port 4444:11: Bye Bye [preauth]`,
    `Received disconnect from ${address} port 4444:11:  [preauth]`,
  ])('a zombie: %s', (message) => {
    expect(readSshAttack(message)).toEqual({ kind: 'zombie', address });
  });

  test('IPv6, and a name in place of an address', () => {
    expect(readSshAttack('Received disconnect from 2001:db8::7: 11: Bye Bye [preauth]')).toEqual({
      kind: 'zombie',
      address: '2001:db8::7',
    });
    expect(readSshAttack('Failed password for root from evil.example.com port 4 ssh2')).toEqual({
      kind: 'failed',
      user: 'root',
      method: 'password',
    });
  });

  test.each([
    `Accepted password for root from ${address} port 4 ssh2`,
    `Failed none for invalid user x from ${address} port 4 ssh2`,
    `Received disconnect from ${address} port 4:11: disconnected by user`,
    `Received disconnect from ${address} port 4:14: No supported authentication methods [preauth]`,
    `Connection closed by ${address} port 4 [preauth]`,
    ` Failed password for root from ${address} port 4 ssh2`,
    `pam_unix(sshd:auth): Failed password for root from ${address} port 4 ssh2`,
  ])('of no attack: %s', (message) => {
    expect(readSshAttack(message)).toBeUndefined();
  });
});

describe('what strangers make sshd say', () => {
  // 198.51.100.66 is where they come from; their names would have it be 203.0.113.7, or another line.
  const real = '198.51.100.66';
  const names = [
    `x from ${address} port 4 ssh2`,
    `x from ${address} port 4`,
    `root from ${address} port 4 ssh2: RSA SHA256:abc`,
    `Received disconnect from ${address}: 11: Bye Bye [preauth]`,
    `invalid user x from ${address}`,
    ` from ${address} port 4 ssh2 from ${address} port 4 ssh2`,
  ];
  test.each(names)('as a name: %s', (name) => {
    for (const message of [
      `Failed password for invalid user ${name} from ${real} port 9 ssh2`,
      `Invalid user ${name} from ${real} port 9`,
    ])
      expect(readSshAttack(message)).toMatchObject({ kind: 'failed', address: real });
    const key = readSshAttack(
      `Failed publickey for invalid user ${name} from ${real} port 9 ssh2: RSA SHA256:abc`,
    );
    expect(key?.kind).toBe('failed');
    expect([real, undefined]).toContain(key?.address);
  });

  test('as the words of a certificate: a failure of nobody’s', () => {
    const words = `ED25519-CERT SHA256:a ID x from ${address} port 4 ssh2 (serial 0) CA RSA SHA256:b`;
    expect(readSshAttack(`Failed publickey for root from ${real} port 9 ssh2: ${words}`)).toEqual({
      kind: 'failed',
      method: 'publickey',
    });
  });

  test('whatever the name: the address is where the connection came from, or none', () => {
    const bit = fc.constantFrom(
      ' from ',
      ` from ${address} port 1`,
      ' port 4',
      ' ssh2',
      ': ',
      address,
      'x',
      ' [preauth]',
      ' for ',
      '\u0000',
    );
    const name = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(bit, { maxLength: 12 }).map((bits) => bits.join('')),
    );
    fc.assert(
      fc.property(name, fc.constantFrom('password', 'publickey'), fc.boolean(), (user, method, described) => {
        const extra = described ? ': RSA SHA256:abc' : '';
        for (const message of [
          `Failed ${method} for invalid user ${user} from ${real} port 9 ssh2${extra}`,
          `Failed ${method} for ${user} from ${real} port 9 ssh2${extra}`,
          `Invalid user ${user} from ${real} port 9`,
        ]) {
          const told = readSshAttack(message);
          if (/[\n\r\u2028\u2029]/.test(user)) continue; // syslog has no such lines
          expect(told?.kind).toBe('failed');
          expect([real, undefined]).toContain(told?.address);
        }
      }),
      { numRuns: count(500, 100_000) },
    );
  });
});

describe('where lines come from', () => {
  const now = Date.UTC(2026, 10, 22, 13);
  const message = `Failed password for root from ${address} port 4 ssh2`;

  test.each(['sshd[77]', 'sshd-session[77]'])('syslog: %s', (tag) => {
    const line = readAttackLine(`2026-11-22T12:30:00Z home ${tag}: ${message}`, now);
    expect(line).toMatchObject({ kind: 'failed', at, pid: 77, address, text: message });
    const local = new Date(at).toString().replace(/^\w+ (\w+) (\d+) \d+ ([\d:]+) .*/, '$1 $2 $3');
    expect(readAttackLine(`${local} home ${tag}: ${message}`, now)).toMatchObject({ at, address });
  });

  test('other programs’ lines are not sshd’s', () => {
    expect(readAttackLine(`2026-11-22T12:30:00Z home sudo[77]: ${message}`, now)).toBeUndefined();
    expect(readAttackLine(`2026-11-22T12:30:00Z home cron[7]: sshd[77]: ${message}`, now)).toBeUndefined();
    expect(readAttackLine(message, now)).toBeUndefined();
  });

  // The seed's own lines.
  const ssl = 'SSL: 1 error:140780E5:SSL routines:SSL23_READ:ssl handshake failure';
  test('sw-cp-server names nobody, in its own log and in syslog', () => {
    const when = new Date(2009, 5, 3, 22, 37, 8).getTime();
    expect(readAttackLine(`2009-06-03 22:37:08: (connections.c.299) ${ssl}`, now)).toEqual({
      kind: 'noise',
      at: when,
      text: `(connections.c.299) ${ssl}`,
    });
    expect(readAttackLine(`2026-11-22T12:30:00Z plesk9 sw-cp-server[9]: ${ssl}`, now)).toEqual({
      kind: 'noise',
      at,
      text: ssl,
    });
    expect(readAttackLine(`2026-11-22T12:30:00Z plesk9 sshd[9]: ${ssl}`, now)).toBeUndefined();
    expect(readPanelAttack('(log.c.166) server started')).toBeUndefined();
    expect(readPanelAttack(`GET /${ssl}`)).toBeUndefined();
  });

  test('the journal: root’s sshd by fields that nobody forges', () => {
    const entry = {
      _UID: '0',
      _COMM: 'sshd',
      _PID: '77',
      __REALTIME_TIMESTAMP: String(at * 1000),
      MESSAGE: message,
    };
    const line = (more: object) => readAttackJournal(JSON.stringify({ ...entry, ...more }));
    expect(line({})).toMatchObject({ kind: 'failed', at, pid: 77, address });
    expect(line({ _COMM: 'sshd-session' })).toMatchObject({ address });
    expect(line({ _UID: '1000' })).toBeUndefined();
    expect(line({ _COMM: 'logger', SYSLOG_IDENTIFIER: 'sshd' })).toBeUndefined();
    expect(line({ MESSAGE: [1, 2] })).toBeUndefined();
    expect(
      line({ _COMM: 'sw-cp-serverd', _SYSTEMD_UNIT: 'sw-cp-server.service', MESSAGE: ssl }),
    ).toMatchObject({ kind: 'noise' });
  });

  test('any text gives an answer, never an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.json()), (text) => {
        for (const told of [
          readSshAttack(text),
          readPanelAttack(text),
          readAttackLine(text, now),
          readAttackJournal(text),
        ])
          if (told?.address !== undefined) expect(isCanonical(told.address)).toBeDefined();
      }),
      { numRuns: count(500, 100_000) },
    );
  });
});

describe('counts', () => {
  const failed = (more: object = {}) => ({
    kind: 'failed' as const,
    at,
    address,
    method: 'password',
    text: 'x',
    ...more,
  });

  test('by hour and kind, for 48 hours, with different addresses', () => {
    const hour = 3600_000;
    const counts = new AttackCounts(() => at);
    counts.take(failed());
    counts.take(failed({ at: at - hour, address: '203.0.113.8' }));
    counts.take(failed({ at: at - hour }));
    counts.take(failed({ method: 'publickey', address: '203.0.113.9' }));
    counts.take({ kind: 'noise', at, text: 'ssl' });
    counts.take(failed({ at: at - 49 * hour }));
    counts.take(failed({ at: at + hour }));
    const first = Math.floor(at / hour) * hour;
    expect(counts.hours()).toEqual([
      { hour: first - hour, kind: 'failed', count: 2, addresses: 2 },
      { hour: first, kind: 'failed', count: 2, addresses: 2 },
      { hour: first, kind: 'noise', count: 1, addresses: 0 },
    ]);
    expect([...counts.failures(at)]).toEqual([[address, 1]]);
    expect([...counts.failures(at - hour)].sort()).toEqual([
      [address, 2],
      ['203.0.113.8', 1],
    ]);
  });

  test('one login at an account that is not there is one failure; who failed is no zombie', () => {
    const counts = new AttackCounts(() => at);
    counts.take(failed({ pid: 1, method: 'invalid' }));
    counts.take(failed({ pid: 1 }));
    counts.take({ kind: 'zombie', at, address, pid: 1, text: 'bye' });
    expect(counts.hours()).toMatchObject([{ kind: 'failed', count: 1 }]);
    counts.take(failed({ pid: 2 }));
    counts.take(failed({ pid: 2 }));
    counts.take({ kind: 'zombie', at, address, pid: 3, text: 'bye' });
    counts.take({ kind: 'zombie', at, address, pid: 1, text: 'bye' });
    expect(counts.hours()).toMatchObject([
      { kind: 'failed', count: 3 },
      { kind: 'zombie', count: 2 },
    ]);
  });

  test('a flood takes no more room than it may', () => {
    const counts = new AttackCounts(() => at);
    for (let n = 0; n < 5000; n++)
      counts.take(
        failed({
          pid: n,
          at: at - (n % 100),
          address: `198.51.${n >> 8}.${n & 255}`,
          text: `\u001b[31m${'y'.repeat(5000)}`,
        }),
      );
    expect(counts.hours()).toMatchObject([{ count: 5000, addresses: 1000 }]);
    expect(counts.failures(0).size).toBe(1000);
    const recent = counts.recent();
    expect(recent).toHaveLength(20);
    expect(recent.map((one) => one.at)).toEqual(Array(20).fill(at));
    expect(recent[0]?.text).toHaveLength(200);
    expect(recent[0]?.text).not.toContain('\u001b');
  });
});
