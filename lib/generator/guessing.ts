import type { Recipe } from './recipe.ts';

/** How long guessing takes on average. Screens word it: "About 3,500 years at a trillion guesses a second." */
export type GuessTime =
  | { readonly kind: 'instant' }
  | { readonly kind: 'seconds' | 'minutes' | 'hours' | 'days' | 'years'; readonly value: number }
  | { readonly kind: 'beyond' };

/** What a well-equipped thief of a badly hashed password file tries. */
export const guessesPerSecond = 1e12;

/**
 * From here on guessing is beyond any speed known: at 10^21 guesses a second, which all miners of Bitcoin together come
 * to, 112 bits last for 80,000 years. It is NIST's least strength for keys, too (SP 800-57 part 1).
 */
const beyondBits = 112;

/** Under a day. */
const weakSeconds = 86_400;

const units = [
  ['years', 31_556_952],
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
  ['seconds', 1],
] as const;

/** Half of all passwords are tried before the right one comes. `value` has two figures that mean something. */
export function guessTime(bits: number): GuessTime {
  if (bits >= beyondBits) return { kind: 'beyond' };
  const seconds = averageSeconds(bits);
  for (const [kind, length] of units)
    if (seconds >= length) return { kind, value: Number((seconds / length).toPrecision(2)) };
  return { kind: 'instant' };
}

/** True where such a thief is through in less than a day, on average. */
export function isWeak(bits: number): boolean {
  return averageSeconds(bits) < weakSeconds;
}

function averageSeconds(bits: number): number {
  return 2 ** (bits - 1) / guessesPerSecond;
}

/** NIST SP 800-63B-4, 3.1.1.2: where a password is all there is, at least so many characters. */
export const nistCharacters = 15;

/** The shortest word of the EFF's list. */
const shortestWord = 3;

/** True where a password by this recipe can have fewer characters than NIST asks for. Separators count. */
export function isUnderNist(recipe: Recipe): boolean {
  return shortestOf(recipe) < nistCharacters;
}

function shortestOf(recipe: Recipe): number {
  if (recipe.kind === 'words')
    return recipe.words * shortestWord + (recipe.words - 1) * recipe.separator.length;
  const { length, group } = recipe;
  return group === undefined
    ? length
    : length + Math.floor((length - 1) / group.size) * group.separator.length;
}
