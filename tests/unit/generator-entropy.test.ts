import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { checkRecipe } from '../../lib/generator/check.ts';
import {
  asciiVisible,
  classNames,
  ofClass,
  shellSet,
  type ClassName,
} from '../../lib/generator/character-sets.ts';
import { entropyOf, log2 } from '../../lib/generator/entropy.ts';
import { guessTime, isUnderNist, isWeak } from '../../lib/generator/guessing.ts';
import { presets, requirementOf, wordsRecipe } from '../../lib/generator/presets.ts';
import type { CharactersRecipe, Recipe } from '../../lib/generator/recipe.ts';
import { count } from '../counts.ts';
import { permittedBy } from '../support/permitted.ts';

/** Small enough to look at every string; what is required may overlap, and may be impossible. */
const small: fc.Arbitrary<CharactersRecipe> = fc
  .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([letters, length]) => {
    const alphabet = 'abcde'.slice(0, letters);
    const requirement = fc.record({
      name: fc.constant('some'),
      characters: fc.subarray([...alphabet], { minLength: 1 }).map((some) => some.join('')),
      minimum: fc.integer({ min: 1, max: length }),
    });
    return fc.record(
      {
        kind: fc.constant('characters' as const),
        length: fc.constant(length),
        alphabet: fc.constant(alphabet),
        required: fc.array(requirement, { maxLength: 3 }),
        maxConsecutive: fc.integer({ min: 1, max: 6 }),
      },
      { requiredKeys: ['kind', 'length', 'alphabet', 'required'] },
    );
  });

test('is the logarithm of what brute force counts, for every small recipe', () => {
  fc.assert(
    fc.property(small, (recipe) => {
      const permitted = BigInt(permittedBy(recipe).length);
      fc.pre(permitted > 0n);
      expect(entropyOf(recipe)).toEqual({
        count: permitted,
        bits: Math.log2(Number(permitted)),
        exact: true,
      });
    }),
    { numRuns: count(300, 5000) },
  );
});

test('a recipe that nothing meets, or too few strings, is refused; any other is not', () => {
  fc.assert(
    fc.property(small, (recipe) => {
      const share = permittedBy(recipe).length / recipe.alphabet.length ** recipe.length;
      const reason = share === 0 ? 'unmeetable' : 'too-rare';
      if (share > 0.0035) checkRecipe(recipe);
      else expect(() => checkRecipe(recipe)).toThrow(expect.objectContaining({ reason }) as Error);
    }),
    { numRuns: count(300, 5000) },
  );
});

/** Inclusion and exclusion: strings that miss some of the classes, with alternating sign. Minimums of one only. */
function byInclusion(alphabet: string, length: number, required: readonly ClassName[]): bigint {
  let sum = 0n;
  for (let subset = 0; subset < 2 ** required.length; subset++) {
    const missed = required.filter((_, at) => (subset >> at) & 1);
    const left = missed.reduce((rest, name) => rest - ofClass(alphabet, name).length, alphabet.length);
    sum += (missed.length % 2 === 0 ? 1n : -1n) * BigInt(left) ** BigInt(length);
  }
  return sum;
}

const characters = (alphabet: string, length: number, required: readonly ClassName[]): CharactersRecipe => ({
  kind: 'characters',
  length,
  alphabet,
  required: required.map((name) => requirementOf(alphabet, name)),
});

test('is what inclusion and exclusion says, where brute force does not reach', () => {
  for (const alphabet of [shellSet, asciiVisible])
    for (const length of [1, 2, 3, 4, 5, 16, 20, 64, 256])
      for (const required of [[], ['special'], ['lower', 'digit'], classNames] as const)
        expect(entropyOf(characters(alphabet, length, required)).count).toBe(
          byInclusion(alphabet, length, required),
        );
});

test('minimums above one: the compositions of all lengths add up to everything', () => {
  // every password has exactly k digits for one k: "at least k" less "at least k + 1"
  const atLeast = (k: number): bigint =>
    entropyOf({
      ...characters(shellSet, 12, []),
      required: k === 0 ? [] : [requirementOf(shellSet, 'digit', k)],
    }).count;
  let choose = 1n;
  for (let k = 0; k < 12; k++) {
    expect(atLeast(k) - atLeast(k + 1)).toBe(choose * 10n ** BigInt(k) * 73n ** BigInt(12 - k));
    choose = (choose * BigInt(12 - k)) / BigInt(k + 1);
  }
});

test('max-consecutive 1 is the number of proper colourings of a path', () => {
  const recipe = { ...characters(shellSet, 40, []), maxConsecutive: 1 };
  expect(entropyOf(recipe).count).toBe(83n * 82n ** 39n);
});

test.each([
  [shellSet, 8, ['special'], 50.85],
  [shellSet, 16, ['special'], 101.99],
  [shellSet, 8, classNames, 49.98],
  [shellSet, 16, classNames, 101.78],
  [asciiVisible, 16, classNames, 104.59],
] as const)('figures worked out elsewhere: %s, %i, %s', (alphabet, length, required, bits) => {
  expect(entropyOf(characters(alphabet, length, required)).bits).toBeCloseTo(bits, 2);
});

test('of words, of the presets, of separators that add nothing', () => {
  const bitsOf = (recipe: Recipe): number => entropyOf(recipe).bits;
  expect(bitsOf(wordsRecipe(6))).toBeCloseTo(77.55, 2);
  expect(bitsOf(wordsRecipe(6, ' + '))).toBe(bitsOf(wordsRecipe(6)));
  expect(bitsOf(presets.characters.recipe(20))).toBeCloseTo(20 * Math.log2(56), 9);
  expect(bitsOf(presets.digits.recipe(8))).toBeCloseTo(8 * Math.log2(10), 12);
  expect(bitsOf(presets.shell.recipe(20))).toBeCloseTo(127.4966, 4);
});

