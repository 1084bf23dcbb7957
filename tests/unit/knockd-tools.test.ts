import { describe, expect, test } from 'vitest';
import { lintKnockd } from '../../lib/knockd/lint.ts';
import type { Finding } from '../../lib/knockd/lint.ts';

/** What each firewall’s tool takes and refuses, asked of nft 1.0.6 and iptables 1.8.9 where nothing else is said. */

const head = '[options]\nUseSyslog\nInterface = eth0\n';
const door = (
  lines: Readonly<Record<string, string | undefined>>,
  name = 'ssh',
  sequence = '7324,4566:udp',
) =>
  `[${name}]\nsequence = ${sequence}\n` +
  Object.entries(lines)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}\n`]))
    .join('');
/** A door for IPv4 alone, unless `start_command_6` says otherwise. */
const by = (start_command: string, stop_command?: string, start_command_6: string | undefined = '') =>
  lint(door({ start_command, start_command_6, stop_command }));
/** The same command for IPv6. */
const both = (start_command: string, stop_command?: string) => lint(door({ start_command, stop_command }));
const lint = (text: string) => lintKnockd(head + text).findings;
const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code);
const one = (findings: readonly Finding[], code: string): Finding => {
  const found = findings.filter((finding) => finding.code === code);
  expect(found, JSON.stringify(findings, null, 1)).toHaveLength(1);
  return found[0]!;
};
const iptables = (verb: string) => `/sbin/iptables ${verb} INPUT -s %IP% -p tcp --dport 22 -j ACCEPT`;

describe('nft deletes a rule by its handle alone', () => {
  const spec = 'inet filter input ip saddr %IP% tcp dport 22 accept';
  const lookedUp =
    "nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/ %IP% / {print $NF; exit}')";

  test.each([
    ['by its words', `nft delete rule ${spec}`],
    ['by its words, quoted', `nft 'delete rule ${spec}'`],
    ['by nothing', 'nft delete rule inet filter input'],
    ['and something else is told', `nft delete rule ${spec}; curl -s http://localhost/closed`],
  ])('a stop command that deletes %s never closes, and the remedy does', (_what, stop) => {
    const findings = by(`nft add rule ${spec}`, stop);
    expect(codes(findings)).toEqual(['never-closes']);
    const { severity, line, text, remedy } = findings[0]!;
    expect([severity, line]).toEqual(['error', 8]);
    expect(text).toContain('handle');
    expect(remedy).toContain(`\`stop_command = ${lookedUp}\``);
    expect(remedy).toContain('timeout');
    expect(by(`nft add rule ${spec}`, lookedUp)).toEqual([]);
  });

  test('a door that closes so is no close, and is named itself', () => {
    const text = door({ start_command: `nft add rule ${spec}`, start_command_6: '' });
    const close = door(
      { start_command: `nft delete rule ${spec}`, start_command_6: '' },
      'close',
      '99,98:udp',
    );
    const findings = lint(text + close);
    expect(codes(findings)).toEqual(['never-closes', 'rule-incomplete']);
    expect(findings[1]).toMatchObject({ door: 'close', remedy: `Write \`start_command = ${lookedUp}\`.` });
  });

  test('without a stop command it is an error, and the remedy no second rule', () => {
    const { severity, remedy } = one(by(`nft add rule ${spec}`), 'never-closes');
    expect(severity).toBe('error');
    expect(remedy).toContain(`\`stop_command = ${lookedUp}\``);
  });

  test('a handle that is written down gets a remedy that nft takes', () => {
    const { remedy } = one(
      by(`nft add rule ${spec}`, 'nft delete rule inet filter input handle 7'),
      'delete-by-number',
    );
    expect(remedy).toBe(`Write \`stop_command = ${lookedUp}\`.`);
  });
});

