/** The kinds of character that rules speak of. A special one is whatever the other three are not. */
export type ClassName = 'lower' | 'upper' | 'digit' | 'special';

export const classNames: readonly ClassName[] = ['lower', 'upper', 'digit', 'special'];

const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';

/** ASCII's printable characters but for the space, which forms trim and eyes miss: 94. */
export const asciiVisible = Array.from({ length: 94 }, (_, at) => String.fromCharCode(0x21 + at)).join('');

/**
 * The 83 characters that `tr -dc 'a-zA-Z0-9-_!@#$%^&*()_+{}|:<>?='` lets through: letters, digits and 21 others.
 * (`9-_` is no range there, and the second `_` adds nothing.)
 */
export const shellSet = `${lower}${upper}${digits}-_!@#$%^&*()+{}|:<>?=`;

/** What is mistaken for another when it is read aloud or copied by hand: zero and both O, one, l, I and the bar. */
export const lookAlikes = '0Oo1lI|';

export const digitSet = digits;

/** Letters and digits without look-alikes: 56. */
export const plainSet = without(`${lower}${upper}${digits}`, lookAlikes);

/** Letters of any script count as lower or upper where they have that case; of digits only 0 to 9. */
export function classOf(character: string): ClassName {
  if (/^[0-9]$/.test(character)) return 'digit';
  if (/^\p{Ll}$/u.test(character)) return 'lower';
  return /^\p{Lu}$/u.test(character) ? 'upper' : 'special';
}

/** The characters of the set that are of the class, in the set's order. */
export function ofClass(set: string, name: ClassName): string {
  return [...set].filter((character) => classOf(character) === name).join('');
}

/** The set without some characters. */
export function without(set: string, excluded: string): string {
  return [...set].filter((character) => !excluded.includes(character)).join('');
}

/** Each character once, in the order in which it came first. */
export function distinct(characters: string): string {
  return [...new Set(characters)].join('');
}
