import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { checkCodes, checkResult, type CheckResult } from '../../lib/checks.ts';
import { wordsOf } from '../../lib/check-words.ts';
import { parseAgentFile } from '../../server/agent/config.ts';
import { reportOf } from '../../server/cli/doctor-report.ts';
import { sshListen, sshLogin } from '../../server/doctor/checks/ssh.ts';
import { stale } from '../../server/doctor/checks/stale.ts';
import { clock } from '../../server/doctor/checks/home.ts';
import { known, unknown, type HomeFacts, type SystemFacts } from '../../server/doctor/facts.ts';
import { defaultRoute4, defaultRoute6, readListeners } from '../../server/doctor/gather/network.ts';
import { readSettings, readTitle } from '../../server/doctor/gather/sshd.ts';
import { sharedFor } from '../../server/doctor/shared.ts';
import { systemChecks } from '../../server/doctor/system.ts';

/** A machine with sshd on one address, one door and nothing wrong; `change` is what a test is about. */
function facts(change: Partial<SystemFacts> = {}): SystemFacts {
  return {
    doors: known([]),
    firewall: known({
      nft: { chains: [], sets: new Map() },
      iptables: { 4: new Map(), 6: new Map() },
      chains: [],
    }),
    network: { addresses: ['192.0.2.20'], outside: { 4: 'eth0' } },
    interfaces: ['lo', 'eth0'],
    listeners: known([]),
    sshd: known([]),
    files: known([]),
    saved: known([]),
    knockdFiles: known([]),
    knockdTimers: known(0),
    bans: known([]),
    ...change,
  };
}

const states = (results: readonly CheckResult[]) => results.map(({ code, state }) => `${code} ${state}`);

/** All that any words may name. */
const named = {
  ...{
    port: 22,
    why: 'tool-needs-root',
    detail: '/a b',
    loose: '/c',
    path: '/d',
    file: '/e',
    url: 'https://relay',
  },
  ...{
    text: 'It is so.',
    remedy: 'Mend it.',
    better: 'iptables',
    close: 'nft',
    said: 'a console',
    address: '192.0.2.1',
  },
};

describe('words', () => {
  test('every code has them in every state; nothing is left blank', () => {
    for (const code of checkCodes)
      for (const state of ['ok', 'finding', 'unknown'] as const)
        for (const told of [named, { ...named, family: 6 }, { ...named, problem: 'tool-missing' }]) {
          const words = wordsOf({ code, state, facts: told });
          for (const text of Object.values(words)) expect(text).toMatch(/\S/);
          expect(JSON.stringify(words)).not.toContain('undefined');
          if (state === 'finding') expect([words.cost, words.remedy]).not.toContain(undefined);
        }
  });

  test('a path in a command is one word for a shell', () => {
    const finding: CheckResult = {
      code: 'files',
      state: 'finding',
      facts: { path: '/x', loose: "/etc/it's $(id)" },
    };
    expect(wordsOf(finding).command).toBe(
      "chown root '/etc/it'\\''s $(id)' && chmod go-w '/etc/it'\\''s $(id)'",
    );
  });

  test.each([
    ['an unknown code', { code: 'other', state: 'ok' }],
    ['a long text', { code: 'files', state: 'ok', facts: { path: 'x'.repeat(401) } }],
    ['a key that is none', { code: 'files', state: 'ok', facts: { __proto: 'x' } }],
    [
      'too many facts',
      { code: 'files', state: 'ok', facts: Object.fromEntries([...'abcdefghijklm'].map((key) => [key, 1])) },
    ],
    ['a door that is none', { code: 'files', state: 'ok', door: 'A B' }],
  ])('%s does not cross the wall', (_name, result) => {
    expect(v.safeParse(checkResult, result).success).toBe(false);
  });
});

