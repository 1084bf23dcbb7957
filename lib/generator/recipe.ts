import { LatchkeyError } from '../errors.ts';

/** A password of so many characters, each from one set; of all that meet the rest, each is as likely as any other. */
export interface CharactersRecipe {
  readonly kind: 'characters';
  /** Characters drawn, 1..256. Separators between groups do not count. */
  readonly length: number;
  /** 2..256 different characters, each one UTF-16 unit that can be seen, or the space. */
  readonly alphabet: string;
  /** At most 12, all of which are met. They may overlap: a character counts for each that it belongs to. */
  readonly required: readonly Requirement[];
  /** The same character at most this often in a row, 1 or more. Counted without separators. */
  readonly maxConsecutive?: number;
  /** How it is written: a separator after every `size` characters. It adds no bits. */
  readonly group?: { readonly size: number; readonly separator: string };
}

export interface Requirement {
  /** For people: `special`, or the characters themselves. */
  readonly name: string;
  /** Different ones, all of the alphabet. */
  readonly characters: string;
  /** How many of them there must be, 1 or more. */
  readonly minimum: number;
}

/** Words of a list, each drawn anew, so that one may come twice. */
export interface WordsRecipe {
  readonly kind: 'words';
  /** 1..32. */
  readonly words: number;
  /** 1 to 8 visible characters or spaces, no letter among them. */
  readonly separator: string;
  /** The list itself is handed over where words are made, so that a recipe can be counted without it. */
  readonly list: { readonly name: string; readonly size: number };
}

export type Recipe = CharactersRecipe | WordsRecipe;

export const longestPassword = 256;
export const mostWords = 32;

/** The large list of the Electronic Frontier Foundation: `eff-words.ts`. */
export const effList = { name: 'eff-large', size: 7776 } as const;

export type RecipeReason =
  | 'length'
  | 'alphabet'
  | 'requirement'
  | 'max-consecutive'
  | 'group'
  | 'unmeetable'
  | 'too-rare'
  | 'too-many-requirements'
  | 'words'
  | 'separator'
  | 'list';

/** `config-recipe`: no password can be made so. `detail` is a sentence's part that names what and why. */
export class RecipeError extends LatchkeyError {
  readonly reason: RecipeReason;

  constructor(reason: RecipeReason, detail: string) {
    super('config-recipe', detail);
    this.name = 'RecipeError';
    this.reason = reason;
  }
}
