import { describe, expect, it } from 'vitest';
import { guessWords, spoken, verdictWords, worthWords } from '../../app/_live/password-words.ts';
import { choiceText, readChoice, usualChoice } from '../../app/_state/password-choice.ts';
import { PasswordPicker } from '../../app/_state/password-picker.ts';
import { judgeRules } from '../../app/_state/site-rules.ts';
import { effWords } from '../../lib/generator/eff-words.ts';
import { seededBytes } from '../support/seeded-bytes.ts';

const asIs = { read: () => null, write: () => undefined };

/** Its word list comes when `words` resolves. */
function picker(parts: Partial<ConstructorParameters<typeof PasswordPicker>[0]> = {}): PasswordPicker {
  return new PasswordPicker({
    fill: seededBytes('passwords'),
    words: () => Promise.resolve(effWords),
    memory: asIs,
    ...parts,
  });
}

describe('what a recipe is worth, in words', () => {
  it.each([
    [11, 'Guessed at once at a trillion guesses a second.'],
    [41, 'About 1.1 seconds at a trillion guesses a second.'],
    [48, 'About 2.3 minutes at a trillion guesses a second.'],
    [75.5, 'About 850 years at a trillion guesses a second.'],
    [90, 'About 20 million years at a trillion guesses a second.'],
    [112, 'Beyond guessing, at any speed known.'],
  ])('%d bits', (bits, words) => expect(guessWords(bits)).toBe(words));

  it('takes off what choosing one of four may cost, says so, and never rounds up', () => {
    const { bits, sentence, quiet } = worthWords(picker().getSnapshot());
    expect(bits).toBe(75);
    expect(sentence).toBe(guessWords(6 * Math.log2(7776) - 2));
    expect(quiet).toEqual(['77 by the recipe, 2 less for choosing one of four.']);
  });

  it('names NIST’s 15 characters where a recipe can fall under them', () => {
    const digits = picker();
    digits.setMode('digits');
    expect(worthWords(digits.getSnapshot()).quiet).toContain(
      'Can be under 15 characters: NIST asks for 15 where a password is all there is.',
    );
    digits.setLength(15);
    expect(worthWords(digits.getSnapshot()).quiet).toHaveLength(1);
  });
});

describe('a candidate in the ear', () => {
  it.each([
    ['copper-lantern-thaw', 'words', '-', 'copper, lantern, thaw; with a hyphen between'],
    ['t7Kq-Xe2m', 'characters', '-', 't 7 capital K q, capital X e 2 m; with a hyphen between'],
    ['a_B|9', 'characters', undefined, 'a underscore capital B vertical bar, 9'],
    ['48151623', 'characters', undefined, '4 8 1 5, 1 6 2 3'],
  ] as const)('%s', (password, counts, separator, words) =>
    expect(spoken(password, counts, separator)).toBe(words),
  );
});

describe('a site’s rules', () => {
  const said = (text: string) => verdictWords(judgeRules(text), undefined);
  it.each([
    ['minlength: 8; maxlength: 20; required: lower', 'Understood: 8 to 20 characters.'],
    ['minlength: ten', 'At character 12, “ten”: a whole number is expected here.'],
    ['required: lower,', 'At character 17: a class is expected here.'],
    ['minlength: 900', 'Nothing is made so: at most 256 characters, and the rules ask for 900.'],
  ])('%s', (text, words) => expect(said(text)).toBe(words));

  it('hold as soon as they are understood, and until then as before', () => {
    const made = picker();
    made.start();
    made.setMode('characters');
    made.setRules('minlength: 6; maxlength: 6; allowed: digit; requ');
    expect(made.getSnapshot()).toMatchObject({ set: 'plain', length: 20 });
    made.setRules('minlength: 6; maxlength: 6; allowed: digit; required: digit');
    const { set, length, candidates } = made.getSnapshot();
    expect([set, length]).toEqual(['rules', 6]);
    for (const password of candidates) expect(password).toMatch(/^\d{6}$/);
  });

  it('that no password meets are refused with the reason, and nothing is made', () => {
    const made = picker();
    made.start();
    made.setMode('characters');
    made.setRules('maxlength: 2; required: [a]; required: [b]; required: [c]');
    const state = made.getSnapshot();
    expect(state.candidates).toEqual([]);
    expect(worthWords(state)).toEqual({
      sentence: 'No password can be made so: no password of 2 characters has what is required.',
      quiet: [],
    });
    made.setSet('shell');
    expect(made.getSnapshot().candidates).toHaveLength(4);
  });
});