describe('sshd -T', () => {
  const settings = (text: string) => readSettings(text);
  const sshd = (root: string, somebody = root) =>
    facts({
      sshd: known([
        { ports: [22], file: '/etc/ssh/sshd_config', root: settings(root), somebody: settings(somebody) },
      ]),
    });
  test.each([
    ['permitrootlogin yes\npasswordauthentication yes', ['ssh-root finding', 'ssh-password finding']],
    ['permitrootlogin yes\npasswordauthentication no', ['ssh-root ok', 'ssh-password ok']],
    ['permitrootlogin without-password\npasswordauthentication yes', ['ssh-root ok', 'ssh-password finding']],
    [
      'permitrootlogin no\nkbdinteractiveauthentication yes\nusepam yes',
      ['ssh-root ok', 'ssh-password finding'],
    ],
    ['permitrootlogin no\nkbdinteractiveauthentication yes\nusepam no', ['ssh-root ok', 'ssh-password ok']],
    [
      'permitrootlogin yes\npasswordauthentication yes\nauthenticationmethods publickey,password publickey',
      ['ssh-root ok', 'ssh-password ok'],
    ],
    [
      'permitrootlogin yes\npasswordauthentication yes\nauthenticationmethods publickey password',
      ['ssh-root finding', 'ssh-password finding'],
    ],
  ])('%j: %j', (text, expected) => {
    expect(states(sshLogin(sshd(text)))).toEqual(expected);
  });

  test('no sshd: nothing is said of it', () => {
    expect([...sshLogin(facts()), ...sshListen(facts())]).toEqual([]);
  });

  test.each([
    ['sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups', { program: '/usr/sbin/sshd', args: [] }],
    [
      'sshd: /opt/sshd -D -f /etc/other -p 2022 -oPort=23 -E /log -4 [listener] 0 of 10-100 startups',
      { program: '/opt/sshd', args: ['-f', '/etc/other', '-p', '2022', '-oPort=23', '-4'] },
    ],
    ['sshd: pat [priv]', undefined],
    ['sshd: sshd -D [listener]', undefined],
  ])('%j', (title, expected) => {
    expect(readTitle(title)).toEqual(expected);
  });
});

test('ss: families, addresses, programs, and the relay, which is there for everyone', () => {
  const text = `udp UNCONN 0      0      127.0.0.1:53   0.0.0.0:* users:(("named",pid=1,fd=23))
tcp LISTEN 0      511      0.0.0.0:22   0.0.0.0:* users:(("sshd",pid=2,fd=20))
tcp LISTEN 0      511            *:7443       *:* users:(("node",pid=3,fd=19))
tcp LISTEN 0      511         [::]:22      [::]:*
tcp LISTEN 0      511        [::1]:631     [::]:* users:(("cupsd",pid=5,fd=22))
tcp LISTEN 0      511  [fe80::1]%eth0:80      [::]:*
tcp ESTAB  0      0     192.0.2.1:22  203.0.113.7:4000
nonsense`;
  const commandOf = (pid: string) =>
    pid === '3' ? 'node\0/opt/latchkey/.cache/server/cli.js\0relay\0--dir\0x' : '';
  const seen = readListeners(text, commandOf);
  expect(
    seen.map(({ protocol, address, port, families }) => `${protocol} ${address} ${port} ${families.join()}`),
  ).toEqual([
    'udp 127.0.0.1 53 4',
    'tcp * 22 4',
    'tcp * 7443 4,6',
    'tcp * 22 6',
    'tcp ::1 631 6',
    'tcp fe80::1 80 6',
  ]);
  expect(seen.filter(({ isRelay }) => isRelay).map(({ port }) => port)).toEqual([7443]);
  expect(seen.map(({ program }) => program)).toEqual([
    'named',
    'sshd',
    'node',
    undefined,
    'cupsd',
    undefined,
  ]);
});

test('the default route’s interface, of the least metric; the one that refuses is none', () => {
  const four = `Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask
wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF`;
  const zero = '0'.repeat(32);
  const six = `fd${'0'.repeat(30)} 40 ${zero} 00 ${zero} 00000100 00000001 00000000 00000001     eth1
${zero} 00 ${zero} 00 fe800000000000000000000000000001 00000400 00000003 00000000 00000003     eth0
${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo`;
  expect([defaultRoute4(four), defaultRoute6(six)]).toEqual(['eth0', 'eth0']);
  expect([defaultRoute4(''), defaultRoute6('')]).toEqual([undefined, undefined]);
});

