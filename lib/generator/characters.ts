import { checkRecipe, mostTries } from './check.ts';
import type { Entropy } from './entropy.ts';
import type { ByteSource } from './random.ts';
import { RecipeError, type CharactersRecipe } from './recipe.ts';

/** Makes passwords by one recipe. */
export interface Maker {
  readonly entropy: Entropy;
  /** One password, a flat string. Throws what the source of randomness throws. */
  make(): string;
}

/**
 * Draws whole passwords until one meets the recipe. Mending one instead (a digit put where none was) would make some
 * passwords likelier than others. Throws `RecipeError` where the recipe cannot be met.
 */
export function charactersMaker(recipe: CharactersRecipe, source: ByteSource): Maker {
  const entropy = checkRecipe(recipe);
  const { length, required } = recipe;
  const table = tableOf(recipe);
  const all = (1 << required.length) - 1;
  const extra = extraOf(recipe);
  const { template, places } = layoutOf(recipe);
  const drawn = new Int32Array(length);
  return {
    entropy,
    make() {
      for (let tries = 0; tries < mostTries; tries++) {
        if (source.draw(table, drawn) >>> 16 !== all || !extra(drawn)) continue;
        for (let at = 0; at < length; at++) {
          template[places[at] ?? 0] = (drawn[at] ?? 0) & 0xffff;
          drawn[at] = 0;
        }
        const password = String.fromCharCode(...template);
        for (let at = 0; at < length; at++) template[places[at] ?? 0] = 0;
        return password;
      }
      throw new RecipeError(
        'too-rare',
        `${mostTries} tries in a row did not meet it: is the randomness random?`,
      );
    },
  };
}

/**
 * By byte: the character's code in the low 16 bits, the requirements that it meets above them. 0 for the bytes at or
 * above the largest multiple of the alphabet's size, which are drawn again; no character has code 0.
 */
function tableOf({ alphabet, required }: CharactersRecipe): Int32Array {
  const entries = [...alphabet].map((character) =>
    required.reduce(
      (entry, { characters }, at) => (characters.includes(character) ? entry | (1 << (16 + at)) : entry),
      character.charCodeAt(0),
    ),
  );
  const limit = 256 - (256 % entries.length);
  return Int32Array.from({ length: 256 }, (_, byte) =>
    byte < limit ? (entries[byte % entries.length] ?? 0) : 0,
  );
}

/** What "at least one of each" does not say: minimums above one, and the same character in a row. */
function extraOf({ required, maxConsecutive, length }: CharactersRecipe): (drawn: Int32Array) => boolean {
  const counted = required.flatMap(({ minimum }, at) =>
    minimum > 1 ? [{ bit: 1 << (16 + at), minimum }] : [],
  );
  const longest = maxConsecutive ?? length;
  if (counted.length === 0 && longest >= length) return () => true;
  return (drawn) =>
    counted.every(
      ({ bit, minimum }) => drawn.reduce((sum, entry) => ((entry & bit) === 0 ? sum : sum + 1), 0) >= minimum,
    ) &&
    (longest >= length || longestRun(drawn) <= longest);
}

function longestRun(drawn: Int32Array): number {
  let longest = 0;
  let run = 0;
  drawn.forEach((entry, at) => {
    run = entry === drawn[at - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  });
  return longest;
}

/** The codes of the whole password with its separators in place, and where the characters go. */
function layoutOf({ length, group }: CharactersRecipe): { template: number[]; places: number[] } {
  const template: number[] = [];
  const places: number[] = [];
  for (let at = 0; at < length; at++) {
    if (group !== undefined && at > 0 && at % group.size === 0)
      for (const character of group.separator) template.push(character.charCodeAt(0));
    places.push(template.length);
    template.push(0);
  }
  return { template, places };
}