describe('the picker', () => {
  it('makes nothing before it starts, and keeps nothing once it stops', () => {
    const made = picker();
    made.setMode('characters');
    expect(made.getSnapshot().candidates).toEqual([]);
    made.start();
    made.setMode('characters');
    made.setRules('required: digit');
    expect(made.getSnapshot().candidates).toHaveLength(4);
    made.stop();
    expect(made.getSnapshot()).toMatchObject({ candidates: [], rulesText: '', set: 'plain' });
  });

  it('needs the word list for words alone', async () => {
    let asked = 0;
    const made = picker({
      words: () => {
        asked += 1;
        return Promise.resolve(effWords);
      },
      memory: { ...asIs, read: () => choiceText({ ...usualChoice, mode: 'digits' }) },
    });
    made.start();
    expect([made.getSnapshot().candidates.length, asked]).toEqual([4, 0]);
    made.setMode('words');
    expect(made.getSnapshot().candidates).toEqual([]);
    await Promise.resolve();
    expect([made.getSnapshot().candidates.length, asked]).toEqual([4, 1]);
  });

  it('says that the word list did not come, and asks again for four more', async () => {
    let comes = false;
    const made = picker({
      words: () => (comes ? Promise.resolve(effWords) : Promise.reject(new Error('no network'))),
    });
    made.start();
    await new Promise((resolve) => setTimeout(resolve));
    expect(worthWords(made.getSnapshot()).sentence).toBe(
      'The word list did not load. Characters and digits work.',
    );
    comes = true;
    made.more();
    await new Promise((resolve) => setTimeout(resolve));
    expect(made.getSnapshot()).toMatchObject({ noWords: false, candidates: { length: 4 } });
  });

  it('leaves no random byte unwiped', () => {
    const pools: Uint8Array[] = [];
    const bytes = seededBytes('wiped');
    const made = picker({
      fill: (pool) => {
        pools.push(pool);
        bytes(pool);
      },
    });
    made.start();
    for (const mode of ['digits', 'characters'] as const) made.setMode(mode);
    made.more();
    expect(pools.length).toBeGreaterThan(2);
    for (const pool of pools) expect(pool.every((byte) => byte === 0)).toBe(true);
  });

  it('remembers how, and neither a password nor a site’s rules', () => {
    let kept: string | null = null;
    const memory = { read: () => kept, write: (text: string) => void (kept = text) };
    const made = picker({ memory });
    made.start();
    made.setMode('characters');
    made.setSet('shell');
    made.setLength(31);
    made.setRules('minlength: 40; required: upper');
    made.setLength(44);
    expect(JSON.parse(kept ?? '')).toEqual({
      mode: 'characters',
      set: 'shell',
      lengths: { words: 6, characters: 20, digits: 8, shell: 31 },
    });
    const next = picker({ memory });
    next.start();
    expect(next.getSnapshot()).toMatchObject({ mode: 'characters', set: 'shell', length: 31 });
  });

  it.each(['', 'x', '[]', '{"mode":"runes","lengths":{"words":99,"digits":"8","shell":1e400}}'])(
    'takes the usual for what was kept as %s',
    (text) =>
      expect(readChoice(text)).toEqual({
        ...usualChoice,
        lengths: { ...usualChoice.lengths, words: text.includes('99') ? 12 : 6 },
      }),
  );
});
