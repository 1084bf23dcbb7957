import { asciiVisible, classOf, distinct, type ClassName } from './character-sets.ts';
import { longestPassword, RecipeError, type CharactersRecipe, type Requirement } from './recipe.ts';
import type { CharacterClass, CharacterClasses, SiteRules } from './rules.ts';

/**
 * The longest that a site takes, the shortest that it asks for, and what lies between: `wantedLength` is moved to the
 * nearer of the two where it is outside. Throws `RecipeError` (length) where a site asks for more than is ever made.
 */
export function recipeFromRules(rules: SiteRules, wantedLength: number): CharactersRecipe {
  const { shortest, longest } = lengthsOf(rules);
  const alphabet = alphabetOf(rules);
  const required = rules.required
    .map((classes) => requirementOf(classes))
    .filter(({ characters }) => [...alphabet].some((character) => !characters.includes(character)));
  return {
    kind: 'characters',
    length: Math.min(Math.max(wantedLength, shortest), longest),
    alphabet,
    required: required.filter((each, at) => required.findIndex((other) => isSame(each, other)) === at),
    ...(rules.maxConsecutive === undefined ? {} : { maxConsecutive: rules.maxConsecutive }),
  };
}

/** Characters, from `shortest` to `longest`, that the site takes and passwords can have. */
export function lengthsOf({ minLength = 1, maxLength = longestPassword }: SiteRules): {
  readonly shortest: number;
  readonly longest: number;
} {
  if (minLength > longestPassword)
    throw new RecipeError(
      'length',
      `at most ${longestPassword} characters, and the rules ask for ${minLength}`,
    );
  return { shortest: Math.max(1, minLength), longest: Math.min(maxLength, longestPassword) };
}

/** Whatever is allowed or required; where the text names neither, all of visible ASCII. */
function alphabetOf({ allowed, required }: SiteRules): string {
  const named = distinct([...allowed, ...required.flat()].map(charactersOf).join(''));
  return named === '' ? asciiVisible : inOrder(named);
}

/** Any class of the list will do: one requirement for their characters together. */
function requirementOf(classes: CharacterClasses): Requirement {
  const name = classes.map((each) => ('named' in each ? each.named : `[${each.characters}]`)).join(' or ');
  return { name, characters: inOrder(distinct(classes.map(charactersOf).join(''))), minimum: 1 };
}

/**
 * Sites take a space as special and as printable, but passwords get one only where `[ ]` asks for it: forms trim it.
 * Of Unicode, whatever is in ASCII: the rest cannot be typed everywhere.
 */
function charactersOf(each: CharacterClass): string {
  if ('characters' in each) return each.characters;
  if (each.named === 'ascii-printable' || each.named === 'unicode') return asciiVisible;
  const name: ClassName = each.named;
  return [...asciiVisible].filter((character) => classOf(character) === name).join('');
}

/** By code, so that the same rules give the same recipe in whatever order they are written. */
function inOrder(characters: string): string {
  return [...characters].sort().join('');
}

function isSame(a: Requirement, b: Requirement): boolean {
  return a.characters === b.characters;
}
