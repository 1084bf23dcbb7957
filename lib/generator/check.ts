import { entropyOf, log2, type Entropy } from './entropy.ts';
import {
  longestPassword,
  mostWords,
  RecipeError,
  type CharactersRecipe,
  type Recipe,
  type RecipeReason,
  type Requirement,
  type WordsRecipe,
} from './recipe.ts';

/**
 * Passwords that are drawn, and thrown away whole where they do not meet the recipe, before making one is given up.
 * A recipe is refused where that could happen to one password in 10^15: then not even one in a billion runs of a million
 * passwords meets it.
 */
export const mostTries = 10_000;
const acceptedRisk = 1e-15;

/** One character that can be seen and is one UTF-16 unit: no control, mark or invisible one. Or the space. */
const visible = /^(?![\u{10000}-\u{10FFFF}])[\p{L}\p{N}\p{P}\p{S} ]$/u;

/** What a recipe is worth, if passwords can be made by it. Throws `RecipeError` with the reason where they cannot. */
export function checkRecipe(recipe: Recipe): Entropy {
  if (recipe.kind === 'words') {
    checkWords(recipe);
    return entropyOf(recipe);
  }
  checkCharacters(recipe);
  const entropy = entropyOf(recipe);
  const { length, alphabet } = recipe;
  if (entropy.count === 0n)
    throw new RecipeError('unmeetable', `no password of ${length} characters has what is required`);
  // how likely it is that one try meets the recipe
  const met = Math.min(1, 2 ** (log2(entropy.count) - length * Math.log2(alphabet.length)));
  if (mostTries * Math.log1p(-met) > Math.log(acceptedRisk))
    throw new RecipeError(
      'too-rare',
      `only one in ${met > 1e-15 ? Math.round(1 / met).toLocaleString('en') : 'very many'} passwords of these characters has what is required`,
    );
  return entropy;
}

function refuse(unless: boolean, reason: RecipeReason, detail: string): void {
  if (!unless) throw new RecipeError(reason, detail);
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function checkCharacters({ length, alphabet, required, maxConsecutive, group }: CharactersRecipe): void {
  refuse(isWhole(length, 1, longestPassword), 'length', `a length of 1 to ${longestPassword} characters`);
  checkAlphabet(alphabet);
  refuse(required.length <= 12, 'too-many-requirements', 'at most 12 requirements');
  for (const each of required) checkRequirement(each, alphabet, length);
  refuse(
    maxConsecutive === undefined || isWhole(maxConsecutive, 1, Infinity),
    'max-consecutive',
    'the same character at least once in a row',
  );
  if (group === undefined) return;
  refuse(isWhole(group.size, 1, longestPassword), 'group', 'groups of at least one character');
  checkSeparator(group.separator);
  refuse(
    [...group.separator].every((character) => !alphabet.includes(character)),
    'separator',
    'a separator that is none of the characters drawn, or nobody sees where it stands',
  );
}

function checkAlphabet(alphabet: string): void {
  const characters = [...alphabet];
  for (const character of characters)
    refuse(
      visible.test(character),
      'alphabet',
      `"${escaped(character)}" is not one visible character below U+10000`,
    );
  refuse(new Set(characters).size === characters.length, 'alphabet', 'each character only once');
  refuse(isWhole(characters.length, 2, 256), 'alphabet', '2 to 256 different characters');
}

function checkRequirement(
  { name, characters, minimum }: Requirement,
  alphabet: string,
  length: number,
): void {
  refuse(characters !== '', 'requirement', `none of the characters is ${name}`);
  refuse(
    [...characters].every((character) => alphabet.includes(character)),
    'requirement',
    `${name} has characters that are never drawn`,
  );
  refuse(
    isWhole(minimum, 1, length),
    'requirement',
    `at least ${minimum} ${name} do not fit into ${length} characters`,
  );
}

function checkWords({ words, separator, list }: WordsRecipe): void {
  refuse(isWhole(words, 1, mostWords), 'words', `1 to ${mostWords} words`);
  // Without one, "in-form-at" and "in-format" would be written alike, and the count would be too large.
  refuse(separator !== '', 'separator', 'a separator, or different words can make the same password');
  checkSeparator(separator);
  refuse(
    !/\p{L}/u.test(separator),
    'separator',
    'a separator without letters, or nobody sees where words end',
  );
  refuse(isWhole(list.size, 2, 65536), 'list', 'a list of 2 to 65536 words');
}

function checkSeparator(separator: string): void {
  refuse(isWhole(separator.length, 1, 8), 'separator', 'a separator of 1 to 8 characters');
  for (const character of separator)
    refuse(visible.test(character), 'separator', `"${escaped(character)}" is not one visible character`);
}

/** For a message: what cannot be seen, as its code point. */
function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return visible.test(character) ? character : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
