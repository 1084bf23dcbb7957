import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { charactersMaker } from '../../lib/generator/characters.ts';
import { asciiVisible } from '../../lib/generator/character-sets.ts';
import { ByteSource } from '../../lib/generator/random.ts';
import { parseRules, RulesError, type CharacterClasses, type SiteRules } from '../../lib/generator/rules.ts';
import { lengthsOf, recipeFromRules } from '../../lib/generator/rules-recipe.ts';
import { count } from '../counts.ts';
import { permits } from '../support/permitted.ts';
import { seededBytes } from '../support/seeded-bytes.ts';

/** `need lower|digit, may [-!], 8..20, runs 2`: short enough for a table. */
function print(rules: SiteRules): string {
  const list = (classes: CharacterClasses): string =>
    classes.map((each) => ('named' in each ? each.named : `[${each.characters}]`)).join('|');
  const { minLength, maxLength, maxConsecutive } = rules;
  return [
    ...rules.required.map((classes) => `need ${list(classes)}`),
    ...(rules.allowed.length > 0 ? [`may ${list(rules.allowed)}`] : []),
    ...(minLength === undefined && maxLength === undefined ? [] : [`${minLength ?? ''}..${maxLength ?? ''}`]),
    ...(maxConsecutive === undefined ? [] : [`runs ${maxConsecutive}`]),
  ].join(', ');
}

const read: readonly (readonly [text: string, printed: string])[] = [
  ['', ''],
  ['   \n\t ', ''],
  ['minlength: 8', '8..'],
  ['minlength:8;', '8..'],
  ['  minlength: 8 ;  ', '8..'],
  ['minlength: 8; maxlength: 20', '8..20'],
  ['maxlength: 20; minlength: 20', '20..20'],
  ['minlength: 008', '8..'],
  ['minlength: 0', '0..'],
  ['minlength: 8; minlength: 12', '12..'],
  ['minlength: 12; minlength: 8', '12..'],
  ['maxlength: 30; maxlength: 16', '..16'],
  ['maxlength: 99999999999', '..99999999999'],
  ['max-consecutive: 2', 'runs 2'],
  ['max-consecutive: 3; max-consecutive: 2', 'runs 2'],
  ['required: lower', 'need lower'],
  ['required:lower;required:upper', 'need lower, need upper'],
  ['required: lower, upper', 'need lower|upper'],
  ['required: lower ,upper , digit', 'need lower|upper|digit'],
  ['required: LOWER, Upper', 'need lower|upper'],
  ['REQUIRED: digit; MaxLength: 9', 'need digit, ..9'],
  ['allowed: ascii-printable', 'may ascii-printable'],
  ['allowed: ASCII-Printable', 'may ascii-printable'],
  ['allowed: unicode', 'may unicode'],
  ['allowed: lower; allowed: digit', 'may lower|digit'],
  ['required: special', 'need special'],
  ['required: [!#$]', 'need [!#$]'],
  ['required: [-!#]', 'need [-!#]'],
  ['required: [-]', 'need [-]'],
  ['required: [abc]]', 'need [abc]]'],
  ['required: []]', 'need []]'],
  ['required: [-]]', 'need [-]]'],
  ['required: [[]', 'need [[]'],
  ['required: [ ]', 'need [ ]'],
  ['required: [;:,]', 'need [;:,]'],
  ['required: [äb§]', 'need [b]'],
  ['required: [!#], digit, [-_]', 'need [!#]|digit|[-_]'],
  ['required: [A]] ; allowed: [b] ;', 'need [A]], may [b]'],
  ['required:', ''],
  ['required: ; allowed: ;minlength:', ''],
  ['required: upper;\n  required: digit;\r\n\tmax-consecutive: 1', 'need upper, need digit, runs 1'],
  [
    'minlength: 8; maxlength: 16; required: lower; required: upper; required: digit; allowed: [-~!@#$%^*_+]; max-consecutive: 2',
    'need lower, need upper, need digit, may [-~!@#$%^*_+], 8..16, runs 2',
  ],
];

