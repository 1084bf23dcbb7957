import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lintKnockd } from '../../lib/knockd/lint.ts';
import { minuteOf, readKnockdLine } from '../../lib/knockd/log.ts';
import type { FindingCode } from '../../lib/knockd/lint.ts';
import type { KnockdEvent } from '../../lib/knockd/log.ts';
import { makeKnockdRoom, type KnockdRoom, type RunningKnockd } from './real-knockd.ts';

let room: KnockdRoom;
beforeAll(async () => {
  room = await makeKnockdRoom();
});
afterAll(() => room.destroy());

/** In `conf` and `knocks` P1, P2 … are ports of this claim alone, rising; DIR is the room's folder. */
interface Claim {
  readonly what: string;
  /** What the linter says of it; absent where knockd does what one expects. */
  readonly code?: FindingCode;
  readonly conf: string;
  readonly knocks: readonly (readonly [family: 4 | 6, ports: string])[];
  /** Every command that knockd runs, with its door, in any order. */
  readonly runs: readonly string[];
  readonly dies?: boolean;
  readonly files?: Readonly<Record<string, string>>;
}

const short = '[short]\nsequence=P1,P3\ncommand=echo short\n';
const long = '[long]\nsequence=P1,P3,P2\ncommand=echo long\n';
const spent = ' P3,P1\n P4,P1\n';

