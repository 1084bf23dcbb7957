import { checkRecipe } from './check.ts';
import type { Maker } from './characters.ts';
import type { ByteSource } from './random.ts';
import { RecipeError, type WordsRecipe } from './recipe.ts';

/**
 * Each word is drawn from the whole list, whatever came before. Throws `RecipeError` where the recipe cannot be met, or
 * where the list is not the recipe's: another size, a word twice, or words that the separator does not keep apart.
 */
export function wordsMaker(recipe: WordsRecipe, list: readonly string[], source: ByteSource): Maker {
  const entropy = checkRecipe(recipe);
  const { separator, words } = recipe;
  checkList(recipe, list);
  return {
    entropy,
    make: () => Array.from({ length: words }, () => list[source.below(list.length)] ?? '').join(separator),
  };
}

function checkList({ list: wanted, separator }: WordsRecipe, list: readonly string[]): void {
  const single = new Set(list);
  if (list.length !== wanted.size || single.size !== list.length || single.has(''))
    throw new RecipeError('list', `the list "${wanted.name}" has not its ${wanted.size} different words`);
  // Words with the separator in them (the EFF list has four with a hyphen) are harmless if one of their parts gives
  // them away: it is no word, nor part of another such word. Then every password is read back in one way only.
  const compounds = list.filter((word) => word.includes(separator)).map((word) => word.split(separator));
  const givenAway = (parts: readonly string[]): boolean =>
    parts.some(
      (part) => !single.has(part) && compounds.every((other) => other === parts || !other.includes(part)),
    );
  if (!compounds.every(givenAway))
    throw new RecipeError(
      'separator',
      'a separator that is in none of the words, or it does not keep them apart',
    );
}
