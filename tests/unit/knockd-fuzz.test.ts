import { expect, test } from 'vitest';
import { pieces } from '../../lib/knockd/c-text.ts';
import { copyForLo } from '../../lib/knockd/copy.ts';
import { lintKnockd } from '../../lib/knockd/lint.ts';
import { readKnockdFile } from '../../lib/knockd/read.ts';
import { printSequence } from '../../lib/knockd/sequence.ts';
import { count } from '../counts.ts';
import { corpus, mutate, random } from '../support/knockd-mutate.ts';

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
