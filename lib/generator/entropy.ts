import { countPermitted } from './count.ts';
import type { Recipe } from './recipe.ts';

export interface Entropy {
  /** Passwords that the recipe permits, all equally likely. */
  readonly count: bigint;
  /** log2 of the count. */
  readonly bits: number;
  /** Never an estimate: the count is whole, and `bits` is as near to its logarithm as a double comes. */
  readonly exact: true;
}

/**
 * What choosing one of four shown passwords may cost, in bits: at worst the chooser's taste is known, and each
 * password is four times as likely as it was. Screens that show four deduct it; no recipe does.
 */
export const choiceBits = 2;

/** Exact for the recipe, whatever the password turns out to be. Throws `RecipeError` where it cannot be counted. */
export function entropyOf(recipe: Recipe): Entropy {
  const count =
    recipe.kind === 'words' ? BigInt(recipe.list.size) ** BigInt(recipe.words) : countPermitted(recipe);
  return { count, bits: log2(count), exact: true };
}

/** Of a whole number above zero, of any size. */
export function log2(whole: bigint): number {
  // 64 leading bits are more than a double keeps
  const dropped = Math.max(0, whole.toString(2).length - 64);
  return Math.log2(Number(whole >> BigInt(dropped))) + dropped;
}
