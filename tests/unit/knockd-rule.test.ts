import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findRules,
  isPlainRemoval,
  listArguments,
  plainWords,
  readPlainRule,
  ruleArguments,
  takesAway,
} from '../../lib/knockd/iptables-rule.ts';

const seed = '/sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT';
const phone = '203.0.113.7';

describe('a plain rule', () => {
  test('becomes the question and the removal, without position, as an argument array', () => {
    const rule = readPlainRule(seed)!;
    expect(rule).toMatchObject({ tool: '/sbin/iptables', family: 4, table: 'filter', chain: 'INPUT' });
    const spec = ['-s', phone, '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT'];
    expect(ruleArguments(rule, '-C', phone)).toEqual(['-w', '5', '-t', 'filter', '-C', 'INPUT', ...spec]);
    expect(ruleArguments(rule, '-D', phone)).toEqual(['-w', '5', '-t', 'filter', '-D', 'INPUT', ...spec]);
    expect(listArguments(rule)).toEqual(['-w', '5', '-t', 'filter', '-v', '-S', 'INPUT']);
  });

  test.each([
    ['iptables -w -A INPUT -s %IP%/32 -j ACCEPT', 4, 'filter'],
    ['/usr/sbin/ip6tables-nft --wait 3 -t raw --append PREROUTING -s %IP% -j ACCEPT', 6, 'raw'],
    ['iptables -p tcp -s %IP% -I knock-in -m comment --comment "by knockd" -j ACCEPT', 4, 'filter'],
    ["/sbin/iptables-legacy --insert 'INPUT' 3 ! -i eth1 -s %IP% -j ACCEPT", 4, 'filter'],
  ])('%s', (command, family, table) => {
    expect(readPlainRule(command)).toMatchObject({ family, table });
    expect(readPlainRule(command)?.spec.join(' ')).not.toMatch(/-w|--wait|-t |^3| 3 /);
  });

  test.each([
    '/sbin/iptables -D INPUT -s %IP% -j ACCEPT',
    '/sbin/iptables -I INPUT -s %IP% -j ACCEPT; /bin/true',
    '/sbin/iptables -I INPUT -s %IP% -j ACCEPT && echo',
    '/sbin/iptables -I INPUT -s $IP -j ACCEPT',
    '/sbin/iptables -I INPUT -s `id` -j ACCEPT',
    '/sbin/iptables -I INPUT -s "$(id)" -j ACCEPT',
    '/sbin/iptables -I INPUT -s %IP% -j ACCEPT # note',
    '/sbin/iptables -I INPUT -s %IP% -j ACCEPT >/dev/null',
    '/sbin/iptables -I INPUT -s %IP% -I OUTPUT -j ACCEPT',
    '/sbin/iptables -I INPUT -s %IP%,192.0.2.1 -j ACCEPT',
    '/sbin/iptables -I -s %IP% -j ACCEPT',
    '/sbin/iptables -I INPUT',
    '/sbin/iptables -F INPUT',
    '/sbin/iptables --modprobe=/x -I INPUT -s %IP%',
    '/sbin/iptables -M /x -I INPUT -s %IP%',
    '/sbin/iptables -M/x -I INPUT -s %IP%',
    '/sbin/iptables --modp /x -I INPUT -s %IP%',
    '/sbin/iptables --ta nat -I INPUT -s %IP%',
    '/sbin/iptables -DINPUT -I INPUT -s %IP%',
    '/sbin/iptables -I INPUT -s %IP% --del OUTPUT',
    '/home/x/../iptables -I INPUT -s %IP%',
    'sudo iptables -I INPUT -s %IP% -j ACCEPT',
    'X=1 iptables -I INPUT -s %IP% -j ACCEPT',
    '/usr/local/bin/open %IP%',
    'ufw allow from %IP%',
    "/sbin/iptables -I INPUT -s '%IP% -j ACCEPT",
    '',
  ])('is not: %s', (command) => {
    expect(readPlainRule(command)).toBeUndefined();
  });

  test('removals', () => {
    expect(isPlainRemoval('/sbin/iptables -D INPUT -s %IP% -j ACCEPT')).toBe(true);
    expect(isPlainRemoval('/sbin/iptables -D INPUT -s %IP% -j ACCEPT; echo')).toBe(false);
    expect(isPlainRemoval('/sbin/iptables -D INPUT 1 ; iptables -D INPUT')).toBe(false);
    expect(isPlainRemoval(seed)).toBe(false);
  });

  test('no address makes an argument more, and no word reaches a shell', () => {
    const rule = readPlainRule(seed)!;
    fc.assert(
      fc.property(fc.string(), (address) => {
        expect(ruleArguments(rule, '-D', address)).toHaveLength(14);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const word of plainWords(text) ?? []) expect(word).not.toMatch(/[$`;&|<>\\\n]/);
      }),
    );
  });
});

describe('iptables -S', () => {
  const rule = readPlainRule(seed)!;
  // Printed by iptables 1.8.9 (nf_tables).
  const listing = `-P INPUT DROP
-A INPUT -s 203.0.113.7/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 203.0.113.66/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 203.0.113.66/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 203.0.113.8/32 -p tcp -m tcp --dport 2222 -j ACCEPT
-A INPUT -s 203.0.113.9/32 -p tcp -m tcp --dport 22 -j DROP
-A INPUT -s 203.0.113.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT ! -s 203.0.113.10/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -d 203.0.113.11/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m comment --comment "203.0.113.12 \\"quoted\\"" -j ACCEPT
`;

  test('counts the rules of each address, and names those only iptables itself can judge', () => {
    const { exact, perhaps } = findRules(rule, listing);
    expect([...exact]).toEqual([
      ['203.0.113.7', 1],
      ['203.0.113.66', 2],
    ]);
    expect([...perhaps].sort()).toEqual(['203.0.113.10', '203.0.113.11', '203.0.113.8']);
  });

  test('the order in which a person wrote the options does not matter', () => {
    const other = readPlainRule(
      'iptables --insert INPUT --proto tcp --src %IP%/32 --destination-port=22 -m tcp --jump ACCEPT -d 0.0.0.0/0',
    )!;
    expect([...findRules(other, listing).exact.keys()]).toEqual(['203.0.113.7', '203.0.113.66']);
  });

  test('a service by name is left to iptables', () => {
    const named = readPlainRule(seed.replace('22', 'ssh'))!;
    const { exact, perhaps } = findRules(named, listing);
    expect(exact.size).toBe(0);
    expect(perhaps.has(phone)).toBe(true);
  });

  test('IPv6', () => {
    const six = readPlainRule(seed.replace('iptables', 'ip6tables'))!;
    const line = '-A INPUT -s 2001:db8:7::7/128 -p tcp -m tcp --dport 22 -j ACCEPT\n';
    expect([...findRules(six, line + listing).exact]).toEqual([['2001:db8:7::7', 1]]);
  });
});

test.each([
  ['/sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT', true],
  ['iptables --delete INPUT -j ACCEPT -p tcp -m tcp --destination-port=22 --src %IP%/32', true],
  ['/sbin/iptables -D INPUT -s %IP% -p tcp --dport 23 -j ACCEPT', false],
  ['/sbin/iptables -D FORWARD -s %IP% -p tcp --dport 22 -j ACCEPT', false],
  ['/sbin/iptables -t raw -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT', false],
  ['/sbin/ip6tables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT', false],
  ['/sbin/iptables -D INPUT 1', false],
  ['/sbin/iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT', false],
  ['/sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT; id', false],
])('whether %s takes the rule away: %s', (command, does) => {
  const rule = readPlainRule('/sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT')!;
  expect(takesAway(command, rule)).toBe(does);
});