const claims: readonly Claim[] = [
  {
    what: 'a sequence that begins another one, first in the file: the longer door never opens',
    code: 'sequence-prefix',
    conf: short + long,
    knocks: [[4, 'P1 P3 P2']],
    runs: ['short: echo short'],
  },
  {
    what: 'a sequence that begins another one, last in the file: both open',
    code: 'sequence-prefix',
    conf: long + short,
    knocks: [[4, 'P1 P3 P2']],
    runs: ['short: echo short', 'long: echo long'],
  },
  {
    what: 'opening and closing by the same sequence: both run',
    code: 'open-close-same-sequence',
    conf: '[a]\nsequence=P3,P1\ncommand=/nonexistent/iptables -A INPUT -s %IP% -j ACCEPT\n[b]\nsequence=P3,P1\ncommand=/nonexistent/iptables -D INPUT -s %IP% -j ACCEPT\n',
    knocks: [[4, 'P3 P1']],
    runs: [
      'a: /nonexistent/iptables -A INPUT -s 127.0.0.1 -j ACCEPT',
      'b: /nonexistent/iptables -D INPUT -s 127.0.0.1 -j ACCEPT',
    ],
  },
  {
    what: 'ascending ports: a scan from low to high opens',
    code: 'sequence-ascending',
    conf: '[d]\nsequence=P2,P4,P7\ntcpflags=syn\ncommand=echo %IP%\n',
    knocks: [[4, 'P1 P2 P3 P4 P5 P6 P7 P8']],
    runs: ['d: echo 127.0.0.1'],
  },
  {
    what: 'no commas between ports: the first one is the whole sequence',
    code: 'port-misread',
    conf: '[d]\nsequence=P3 P1 P2\ncommand=echo %IP%\n',
    knocks: [[4, 'P3']],
    runs: ['d: echo 127.0.0.1'],
  },
  {
    what: 'no time for the sequence: never opens',
    code: 'seq-timeout',
    conf: '[d]\nsequence=P3,P1\nseq_timeout=0\ncommand=echo %IP%\n',
    knocks: [[4, 'P3 P1']],
    runs: [],
  },
  {
    what: 'flags on UDP: of no effect',
    code: 'tcpflags-udp',
    conf: '[d]\nsequence=P3:udp,P1:udp\ntcpflags=ack,!syn\ncommand=echo %IP%\n',
    knocks: [[4, 'P3:udp P1:udp']],
    runs: ['d: echo 127.0.0.1'],
  },
  {
    what: 'flags that no ordinary client sends: deaf to it',
    code: 'tcpflags-unsendable',
    conf: '[d]\nsequence=P3,P1\ntcpflags=syn,ack\ncommand=echo %IP%\n',
    knocks: [[4, 'P3 P1']],
    runs: [],
  },
  {
    what: 'a target that is no whole address: deaf',
    code: 'target-unheard',
    conf: '[d]\nsequence=P3,P1\ntarget=127.1\ncommand=echo %IP%\n',
    knocks: [[4, 'P3 P1']],
    runs: [],
  },
  {
    what: '%ip% in small letters stays',
    code: 'token-case',
    conf: '[d]\nsequence=P3,P1\ncommand=echo %ip% %IP% %IP%\n',
    knocks: [[4, 'P3 P1']],
    runs: ['d: echo %ip% 127.0.0.1 127.0.0.1'],
  },
  {
    what: 'a start command that is empty: the stop command does not run',
    code: 'stop-unused',
    conf: '[d]\nsequence=P3,P1\ncommand=\ncmd_timeout=0\nstop_command=echo stop\n',
    knocks: [[4, 'P3 P1']],
    runs: [],
  },
  {
    what: 'a negative time: the stop command does not run',
    code: 'cmd-timeout',
    conf: '[d]\nsequence=P3,P1\ncommand=/nonexistent/iptables -A INPUT -s %IP% -j ACCEPT\ncmd_timeout=-1\nstop_command=echo stop\n',
    knocks: [[4, 'P3 P1']],
    runs: ['d: /nonexistent/iptables -A INPUT -s 127.0.0.1 -j ACCEPT'],
  },
  {
    what: 'a start command that fails: the stop command runs all the same',
    conf: '[d]\nsequence=P3,P1\ncommand=false\ncmd_timeout=0\nstop_command=echo stop # so it does\n',
    knocks: [[4, 'P3 P1']],
    runs: ['d: false', 'd: echo stop # so it does'],
  },
  {
    what: 'IPv6 without commands of its own gets those of IPv4',
    code: 'ipv6-without-command',
    conf: '[d]\nsequence=P3,P1\ncommand=/nonexistent/iptables -A INPUT -s %IP% -j ACCEPT\ncmd_timeout=0\nstop_command=echo stop %IP%\n',
    knocks: [[6, 'P3 P1']],
    runs: ['d: /nonexistent/iptables -A INPUT -s ::1 -j ACCEPT', 'd: echo stop ::1'],
  },
  {
    what: 'IPv6 with a start command alone gets the stop command of IPv4',
    code: 'ipv6-never-closes',
    conf: '[d]\nsequence=P3,P1\ncommand=echo 4\ncommand_6=/nonexistent/ip6tables -A INPUT -s %IP% -j ACCEPT\ncmd_timeout=0\nstop_command=/nonexistent/iptables -D INPUT -s %IP% -j ACCEPT\n',
    knocks: [[6, 'P3 P1']],
    runs: [
      'd: /nonexistent/ip6tables -A INPUT -s ::1 -j ACCEPT',
      'd: /nonexistent/iptables -D INPUT -s ::1 -j ACCEPT',
    ],
  },
  {
    what: 'an empty command for IPv6: nothing runs for it',
    conf: '[d]\nsequence=P3,P1\ncommand=echo 4\ncommand_6=\ncmd_timeout=0\nstop_command=echo stop\n',
    knocks: [[6, 'P3 P1']],
    runs: [],
  },
  {
    what: 'a command that grows too long by the address does not run',
    code: 'command-too-long',
    conf: `[d]\nsequence=P3,P1\ncommand=echo %IP%%IP%%IP% ${'x'.repeat(4067)}\ncmd_timeout=0\nstop_command=echo stop\n`,
    knocks: [[4, 'P3 P1']],
    runs: [],
  },
  {
    what: 'one-time sequences: each opens once, and at the last one knockd dies',
    code: 'one-time-few',
    conf: '[d]\none_time_sequences=DIR/FILE\ncommand=echo %IP%\n',
    files: { FILE: spent },
    knocks: [
      [4, 'P3 P1'],
      [4, 'P3 P1'],
      [4, 'P4 P1'],
    ],
    runs: ['d: echo 127.0.0.1', 'd: echo 127.0.0.1'],
    dies: true,
  },
  {
    what: 'the last one-time sequence: knockd dies',
    code: 'one-time-last',
    conf: '[d]\none_time_sequences=DIR/FILE\ncommand=echo %IP%\n',
    files: { FILE: '#used\n P4,P1\n' },
    knocks: [[4, 'P4 P1']],
    runs: ['d: echo 127.0.0.1'],
    dies: true,
  },
  {
    what: 'one-time sequences over IPv6: the first alone',
    code: 'one-time-ipv6',
    conf: '[d]\none_time_sequences=DIR/FILE\ncommand=echo %IP%\n',
    files: { FILE: ' P3,P1\n P4,P2\n P5,P6\n' },
    knocks: [
      [6, 'P3 P1'],
      [6, 'P4 P2'],
    ],
    runs: ['d: echo ::1'],
  },
  {
    what: 'a line that is no sequence is marked instead of the one that was used: it opens twice',
    code: 'one-time-unreadable-line',
    conf: '[d]\none_time_sequences=DIR/FILE\ncommand=echo %IP%\n',
    files: { FILE: ' x:y\n P3,P1\n P4,P1\n' },
    knocks: [
      [4, 'P3 P1'],
      [4, 'P3 P1'],
    ],
    runs: ['d: echo 127.0.0.1', 'd: echo 127.0.0.1'],
  },
];