describe('a rule for addresses of one family', () => {
  test.each([
    [
      'nft add rule inet filter input ip saddr %IP% tcp dport 22 accept',
      'nft add rule inet filter input ip6 saddr %IP% tcp dport 22 accept',
    ],
    [
      'nft insert rule inet filter input ip saddr { 192.0.2.1, %IP% } accept',
      'nft insert rule inet filter input ip6 saddr { 192.0.2.1, %IP% } accept',
    ],
    [
      `firewall-cmd --timeout=60 --add-rich-rule='rule family="ipv4" source address="%IP%" service name="ssh" accept'`,
      `firewall-cmd --timeout=60 --add-rich-rule='rule family="ipv6" source address="%IP%" service name="ssh" accept'`,
    ],
    [
      'iptables -I INPUT -s %IP%/32 -j ACCEPT; iptables-save > /etc/iptables/rules.v4',
      'ip6tables -I INPUT -s %IP% -j ACCEPT; ip6tables-save > /etc/iptables/rules.v6',
    ],
    [
      '/sbin/iptables -I INPUT -s %IP% -j ACCEPT; /sbin/iptables-save > /etc/sysconfig/iptables',
      '/sbin/ip6tables -I INPUT -s %IP% -j ACCEPT; /sbin/ip6tables-save > /etc/sysconfig/ip6tables',
    ],
  ])('%s', (four, six) => {
    const found = one(both(four), 'ipv6-without-command');
    expect(found.remedy).toContain(`\`start_command_6 = ${six}\``);
    expect(codes(by(four, undefined, six))).not.toContain('ipv6-without-command');
    expect(one(by(four, undefined, four), 'family-tool').remedy).toBe(`Write \`start_command_6 = ${six}\`.`);
  });

  test('in a table of one family, whose other table has a name that nobody here knows', () => {
    const { remedy } = one(both('nft add rule filter input ip saddr %IP% accept'), 'ipv6-without-command');
    expect(remedy).toBe(
      'Write a `start_command_6 = …` that admits IPv6, or `start_command_6 =` to do nothing for it.',
    );
  });

  test.each([
    '/sbin/iptables -A INPUT -p tcp --dport 22 -j ACCEPT',
    '/sbin/iptables -P INPUT ACCEPT',
    'logger "%IP%" && iptables -I INPUT -p tcp --dport 22 -j ACCEPT',
    'nft add rule inet filter input ip protocol tcp tcp dport 22 accept',
  ])('%s: no address reaches the rule, so nothing is refused', (start) => {
    const said = codes(both(start));
    expect(said).toContain('opens-for-everyone');
    expect(said).not.toContain('ipv6-without-command');
  });

  test('a command for IPv6 that changes IPv4 alone is named for what it does', () => {
    const start = 'iptables -I INPUT -p tcp --dport 22 -j ACCEPT';
    const { text } = one(by(start, undefined, start), 'family-tool');
    expect(text).toBe(
      'start_command_6 runs for IPv6 addresses, and iptables changes here what IPv4 alone may do.',
    );
  });

  test('%ip% in small letters is refused for both families: one finding, and no remedy repeats it', () => {
    const findings = both('iptables -I INPUT -s %ip% -p tcp --dport 22 -j ACCEPT');
    expect(codes(findings)).toEqual(['token-case', 'never-closes']);
    for (const { remedy } of findings) {
      expect(remedy).toContain('-s %IP%');
      expect(remedy).not.toContain('%ip%');
    }
    const mixed = both('iptables -I INPUT -s %IP% -m comment --comment %ip% -j ACCEPT');
    expect(one(mixed, 'ipv6-without-command').remedy).not.toContain('%ip%');
  });
});

describe('firewalld keeps the rules on disk apart from those in force (firewall-cmd(1), --permanent)', () => {
  const rule = `rich-rule='rule family="ipv4" source address="%IP%" accept'`;
  const now = (verb: string) => `firewall-cmd --${verb}-${rule}`;
  const kept = (verb: string) => `firewall-cmd --permanent --${verb}-${rule}`;
  const reload = '; firewall-cmd --reload';
  const save = '; firewall-cmd --runtime-to-permanent';

  test.each([
    [kept('add'), now('remove'), 'the one in force, not the one that --permanent keeps on disk'],
    [now('add'), kept('remove'), 'the one that --permanent keeps on disk, not the one in force'],
    [kept('add') + reload, kept('remove'), 'the one that --permanent keeps on disk, not the one in force'],
    [now('add') + save, now('remove'), 'the one in force, not the one that --permanent keeps on disk'],
  ])('%s, then %s: the other one stays', (start, stop, difference) => {
    const { severity, text } = one(by(start, stop), 'delete-mismatch');
    expect(severity).toBe('error');
    expect(text).toContain(difference);
  });

  test.each([
    [now('add'), now('remove')],
    [now('add'), kept('remove') + reload],
    [kept('add') + reload, kept('remove') + reload],
    [now('add') + save, now('remove') + save],
    [now('add').replaceAll('"', ''), now('remove').replace('rule=', 'rule ')],
  ])('%s, then %s: closed', (start, stop) => {
    expect(codes(by(start, stop)).filter((code) => code !== 'persistent-rule')).toEqual([]);
  });

  test('a second door that removes the other one closes nothing', () => {
    const close = door({ start_command: now('remove'), start_command_6: '' }, 'close', '99,98:udp');
    const findings = lint(door({ start_command: kept('add'), start_command_6: '' }) + close);
    expect(codes(findings)).toEqual(['never-closes', 'delete-mismatch']);
  });

  test('reload and copy by turns, as often as a line holds them: an answer at once', () => {
    expect(codes(by(now('add') + (reload + save).repeat(60), now('remove')))).toContain('delete-mismatch');
  });
});

