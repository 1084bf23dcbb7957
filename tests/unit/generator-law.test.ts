import { describe, expect, it } from 'vitest';
import { charactersMaker } from '../../lib/generator/characters.ts';
import {
  classNames,
  classOf,
  ofClass,
  shellSet,
  type ClassName,
} from '../../lib/generator/character-sets.ts';
import { requirementOf } from '../../lib/generator/presets.ts';
import { ByteSource } from '../../lib/generator/random.ts';
import type { CharactersRecipe } from '../../lib/generator/recipe.ts';
import { count } from '../counts.ts';
import { chiSquare, merged, upperGamma } from '../support/chi-square.ts';
import { seededBytes } from '../support/seeded-bytes.ts';

// A million passwords (50,000 in `npm test`) against the law that they should follow. The seeds are fixed: a failure is
// a fault, never bad luck.
const passwords = count(50_000, 1_000_000);
const suspicious = 1e-6;

const length = 10;
const recipe: CharactersRecipe = {
  kind: 'characters',
  length,
  alphabet: shellSet,
  required: classNames.map((name) => requirementOf(shellSet, name)),
};
const symbols = [...shellSet];
const sizes = Object.fromEntries(classNames.map((name) => [name, ofClass(shellSet, name).length])) as Record<
  ClassName,
  number
>;

/**
 * Strings of `places` characters of some classes that have each of the required ones: inclusion and exclusion, in
 * doubles, which is not how the generator counts.
 */
function ways(places: number, of: readonly ClassName[], required: readonly ClassName[]): number {
  const [first, ...others] = required;
  const letters = of.reduce((sum, name) => sum + sizes[name], 0);
  if (first === undefined) return letters ** places;
  return (
    ways(places, of, others) -
    ways(
      places,
      of.filter((name) => name !== first),
      others,
    )
  );
}

const total = ways(length, classNames, classNames);
const still = (...had: ClassName[]): ClassName[] => classNames.filter((name) => !had.includes(name));
const chanceOf = (symbol: string): number => ways(length - 1, classNames, still(classOf(symbol))) / total;
const chanceOfPair = (left: string, right: string): number =>
  ways(length - 2, classNames, still(classOf(left), classOf(right))) / total;

function choose(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product *= (n - k + i) / i;
  return product;
}

const chanceOfClass = (name: ClassName, times: number): number =>
  times === 0
    ? 0
    : (choose(length, times) * sizes[name] ** times * ways(length - times, still(name), still(name))) / total;

/** What is asked of the passwords, each with a law that holds whatever the place: one cell of it a password. */
const laws: Readonly<Record<string, { cells: number[]; cellOf(password: string, at: number): number }>> = {
  // one character of each password, and one pair of neighbours: several of one password would not be independent
  symbol: { cells: symbols.map(chanceOf), cellOf: (password, at) => indexOf(password, at % length) },
  'adjacent pair': {
    cells: symbols.flatMap((left) => symbols.map((right) => chanceOfPair(left, right))),
    cellOf: (password, at) =>
      indexOf(password, at % (length - 1)) * symbols.length + indexOf(password, (at % (length - 1)) + 1),
  },
  ...Object.fromEntries(
    Array.from({ length }, (_, place) => [
      `symbol at place ${place}`,
      { cells: symbols.map(chanceOf), cellOf: (password: string) => indexOf(password, place) },
    ]),
  ),
  ...Object.fromEntries(
    classNames.map((name) => [
      `number of ${name}`,
      {
        cells: Array.from({ length: length + 1 }, (_, times) => chanceOfClass(name, times)),
        cellOf: (password: string) => [...password].filter((each) => classOf(each) === name).length,
      },
    ]),
  ),
};

const bySymbol = new Map(symbols.map((symbol, at) => [symbol, at]));
const indexOf = (password: string, place: number): number => bySymbol.get(password[place] ?? '') ?? -1;

/** The p-value of each law. */
function judge(make: () => string, times: number): Record<string, number> {
  const tallies = Object.entries(laws).map(([name, law]) => ({ name, law, seen: law.cells.map(() => 0) }));
  for (let at = 0; at < times; at++) {
    const password = make();
    for (const { law, seen } of tallies) {
      const cell = law.cellOf(password, at);
      seen[cell] = (seen[cell] ?? 0) + 1;
    }
  }
  return Object.fromEntries(
    tallies.map(({ name, law, seen }) => {
      const cells = merged(
        seen,
        law.cells.map((chance) => chance * times),
        5,
      );
      return [name, chiSquare(cells.observed, cells.expected).p];
    }),
  );
}

describe(`${passwords} passwords of ${length}, four classes required`, () => {
  it.each(['latchkey 1', 'latchkey 2'])('follow the law (seed "%s")', (seed) => {
    const p = judge(charactersMaker(recipe, new ByteSource(seededBytes(seed))).make, passwords);
    const least = Object.entries(p).sort(([, a], [, b]) => a - b)[0];
    console.log(
      `seed "${seed}": ${passwords} passwords, least p ${least?.[1].toPrecision(2)} (${least?.[0]})`,
    );
    expect(Object.entries(p).filter(([, value]) => !(value >= suspicious))).toEqual([]);
  });
});

describe('the same check refuses', () => {
  const meets = (password: string): boolean =>
    classNames.every((name) => [...password].some((each) => classOf(each) === name));

  it('byte % 83, drawn again until it meets the recipe', () => {
    const source = new ByteSource(seededBytes('remainder'));
    const p = judge(() => {
      for (;;) {
        let password = '';
        for (let at = 0; at < length; at++) password += symbols[source.byte() % symbols.length];
        if (meets(password)) return password;
      }
    }, 50_000);
    expect(p['symbol']).toBeLessThan(suspicious);
    expect(p['symbol at place 3']).toBeLessThan(suspicious);
  });

  it('one of each class by force, then shuffled', () => {
    const source = new ByteSource(seededBytes('force'));
    const any = (set: string): string => set[source.below(set.length)] ?? '';
    const p = judge(() => {
      const drawn = [
        ...classNames.map((name) => any(ofClass(shellSet, name))),
        ...Array.from({ length: length - classNames.length }, () => any(shellSet)),
      ];
      for (let at = drawn.length - 1; at > 0; at--) {
        const other = source.below(at + 1);
        [drawn[at], drawn[other]] = [drawn[other] ?? '', drawn[at] ?? ''];
      }
      return drawn.join('');
    }, 50_000);
    expect(p['number of digit']).toBeLessThan(suspicious);
  });

  it('a character that likes the one before it', () => {
    const source = new ByteSource(seededBytes('neighbours'));
    const { make } = charactersMaker(recipe, source);
    const p = judge(() => {
      const password = make();
      return source.below(2) === 0 ? `${password.slice(0, 8)}${(password[8] ?? '').repeat(2)}` : password;
    }, 50_000);
    expect(p['adjacent pair']).toBeLessThan(suspicious);
  });
});

it('the p-values are those of the chi-square tables', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4: upper critical values
  for (const [df, p, critical] of [
    [1, 0.05, 3.841],
    [10, 0.01, 23.209],
    [82, 0.05, 104.139],
    [100, 0.001, 149.449],
  ] as const)
    expect(upperGamma(df / 2, critical / 2)).toBeCloseTo(p, 4);
});
