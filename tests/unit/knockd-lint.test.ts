import { describe, expect, test } from 'vitest';
import { findingCodes } from '../../lib/knockd/finding.ts';
import { lintKnockd } from '../../lib/knockd/lint.ts';
import type { Finding, FindingCode, LintFacts } from '../../lib/knockd/lint.ts';

const rule = (tool: string, verb: string, port = '22') =>
  `/sbin/${tool} ${verb} -s %IP% -p tcp --dport ${port} -j ACCEPT`;
const options = '[options]\nUseSyslog\nInterface = eth0\n';
const sound: Readonly<Record<string, string>> = {
  sequence: '7324,4566:udp,61234,2745',
  seq_timeout: '5',
  tcpflags: 'syn',
  start_command: rule('iptables', '-I INPUT 1'),
  start_command_6: rule('ip6tables', '-I INPUT 1'),
  cmd_timeout: '60',
  stop_command: rule('iptables', '-D INPUT'),
  stop_command_6: rule('ip6tables', '-D INPUT'),
};

/** A sound door with some of its directives changed; undefined takes one away. */
function door(changed: Readonly<Record<string, string | undefined>> = {}, name = 'ssh'): string {
  const lines = Object.entries({ ...sound, ...changed }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} = ${value}\n`],
  );
  return `[${name}]\n${lines.join('')}`;
}
const none = { start_command_6: undefined, stop_command_6: undefined, cmd_timeout: undefined };
/** One command for both families, and no end to it unless given. */
const by = (start_command: string, stop_command?: string, more: Record<string, string | undefined> = {}) =>
  door({ ...none, start_command, stop_command, ...more });
const closing = (start_command: string, sequence = '61235,9001') =>
  door({ ...none, sequence, start_command, stop_command: undefined }, 'close');

const codes = (text: string, facts?: LintFacts) => lintKnockd(text, facts).findings.map(({ code }) => code);

describe('nothing is said about a sound file', () => {
  test.each([
    ['iptables, both families', door()],
    ['IPv6 switched off', door({ start_command_6: '', stop_command_6: undefined })],
    ['an element with a timeout', by('nft add element inet filter in4 { %IP% timeout 60s }')],
    [
      'an element that is deleted',
      by('nft add element inet f s { %IP% }', "nft 'delete element inet f s { %IP% }'"),
    ],
    ['a set entry with a timeout', by('ipset add knocked %IP% timeout 60 -exist')],
    ['a set entry that is deleted', by('ipset add knocked %IP%', 'ipset del knocked %IP%')],
    [
      'firewalld with a timeout',
      by(
        "firewall-cmd --timeout=60 --add-rich-rule='rule family=ipv4 source address=%IP% accept'",
        undefined,
        {
          start_command_6: '',
        },
      ),
    ],
    ['scripts', by('/usr/local/sbin/open %IP%', '/usr/local/sbin/close %IP%')],
    [
      'a rule that the shell looks up',
      by(
        'nft add rule inet f input ip saddr %IP% accept',
        "nft delete rule inet f input handle $(nft -a list chain inet f input | awk '/%IP%/ {print $NF}')",
        { start_command_6: '' },
      ),
    ],
    [
      'a number that the shell looks up',
      door({
        stop_command:
          '/sbin/iptables -D INPUT `/sbin/iptables -nL INPUT --line-numbers | grep -m1 %IP% | cut -c1-2`',
      }),
    ],
    ['a machine that is woken', by('etherwake 00:11:22:33:44:55')],
    ['UDP without flags', door({ sequence: '7324:udp,4566:udp,2745:udp', tcpflags: undefined })],
    [
      'two rules',
      door({
        start_command: `${rule('iptables', '-A INPUT')}; ${rule('iptables', '-A INPUT', '80')} # two`,
        stop_command: `${rule('iptables', '-D INPUT', '80')}; ${rule('iptables', '-D INPUT')}`,
      }),
    ],
    [
      'a rule in other words',
      door({
        stop_command:
          '/usr/sbin/iptables -w --delete INPUT -p tcp -m tcp --destination-port 22 --source %IP%/32 --jump ACCEPT >/dev/null 2>&1',
      }),
    ],
    [
      'deleting before adding',
      door({ start_command: `sh -c "${rule('iptables', '-D INPUT')}; ${rule('iptables', '-I INPUT')}"` }),
    ],
    [
      'a rule that keeps out, taken away and put back',
      door({
        start_command: '/sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j DROP',
        stop_command: '/sbin/iptables -I INPUT -s %IP% -p tcp --dport 22 -j DROP',
      }),
    ],
    [
      'a comment in the rule',
      door({
        start_command: '/sbin/iptables -I INPUT -s %IP% -m comment --comment "by knockd" -j ACCEPT',
        stop_command: "/sbin/iptables -D INPUT -s %IP% -m comment --comment 'by knockd' -j ACCEPT",
      }),
    ],
    ['two doors', door() + door({ sequence: '2746,7325,4567:udp' }, 'web')],
    [
      'two doors of one sequence behind two targets',
      door({ target: '192.0.2.1' }) + door({ target: '192.0.2.2' }, 'b'),
    ],
    ['one-time sequences, many left', door({ sequence: undefined, one_time_sequences: '/s' })],
  ])('%s', (_what, text) => {
    const many = Array.from({ length: 20 }, (_, i) => ` ${9000 - i},${8000 + i}\n`).join('');
    const facts: LintFacts = {
      interfaces: ['lo', 'eth0'],
      other: () => many,
      ...(text.includes('one_time') ? { ipv6: false } : {}),
    };
    expect(lintKnockd(options + text, facts)).toMatchObject({ accepted: true, findings: [] });
  });
});

