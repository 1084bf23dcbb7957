import { charactersMaker } from '../../lib/generator/characters.ts';
import { checkRecipe } from '../../lib/generator/check.ts';
import { choiceBits } from '../../lib/generator/entropy.ts';
import { isUnderNist } from '../../lib/generator/guessing.ts';
import { presets, type PresetName } from '../../lib/generator/presets.ts';
import { ByteSource, type Fill } from '../../lib/generator/random.ts';
import { RecipeError, type Recipe } from '../../lib/generator/recipe.ts';
import { recipeFromRules } from '../../lib/generator/rules-recipe.ts';
import { wordsMaker } from '../../lib/generator/words.ts';
import {
  choiceText,
  lengthWithin,
  readChoice,
  usualChoice,
  type CharacterSet,
  type PasswordChoice,
  type PasswordMode,
} from './password-choice.ts';
import { judgeRules, type RulesVerdict } from './site-rules.ts';

/** How many are shown: choosing one of them may cost `choiceBits`. */
export const shownAtOnce = 2 ** choiceBits;

export interface PickerParts {
  readonly fill: Fill;
  /** The EFF's list. Asked for when words are first wanted. */
  words(): Promise<readonly string[]>;
  /** Keeps how passwords were made, for the next visit; both may do nothing. */
  readonly memory: { read(): string | null; write(text: string): void };
}

export interface PickerState {
  readonly mode: PasswordMode;
  readonly set: CharacterSet;
  /** As pasted, whether it was understood or not. */
  readonly rulesText: string;
  readonly rulesVerdict: RulesVerdict;
  readonly counts: 'words' | 'characters';
  readonly length: number;
  readonly shortest: number;
  readonly longest: number;
  /** Between words or groups of characters; undefined where nothing is put between. */
  readonly separator?: string;
  /** Of the recipe, and with the cost of choosing taken off, never under 0. Absent where it is refused. */
  readonly worth?: { readonly recipeBits: number; readonly bits: number; readonly underNist: boolean };
  /** Why the recipe cannot be met: a part of a sentence. */
  readonly refusal?: string;
  /** The word list did not come. `more` asks for it again. */
  readonly noWords: boolean;
  /** Four of them, or none yet. */
  readonly candidates: readonly string[];
  readonly chosen: number;
  /** How often somebody asked for four more. */
  readonly rounds: number;
}

type Bounds = Pick<PickerState, 'counts' | 'length' | 'shortest' | 'longest'>;
type Judged = Pick<PickerState, 'separator' | 'worth' | 'refusal'>;

/**
 * Four candidates and how they are made. Made when asked, from a source of its own that is wiped at once; nothing of
 * a candidate is kept anywhere but in the state, and `stop` takes it from there.
 */
export class PasswordPicker {
  private readonly parts: PickerParts;
  private choice = usualChoice;
  private rulesText = '';
  private rulesVerdict: RulesVerdict = { kind: 'empty' };
  private rulesLength = presets.characters.usual;
  private byRules = false;
  private list: readonly string[] | undefined;
  private noWords = false;
  private running = false;
  private judged: Judged;
  private candidates: readonly string[] = [];
  private chosen = 0;
  private rounds = 0;
  private readonly listeners = new Set<() => void>();
  private readonly first: PickerState;
  private state: PickerState;