test('another tool that deletes: the text says so', () => {
  const { text } = one(
    by(iptables('-A'), iptables('-D').replace('iptables', 'ip6tables')),
    'delete-mismatch',
  );
  expect(text).toContain('(iptables adds it, ip6tables deletes)');
  const ufw = one(by(iptables('-A'), 'ufw delete allow from %IP%'), 'delete-mismatch');
  expect(ufw.text).toContain('(iptables adds it, ufw deletes)');
});

describe('iptables takes the beginning of a long option, where it fits one alone', () => {
  const nat = (verb: string, rest: string) =>
    `iptables -t nat ${verb} PREROUTING -s %IP% -p tcp --dport 22 ${rest}`;
  test.each([
    [nat('-A', '-j DNAT --to 192.0.2.9:22'), nat('-D', '-j DNAT --to-destination 192.0.2.9:22')],
    [nat('-A', '-j DNAT --to-dest 192.0.2.9:22'), nat('-D', '-j DNAT --to 192.0.2.9:22')],
    [nat('-A', '-j REDIRECT --to-port 23'), nat('-D', '-j REDIRECT --to-ports 23')],
    [
      'iptables -A INPUT --sour %IP% --prot tcp --destination-p 22 --ju ACCEPT',
      'iptables -D INPUT -p tcp --dport 22 -s %IP% -j ACCEPT',
    ],
    [
      'iptables -A INPUT -s %IP% -m state --st NEW -m comment --comm x -j ACCEPT',
      'iptables -D INPUT -s %IP% -m state --state NEW -m comment --comment x -j ACCEPT',
    ],
  ])('%s', (start, stop) => {
    expect(by(start, stop)).toEqual([]);
  });

  test.each([
    [nat('-A', '-j DNAT --to 192.0.2.9:22'), nat('-D', '-j DNAT --to-destination 192.0.2.9:23')],
    // --set is an option of recent, and no beginning of --set-counters.
    [
      'iptables -A INPUT -s %IP% -m recent --set -j ACCEPT',
      'iptables -D INPUT -s %IP% -m recent --set-counters -j ACCEPT',
    ],
  ])('another rule stays another: %s', (start, stop) => {
    one(by(start, stop), 'delete-mismatch');
  });
});

test.each([
  'nft add rule inet filter input tcp dport 22 accept comment %IP%',
  `nft 'add rule inet filter input tcp dport 22 accept comment "for %IP%"'`,
  'ufw allow 22 comment %IP%',
])('an address in a comment admits everyone: %s', (start) => {
  expect(one(by(start), 'opens-for-everyone').severity).toBe('error');
});

test.each(['PORT1,PORT2,PORT3', '0', '0,7324'])('nobody can guess a port 0: sequence = %s', (sequence) => {
  const text = door({ start_command: iptables('-I'), start_command_6: '', stop_command: iptables('-D') });
  expect(codes(lint(text.replace('7324,4566:udp', sequence)))).toEqual(['port-zero']);
});

test.each([
  ['nothing', ''],
  ['comments', '# [ssh]\n# sequence = 1,2\n'],
  ['options', head],
  ['NUL bytes', '\0'.repeat(64)],
  ['doors behind NUL bytes', `${head}\0[ssh]\n\0sequence = 7324,4566:udp\n`],
])('a file of %s has no door: knockd starts and hears nothing', (what, text) => {
  const { accepted, findings } = lintKnockd(text);
  expect(accepted).toBe(true);
  const { severity, remedy } = one(findings, 'no-door');
  expect(severity).toBe('error');
  expect(remedy.includes('NUL')).toBe(what.includes('NUL'));
});
