import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { entropyOf } from '../../lib/generator/entropy.ts';
import { presets } from '../../lib/generator/presets.ts';
import type { CharactersRecipe, Recipe } from '../../lib/generator/recipe.ts';
import { permits } from '../support/permitted.ts';
import { cli } from '../support/built.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = [cli, 'password'];

function run(...words: string[]): Promise<{ status: unknown; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...command, ...words], { cwd: root }, (error, out, err) =>
      resolve({ status: error === null ? 0 : error.code, out, err }),
    );
  });
}

interface Printed {
  readonly passwords: string[];
  readonly bits: number;
  readonly recipe: Recipe;
}

async function json(...words: string[]): Promise<Printed & { readonly recipe: CharactersRecipe }> {
  const { status, out } = await run(...words, '--json');
  expect(status).toBe(0);
  return JSON.parse(out) as Printed & { recipe: CharactersRecipe };
}

test('four of the seed’s, 20 long, alone on stdout; what they are worth is said beside them', async () => {
  const { status, out, err } = await run();
  expect(status).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(new Set(lines).size).toBe(4);
  for (const line of lines) expect(permits(presets.shell.recipe(20) as CharactersRecipe, line)).toBe(true);
  expect(err).toContain('127.5 bits: 20 characters, each one of 83, at least 1 special.');
  expect(err).toContain('Beyond guessing, at any speed known.');
});

test('--json: the bits are exact for the recipe, and nothing is deducted for choosing', async () => {
  const printed = await json('--length', '8', '--count', '6');
  expect(Object.keys(printed)).toEqual(['passwords', 'bits', 'recipe']);
  expect(printed.passwords).toHaveLength(6);
  expect(printed.recipe).toEqual(presets.shell.recipe(8));
  expect(printed.bits).toBe(entropyOf(printed.recipe).bits);
});

test('the seed’s length of 5 is made, and called weak', async () => {
  const { status, out, err } = await run('--length', '5', '--count', '1');
  expect([status, out.length]).toEqual([0, 6]);
  expect(err).toMatch(/Weak\. Guessed at once at a trillion guesses a second\.\n.*NIST SP 800-63B-4.*15/s);
});

test.concurrent.each<[string[], (printed: Printed & { recipe: CharactersRecipe }) => void]>([
  [
    ['--set', 'abcabc12', '--require', 'lower,digit', '--min', 'digit=2', '--min', 'lower=3'],
    ({ recipe }) => {
      expect(recipe.alphabet).toBe('abc12');
      expect(recipe.required).toEqual([
        { name: 'lower', characters: 'abc', minimum: 3 },
        { name: 'digit', characters: '12', minimum: 2 },
      ]);
    },
  ],
  [['--set', 'ab'], ({ bits }) => expect(bits).toBe(20)],
  [['--require', 'none'], ({ bits }) => expect(bits).toBeCloseTo(20 * Math.log2(83), 12)],
  [['--min', 'special=0'], ({ recipe }) => expect(recipe.required).toEqual([])],
  [
    ['--no-lookalikes'],
    ({ passwords }) => passwords.forEach((each) => expect(each).toMatch(/^[^0Oo1lI|]{20}$/)),
  ],
  [
    ['--separator', '-'],
    ({ passwords }) => passwords.forEach((each) => expect(each).toMatch(/^[^-]{4}(-[^-]{4}){4}$/)),
  ],
  [
    ['--rules', 'maxlength: 12; required: [-!|]', '--no-lookalikes'],
    ({ recipe }) => expect([recipe.length, recipe.alphabet]).toEqual([12, '!-']),
  ],
  [
    ['--words', '5', '--separator', '.'],
    ({ passwords }) => passwords.forEach((each) => expect(each).toMatch(/^[a-z-]+(\.[a-z-]+){4}$/)),
  ],
  [['--words'], ({ bits }) => expect(bits).toBeCloseTo(77.549, 3)],
])('%j', async (words, check) => {
  const printed = await json(...words);
  if (printed.recipe.kind === 'characters')
    for (const password of printed.passwords) expect(permits(printed.recipe, password)).toBe(true);
  check(printed);
});

describe('refused, and no password comes with it', () => {
  it.concurrent.each<[string[], 1 | 2, RegExp]>([
    [['--length', '3', '--require', 'lower,upper,digit,special'], 1, /^config-recipe: .*3 characters/],
    [
      ['--set', 'abc', '--require', 'digit'],
      1,
      /^config-recipe: .*\(--require: none of the characters is digit/,
    ],
    [['--min', 'digit=15'], 1, /^config-recipe: .*\(--min: only one in/],
    [['--words', '--separator', ''], 1, /^config-recipe: .*a separator/],
    [['--rules', 'maxlength: 8', '--length', '9'], 1, /^config-recipe: .*1 to 8 characters, not 9/],
    [['--length', '0'], 2, /--length.*1 to 256/],
    [['--length', '1e2'], 2, /--length/],
    [['--count', '1000001'], 2, /--count.*1 to 1000000/],
    [['--require', 'letters'], 2, /^config-usage: .*--require: "letters"/],
    [['--min', 'digit'], 2, /^config-usage: .*--min: "digit"/],
    [['--rules', 'minlength: x'], 2, /^config-usage: .*--rules: position 11/],
    [['--words', '--set', 'abc'], 2, /^config-usage: .*--words does not go with --set/],
    [['--rules', '', '--require', 'digit'], 2, /^config-usage: .*--rules does not go with --require/],
    [['--lenght', '9'], 2, /--lenght/],
    [['twenty'], 2, /too many arguments/],
  ])('%j', async (words, status, said) => {
    const result = await run(...words);
    expect(result).toMatchObject({ status, out: '' });
    expect(result.err).toMatch(said);
  });

  it('with --json the code stands on stdout', async () => {
    const { status, out } = await run('--set', 'a', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'config-recipe' } });
  });
});

test('a million stream through little memory, all different, and valid JSON', async () => {
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=64', ...command, '--count', '1000000', '--json'],
    { cwd: root },
  );
  const closed = once(child, 'close');
  let out = '';
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) out += chunk;
  const { passwords, bits } = JSON.parse(out) as Printed;
  expect(passwords).toHaveLength(1_000_000);
  expect(new Set(passwords).size).toBe(1_000_000);
  expect(bits).toBeCloseTo(127.4966, 4);
  expect(await closed).toEqual([0, null]);
});

test('a reader that has had enough is no error', async () => {
  const child = spawn(process.execPath, [...command, '--count', '1000000'], { cwd: root });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdout.once('data', () => child.stdout.destroy());
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(err).not.toMatch(/EPIPE|Error/);
});
