import {
  digitSet,
  lookAlikes,
  ofClass,
  plainSet,
  shellSet,
  without,
  type ClassName,
} from './character-sets.ts';
import { effList, type CharactersRecipe, type Recipe, type Requirement, type WordsRecipe } from './recipe.ts';

export type PresetName = 'words' | 'characters' | 'digits' | 'shell';

/** A recipe but for its length, and the lengths that a slider offers. */
export interface Preset {
  readonly counts: 'words' | 'characters';
  readonly shortest: number;
  readonly usual: number;
  readonly longest: number;
  recipe(length: number): Recipe;
}

/** Characters between two separators: as many as are kept in mind at once. */
export const groupSize = 4;

export const presets: Readonly<Record<PresetName, Preset>> = {
  words: { counts: 'words', shortest: 3, usual: 6, longest: 12, recipe: (words) => wordsRecipe(words) },
  characters: {
    counts: 'characters',
    shortest: 4,
    usual: 20,
    longest: 64,
    recipe: (length) => ({
      kind: 'characters',
      length,
      alphabet: plainSet,
      required: [],
      group: { size: groupSize, separator: '-' },
    }),
  },
  digits: {
    counts: 'characters',
    shortest: 4,
    usual: 8,
    longest: 64,
    recipe: (length) => ({ kind: 'characters', length, alphabet: digitSet, required: [] }),
  },
  /** The 83 characters of the shell line that this began with, and at least one special one among them. */
  shell: {
    counts: 'characters',
    shortest: 5,
    usual: 20,
    longest: 64,
    recipe: (length) => ({
      kind: 'characters',
      length,
      alphabet: shellSet,
      required: [requirementOf(shellSet, 'special')],
    }),
  },
};

/** Words of the EFF's large list. */
export function wordsRecipe(words: number, separator = '-'): WordsRecipe {
  return { kind: 'words', words, separator, list: effList };
}

/** A class as the alphabet has it. */
export function requirementOf(alphabet: string, name: ClassName, minimum = 1): Requirement {
  return { name, characters: ofClass(alphabet, name), minimum };
}

/** The same recipe without characters that are mistaken for each other. What it requires stays required. */
export function withoutLookAlikes(recipe: CharactersRecipe): CharactersRecipe {
  const required = recipe.required.map((each) => ({
    ...each,
    characters: without(each.characters, lookAlikes),
  }));
  return { ...recipe, alphabet: without(recipe.alphabet, lookAlikes), required };
}