const base = (index: number) => 20_000 + index * 20;
function fill(text: string, index: number): string {
  return text
    .replace(/\bP(\d)\b/g, (_, n: string) => String(base(index) + Number(n)))
    .replaceAll('DIR', room.directory)
    .replaceAll('FILE', `one-time-${index}`);
}

const events = (lines: readonly string[], doors: readonly string[]): KnockdEvent[] =>
  lines.flatMap((line) => readKnockdLine(line, doors) ?? []);

/** Knocks, then a door of the test's own, which knockd hears after everything before it. */
async function knockAll(claim: Claim, index: number, knockd: RunningKnockd): Promise<void> {
  const last = [String(base(index) + 19)];
  const heard = () => events(knockd.lines(), ['last one']).filter(({ kind }) => kind === 'sesame').length;
  const isHeard = (before: number) => knockd.until(() => heard() > before);
  for (const [i, [family, ports]] of claim.knocks.entries()) {
    await room.knock(family, fill(ports, index).split(' '));
    if (claim.files === undefined || i === claim.knocks.length - 1) continue;
    // What a new one-time sequence brings with it is heard only once knockd has made its capture filter anew.
    const before = heard();
    await room.knock(family, last);
    await isHeard(before);
  }
  if (claim.dies === true) {
    const lives = sleep(10_000, undefined, { ref: false }).then(() => {
      throw new Error(`knockd lives: ${knockd.lines().join('\n')}`);
    });
    return void (await Promise.race([knockd.exit, lives]));
  }
  // A knock that is half done swallows the first of them.
  const before = heard();
  const families = claim.knocks.map(([family]) => family);
  for (const family of families.slice(-1)) for (let n = 0; n < 2; n += 1) await room.knock(family, last);
  await isHeard(before);
}

test.each(claims.map((claim, index) => [claim.what, claim, index] as const))(
  '%s',
  { concurrent: true },
  async (_what, claim, index) => {
    const files: Record<string, string> = {};
    for (const [name, text] of Object.entries(claim.files ?? {})) {
      const path = join(room.directory, fill(name, index));
      files[path] = fill(text, index);
      await writeFile(path, files[path]);
    }
    const text = fill(claim.conf, index);
    const { accepted, doors, findings } = lintKnockd(text, { other: (path) => files[path] ?? null });
    expect(accepted).toBe(true);
    if (claim.code !== undefined) expect(findings.map(({ code }) => code)).toContain(claim.code);

    const knockd = await room.start(`${text}[last one]\nsequence=${base(index) + 19}\n`, `claim-${index}`);
    await knockAll(claim, index, knockd);
    const names = doors.map(({ name }) => name);
    const runs = () =>
      events(knockd.lines(), names).flatMap((event) =>
        event.kind === 'running' ? [`${event.door}: ${event.command}`] : [],
      );
    await knockd.until(() => runs().length >= claim.runs.length);
    await sleep(300); // what should not run would have run by now
    expect(runs().sort()).toEqual([...claim.runs].sort());
  },
);

