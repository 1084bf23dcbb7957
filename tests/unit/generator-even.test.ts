import { describe, expect, it, test } from 'vitest';
import { charactersMaker } from '../../lib/generator/characters.ts';
import { plainSet, shellSet } from '../../lib/generator/character-sets.ts';
import { requirementOf } from '../../lib/generator/presets.ts';
import { ByteSource } from '../../lib/generator/random.ts';
import type { CharactersRecipe, Requirement } from '../../lib/generator/recipe.ts';
import { wordsMaker } from '../../lib/generator/words.ts';
import { count } from '../counts.ts';
import { permits, permittedBy } from '../support/permitted.ts';

// Every input that there is, and no chance: each permitted password has to come out of equally many.

const ranOut = new Error('the bytes ran out before a password was decided');

interface Tally {
  readonly times: ReadonlyMap<string, number>;
  readonly undecided: number;
}

/** Makes one password from each of the 256^size inputs. */
function tallyOf(size: 2 | 3, makerOn: (source: ByteSource) => () => string): Tally {
  let input = 0;
  let given = false;
  const source = new ByteSource((bytes) => {
    if (given) throw ranOut;
    given = true;
    for (let at = 0; at < size; at++) bytes[at] = (input >>> (8 * at)) & 0xff;
  }, size);
  const make = makerOn(source);
  const times = new Map<string, number>();
  let undecided = 0;
  for (; input < 256 ** size; input++) {
    given = false;
    source.wipe();
    try {
      const password = make();
      times.set(password, (times.get(password) ?? 0) + 1);
    } catch (error) {
      if (error !== ranOut) throw error;
      undecided += 1;
    }
  }
  return { times, undecided };
}

/** What is uneven; undefined where every permitted password came equally often, and no other. */
function unevenness({ times }: Tally, permitted: readonly string[]): string | undefined {
  const stranger = [...times.keys()].find((password) => !permitted.includes(password));
  if (stranger !== undefined) return `"${stranger}" is not permitted`;
  const counts = permitted.map((password) => times.get(password) ?? 0);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most && least > 0 ? undefined : `between ${least} and ${most} times`;
}

const classes = (alphabet: string, ...names: Parameters<typeof requirementOf>[1][]): Requirement[] =>
  names.map((name) => requirementOf(alphabet, name));

const characters = (
  alphabet: string,
  length: number,
  rest: Partial<CharactersRecipe> = {},
): CharactersRecipe => ({ kind: 'characters', alphabet, length, required: [], ...rest });

const twoBytes: Readonly<Record<string, CharactersRecipe>> = {
  'at least one digit': characters('ab1', 2, { required: classes('ab1', 'digit') }),
  'at least one digit, one drawn alone': characters('ab1', 1, { required: classes('ab1', 'digit') }),
  'a lower and a digit': characters('abcde12', 2, { required: classes('abcde12', 'lower', 'digit') }),
  'two digits': characters('a123c', 2, { required: [requirementOf('a123c', 'digit', 2)] }),
  'never twice in a row': characters('abcdefg', 2, { maxConsecutive: 1 }),
  'requirements that overlap': characters('abcdefghi', 2, {
    required: [
      { name: 'left', characters: 'abcde', minimum: 1 },
      { name: 'right', characters: 'defgh', minimum: 1 },
    ],
  }),
  'a special and a digit of the 83': characters(shellSet, 2, {
    required: classes(shellSet, 'special', 'digit'),
  }),
  'no look-alikes, in groups': characters(plainSet, 2, {
    required: classes(plainSet, 'upper'),
    group: { size: 1, separator: '-' },
  }),
  'an odd digit, never twice': characters('0123456789', 2, {
    required: [{ name: 'odd', characters: '13579', minimum: 1 }],
    maxConsecutive: 1,
  }),
};

