/**
 * The words of one line of `iptables-save`: parted by blanks, a text in double quotes is one word, and a backslash
 * in it keeps the next character (xtables_save_string).
 */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quoted && char === '\\') word = (word ?? '') + (line[++i] ?? '');
    else if (char === '"') {
      quoted = !quoted;
      word ??= '';
    } else if (!quoted && (char === ' ' || char === '\t')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** One option of a rule: `! --dports 22,80` of the match `multiport`. */
export interface RuleOption {
  readonly name: string;
  readonly negated: boolean;
  readonly values: readonly string[];
  /** The match it belongs to, `-m NAME`; undefined for the rule's own (`-p`, `-s`, `-i`). */
  readonly match: string | undefined;
}

export interface RuleWords {
  readonly options: readonly RuleOption[];
  readonly target?: string;
  readonly isGoto: boolean;
  readonly targetOptions: readonly RuleOption[];
}

/** Own options of every rule (iptables(8), PARAMETERS): they keep their meaning behind `-m`, too. */
const own = /^(?:-[psdif]|--(?:protocol|source|destination|in-interface|fragment|proto|src|dst))$/;

export function readRuleWords(words: readonly string[]): RuleWords {
  const options: { name: string; negated: boolean; values: string[]; match: string | undefined }[] = [];
  const targetOptions: typeof options = [];
  let target: string | undefined;
  let isGoto = false;
  let match: string | undefined;
  let negated = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const list = target === undefined ? options : targetOptions;
    if (word === '!') negated = true;
    else if (word === '-m' || word === '--match') {
      match = words[++i];
      options.push({ name: '-m', negated: false, values: [], match });
    } else if (/^(?:-j|-g|--jump|--goto)$/.test(word)) {
      isGoto = word === '-g' || word === '--goto';
      target = words[++i];
    } else if (word.startsWith('-') && word.length > 1 && !/^-\d/.test(word)) {
      list.push({ name: word, negated, values: [], match: own.test(word) ? undefined : match });
      negated = false;
    } else list.at(-1)?.values.push(word);
  }
  return { options, ...(target === undefined ? {} : { target }), isGoto, targetOptions };
}
