import { RecipeError } from '../../lib/generator/recipe.ts';
import { lengthsOf } from '../../lib/generator/rules-recipe.ts';
import { parseRules, RulesError, type SiteRules } from '../../lib/generator/rules.ts';

export type RulesVerdict =
  | { readonly kind: 'empty' }
  | { readonly kind: 'good'; readonly rules: SiteRules; readonly shortest: number; readonly longest: number }
  | {
      readonly kind: 'refused';
      readonly why: string;
      /** Counted from 1, as people do; with what stands there, '' at the end. Only for a fault of grammar. */
      readonly at?: { readonly position: number; readonly found: string };
    };

/** What a site's `passwordrules` come to, or where and why they do not. */
export function judgeRules(text: string): RulesVerdict {
  if (text.trim() === '') return { kind: 'empty' };
  try {
    const rules = parseRules(text);
    return { kind: 'good', rules, ...lengthsOf(rules) };
  } catch (error) {
    if (error instanceof RulesError) {
      const found = /^[^\s;,]*/.exec(text.slice(error.position))?.[0] ?? '';
      return {
        kind: 'refused',
        why: error.sentence,
        at: { position: error.position + 1, found: found.slice(0, 24) },
      };
    }
    if (error instanceof RecipeError) return { kind: 'refused', why: error.detail ?? '' };
    throw error;
  }
}
