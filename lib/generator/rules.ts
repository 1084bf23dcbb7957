import { LatchkeyError } from '../errors.ts';

/**
 * The text that sites give for their passwords: HTML's proposed `passwordrules` attribute, with Apple's grammar
 * (developer.apple.com, "Customizing Password AutoFill Rules"; Apple's own reader is tools/PasswordRulesParser.js of
 * github.com/apple/password-manager-resources).
 *
 *   minlength: 8; maxlength: 20; required: lower; required: digit, [-!#]; allowed: upper; max-consecutive: 2
 *
 * Where that reader leaves out a rule that it does not understand, this one refuses: a rule left out makes a password
 * that the site turns away. Names are read in either case.
 */
export interface SiteRules {
  /** All of them are to be met: a character of any class of the list. */
  readonly required: readonly CharacterClasses[];
  /** May be used, besides what is required. Empty where the text says nothing. */
  readonly allowed: CharacterClasses;
  /** Where several are given, the strictest. */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxConsecutive?: number;
}

export type NamedClass = 'upper' | 'lower' | 'digit' | 'special' | 'ascii-printable' | 'unicode';
/** Characters in a text of their own: `[...]`. */
export type CharacterClass = { readonly named: NamedClass } | { readonly characters: string };
export type CharacterClasses = readonly CharacterClass[];

const sentences = {
  'rule-expected': 'the name of a rule is expected here',
  'rule-unknown': 'rules are: required, allowed, minlength, maxlength, max-consecutive',
  'colon-expected': 'a colon is expected here, right after the name',
  'class-expected': 'a class is expected here',
  'class-unknown': 'classes are: upper, lower, digit, special, ascii-printable, unicode, or [characters]',
  'class-open': 'this class has no closing ]',
  'class-empty': 'this class has no ASCII character',
  'class-hyphen': 'in a class, a hyphen comes first',
  'class-character': 'a class has no tabs, line ends or other controls',
  'number-expected': 'a whole number is expected here',
  'number-small': 'a number from 1 on is expected here',
  'end-expected': 'a semicolon or the end is expected here',
  'comma-expected':
    'a comma, a semicolon or the end is expected here; a ] as a character comes last in its class',
  'lengths-cross': 'this makes maxlength smaller than minlength',
} as const;

export type RulesReason = keyof typeof sentences;

/** `config-rules`: the text is not of the grammar. */
export class RulesError extends LatchkeyError {
  /** Where, in UTF-16 units from 0; the text's length where something is missing at its end. */
  readonly position: number;
  readonly reason: RulesReason;
  /** What is wrong there, for people: a part of a sentence. */
  readonly sentence: string;

  constructor(reason: RulesReason, position: number) {
    super('config-rules', `position ${position}: ${sentences[reason]}`);
    this.name = 'RulesError';
    this.reason = reason;
    this.sentence = sentences[reason];
    this.position = position;
  }
}

const namedClasses: readonly string[] = ['upper', 'lower', 'digit', 'special', 'ascii-printable', 'unicode'];

interface InHand {
  required: CharacterClasses[];
  allowed: CharacterClass[];
  minLength?: number;
  maxLength?: number;
  maxConsecutive?: number;
}

/** An empty text, or a rule without a value, asks for nothing. Throws `RulesError`. */
export function parseRules(text: string): SiteRules {
  const reader = new Reader(text);
  const rules: InHand = { required: [], allowed: [] };
  for (reader.skipSpace(); !reader.atEnd(); reader.skipSpace()) {
    readRule(reader, rules);
    reader.skipSpace();
    if (!reader.atEnd() && !reader.take(';')) reader.refuse('end-expected');
  }
  return rules;
}

function readRule(reader: Reader, rules: InHand): void {
  const began = reader.at;
  const name = reader.name('rule-expected').toLowerCase();
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (read === undefined) reader.refuse('rule-unknown', began);
  if (!reader.take(':')) reader.refuse('colon-expected');
  reader.skipSpace();
  if (reader.atEnd() || reader.sees(';')) return;
  read(reader, rules);
  const { minLength = 0, maxLength = Infinity } = rules;
  if (minLength > maxLength) reader.refuse('lengths-cross', began);
}

const readers: Readonly<Record<string, (reader: Reader, rules: InHand) => void>> = {
  required: (reader, rules) => rules.required.push(readClasses(reader)),
  allowed: (reader, rules) => rules.allowed.push(...readClasses(reader)),
  minlength(reader, rules) {
    // 0 is what sites write that have no shortest length
    rules.minLength = Math.max(rules.minLength ?? 0, reader.number(0));
  },
  maxlength(reader, rules) {
    rules.maxLength = Math.min(rules.maxLength ?? Infinity, reader.number(1));
  },
  'max-consecutive'(reader, rules) {
    rules.maxConsecutive = Math.min(rules.maxConsecutive ?? Infinity, reader.number(1));
  },
};

function readClasses(reader: Reader): CharacterClass[] {
  const classes: CharacterClass[] = [];
  do {
    reader.skipSpace();
    classes.push(reader.sees('[') ? { characters: readCustom(reader) } : readNamed(reader));
    reader.skipSpace();
  } while (reader.take(','));
  if (!reader.atEnd() && !reader.sees(';')) reader.refuse('comma-expected');
  return classes;
}

function readNamed(reader: Reader): CharacterClass {
  const began = reader.at;
  const name = reader.name('class-expected').toLowerCase();
  if (!namedClasses.includes(name)) reader.refuse('class-unknown', began);
  return { named: name as NamedClass };
}

/**
 * `[-abc]]`: a hyphen only as the first character, a closing bracket only as the last. What is not ASCII is left out:
 * sites do write it, and a password can do without.
 */
function readCustom(reader: Reader): string {
  const began = reader.at;
  reader.take('[');
  const first = reader.at;
  while (!reader.sees(']')) {
    if (reader.atEnd()) reader.refuse('class-open', began);
    if (reader.sees('-') && reader.at > first) reader.refuse('class-hyphen');
    if (reader.takeMatch(/[^\p{Cc}]/uy) === undefined) reader.refuse('class-character');
  }
  const inside = reader.from(first).replace(/[^ -~]/g, '');
  reader.take(']');
  if (reader.take(']')) return `${inside}]`;
  if (inside === '') reader.refuse('class-empty', began);
  return inside;
}

class Reader {
  at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  atEnd(): boolean {
    return this.at >= this.text.length;
  }

  sees(character: string): boolean {
    return this.text[this.at] === character;
  }

  take(character: string): boolean {
    if (!this.sees(character)) return false;
    this.at += 1;
    return true;
  }

  from(start: number): string {
    return this.text.slice(start, this.at);
  }

  /** What the sticky pattern matches here, gone past; undefined where it does not match. */
  takeMatch(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text)?.[0];
    this.at += match?.length ?? 0;
    return match;
  }

  skipSpace(): void {
    this.takeMatch(/[ \t\n\f\r]*/y);
  }

  name(orElse: RulesReason): string {
    return this.takeMatch(/[a-z-]+/iy) ?? this.refuse(orElse);
  }

  /** Whole, `least` or more. */
  number(least: 0 | 1): number {
    const began = this.at;
    const number = Number(this.takeMatch(/[0-9]+/y) ?? this.refuse('number-expected'));
    if (number < least) this.refuse('number-small', began);
    return number;
  }

  refuse(reason: RulesReason, position = this.at): never {
    throw new RulesError(reason, position);
  }
}
