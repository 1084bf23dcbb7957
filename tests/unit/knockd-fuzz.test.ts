import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pieces } from '../../lib/knockd/c-text.ts';
import { copyForLo } from '../../lib/knockd/copy.ts';
import { lintKnockd } from '../../lib/knockd/lint.ts';
import { readKnockdFile } from '../../lib/knockd/read.ts';
import { printSequence } from '../../lib/knockd/sequence.ts';
import { count } from '../counts.ts';
import { handMade } from '../support/knockd-files.ts';

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
const corpus = [
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
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function mutate(text: string, below: (most: number) => number): string {
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

function hold(text: string): void {
  const other = (path: string) => (path.length % 3 === 0 ? null : text.slice(0, path.length * 7));
  const { accepted, error, doors, findings } = lintKnockd(text, { other, interfaces: ['lo'] });
  expect(accepted).toBe(error === undefined);
  const lines = [...pieces(text)].length;
  for (const { line = 1, text: said, remedy } of findings) {
    if (line < 1 || line > Math.max(lines, 1) || said === '' || remedy === '') throw new Error(said);
  }
  if (!accepted) return expect(findings.some(({ code }) => code === 'rejected')).toBe(true);
  const file = readKnockdFile(text, other);
  const again = readKnockdFile(
    copyForLo(text, file, '/p', () => true),
    other,
  );
  expect(again.error).toBeUndefined();
  expect(again.doors.map(({ sequence }) => printSequence(sequence))).toEqual(
    doors.map(({ sequence }) => sequence),
  );
}

const runs = count(3000, 100_000);
test(`${runs} mutated files: an answer each, no exception, no hang`, { timeout: 900_000 }, () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const below = random(seed);
  let [slowest, took] = ['', 0];
  let accepted = 0;
  for (let run = 0; run < runs; run += 1) {
    const text = mutate(corpus[below(corpus.length)] ?? '', below);
    const began = performance.now();
    try {
      hold(text);
    } catch (cause) {
      throw new Error(`seed ${seed}, file ${run}: ${JSON.stringify(text)}`, { cause });
    }
    const ms = performance.now() - began;
    if (ms > took) [slowest, took] = [text, ms];
    if (readKnockdFile(text).accepted) accepted += 1;
  }
  console.log(
    `${runs} files from seed ${seed}, ${accepted} accepted; the slowest ${took.toFixed(0)} ms for ${slowest.length} bytes`,
  );
  expect(accepted).toBeGreaterThan(runs / 20);
});

const size = count(100_000, 1_000_000);
const much = (text: string) => text.repeat(Math.ceil(size / text.length));
test.each([
  ['doors of one sequence', much('[a]\nsequence=1,2\n')],
  [
    'doors, each the beginning of the next',
    much(Array.from({ length: 32 }, (_, i) => `[a]\nsequence=${'7,'.repeat(i)}7\n`).join('')),
  ],
  [
    'doors that open and doors that close something else',
    much('[a]\nsequence=1\ncommand=iptables -A x -s %IP%\n[b]\nsequence=2\ncommand=iptables -D y -s %IP%\n'),
  ],
  ['directives in one door', `[a]\n${much('sequence=1,2\ncommand=x\n')}`],
  ['options', `[options]\n${much('interface=a\n')}`],
  ['titles of options', much('[options]\nlogfile=x\n[a]\nsequence=1\n')],
  ...[
    ' ',
    '"',
    "'",
    ';',
    '%IP%',
    '%ip%',
    'sh -c ',
    'ufw ',
    'knock_add -i ',
    'service a ',
    '-I ',
    '{',
    ' comment "',
  ].map(
    (text) =>
      [
        `commands of “${text}”`,
        much(`[a]\nsequence=1\ncommand=x${text.repeat(4000 / text.length)}\n`),
      ] as const,
  ),
  ['targets', much(`[a]\nsequence=1\ntarget=${'1.'.repeat(1900)}1\n`)],
] as const)('a large file of %s is read to its end', (_what, text) => {
  const { accepted, findings } = lintKnockd(text, { interfaces: ['lo'] });
  expect(accepted || findings.length > 0).toBe(true);
});
