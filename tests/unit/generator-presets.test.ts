import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { charactersMaker, type Maker } from '../../lib/generator/characters.ts';
import { lookAlikes, ofClass, plainSet, shellSet } from '../../lib/generator/character-sets.ts';
import { effWords } from '../../lib/generator/eff-words.ts';
import { presets, withoutLookAlikes, wordsRecipe, type PresetName } from '../../lib/generator/presets.ts';
import { ByteSource } from '../../lib/generator/random.ts';
import { effList, type Recipe } from '../../lib/generator/recipe.ts';
import { wordsMaker } from '../../lib/generator/words.ts';
import { count } from '../counts.ts';
import { permits } from '../support/permitted.ts';
import { seededBytes } from '../support/seeded-bytes.ts';

function makerOf(recipe: Recipe, seed: string): Maker {
  const source = new ByteSource(seededBytes(seed));
  return recipe.kind === 'words' ? wordsMaker(recipe, effWords, source) : charactersMaker(recipe, source);
}

/** Its own rules, read off the recipe alone. */
function meets(recipe: Recipe, password: string): boolean {
  if (recipe.kind === 'characters') return permits(recipe, password);
  const parts = password.split(recipe.separator);
  const words: string[] = [];
  while (parts.length > 0) {
    // four words of the list have a hyphen
    const two = parts.slice(0, 2).join('-');
    const word = known.has(two) ? two : (parts[0] ?? '');
    parts.splice(0, word.split('-').length);
    if (!known.has(word)) return false;
    words.push(word);
  }
  return words.length === recipe.words;
}

const known = new Set(effWords);

describe('every password meets the rules of its preset', () => {
  it.each(Object.entries(presets))('%s', (_, preset) => {
    fc.assert(
      fc.property(fc.integer({ min: preset.shortest, max: preset.longest }), fc.string(), (length, seed) => {
        const recipe = preset.recipe(length);
        const { make } = makerOf(recipe, seed);
        for (let again = 0; again < 8; again++) {
          const password = make();
          if (!meets(recipe, password))
            throw new Error(`"${password}" does not meet ${JSON.stringify(recipe)}`);
        }
      }),
      { numRuns: count(200, 5000) },
    );
  });
});

test.each<[PresetName, RegExp]>([
  ['words', /^[a-z]+(-[a-z]+){5,}$/],
  ['characters', /^[2-9A-HJ-NP-Za-km-np-z]{4}(-[2-9A-HJ-NP-Za-km-np-z]{4}){4}$/],
  ['digits', /^[0-9]{8}$/],
  ['shell', /^(?=.*[-_!@#$%^&*()+{}|:<>?=])[-a-zA-Z0-9_!@#$%^&*()+{}|:<>?=]{20}$/],
])('%s look as they are described', (name, shape) => {
  const { make } = makerOf(presets[name].recipe(presets[name].usual), 'shape');
  for (let again = 0; again < 500; again++) expect(make()).toMatch(shape);
});

test('the sets have the sizes that they are known by', () => {
  expect([shellSet.length, ofClass(shellSet, 'special').length, plainSet.length]).toEqual([83, 21, 56]);
  expect(new Set(shellSet).size).toBe(83);
  expect([...lookAlikes].some((one) => plainSet.includes(one))).toBe(false);
});

test('without look-alikes, what is required stays required', () => {
  const shell = presets.shell.recipe(12);
  if (shell.kind !== 'characters') throw new Error('the preset is of characters');
  const recipe = withoutLookAlikes(shell);
  expect(recipe.required.map(({ characters }) => characters)).toEqual(['-_!@#$%^&*()+{}:<>?=']);
  const { make } = makerOf(recipe, 'look-alikes');
  for (let again = 0; again < 500; again++) expect(make()).toMatch(/^[^0Oo1lI|]{12}$/);
});

describe('words', () => {
  it('are the EFF’s list, whole, from "abacus" to "zoom"', () => {
    expect([effWords.length, new Set(effWords).size]).toEqual([effList.size, 7776]);
    expect([effWords[0], effWords.at(-1)]).toEqual(['abacus', 'zoom']);
    expect(effWords.every((word) => /^[a-z]+(-[a-z]+)?$/.test(word) && word.length >= 3)).toBe(true);
  });

  const source = new ByteSource(seededBytes('words'));
  it.each([
    ['another size', ['a', 'b', 'c'], 4, '-'],
    ['a word twice', ['a', 'b', 'a'], 3, '-'],
    ['an empty word', ['a', 'b', ''], 3, '-'],
    // "in-form" + "at" and "in" + "form-at"
    ['compounds that can be read in two ways', ['in', 'at', 'in-form', 'form-at'], 4, '-'],
    ['a compound of other words', ['drop', 'down', 'drop-down'], 3, '-'],
  ])('a list with %s is refused', (_, list, size, separator) => {
    const recipe = { ...wordsRecipe(2, separator), list: { name: 'test', size } };
    expect(() => wordsMaker(recipe, list, source)).toThrow(/config-recipe/);
  });

  it('a compound that one of its parts gives away is not', () => {
    const recipe = { ...wordsRecipe(2), list: { name: 'test', size: 3 } };
    expect(() => wordsMaker(recipe, ['x', 'down', 'drop-down'], source)).not.toThrow();
  });
});