/** Two spellings of a rule, and one of the rule that the first adds and the second is to delete. */
const port = '-p tcp --dport 22';
const spellings: readonly (readonly [add: string, remove: string])[] = [
  [`-s %IP% ${port} -j ACCEPT`, `-j ACCEPT -p TCP -m tcp --dport 22 -s %IP%/HOST`],
  [`-s %IP% ${port} -j ACCEPT`, '-p 6 --dport 22 -s %IP% -j ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, '--source %IP% --protocol tcp --destination-port=22 --jump ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, `--source=%IP% ${port} -j ACCEPT`],
  [`-s %IP% ${port} -j ACCEPT`, `-s %IP% ${port} --jump=ACCEPT`],
  [`-s %IP% ${port} -j ACCEPT`, '-s %IP% -p tcp --dport ssh -j ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, '-s %IP% -p tcp --dport 22:22 -i + -d ANY -j ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, '-s %IP% -p tcp -j ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, `${port} -j ACCEPT`],
  [`-s %IP% ${port} -j ACCEPT`, `-s %IP% ${port}`],
  [`-s %IP% ${port} -j ACCEPT`, `-s %IP% ${port} -j DROP`],
  [`-s %IP% ${port} -j ACCEPT`, '-s %IP% -p udp --dport 22 -j ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, '-s %IP% -p tcp --sport 22 -j ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, '-s %IP% -p tcp -m multiport --dports 22 -j ACCEPT'],
  [`-s %IP% ${port} -j ACCEPT`, `-s %IP%/24 ${port} -j ACCEPT`],
  [`-s %IP% ${port} -j ACCEPT`, `-s %IP% -i eth0 ${port} -j ACCEPT`],
  [
    `-s %IP% ${port} -m comment --comment "a b" -j ACCEPT`,
    `-s %IP% -p tcp -m comment --comment 'a b' --dport 22 -j ACCEPT`,
  ],
  [
    `-s %IP% -m comment --comment x ${port} -j ACCEPT`,
    `-s %IP% -p tcp -m comment --comment x -m tcp --dport 22 -j ACCEPT`,
  ],
  [
    '-s %IP% -m comment --comment x -m state --state NEW -j ACCEPT',
    '-s %IP% -m state --state NEW -m comment --comment x -j ACCEPT',
  ],
  [
    '-s %IP% -m state --state NEW,ESTABLISHED -j ACCEPT',
    '-m state --state ESTABLISHED,NEW -s %IP% -j ACCEPT',
  ],
  ['-s %IP% -m state --state NEW -j ACCEPT', '-s %IP% -m conntrack --ctstate NEW -j ACCEPT'],
  [
    '-s %IP% -p tcp -m multiport --dports 22,80 -j ACCEPT',
    '-s %IP% -p tcp -m multiport --dports 80,22 -j ACCEPT',
  ],
  [
    '-s %IP% -p tcp -m multiport --dports 22,80 -j ACCEPT',
    '-p tcp -m multiport --dports ssh,http -s %IP% -j ACCEPT',
  ],
  ['-s %IP% -p tcp --syn -j ACCEPT', '-s %IP% -p tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT'],
  ['-s %IP% -j ACCEPT', '-s %IP% -m comment --comment x -j ACCEPT'],
  ['-s %IP% -p all -j ACCEPT', '-s %IP% -j ACCEPT'],
  [`-s %IP% ${port} --sport 1024: -j ACCEPT`, '-s %IP% -p tcp --sport 1024:65535 --dport 22 -j ACCEPT'],
  ['-s %IP% ! -i eth1 -j ACCEPT', '-s %IP% -i eth1 -j ACCEPT'],
  ['-s %IP% --dport 22 -j ACCEPT', '-s %IP% --dport 22 -j ACCEPT'],
];

test.each([
  ['iptables', 'start_command', 'stop_command', '203.0.113.7', '0.0.0.0/0', '32'],
  ['ip6tables', 'start_command_6', 'stop_command_6', '2001:db8:7::7', '::/0', '128'],
])(
  '%s deletes what the linter says it does, and no other rule',
  async (tool, startKey, stopKey, address, any, host) => {
    const generic = (spec: string) => spec.replaceAll('ANY', any).replaceAll('HOST', host);
    const lines = spellings.map(([add, remove]) => {
      const words = (spec: string) => generic(spec).replaceAll('%IP%', address);
      return `${tool} -F INPUT; ${tool} -A INPUT ${words(add)} && ${tool} -D INPUT ${words(remove)}; echo $?`;
    });
    const { stdout } = await room.space.run('sh', ['-c', `exec 2>/dev/null; ${lines.join('\n')}`]);
    const real = stdout
      .trim()
      .split('\n')
      .map((status) => status === '0');
    const said = spellings.map(([add, remove]) => {
      const conf =
        `[options]\nUseSyslog\n[d]\nsequence=3,1\ncmd_timeout=5\n` +
        `${startKey}=${tool} -A INPUT ${add}\n${stopKey}=${tool} -D INPUT ${generic(remove)}\n`;
      const wrong: FindingCode[] = ['delete-mismatch', 'stop-opens', 'rule-incomplete'];
      return !lintKnockd(conf).findings.some(({ code }) => wrong.includes(code));
    });
    expect(said).toEqual(real);
    expect(real.filter(Boolean).length).toBeGreaterThan(8);
  },
);

test('lines that knockd writes seldom, from its own log file', async () => {
  const log = join(room.directory, 'seldom.log');
  const conf = join(room.directory, 'seldom.conf');
  const head = `[options]\nlogfile=${log}\npidfile=/nonexistent/p\n`;
  const long = `: ${'%IP%'.repeat(5)} ${'x'.repeat(4058)}`;
  const doors =
    `[a: b]\nsequence=30001\ncommand=${long}\n` + `[stop]\nsequence=30002\ncommand=:\nstop_command=${long}\n`;
  await writeFile(conf, head + doors);
  await room.daemon(['-d', '-c', conf]);
  const lines = async () => (await readFile(log, 'latin1').catch(() => '')).split('\n');
  const told = async () => events(await lines(), ['a: b', 'stop']);
  const waitFor = async (kind: KnockdEvent['kind'], n = 1) => {
    for (const began = performance.now(); performance.now() - began < 10_000; await sleep(20))
      if ((await told()).filter((event) => event.kind === kind).length >= n) return;
    throw new Error((await lines()).join('\n'));
  };
  await waitFor('listening');
  const { stdout } = await room.space.run('pgrep', ['-f', conf]);
  const pid = Number(stdout.trim().split('\n')[0]);
  await room.knock(4, ['30001']);
  await waitFor('truncated');
  await room.knock(4, ['30002']);
  await waitFor('truncated', 2);
  process.kill(pid, 'SIGHUP');
  await waitFor('reread');
  await writeFile(conf, head + '[c d]\nsequence=1,2:x\n');
  process.kill(pid, 'SIGHUP');
  await waitFor('bad-sequence');

  const knock = (door: string) => [
    { kind: 'stage', address: '127.0.0.1', door, n: 1 },
    { kind: 'sesame', address: '127.0.0.1', door },
  ];
  expect(await told()).toEqual([
    { kind: 'no-pid-file', file: '/nonexistent/p', reason: 'No such file or directory' },
    { kind: 'listening', interface: 'lo' },
    ...knock('a: b'),
    { kind: 'truncated', command: 'start' },
    ...knock('stop'),
    { kind: 'truncated', command: 'stop' },
    { kind: 'reread', file: conf },
    { kind: 'reread', file: conf },
    { kind: 'bad-sequence', door: 'c d', reason: 'unknown protocol in knock sequence' },
  ]);
  const all = await lines();
  expect(all.filter((line) => line === '').length).toBeGreaterThan(2); // messages with a newline of their own
  for (const line of all) if (line !== '') expect(minuteOf(line)).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d$/);
});