/** The finding, its door, and the line as it stands in the file. */
type Case = readonly [code: FindingCode, text: string, at: string, facts?: LintFacts];

const cases: readonly Case[] = [
  ['interface-any', '[options]\nUseSyslog\nInterface = any\n' + door(), 'Interface = any'],
  ['interface-list', '[options]\nUseSyslog\nInterface = eth0, eth1\n' + door(), 'Interface = eth0, eth1'],
  ['interface-repeated', options + 'interface = eth1\n' + door(), 'interface = eth1'],
  ['interface-missing', options + door(), 'Interface = eth0', { interfaces: ['lo', 'ens3'] }],
  ['interface-missing', '[options]\nUseSyslog\n' + door(), '[options]', { interfaces: ['lo', 'ens3'] }],
  ['no-door', options, ''],
  ['no-log', '[options]\nInterface = eth0\n' + door(), ''],
  ['path-relative', '[options]\nlogfile = knockd.log\n' + door(), 'logfile = knockd.log'],
  ['inline-comment', '[options]\nlogfile = /var/log/k # log\n' + door(), 'logfile = /var/log/k # log'],
  ['inline-comment', options + door({ cmd_timeout: '60 ; s' }), 'cmd_timeout = 60 ; s'],
  ['quoted-value', '[options]\nlogfile = "/var/log/k"\n' + door(), 'logfile = "/var/log/k"'],
  ['key-repeated', options + door() + 'command = echo\n', 'command = echo'],
  ['name-repeated', options + door() + door({ sequence: '1,3,2' }).replace('[ssh]', '[ssh]'), '[ssh]'],
  ['line-too-long', options + door() + `# ${'x'.repeat(4093)}#\n`, `# ${'x'.repeat(4093)}#`],
  ['port-zero', options + door({ sequence: 'port1,port2,port3' }), 'sequence = port1,port2,port3'],
  ['port-zero', options + door({ sequence: '7324,0,4566' }), 'sequence = 7324,0,4566'],
  ['port-misread', options + door({ sequence: '7324 4566 2745' }), 'sequence = 7324 4566 2745'],
  ['port-misread', options + door({ sequence: '7324,-5,2745' }), 'sequence = 7324,-5,2745'],
  ['sequence-one-port', options + door({ sequence: '7324' }), 'sequence = 7324'],
  ['sequence-one-port', options + door({ sequence: '7324,7324,7324:tcp' }), 'sequence = 7324,7324,7324:tcp'],
  ['sequence-ascending', options + door({ sequence: '1234,2345,3456' }), 'sequence = 1234,2345,3456'],
  ['sequence-published', options + door({ sequence: '7000,8000,9000' }), 'sequence = 7000,8000,9000'],
  ['sequence-shared', options + door() + door({}, 'b'), '[b]+sequence = 7324,4566:udp,61234,2745'],
  [
    'sequence-prefix',
    options + door() + door({ sequence: `${sound['sequence']},99` }, 'b'),
    `sequence = ${sound['sequence']},99`,
  ],
  [
    'sequence-prefix',
    options + door() + door({ sequence: '7324,4566:udp' }, 'b'),
    `sequence = ${sound['sequence']}`,
  ],
  [
    'open-close-same-sequence',
    options + by(rule('iptables', '-I INPUT')) + closing(rule('iptables', '-D INPUT'), sound['sequence']),
    `[close]+sequence = ${sound['sequence']}`,
  ],
  ['seq-timeout', options + door({ seq_timeout: '0' }), 'seq_timeout = 0'],
  ['seq-timeout', options + door({ seq_timeout: 'five' }), 'seq_timeout = five'],
  ['tcpflags-udp', options + door({ sequence: '9:udp,8:udp' }), 'tcpflags = syn'],
  ['tcpflags-unsendable', options + door({ tcpflags: 'fin,!ack' }), 'tcpflags = fin,!ack'],
  ['target-unheard', options + door({ target: 'router.example' }), 'target = router.example'],
  [
    'one-time-last',
    options + door({ sequence: undefined, one_time_sequences: '/s' }),
    'one_time_sequences = /s',
    { other: () => ' 1,2\n' },
  ],
  [
    'one-time-few',
    options + door({ sequence: undefined, one_time_sequences: '/s' }),
    'one_time_sequences = /s',
    { other: () => ' 1,2\n 2,3\n' },
  ],
  [
    'one-time-ipv6',
    options + door({ sequence: undefined, one_time_sequences: '/s' }),
    'one_time_sequences = /s',
  ],
  [
    'one-time-unreadable-line',
    options + door({ sequence: undefined, one_time_sequences: '/s' }),
    'one_time_sequences = /s',
    { other: () => ' 1:x\n 2,3\n' },
  ],
  ['one-time-and-sequence', options + door({ one_time_sequences: '/s' }), 'one_time_sequences = /s'],
  ['no-command', options + '[ssh]\nsequence = 7324,4566:udp\n', '[ssh]'],
  [
    'command-quoted',
    options + by(`"${rule('iptables', '-I INPUT')}"`),
    `start_command = "${rule('iptables', '-I INPUT')}"`,
  ],
  [
    'command-too-long',
    options + by(`/opt/open %IP%%IP%%IP% ${'x'.repeat(4054)}`, '/opt/close'),
    'start_command = /opt/open',
  ],
  ['token-case', options + by('/opt/open %ip%', '/opt/close'), 'start_command = /opt/open %ip%'],
  [
    'rule-incomplete',
    options + door({ start_command: '/sbin/iptables -A INPUT -s %IP% --dport 22 -j ACCEPT' }),
    'start_command = /sbin/iptables',
  ],
  [
    'opens-for-everyone',
    options + door({ start_command: '/sbin/iptables -I INPUT -p tcp --dport 22 -j ACCEPT' }),
    'start_command = /sbin/iptables',
  ],
  [
    'opens-for-everyone',
    options +
      door({
        start_command: '/sbin/iptables -I INPUT -p tcp --dport 22 -m comment --comment %IP% -j ACCEPT',
      }),
    'start_command = /sbin/iptables',
  ],
  [
    'opens-for-everyone',
    options + door({ start_command: '/sbin/iptables -P INPUT ACCEPT' }),
    'start_command = /sbin/iptables',
  ],
  [
    'opens-for-everyone',
    options + by('ufw allow ssh', 'ufw delete allow ssh'),
    'start_command = ufw allow ssh',
  ],
  [
    'opens-for-everyone',
    options + by('/etc/init.d/ssh start', '/etc/init.d/ssh stop'),
    'start_command = /etc/init.d/ssh start',
  ],
  [
    'opens-for-everyone',
    options + by('systemctl start sshd', 'systemctl stop sshd'),
    'start_command = systemctl start sshd',
  ],
  ['opens-for-everyone', options + by('/opt/open', '/opt/close'), 'start_command = /opt/open'],
  [
    'opens-for-network',
    options + by('ufw allow from %IP%/24 to any port 22', 'x'),
    'start_command = ufw allow',
  ],
  [
    'family-tool',
    options + door({ start_command_6: rule('iptables', '-I INPUT') }),
    `start_command_6 = ${rule('iptables', '-I INPUT')}`,
  ],
  [
    'family-tool',
    options + door({ stop_command: rule('ip6tables', '-D INPUT') }),
    `stop_command = ${rule('ip6tables', '-D INPUT')}`,
  ],
  [
    'ipv6-without-command',
    options + by(rule('iptables', '-I INPUT'), rule('iptables', '-D INPUT')),
    'start_command = /sbin/iptables',
  ],
  ['never-closes', options + by(rule('iptables', '-I INPUT')), 'start_command = /sbin/iptables'],
  ['never-closes', options + by('nft add element inet f s { %IP% }'), 'start_command = nft'],
  ['never-closes', options + by('ufw allow from %IP% to any port 22 proto tcp'), 'start_command = ufw'],
  [
    'never-closes',
    options + by(rule('iptables', '-I INPUT'), '/bin/echo closed'),
    'stop_command = /bin/echo closed',
  ],
  ['never-closes', options + by(rule('iptables', '-I INPUT'), ''), 'start_command = /sbin/iptables'],
  [
    'never-closes',
    options + door({ stop_command_6: '' }),
    `start_command_6 = ${rule('ip6tables', '-I INPUT 1')}`,
  ],
  [
    'manual-close',
    options + by(rule('iptables', '-I INPUT')) + closing(rule('iptables', '-D INPUT')),
    'start_command = /sbin/iptables -I',
  ],
  [
    'manual-close',
    options + by(rule('iptables', '-I INPUT')) + closing('iptables -D INPUT 1'),
    'start_command = /sbin/iptables -I',
  ],
  ['cmd-timeout', options + door({ cmd_timeout: '0' }), 'cmd_timeout = 0'],
  ['cmd-timeout', options + door({ cmd_timeout: '-1' }), 'cmd_timeout = -1'],
  [
    'stop-unused',
    options + door({ start_command: undefined, start_command_6: undefined, stop_command_6: undefined }),
    'stop_command = /sbin/iptables',
  ],
  [
    'stop-opens',
    options + door({ stop_command: rule('iptables', '-A INPUT') }),
    `stop_command = ${rule('iptables', '-A INPUT')}`,
  ],
  [
    'delete-mismatch',
    options + door({ stop_command: rule('iptables', '-D INPUT', '2222') }),
    `stop_command = ${rule('iptables', '-D INPUT', '2222')}`,
  ],
  [
    'delete-mismatch',
    options + door({ stop_command: rule('iptables', '-D FORWARD') }),
    `stop_command = ${rule('iptables', '-D FORWARD')}`,
  ],
  [
    'delete-mismatch',
    options + door({ stop_command: '/sbin/iptables -D INPUT -p tcp --dport 22 -j ACCEPT' }),
    'stop_command = /sbin/iptables -D INPUT -p tcp',
  ],
  [
    'delete-mismatch',
    options + by(rule('iptables', '-I INPUT')) + closing(rule('iptables', '-D INPUT', '23')),
    `start_command = ${rule('iptables', '-D INPUT', '23')}`,
  ],
  [
    'delete-mismatch',
    options + by('ufw allow from %IP% to any port 22', 'ufw delete allow from %IP% to any port 22 proto tcp'),
    'stop_command = ufw',
  ],
  [
    'delete-by-number',
    options + door({ stop_command: '/sbin/iptables -D INPUT 1' }),
    'stop_command = /sbin/iptables -D INPUT 1',
  ],
  [
    'delete-by-number',
    options + by('ufw insert 1 allow from %IP%', 'ufw --force delete 1'),
    'stop_command = ufw --force delete 1',
  ],
  [
    'delete-by-number',
    options + by('nft add rule inet f input ip saddr %IP% accept', 'nft delete rule inet f input handle 7'),
    'stop_command = nft delete rule',
  ],
  [
    'service-names-mixed',
    options + door({ stop_command: rule('iptables', '-D INPUT', 'ssh') }),
    `stop_command = ${rule('iptables', '-D INPUT', 'ssh')}`,
  ],
  [
    'service-names-mixed',
    options + by('ufw allow from %IP% to any port 22', 'ufw delete allow from %IP% to any port ssh'),
    'stop_command = ufw',
  ],
  [
    'ipv6-never-closes',
    options + door({ stop_command_6: undefined }),
    `start_command_6 = ${rule('ip6tables', '-I INPUT 1')}`,
  ],
  [
    'persistent-rule',
    options + by('ufw allow from %IP% to any port 22', 'ufw delete allow from %IP% to any port 22'),
    'start_command = ufw',
  ],
  [
    'persistent-rule',
    options + door({ start_command: `${rule('iptables', '-I INPUT')} && netfilter-persistent save` }),
    'start_command = /sbin/iptables',
  ],
  [
    'persistent-rule',
    options +
      by(
        "firewall-cmd --permanent --add-rich-rule='rule source address=%IP% accept'",
        "firewall-cmd --permanent --remove-rich-rule='rule source address=%IP% accept'",
      ),
    'start_command = firewall-cmd',
  ],
  ['rejected', '[d]\nsequence 1\n', 'sequence 1'],
  ['rejected', ';x\n[d]\nsequence = 1\n', ';x'],
  ['options-name', '[Options]\nlogfile = /x\n[d]\nsequence=1\n', 'logfile = /x'],
  ['options-name', '[OPTIONS]\nUseSyslog\n[d]\nsequence=1\n', '[OPTIONS]'],
];