test('what cannot be seen is unknown, never fine', () => {
  const why = unknown('tool-needs-root');
  const blind = facts({
    doors: why,
    firewall: why,
    listeners: why,
    sshd: why,
    files: why,
    saved: why,
    knockdFiles: why,
    knockdTimers: why,
  });
  const results = systemChecks.flatMap((check) => check(blind));
  expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['unknown']));
  expect(results.length).toBeGreaterThan(10);
});

test('a counted element without a time stays for ever, one with a time does not', () => {
  const sets = { 4: 'inet latchkey v4_ssh', 6: 'inet latchkey v6_ssh' };
  const guard = {
    protocol: 'tcp',
    port: 22,
    dropsStrangers: 'door',
    opening: { kind: 'sets', sets },
  } as const;
  const elements = [
    { elem: { val: '203.0.113.7', timeout: 60, expires: 59 } },
    { elem: { val: '203.0.113.8', counter: { packets: 1, bytes: 2 } } },
    '203.0.113.9',
  ];
  const nft = { chains: [], sets: new Map([[sets[4], elements]]) };
  const firewall = known({ nft, iptables: { 4: new Map(), 6: new Map() }, chains: [] });
  const results = stale(facts({ doors: known([{ name: 'ssh', guard }]), firewall }));
  expect(results.map(({ facts: told }) => told?.['address'])).toEqual(['203.0.113.8', '203.0.113.9']);
  expect(wordsOf(results[0]!).command).toBe("nft delete element inet latchkey v4_ssh '{ 203.0.113.8 }'");
});

test.each([
  [59, 'ok', undefined],
  [-61, 'finding', 'This clock is 1 min ahead of the relay’s'],
  [7500, 'finding', 'This clock is 2 h 5 min behind the relay’s'],
  [-864000, 'finding', 'This clock is 10 days ahead of the relay’s'],
])('a clock that is %i s off: %s', (aheadSeconds, state, text) => {
  const home = { relays: known([{ url: 'https://relay.example', aheadSeconds }]) } as HomeFacts;
  const [result] = clock(home);
  expect(result?.state).toBe(state);
  if (text !== undefined) expect(wordsOf(result!).text).toBe(text);
});

test('the report: findings first, then what was not checked, then one line', () => {
  const checks: CheckResult[] = [
    { code: 'agent', state: 'ok' },
    { code: 'files', state: 'unknown', facts: { why: 'tool-needs-root' } },
    { code: 'second-way', state: 'finding' },
  ];
  expect(reportOf({ ready: false, checks })).toMatch(
    /^No second way in is named\n(?: {2}.+\n)+\nNot checked:\n {2}Who may change what root reads: not checked\. Only root can see it\.\n\nNot ready\. 1 to look at\. 1 not checked.*\. 1 of 3 are sound\.\n$/,
  );
  expect(reportOf({ ready: true, checks: checks.slice(0, 1) })).toBe('Ready. 1 of 1 are sound.\n');
});

describe('shared work', () => {
  test('one at a time, kept for a while, and a failure is not kept', async () => {
    let begun = 0;
    let now = 0;
    let fail = false;
    const ask = sharedFor(
      5000,
      async () => {
        begun++;
        await Promise.resolve();
        if (fail) throw new Error('no');
        return begun;
      },
      () => now,
    );
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    now = 4999;
    expect(await ask()).toBe(1);
    now = 5000;
    fail = true;
    await expect(ask()).rejects.toThrow('no');
    fail = false;
    expect(await ask()).toBe(3);
  });
});

test.each([
  ['""', 'must say what it is'],
  ['"yes"', 'must say what it is'],
  [`"${'x'.repeat(201)}"`, 'second_way_in'],
  ['true', 'second_way_in'],
])('second_way_in = %s is refused', (value, why) => {
  const rest = '[[relay]]\nurl = "https://relay.example"\n[[observer]]\nkey = "' + 'A'.repeat(43) + '"\n';
  expect(() => parseAgentFile(`second_way_in = ${value}\n${rest}`, 'agent.toml')).toThrow(why);
  expect(parseAgentFile(`second_way_in = "a screen"\n${rest}`, 'agent.toml').second_way_in).toBe('a screen');
});
