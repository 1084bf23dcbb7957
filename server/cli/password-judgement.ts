import { choiceBits } from '../../lib/generator/entropy.ts';
import {
  guessTime,
  isUnderNist,
  isWeak,
  nistCharacters,
  type GuessTime,
} from '../../lib/generator/guessing.ts';
import type { Recipe } from '../../lib/generator/recipe.ts';

/** What the recipe is worth, for people. It never looks at a password: two of one recipe are worth the same. */
export function judgement(recipe: Recipe, bits: number, count: number): string {
  return [
    '',
    `${bits.toFixed(1)} bits: ${described(recipe)}.`,
    `${isWeak(bits) ? 'Weak. ' : ''}${guessed(guessTime(bits))}`,
    ...(count > 1 && count <= 2 ** choiceBits
      ? [`Choosing one of them by taste costs ${choiceBits} bits at most.`]
      : []),
    ...(isUnderNist(recipe)
      ? [`Where nothing but a password protects, NIST SP 800-63B-4 asks for ${nistCharacters} characters.`]
      : []),
    '',
  ].join('\n');
}

function described(recipe: Recipe): string {
  if (recipe.kind === 'words')
    return `${counted(recipe.words, 'word')}, each one of ${recipe.list.size.toLocaleString('en')}`;
  const required = recipe.required.map(({ name, minimum }) => `, at least ${minimum} ${name}`).join('');
  const { maxConsecutive } = recipe;
  const runs = maxConsecutive === undefined ? '' : `, the same at most ${maxConsecutive} in a row`;
  return `${counted(recipe.length, 'character')}, each one of ${recipe.alphabet.length}${required}${runs}`;
}

const speed = 'at a trillion guesses a second';

function guessed(time: GuessTime): string {
  switch (time.kind) {
    case 'beyond':
      return 'Beyond guessing, at any speed known.';
    case 'instant':
      return `Guessed at once ${speed}.`;
    default:
      return `About ${spoken(time.value)} ${time.value === 1 ? time.kind.slice(0, -1) : time.kind} ${speed}.`;
  }
}

/** 3500 → 3,500; 82000000000000 → 82 trillion. */
function spoken(value: number): string {
  return value < 1e6
    ? value.toLocaleString('en')
    : value.toLocaleString('en', { notation: 'compact', compactDisplay: 'long' });
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
