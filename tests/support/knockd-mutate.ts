import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { handMade } from './knockd-files.ts';

const fixtures = join(import.meta.dirname, '../fixtures/knockd');
const recorded = ['accepted', 'rejected', '.'].flatMap((folder) =>
  readdirSync(join(fixtures, folder))
    .filter((name) => name.endsWith('.conf'))
    .map((name) => readFileSync(join(fixtures, folder, name), 'latin1')),
);
const commands = [
  "sh -c 'iptables -I INPUT -s %IP% --dport ssh -j ACCEPT; ufw allow from %IP%/24'",
  'ufw delete allow from %IP% to any port 22 proto tcp comment x',
  'nft add element inet f s { %IP% timeout 5s }',
  'firewall-cmd --zone=a --timeout=5 --add-rich-rule="rule source address=%IP% drop"',
  'ipset -exist add a %IP% timeout 5',
  '/usr/sbin/knock_helper_ipt.sh -x -f %IP% -d 22',
  'X=1 sudo /etc/init.d/ssh start >/dev/null 2>&1 & # x',
];
export const corpus = [
  ...recorded,
  ...handMade.map(([, text]) => text),
  ...commands.map(
    (command) =>
      `[options]\n[a]\nsequence=1,2\ncommand=${command}\n[b]\nsequence=1,2,3\nstop_command_6=${command}\n`,
  ),
];
const words = [
  ...[
    '[options]\n',
    '[a]',
    '\n',
    '\r',
    '=',
    '#',
    ',',
    ':',
    '"',
    "'",
    '\\',
    '%IP%',
    '{',
    '}',
    ';',
    '&&',
    '$(',
    '`',
  ],
  ...[
    'sequence = 7000,8000,9000\n',
    'tcpflags=syn\n',
    'target=::1\n',
    'one_time_sequences=/x\n',
    'cmd_timeout=-1\n',
  ],
  ...[
    '--',
    '-D',
    ' -I INPUT 1',
    '-s',
    '! ',
    'delete ',
    '\0',
    '\xff',
    '\xef\xbb\xbf',
    '/32',
    '99999999999999999999',
  ],
  ...commands.map((command) => `command_6 = ${command}\n`),
];

/** Numerical Recipes' generator: the same files from the same seed. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Bytes and lines changed, moved, repeated and mixed: often wrong, now and then still accepted. */
export function mutate(text: string, below: (most: number) => number): string {
  const at = () => below(text.length + 1);
  for (let times = 1 + below(1 + below(6)); times > 0; times -= 1) {
    if (below(2) === 0) {
      // A line of another file, which often leaves a file that knockd accepts.
      const lines = text.split('\n');
      const others = (corpus[below(corpus.length)] ?? '').split('\n');
      lines.splice(below(lines.length), below(3) === 0 ? 1 : 0, others[below(others.length)] ?? '');
      text = lines.join('\n').slice(0, 20_000);
      continue;
    }
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    const span = text.slice(from, to);
    const insert = [
      '',
      span + span,
      words[below(words.length)] ?? '',
      String.fromCharCode(below(256)),
      span.split('').reverse().join(''),
      span.repeat(1 + below(40)),
      (corpus[below(corpus.length)] ?? '').slice(0, at()),
    ];
    const keeps = below(2) === 0 ? to : from;
    text = (text.slice(0, from) + (insert[below(insert.length)] ?? '') + text.slice(keeps)).slice(0, 20_000);
  }
  return text;
}
