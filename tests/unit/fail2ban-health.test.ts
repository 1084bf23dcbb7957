import { describe, expect, test } from 'vitest';
import type { Ban } from '../../lib/ban.ts';
import { Fail2banHealth } from '../../server/bans/fail2ban-health.ts';
import { makersOf, readIpsets, readNftAway, readSavedAway } from '../../server/bans/fail2ban-rules.ts';
import { until } from '../support/until.ts';

describe('what turns away', () => {
  const saved = (input: string) => `*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
${input}-A f2b-sshd -s 203.0.113.66/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -s 198.51.100.0/24 -j DROP
-A f2b-sshd -m set --match-set f2b-web src -j REJECT
-A f2b-sshd -s 203.0.113.7/32 -j RETURN
-A f2b-sshd -j RETURN
COMMIT
`;

  test('iptables: a rule counts where packets come by', () => {
    const jump = '-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n';
    const sets = readIpsets(
      'create f2b-web hash:ip\nadd f2b-web 192.0.2.1 timeout 600\nadd f2b-web 2001:db8::1\nadd f2b-web 192.0.2.9 nomatch\n',
    );
    expect(readSavedAway(saved(jump), sets)).toEqual(
      new Set(['203.0.113.66', '198.51.100.0/24', '192.0.2.1', '2001:db8::1']),
    );
    expect(readSavedAway(saved(''), sets)).toEqual(new Set());
    expect(readSavedAway('garbage\n-A\n-A x\n')).toEqual(new Set());
  });

  test('nft: an element counts where a rule rejects by its set', () => {
    const set = { family: 'inet', table: 'f2b-table', name: 'addr-set-sshd' };
    const elem = [
      '203.0.113.66',
      { prefix: { addr: '198.51.100.0', len: 24 } },
      { elem: { val: '192.0.2.1', timeout: 5 } },
      { range: ['192.0.2.5', '192.0.2.7'] },
    ];
    const rule = (verdict: object) => ({
      rule: {
        ...{ family: 'inet', table: 'f2b-table', chain: 'f2b-chain' },
        expr: [{ match: { op: '==', left: {}, right: '@addr-set-sshd' } }, verdict],
      },
    });
    const json = (...more: object[]) => JSON.stringify({ nftables: [{ set: { ...set, elem } }, ...more] });
    expect(readNftAway(json(rule({ reject: null })))).toEqual(
      new Set(['203.0.113.66', '198.51.100.0/24', '192.0.2.1']),
    );
    expect(readNftAway(json(rule({ accept: null })))).toEqual(new Set());
    expect(readNftAway(json())).toEqual(new Set());
  });

  test('of actions that are not known nothing is said', () => {
    expect(makersOf(['iptables-multiport'])).toEqual(['iptables']);
    expect(makersOf(['nftables-allports', 'iptables-multiport'])).toEqual(['nftables', 'iptables']);
    expect(makersOf(['iptables-multiport', 'sendmail'])).toEqual([]);
    expect(makersOf([])).toEqual([]);
  });
});

describe('a jail', () => {
  const start = 1_800_000_000_000;

  function health(options: { failures?: Map<string, number>; away?: Set<string>; banned?: string[][] }) {
    const clock = { now: start };
    const one = new Fail2banHealth({
      context: {
        source: 'f',
        log: () => undefined,
        failures: () => options.failures,
      },
      now: () => clock.now,
      banned: (values) => Promise.resolve(options.banned ?? values.map(() => ['sshd'])),
      away: () => Promise.resolve(options.away ?? new Set()),
      againMs: 20,
    });
    one.begin();
    return { one, clock };
  }

  test('is deaf once the log has had what it did not count for half a minute, and no more when it counts', () => {
    const { one, clock } = health({ failures: new Map([['203.0.113.66', 5]]) });
    const at = (seconds: number, failed = 0, jail = 'sshd') => {
      clock.now = start + seconds * 1000;
      return one.trouble(jail, failed, [], 3);
    };
    expect([at(0), at(29), at(31), at(32, 1), at(33, 1)]).toEqual([
      undefined,
      undefined,
      'deaf',
      undefined,
      undefined,
    ]);
    expect([at(0, 0, 'nginx'), at(60, 0, 'nginx')]).toEqual([undefined, undefined]);
  });

  test.each([
    ['too few', { failures: new Map([['203.0.113.66', 4]]) }, []],
    ['all of it ignored', { failures: new Map([['203.0.113.66', 40]]) }, ['203.0.113.0/24']],
    ['perhaps ignored by name', { failures: new Map([['203.0.113.66', 40]]) }, ['home.example']],
    ['this machine itself', { failures: new Map([['127.0.0.1', 40]]) }, []],
    ['no log', {}, []],
  ])('is not called deaf: %s', (_why, options, ignored) => {
    const { one, clock } = health(options);
    one.trouble('sshd', 0, ignored, 3);
    clock.now += 600_000;
    expect(one.trouble('sshd', 0, ignored, 3)).toBeUndefined();
    expect(one.trouble('sshd', 0, ignored, 3)).toBeUndefined();
  });

  const ban: Ban = { source: 'f', jail: 'sshd', value: '203.0.113.66', since: start, until: start + 600_000 };

  test('has no rule where a ban of some age has none, and it is banned still', async () => {
    const { one, clock } = health({});
    one.trouble('sshd', 0, [], 3);
    one.listed('sshd', ['iptables-multiport'], [ban]);
    one.look();
    expect(one.trouble('sshd', 0, [], 3)).toBeUndefined();
    clock.now += 6000;
    one.look();
    await until(() => one.trouble('sshd', 0, [], 3) === 'no-rule');
  });

  test.each([
    ['it has its rule', { away: new Set(['203.0.113.66']) }, ban, 'iptables-multiport'],
    ['it is lifted meanwhile', { banned: [[]] }, ban, 'iptables-multiport'],
    ['it is new', {}, { ...ban, since: start + 5000 }, 'iptables-multiport'],
    ['it ends now', {}, { ...ban, until: start + 7000 }, 'iptables-multiport'],
    ['it is no address', {}, { ...ban, value: 'not an ip' }, 'iptables-multiport'],
    ['its action may do anything', {}, ban, 'my-action'],
  ])('is not said to lack a rule: %s', async (_why, options, one, action) => {
    let asked = 0;
    const { one: watch, clock } = health({
      ...options,
      get away() {
        asked++;
        return 'away' in options ? options.away : new Set<string>();
      },
    } as Parameters<typeof health>[0]);
    watch.trouble('sshd', 0, [], 3);
    watch.listed('sshd', [action], [one]);
    clock.now += 6000;
    watch.look();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(watch.trouble('sshd', 0, [], 3)).toBeUndefined();
    expect(asked > 0).toBe(action !== 'my-action');
  });
});