test('log2 of whole numbers, small and huge', () => {
  expect(log2(1n)).toBe(0);
  expect(log2(2n ** 4000n)).toBe(4000);
  expect(log2(3n * 2n ** 4000n)).toBe(Math.log2(3) + 4000);
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }), (whole) => {
      expect(log2(whole)).toBe(Math.log2(Number(whole)));
    }),
  );
});

describe('what a recipe is refused for', () => {
  const good = characters('abcdef12', 8, ['digit']);
  it.each<[string, Partial<CharactersRecipe>]>([
    ['length', { length: 0 }],
    ['length', { length: 257 }],
    ['length', { length: 2.5 }],
    ['alphabet', { alphabet: '1' }],
    ['alphabet', { alphabet: 'aab12' }],
    ['alphabet', { alphabet: 'ab12\n' }],
    ['alphabet', { alphabet: 'ab12\u0301' }],
    ['alphabet', { alphabet: 'ab12\u{1F511}' }],
    ['alphabet', { alphabet: 'ab12\u200B' }],
    ['requirement', { required: [{ name: 'upper', characters: '', minimum: 1 }] }],
    ['requirement', { required: [{ name: 'other', characters: 'z', minimum: 1 }] }],
    ['requirement', { required: [{ name: 'digit', characters: '12', minimum: 9 }] }],
    ['requirement', { required: [{ name: 'digit', characters: '12', minimum: 0 }] }],
    ['max-consecutive', { maxConsecutive: 0 }],
    ['group', { group: { size: 0, separator: '-' } }],
    ['separator', { group: { size: 4, separator: '' } }],
    ['separator', { group: { size: 4, separator: 'a' } }],
    [
      'unmeetable',
      { required: [requirementOf('abcdef12', 'digit', 5), requirementOf('abcdef12', 'lower', 4)] },
    ],
    ['too-rare', { required: [{ name: 'one', characters: '1', minimum: 8 }] }],
    [
      'too-many-requirements',
      { required: Array.from({ length: 13 }, () => requirementOf('abcdef12', 'digit')) },
    ],
    [
      'too-many-requirements',
      {
        length: 256,
        required: ['a', 'b', 'c', '1'].map((one) => ({ name: one, characters: one, minimum: 20 })),
      },
    ],
  ])('%s: %o', (reason, change) => {
    expect(() => checkRecipe({ ...good, ...change })).toThrow(
      expect.objectContaining({ code: 'config-recipe', reason }) as Error,
    );
  });

  it.each([
    ['words', wordsRecipe(0)],
    ['words', wordsRecipe(33)],
    ['separator', wordsRecipe(4, '')],
    ['separator', wordsRecipe(4, 'x')],
    ['separator', wordsRecipe(4, '\t')],
    ['separator', wordsRecipe(4, '---------')],
    ['list', { ...wordsRecipe(4), list: { name: 'one', size: 1 } }],
  ] as const)('%s: %o', (reason, recipe) => {
    expect(() => checkRecipe(recipe)).toThrow(expect.objectContaining({ reason }) as Error);
  });

  it('a recipe at the edge is not: one try in 290 meets it', () => {
    // 1 - (1 - p)^10000 = 1 - 10^-15 at p = 0.00345
    const one = (length: number): CharactersRecipe => characters(shellSet, length, classNames);
    expect(checkRecipe(one(4)).bits).toBeCloseTo(log2(24n * 26n * 26n * 10n * 21n), 12);
    const rare = (size: number): CharactersRecipe => ({
      ...characters(asciiVisible.slice(0, size), 2, []),
      required: [{ name: 'twice', characters: '!', minimum: 2 }],
    });
    expect(() => checkRecipe(rare(17))).not.toThrow(); // 1 in 289
    expect(() => checkRecipe(rare(18))).toThrow(/only one in 324/);
  });
});

describe('how long guessing takes', () => {
  it.each([
    [20, { kind: 'instant' }],
    [43, { kind: 'seconds', value: 4.4 }],
    [50.85, { kind: 'minutes', value: 17 }],
    [55, { kind: 'hours', value: 5 }],
    [64.62, { kind: 'days', value: 160 }],
    [77.55, { kind: 'years', value: 3500 }],
    [111.9, { kind: 'years', value: 7.7e13 }],
    [112, { kind: 'beyond' }],
  ] as const)('%d bits', (bits, expected) => {
    expect(guessTime(bits)).toEqual(expected);
  });

  it('weak is under a day; four words are, five are not', () => {
    expect(isWeak(entropyOf(wordsRecipe(4)).bits)).toBe(true);
    expect(isWeak(entropyOf(wordsRecipe(5)).bits)).toBe(false);
    expect(isWeak(entropyOf(presets.shell.recipe(5)).bits)).toBe(true);
  });

  it('NIST’s 15 characters: the shortest that a recipe makes, separators and all', () => {
    expect(isUnderNist(presets.shell.recipe(14))).toBe(true);
    expect(isUnderNist(presets.shell.recipe(15))).toBe(false);
    expect(isUnderNist(presets.characters.recipe(12))).toBe(true); // 12 and two hyphens
    expect(isUnderNist(presets.characters.recipe(13))).toBe(false);
    expect(isUnderNist(wordsRecipe(3))).toBe(true);
    expect(isUnderNist(wordsRecipe(4))).toBe(false);
  });
});
