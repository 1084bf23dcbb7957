import type { CharactersRecipe } from '../../lib/generator/recipe.ts';

/** Whether a recipe permits a password (separators included), read off the recipe without the generator's code. */
export function permits(recipe: CharactersRecipe, password: string): boolean {
  const { length, alphabet, required, maxConsecutive, group } = recipe;
  const parts = group === undefined ? [password] : password.split(group.separator);
  const bare = parts.join('');
  return (
    bare.length === length &&
    (group === undefined ||
      parts.every((part, at) => part.length === Math.min(group.size, length - at * group.size))) &&
    [...bare].every((character) => alphabet.includes(character)) &&
    required.every(
      ({ characters, minimum }) =>
        [...bare].filter((character) => characters.includes(character)).length >= minimum,
    ) &&
    (maxConsecutive === undefined ||
      ![...alphabet].some((character) => bare.includes(character.repeat(maxConsecutive + 1))))
  );
}

/** All passwords that a small recipe permits: every string of its alphabet is looked at. */
export function permittedBy(recipe: CharactersRecipe): string[] {
  let strings = [''];
  for (let at = 0; at < recipe.length; at++) {
    const { group } = recipe;
    const separator = group !== undefined && at > 0 && at % group.size === 0 ? group.separator : '';
    strings = strings.flatMap((start) =>
      [...recipe.alphabet].map((character) => `${start}${separator}${character}`),
    );
  }
  return strings.filter((password) => permits(recipe, password));
}