describe('over all 65536 inputs of two bytes', () => {
  it.each(Object.entries(twoBytes))('%s: every permitted password comes equally often', (_, recipe) => {
    const tally = tallyOf(2, (source) => charactersMaker(recipe, source).make);
    const permitted = permittedBy(recipe);
    expect(unevenness(tally, permitted)).toBeUndefined();
    const each = tally.times.get(permitted[0] ?? '') ?? 0;
    expect(each * permitted.length + tally.undecided).toBe(65_536);
  });

  it('words of a list that one byte, or only two, can point at', () => {
    for (const [size, words] of [
      [7, 2],
      [300, 1],
      [7776, 1],
    ] as const) {
      const list = Array.from({ length: size }, (_, at) => `w${at}`);
      const recipe = { kind: 'words', words, separator: '-', list: { name: 'test', size } } as const;
      const permitted =
        words === 1 ? list : list.flatMap((first) => list.map((second) => `${first}-${second}`));
      expect(
        unevenness(
          tallyOf(2, (source) => wordsMaker(recipe, list, source).make),
          permitted,
        ),
      ).toBe(undefined);
    }
  });
});

// Some seconds each: one in `npm test`, all in `npm run long`.
const threeBytes = [
  characters('abcd1', 2, { required: classes('abcd1', 'digit') }),
  characters('abc12', 1, { required: classes('abc12', 'digit') }),
  characters('abcdef1', 3, { maxConsecutive: 2 }),
];

test.each(threeBytes.slice(0, count(1, 3)))(
  'over all 16777216 inputs of three bytes: $alphabet, length $length',
  (recipe) => {
    const tally = tallyOf(3, (source) => charactersMaker(recipe, source).make);
    expect(unevenness(tally, permittedBy(recipe))).toBeUndefined();
  },
);

describe('the same check refuses', () => {
  const recipe = characters('ab1', 2, { required: classes('ab1', 'digit') });

  it('byte % n, drawn again until it meets the recipe', () => {
    const tally = tallyOf(2, (source) => () => {
      for (;;) {
        const password = `${recipe.alphabet[source.byte() % 3]}${recipe.alphabet[source.byte() % 3]}`;
        if (permits(recipe, password)) return password;
      }
    });
    expect(unevenness(tally, permittedBy(recipe))).toBe('between 7225 and 7310 times');
  });

  it('a digit put in by force, then shuffled', () => {
    const tally = tallyOf(2, (source) => () => {
      const pair = ['1', recipe.alphabet[source.below(3)] ?? ''];
      return source.below(2) === 0 ? pair.join('') : pair.reverse().join('');
    });
    expect(unevenness(tally, permittedBy(recipe))).toMatch(/^between (\d+) and \d+ times$/);
    expect(tally.times.get('11')).toBe(2 * (tally.times.get('a1') ?? 0));
  });

  it('an uneven word: a remainder of two bytes', () => {
    const list = Array.from({ length: 7776 }, (_, at) => `w${at}`);
    const tally = tallyOf(2, (source) => () => list[(source.byte() * 256 + source.byte()) % 7776] ?? '');
    expect(unevenness(tally, list)).toBe('between 8 and 9 times');
  });
});

describe('the pool', () => {
  it('sets each byte to zero as it is drawn, and forgets the rest when asked', () => {
    const seen: Uint8Array[] = [];
    const source = new ByteSource((bytes) => {
      seen.push(bytes);
      bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
    }, 8);
    source.byte();
    source.below(10);
    expect([...(seen[0] ?? [])]).toEqual([0, 0, 3, 4, 5, 6, 7, 8]);
    charactersMaker(characters('abc', 3), source).make();
    expect([...(seen[0] ?? [])]).toEqual([0, 0, 0, 0, 0, 6, 7, 8]);
    source.wipe();
    expect([...(seen[0] ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    source.byte();
    expect(seen).toHaveLength(2);
  });

  it('gives no byte twice, nor an old one, where the source fails', () => {
    let fails = false;
    const source = new ByteSource((bytes) => {
      if (fails) throw ranOut;
      bytes.set([0, 1]);
    }, 2);
    const { make } = charactersMaker(characters('abcd', 3), source);
    fails = true;
    expect(make).toThrow(ranOut);
    fails = false;
    expect(make()).toBe('aba');
    fails = true;
    expect(make).toThrow(ranOut);
    expect(() => source.byte()).toThrow(ranOut);
  });

  it('refuses a source that repeats one byte, and goes on refusing', () => {
    for (const byte of [0, 0xff]) {
      const source = new ByteSource((bytes) => bytes.fill(byte));
      for (let again = 0; again < 3; again++)
        expect(charactersMaker(characters('abc', 3), source).make).toThrow(/repeats one byte/);
    }
  });
});