const refused: readonly (readonly [text: string, position: number, reason: string])[] = [
  [';', 0, 'rule-expected'],
  ['minlength: 8;;', 13, 'rule-expected'],
  ['8', 0, 'rule-expected'],
  [': 8', 0, 'rule-expected'],
  ['[abc]', 0, 'rule-expected'],
  ['requires: lower', 0, 'rule-unknown'],
  ['minlength: 8; min-length: 9', 14, 'rule-unknown'],
  ['constructor: 1', 0, 'rule-unknown'],
  ['minlength', 9, 'colon-expected'],
  ['minlength : 8', 9, 'colon-expected'],
  ['minlength=8', 9, 'colon-expected'],
  ['minlength 8', 9, 'colon-expected'],
  ['minlength: eight', 11, 'number-expected'],
  ['minlength: -8', 11, 'number-expected'],
  ['minlength: 8.5', 12, 'end-expected'],
  ['minlength: 8 maxlength: 9', 13, 'end-expected'],
  ['minlength: 8, maxlength: 9', 12, 'end-expected'],
  ['maxlength: 0', 11, 'number-small'],
  ['max-consecutive: 0', 17, 'number-small'],
  ['minlength: 9; maxlength: 8', 14, 'lengths-cross'],
  ['maxlength: 8; minlength: 9; required: lower', 14, 'lengths-cross'],
  ['required: lowercase', 10, 'class-unknown'],
  ['required: lower, lowers', 17, 'class-unknown'],
  ['required: toString', 10, 'class-unknown'],
  ['required: lower,', 16, 'class-expected'],
  ['required: , lower', 10, 'class-expected'],
  ['required: 5', 10, 'class-expected'],
  ['required: (abc)', 10, 'class-expected'],
  ['required: lower upper', 16, 'comma-expected'],
  ['required: lower: upper', 15, 'comma-expected'],
  ['required: [a]b]', 13, 'comma-expected'],
  ['required: [ab]]]', 15, 'comma-expected'],
  ['required: [a] [b]', 14, 'comma-expected'],
  ['required: [a-z]', 12, 'class-hyphen'],
  ['required: [--]', 12, 'class-hyphen'],
  ['required: [abc', 10, 'class-open'],
  ['required: [', 10, 'class-open'],
  ['required: digit, [!; allowed: lower', 17, 'class-open'],
  ['required: []', 10, 'class-empty'],
  ['required: [äö]', 10, 'class-empty'],
  ['required: [a\tb]', 12, 'class-character'],
];

test('there are more than 60 texts', () => {
  expect(read.length + refused.length).toBeGreaterThanOrEqual(60);
});

test.each(read)('%j is read', (text, printed) => {
  expect(print(parseRules(text))).toBe(printed);
});

test.each(refused)('%j is refused at %i: %s', (text, position, reason) => {
  try {
    parseRules(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RulesError);
    expect(error).toMatchObject({ code: 'config-rules', position, reason });
    expect((error as RulesError).detail).toMatch(new RegExp(`^position ${position}: .`));
    return;
  }
  throw new Error('it was read');
});

test('any text gives rules or a position in it, never another exception', () => {
  const piece = fc.constantFrom(
    ...[
      'required',
      'allowed',
      'minlength',
      'max-consecutive',
      ':',
      ';',
      ',',
      ' ',
      '[',
      ']',
      '-',
      'lower',
      'digit',
      '8',
      'a',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (any) => {
      try {
        parseRules(any);
      } catch (error) {
        expect(error).toBeInstanceOf(RulesError);
        const { position } = error as RulesError;
        expect(position >= 0 && position <= any.length).toBe(true);
      }
    }),
    { numRuns: count(1000, 50_000) },
  );
});

describe('a recipe from rules', () => {
  const recipeOf = (text: string, length = 20) => recipeFromRules(parseRules(text), length);

  it('takes the wanted length, or the nearest that the site allows', () => {
    expect(recipeOf('minlength: 8; maxlength: 16').length).toBe(16);
    expect(recipeOf('minlength: 8; maxlength: 16', 10).length).toBe(10);
    expect(recipeOf('minlength: 30').length).toBe(30);
    expect(recipeOf('minlength: 0', 1).length).toBe(1);
    expect(lengthsOf(parseRules('minlength: 0; maxlength: 99999'))).toEqual({ shortest: 1, longest: 256 });
    expect(() => recipeOf('minlength: 300')).toThrow(/config-recipe/);
  });

  it('draws from whatever is allowed or required, or from all of visible ASCII', () => {
    expect(recipeOf('').alphabet).toBe(asciiVisible);
    expect(recipeOf('allowed: unicode').alphabet).toBe(asciiVisible);
    expect(recipeOf('required: digit; allowed: [ab]').alphabet).toBe('0123456789ab');
    expect(recipeOf('required: digit, [ab]; required: [b ]').alphabet).toBe(' 0123456789ab');
    expect(recipeOf('required: special').alphabet).toHaveLength(32);
  });

  it('one clause: any of its classes; several clauses: all of them; a clause that anything meets: none', () => {
    const named = (text: string): string[] => recipeOf(text).required.map(({ name }) => name);
    expect(named('required: lower, upper; required: digit')).toEqual(['lower or upper', 'digit']);
    expect(named('required: digit; required: digit; allowed: lower')).toEqual(['digit']);
    expect(named('required: digit')).toEqual([]);
    expect(named('required: ascii-printable; required: [!#]')).toEqual(['[!#]']);
  });

  it('what cannot be met is refused when passwords are to be made', () => {
    const source = new ByteSource(seededBytes('rules'));
    expect(() =>
      charactersMaker(recipeOf('maxlength: 2; required: upper; required: lower; required: digit'), source),
    ).toThrow(/config-recipe/);
    expect(() => charactersMaker(recipeOf('allowed: [a]'), source)).toThrow(/config-recipe/);
  });

  it('every password meets what was read', () => {
    const source = new ByteSource(seededBytes('site'));
    for (const [text] of read) {
      const recipe = recipeOf(text);
      if (recipe.alphabet.length < 2) continue;
      const { make } = charactersMaker(recipe, source);
      for (let again = 0; again < 20; again++) expect(permits(recipe, make()), text).toBe(true);
    }
  });
});
