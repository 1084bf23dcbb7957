import { LatchkeyError } from '../../lib/errors.ts';
import {
  classNames,
  distinct,
  ofClass,
  shellSet,
  without,
  type ClassName,
} from '../../lib/generator/character-sets.ts';
import { groupSize, presets, wordsRecipe, withoutLookAlikes } from '../../lib/generator/presets.ts';
import { RecipeError, type CharactersRecipe, type Recipe } from '../../lib/generator/recipe.ts';
import { parseRules, RulesError, type SiteRules } from '../../lib/generator/rules.ts';
import { lengthsOf, recipeFromRules } from '../../lib/generator/rules-recipe.ts';

/** As commander hands them over. */
export interface RecipeOptions {
  readonly length?: number;
  readonly set?: string;
  readonly require?: string;
  readonly min?: string;
  /** False with --no-lookalikes. */
  readonly lookalikes: boolean;
  /** True for `--words` without a number. */
  readonly words?: number | true;
  readonly separator?: string;
  readonly rules?: string;
}

/** Throws `config-usage` naming the option, or `config-recipe`. What a maker refuses is left to it. */
export function readRecipe(options: RecipeOptions): Recipe {
  const { words, rules, separator } = options;
  if (words !== undefined) {
    refuseBeside('--words', options, ['length', 'set', 'require', 'min', 'rules']);
    if (!options.lookalikes) throw usage('--no-lookalikes goes with characters, not with --words');
    return wordsRecipe(words === true ? presets.words.usual : words, separator);
  }
  if (rules !== undefined) refuseBeside('--rules', options, ['set', 'require', 'min', 'separator']);
  const recipe = rules === undefined ? ownRecipe(options) : siteRecipe(rules, options.length);
  const plain = options.lookalikes ? recipe : withoutLookAlikes(recipe);
  return separator === undefined ? plain : { ...plain, group: { size: groupSize, separator } };
}

function ownRecipe(options: RecipeOptions): CharactersRecipe {
  const { length = presets.shell.usual, set, require, min, separator = '' } = options;
  if (set === '') throw usage('--set: no characters');
  // A separator is none of the characters drawn; where the set is not one's own, it gives way.
  const alphabet = set === undefined ? without(shellSet, separator) : distinct(set);
  // One's own set may have no special character; then nothing is required that was not asked for.
  const least = new Map<ClassName, number>(
    readClasses(require ?? (set === undefined ? 'special' : 'none')).map((name) => [name, 1]),
  );
  for (const [name, minimum] of readMinimums(min)) least.set(name, minimum);
  const required = [...least]
    .filter(([, minimum]) => minimum > 0)
    .map(([name, minimum]) => ({ name, characters: ofClass(alphabet, name), minimum }));
  return { kind: 'characters', length, alphabet, required };
}

/** A length that was asked for is not changed behind anybody's back. */
function siteRecipe(text: string, length: number | undefined): CharactersRecipe {
  const rules = readRules(text);
  const { shortest, longest } = lengthsOf(rules);
  if (length !== undefined && (length < shortest || length > longest))
    throw new RecipeError('length', `the rules allow ${shortest} to ${longest} characters, not ${length}`);
  return recipeFromRules(rules, length ?? presets.shell.usual);
}

function readRules(text: string): SiteRules {
  try {
    return parseRules(text);
  } catch (error) {
    if (error instanceof RulesError) throw usage(`--rules: ${error.detail ?? error.reason}`);
    throw error;
  }
}

function readClasses(text: string): ClassName[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => readClass('--require', name.trim()));
}

function readMinimums(text: string | undefined): [ClassName, number][] {
  return (text?.split(',') ?? []).map((part) => {
    const [, name = '', number = ''] = /^\s*(\w+)=(\d{1,3})\s*$/.exec(part) ?? [];
    if (number === '') throw usage(`--min: "${part}" is not like digit=2`);
    return [readClass('--min', name), Number(number)];
  });
}

function readClass(option: string, name: string): ClassName {
  const found = classNames.find((known) => known === name);
  if (found === undefined) throw usage(`${option}: "${name}" is none of ${classNames.join(', ')}`);
  return found;
}

function refuseBeside(
  option: string,
  options: RecipeOptions,
  others: readonly (keyof RecipeOptions)[],
): void {
  for (const other of others)
    if (options[other] !== undefined) throw usage(`${option} does not go with --${other}`);
}

function usage(detail: string): LatchkeyError {
  return new LatchkeyError('config-usage', detail);
}
