/** The words of Passwords. In a file of their own, so that the first visit to Doors does not carry them. */

type Place = 'phone' | 'tablet' | 'browser';

const speed = 'at a trillion guesses a second';

/** How a screen reader says what is not a letter or a digit; one that is not here, it says as it likes. */
const marks: Readonly<Record<string, string>> = {
  ' ': 'space',
  '!': 'exclamation mark',
  '"': 'double quote',
  '#': 'hash',
  $: 'dollar',
  '%': 'percent',
  '&': 'ampersand',
  "'": 'single quote',
  '(': 'left parenthesis',
  ')': 'right parenthesis',
  '*': 'asterisk',
  '+': 'plus',
  ',': 'comma',
  '-': 'hyphen',
  '.': 'full stop',
  '/': 'slash',
  ':': 'colon',
  ';': 'semicolon',
  '<': 'less than',
  '=': 'equals',
  '>': 'greater than',
  '?': 'question mark',
  '@': 'at',
  '[': 'left bracket',
  '\\': 'backslash',
  ']': 'right bracket',
  '^': 'caret',
  _: 'underscore',
  '`': 'backtick',
  '{': 'left brace',
  '|': 'vertical bar',
  '}': 'right brace',
  '~': 'tilde',
};

export const passwordText = {
  units: [
    [1e12, 'trillion'],
    [1e9, 'billion'],
    [1e6, 'million'],
  ] as const,
  title: 'Passwords',
  headline: 'Pick one of four',
  made: {
    phone: 'Made on this phone, never sent',
    tablet: 'Made on this tablet, never sent',
    browser: 'Made in this browser, never sent',
  } satisfies Record<Place, string>,

  kind: 'Kind',
  kinds: { words: 'Words', characters: 'Characters', digits: 'Digits' },
  candidates: 'Candidates',
  making: 'Not made yet',

  length: { words: 'Number of words', characters: 'Length' },
  unit: {
    words: (count: number) => (count === 1 ? 'word' : 'words'),
    characters: (_count: number) => 'long',
  },
  /** What the slider says as it moves. */
  spokenLength: {
    words: (count: number) => (count === 1 ? '1 word' : `${count} words`),
    characters: (count: number) => (count === 1 ? '1 character' : `${count} characters`),
  },

  bits: 'bits',
  beyond: 'Beyond guessing, at any speed known.',
  atOnce: `Guessed at once ${speed}.`,
  about: (count: string, unit: 'seconds' | 'minutes' | 'hours' | 'days' | 'years', one: boolean) =>
    `About ${count} ${one ? unit.slice(0, -1) : unit} ${speed}.`,
  deducted: (recipe: number, cost: number) =>
    `${recipe} by the recipe, ${cost} less for choosing one of four.`,
  underNist: (least: number) =>
    `Can be under ${least} characters: NIST asks for ${least} where a password is all there is.`,
  refused: (why: string) => `No password can be made so: ${why}.`,
  noWords: 'The word list did not load. Characters and digits work.',
  credit: { before: 'Words: ', list: 'EFF’s large list', between: ', ', licence: 'CC BY 3.0 US' },

  which: 'Characters',
  whichTitle: 'Which characters',
  sets: { plain: 'No look-alikes', shell: 'All 83', rules: 'A site’s rules' },
  setWhy: {
    plain: '56 letters and digits, in groups of four.',
    shell: 'Letters, digits and 21 others, one of those at least.',
    rules: 'What its passwordrules ask for.',
  },
  rulesField: 'The site’s passwordrules',
  rulesEmpty: 'Such as: minlength: 12; required: lower; required: digit. Forgotten when you leave.',
  rulesGood: (shortest: number, longest: number) =>
    shortest === longest
      ? `Understood: ${longest} characters.`
      : `Understood: ${shortest} to ${longest} characters.`,
  rulesRefused: (position: number, found: string, why: string) =>
    found === '' ? `At character ${position}: ${why}.` : `At character ${position}, “${found}”: ${why}.`,
  rulesImpossible: (why: string) => `Nothing is made so: ${why}.`,
  done: 'Done',

  copy: 'Copy',
  copied: 'Copied',
  more: 'Four more',
  fresh: 'Four new candidates.',
  clears: 'Copied. Clears after 60 s, if this page is in front.',
  stays: 'Copied. It stays until you copy something else.',
  cleared: 'Cleared from the clipboard.',
  notCleared: 'Not cleared: copy something else.',
  notCopied: 'This browser does not let it be copied.',

  /** Candidates in the ear. */
  capital: (letter: string) => `capital ${letter}`,
  mark: (character: string) => marks[character] ?? character,
  joined: (parts: string, separator: string) => `${parts}; with a ${marks[separator] ?? separator} between`,
};
