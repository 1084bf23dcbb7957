import { InvalidArgumentError, type Command } from 'commander';
import { randomFillSync } from 'node:crypto';
import { charactersMaker, type Maker } from '../../lib/generator/characters.ts';
import { ByteSource } from '../../lib/generator/random.ts';
import { RecipeError, type Recipe, type RecipeReason } from '../../lib/generator/recipe.ts';
import { wordsMaker } from '../../lib/generator/words.ts';
import { writeAll } from './output.ts';
import { judgement } from './password-judgement.ts';
import { readRecipe, type RecipeOptions } from './password-recipe.ts';

interface Options extends RecipeOptions {
  readonly count: number;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('password')
    .description('passwords to choose from, made on this machine and sent nowhere')
    .option('--length <n>', 'characters, 1 to 256 (20)', wholeNumber(1, 256))
    .option('--count <n>', 'how many passwords, up to 1000000', wholeNumber(1, 1_000_000), 4)
    .option('--set <characters>', 'made of these, taken as they stand: no ranges')
    .option('--require <classes>', 'of lower, upper, digit, special at least one each; none (special)')
    .option('--min <class=n>', 'at least so many of a class; several: digit=2,upper=1', together)
    .option('--no-lookalikes', 'without 0 O o 1 l I |')
    .option('--words [n]', 'so many words of the EFF’s large list instead, 1 to 32 (6)', wholeNumber(1, 32))
    .option('--separator <text>', 'between words (-), or between groups of four characters')
    .option('--rules <text>', 'what a site asks for, as in `minlength: 8; required: digit; allowed: lower`')
    .option('--json', 'passwords, the bits of the recipe, and the recipe')
    .action(async (options: Options) => {
      const { recipe, maker } = await readMaker(options);
      await writeAll(
        options.json === true ? json(maker, recipe, options.count) : lines(maker, options.count),
      );
      // The judgement stands beside the passwords, not among them: what is piped on is passwords alone.
      if (options.json !== true) process.stderr.write(judgement(recipe, maker.entropy.bits, options.count));
    });
}

/** Throws `config-usage`, `config-recipe`: both name the option. */
async function readMaker(options: Options): Promise<{ recipe: Recipe; maker: Maker }> {
  try {
    const recipe = readRecipe(options);
    return { recipe, maker: await makerOf(recipe) };
  } catch (error) {
    const option = error instanceof RecipeError ? optionOf(error.reason, options) : undefined;
    if (!(error instanceof RecipeError) || option === undefined) throw error;
    throw new RecipeError(error.reason, `${option}: ${error.detail}`);
  }
}

/** Which option a recipe was refused for; undefined: what was not given. */
function optionOf(reason: RecipeReason, options: Options): string | undefined {
  const { rules, set, min, require: classes, lookalikes, length } = options;
  if (reason === 'words') return '--words';
  if (reason === 'separator' || reason === 'group') return '--separator';
  if (reason === 'length' && length !== undefined) return '--length';
  if (rules !== undefined) return '--rules';
  if (reason === 'alphabet')
    return set === undefined ? undefined : lookalikes ? '--set' : '--set without look-alikes';
  return min !== undefined ? '--min' : classes !== undefined ? '--require' : undefined;
}

/** commander names the option in what it says. */
function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,7}$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`${least} to ${most}.`);
    return number;
  };
}

/** `--min digit=2 --min upper=1` is `--min digit=2,upper=1`. */
function together(text: string, before: string | undefined): string {
  return before === undefined ? text : `${before},${text}`;
}

async function makerOf(recipe: Recipe): Promise<Maker> {
  const source = new ByteSource((bytes) => randomFillSync(bytes));
  if (recipe.kind === 'characters') return charactersMaker(recipe, source);
  const { effWords } = await import('../../lib/generator/eff-words.ts');
  return wordsMaker(recipe, effWords, source);
}

function* lines(maker: Maker, count: number): Generator<string> {
  for (let made = 0; made < count; made++) yield `${maker.make()}\n`;
}

/** `{"passwords": […], "bits": …, "recipe": …}`, one password after another: a million are never held at once. */
function* json(maker: Maker, recipe: Recipe, count: number): Generator<string> {
  for (let made = 0; made < count; made++)
    yield `${made === 0 ? '{"passwords":[' : ','}${JSON.stringify(maker.make())}`;
  yield `],"bits":${maker.entropy.bits},"recipe":${JSON.stringify(recipe)}}\n`;
}