  constructor(parts: PickerParts) {
    this.parts = parts;
    this.judged = this.judge();
    this.first = this.describe();
    this.state = this.first;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getSnapshot = (): PickerState => this.state;
  /** What the exported page says: the usual recipe, and no candidate. */
  readonly getServerSnapshot = (): PickerState => this.first;

  readonly start = (): void => {
    this.running = true;
    this.choice = readChoice(this.parts.memory.read());
    this.make();
  };

  /** Forgets the candidates, and whatever a site's rules were. */
  readonly stop = (): void => {
    this.running = false;
    this.byRules = false;
    this.rulesText = '';
    this.rulesVerdict = { kind: 'empty' };
    this.make();
  };

  readonly more = (): void => {
    this.rounds += 1;
    this.draw();
  };

  readonly choose = (index: number): void => {
    this.chosen = index;
    this.tell();
  };

  readonly setMode = (mode: PasswordMode): void => this.change({ ...this.choice, mode });

  readonly setSet = (set: PasswordChoice['set']): void => {
    this.byRules = false;
    this.change({ ...this.choice, set });
  };

  /** Made by them as soon as they are understood; until then as before. */
  readonly setRules = (text: string): void => {
    this.rulesText = text;
    this.rulesVerdict = judgeRules(text);
    this.byRules = this.rulesVerdict.kind === 'good';
    this.make();
  };

  readonly setLength = (wanted: number): void => {
    const preset = this.preset();
    const length = lengthWithin(wanted, this.bounds());
    if (preset === undefined) {
      this.rulesLength = length;
      this.make();
    } else this.change({ ...this.choice, lengths: { ...this.choice.lengths, [preset]: length } });
  };

  private change(choice: PasswordChoice): void {
    this.choice = choice;
    this.parts.memory.write(choiceText(choice));
    this.make();
  }

  /** undefined where a site's rules hold. */
  private preset(): PresetName | undefined {
    const { mode, set } = this.choice;
    if (mode !== 'characters') return mode;
    if (this.byRules) return undefined;
    return set === 'shell' ? 'shell' : 'characters';
  }

  private bounds(): Bounds {
    const preset = this.preset();
    if (preset !== undefined) {
      const { counts, shortest, longest } = presets[preset];
      return { counts, length: this.choice.lengths[preset], shortest, longest };
    }
    const { rulesVerdict: verdict, rulesLength } = this;
    const within = verdict.kind === 'good' ? verdict : presets.characters;
    const { shortest, longest } = within;
    return { counts: 'characters', length: lengthWithin(rulesLength, within), shortest, longest };
  }

  /** Throws `RecipeError` where a site's rules cannot be met. */
  private recipe(): Recipe {
    const { length } = this.bounds();
    const preset = this.preset();
    if (preset === undefined && this.rulesVerdict.kind === 'good')
      return recipeFromRules(this.rulesVerdict.rules, length);
    return presets[preset ?? 'characters'].recipe(length);
  }

  /** By another recipe, perhaps. */
  private make(): void {
    this.judged = this.judge();
    this.draw();
  }

  private draw(): void {
    this.candidates = [];
    this.chosen = 0;
    if (this.running && this.judged.refusal === undefined) this.fill();
    this.tell();
  }

  private fill(): void {
    const recipe = this.recipe();
    if (recipe.kind === 'words' && this.list === undefined) {
      this.loadWords();
      return;
    }
    const source = new ByteSource(this.parts.fill);
    try {
      const maker =
        recipe.kind === 'words'
          ? wordsMaker(recipe, this.list ?? [], source)
          : charactersMaker(recipe, source);
      this.candidates = Array.from({ length: shownAtOnce }, () => maker.make());
    } finally {
      source.wipe();
    }
  }

  private loadWords(): void {
    this.noWords = false;
    this.parts.words().then(
      (list) => {
        this.list = list;
        if (this.choice.mode === 'words') this.draw();
      },
      () => {
        this.noWords = true;
        this.tell();
      },
    );
  }

  private tell(): void {
    this.state = this.describe();
    for (const listener of this.listeners) listener();
  }

  private describe(): PickerState {
    return {
      mode: this.choice.mode,
      set: this.byRules ? 'rules' : this.choice.set,
      rulesText: this.rulesText,
      rulesVerdict: this.rulesVerdict,
      noWords: this.noWords && this.choice.mode === 'words',
      candidates: this.candidates,
      chosen: this.chosen,
      rounds: this.rounds,
      ...this.bounds(),
      ...this.judged,
    };
  }

  private judge(): Judged {
    try {
      const recipe = this.recipe();
      const { bits } = checkRecipe(recipe);
      const separator = recipe.kind === 'words' ? recipe.separator : recipe.group?.separator;
      return {
        ...(separator === undefined ? {} : { separator }),
        worth: {
          recipeBits: bits,
          bits: Math.max(0, bits - choiceBits),
          underNist: isUnderNist(recipe),
        },
      };
    } catch (error) {
      if (error instanceof RecipeError) return { refusal: error.detail ?? '' };
      throw error;
    }
  }
}