/** `[section]+line`: the first such line after the section; else the first of the file. Of a name twice, the last. */
function lineNumber(text: string, at: string): number | undefined {
  if (at === '') return undefined;
  const [section, wanted] = at.includes(']+') ? at.split('+') : [undefined, at];
  const lines = text.split('\n');
  const from = section === undefined ? 0 : lines.indexOf(section);
  if (/^\[/.test(at) && section === undefined) return lines.lastIndexOf(at) + 1;
  return lines.findIndex((line, i) => i >= from && line.startsWith(wanted ?? '')) + 1;
}

/** The file with the lines that a remedy tells to write. */
function mended(text: string, { door: name, remedy }: Finding): string | undefined {
  const written = [...remedy.matchAll(/`([a-z_0-9]+) = ([^`]+)`/g)];
  if (written.length === 0 || name === undefined || /e\.g\.|…|directive = value/.test(remedy))
    return undefined;
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line === `[${name}]`);
  for (const [, key = '', value = ''] of written) {
    const end = lines.findIndex((line, i) => i > start && line.startsWith('['));
    const at = lines.findIndex(
      (line, i) => i > start && (end === -1 || i < end) && line.startsWith(`${key} =`),
    );
    if (at === -1) lines.splice(start + 1, 0, `${key} = ${value}`);
    else lines[at] = `${key} = ${value}`;
  }
  return lines.join('\n');
}

describe('each fault is named, where it stands, with what mends it', () => {
  test.each(cases.map((one, i) => [`${one[0]} (${i})`, one] as const))(
    '%s',
    (_name, [code, text, at, facts]) => {
      const { findings } = lintKnockd(text, facts);
      const found = findings.find((finding) => finding.code === code);
      expect(found, JSON.stringify(findings, null, 1)).toBeDefined();
      expect(found?.line).toBe(lineNumber(text, at));
      expect(found?.text).toMatch(/[.]$/);
      expect(found?.remedy).toMatch(/[.]$/);
      const again = mended(text, found!);
      if (again !== undefined) expect(codes(again, facts), `${again}`).not.toContain(code);
    },
  );

  test('every code has its case', () => {
    expect(new Set(cases.map(([code]) => code))).toEqual(new Set(findingCodes));
  });
});

test('no finding of one fault hides behind another', () => {
  expect(codes(options + by('ufw allow 22'))).toEqual(['opens-for-everyone', 'never-closes']);
  expect(codes(options + door({ stop_command: '/sbin/iptables -D INPUT 1' }))).toEqual(['delete-by-number']);
  expect(codes(options + door({ stop_command: '' }))).toEqual(['never-closes']);
});

test('a machine without IPv6 is told nothing about it', () => {
  const text = options + by(rule('iptables', '-I INPUT'), rule('iptables', '-D INPUT'));
  expect(codes(text)).toEqual(['ipv6-without-command']);
  expect(codes(text, { ipv6: false })).toEqual([]);
});

test('what a script sees: doors in file order, their values, and Unicode', () => {
  const text = Buffer.from(`${options}${door({ target: '192.0.2.1', tcpflags: 'syn,!ack' }, 'Tür: eins')}`);
  expect(lintKnockd(text.toString('latin1'))).toEqual({
    accepted: true,
    doors: [
      {
        name: 'Tür: eins',
        line: 4,
        sequence: '7324:tcp,4566:udp,61234:tcp,2745:tcp',
        seqTimeout: 5,
        tcpFlags: 'syn,!ack',
        target: '192.0.2.1',
        startCommand: sound['start_command'],
        startCommand6: sound['start_command_6'],
        cmdTimeout: 60,
        stopCommand: sound['stop_command'],
        stopCommand6: sound['stop_command_6'],
      },
    ],
    findings: [],
  });
});

test('a rejected file: knockd’s reason, and no judgement of doors that never worked', () => {
  const { accepted, error, findings } = lintKnockd(
    '[d]\nsequence = 1\ncommand = ufw allow 22\ntcpflags = syn, ack\n',
  );
  expect(accepted).toBe(false);
  expect(error).toEqual({ line: 4, reason: 'unrecognized flag " ACK"' });
  expect(findings).toEqual([
    {
      code: 'rejected',
      severity: 'error',
      door: 'd',
      line: 4,
      text: 'knockd does not start: line 4: unrecognized flag " ACK". One bad line, and no door of the file works.',
      remedy: 'Write flags with commas and no space, e.g. `tcpflags = syn,!ack`, and no comment behind.',
    },
  ]);
});
