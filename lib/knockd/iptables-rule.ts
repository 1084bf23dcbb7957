import type { Family } from '../address.ts';
import { isCanonical } from '../address.ts';

/**
 * A start command that is one plain iptables rule, taken apart without a shell: so it can be asked for
 * (`-C`), listed (`-S`) and taken back (`-D`) as an argument array. Pure.
 */
export interface PlainRule {
  /** As written: an absolute path, or a name for the fixed search path. */
  readonly tool: string;
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** The rule itself with `%IP%` in it, without command, chain, position and table. */
  readonly spec: readonly string[];
}

/** What sh would expand, join or run. Any of them, and the command is not plain. */
const shellSpecial = /[\0-\x08\x0a-\x1f\\`$&|;<>(){}*?[\]#~]/;

/** The words that `sh -c` would pass on, or undefined where only a shell can tell. */
export function plainWords(command: string): string[] | undefined {
  const words: string[] = [];
  const word = /[ \t]*((?:[^ \t'"]|'[^']*'|"[^"]*")+)/y;
  const text = command.replace(/[ \t]+$/, '');
  while (word.lastIndex < text.length) {
    const found = word.exec(text)?.[1];
    if (found === undefined) return undefined;
    // Quotes are kept apart from meaning: inside them the special characters are refused all the same.
    if (shellSpecial.test(found)) return undefined;
    words.push(
      found.replace(
        /'([^']*)'|"([^"]*)"/g,
        (_all, single?: string, double?: string) => single ?? double ?? '',
      ),
    );
  }
  return words;
}

const tools = /^(?:\/(?:[A-Za-z0-9_.+-]+\/)*)?(ip6?tables)(?:-nft|-legacy)?$/;
/** Long options that are other commands, change what `-C` means, or load programs; iptables takes any beginning. */
export const foreign = [
  ...['append', 'insert', 'delete', 'replace', 'list', 'list-rules', 'flush', 'zero', 'new', 'new-chain'],
  ...['delete-chain', 'policy', 'rename', 'rename-chain', 'check', 'help', 'set-counters', 'modprobe'],
  ...['table', 'wait', 'wait-interval', 'verbose', 'version', 'line-numbers', 'exact', 'numeric'],
];

/** An option that only describes packets, as far as its look tells. Joined short ones (`-DINPUT`) are none. */
function describes(word: string): boolean {
  if (!word.startsWith('-') || word === '-') return true;
  if (!word.startsWith('--')) return /^-[sdpiojgmf]$/.test(word);
  const name = word.slice(2).split('=')[0] ?? '';
  return name !== '' && !foreign.some((long) => long.startsWith(name));
}

/** The rule that a command inserts or appends; undefined when the command is anything else. */
export function readPlainRule(command: string): PlainRule | undefined {
  const [tool, ...words] = plainWords(command) ?? [];
  const name = tools.exec(tool ?? '')?.[1];
  if (tool === undefined || name === undefined || tool.includes('/../')) return undefined;
  let table = 'filter';
  let chain: string | undefined;
  const spec: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    const next = words[i + 1];
    if (/^(?:-I|-A|--insert|--append)$/.test(word)) {
      if (chain !== undefined || next === undefined || !/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/.test(next))
        return undefined;
      chain = next;
      i += 1;
      if ((word === '-I' || word === '--insert') && /^\d+$/.test(words[i + 1] ?? '')) i += 1;
    } else if (word === '-t' || word === '--table') {
      if (next === undefined || !/^[a-z]+$/.test(next)) return undefined;
      table = next;
      i += 1;
    } else if (word === '-w' || word === '--wait' || word === '-W' || word === '--wait-interval') {
      if (/^\d+$/.test(next ?? '')) i += 1;
    } else if (word !== '-v' && word !== '--verbose') {
      if (!describes(word)) return undefined;
      // A list of sources makes one rule each: no longer one rule.
      if (word.includes('%IP%') && word.includes(',')) return undefined;
      spec.push(word);
    }
  }
  if (chain === undefined || spec.length === 0) return undefined;
  return { tool, family: name === 'ip6tables' ? 6 : 4, table, chain, spec };
}

/** How long iptables may wait for its lock: knockd's own commands take it too. */
const waiting = ['-w', '5'];

/** `-C` asks whether the rule is there (status 0 or 1), `-D` takes one such rule away. */
export function ruleArguments(rule: PlainRule, verb: '-C' | '-D', address: string): string[] {
  const spec = rule.spec.map((word) => word.replaceAll('%IP%', address));
  return [...waiting, '-t', rule.table, verb, rule.chain, ...spec];
}

/** `-v`: with each rule's counters, as `-c PACKETS BYTES`. */
export function listArguments(rule: PlainRule): string[] {
  return [...waiting, '-t', rule.table, '-v', '-S', rule.chain];
}

/** One spelling of what iptables takes in several: iptables(8), Parameters. */
export const longNames: Readonly<Record<string, string>> = {
  '-p': '--protocol',
  '--proto': '--protocol',
  '-s': '--source',
  '--src': '--source',
  '-d': '--destination',
  '--dst': '--destination',
  '-i': '--in-interface',
  '-o': '--out-interface',
  '-j': '--jump',
  '-g': '--goto',
  '-m': '--match',
  '--destination-port': '--dport',
  '--source-port': '--sport',
};

/** The options of a rule, each with its values, in an order of their own, spelled in one way. */
function shapeOf(words: readonly string[]): string[] {
  const options: string[][] = [];
  let negated = false;
  for (const word of words) {
    if (word === '!') negated = true;
    else if (word.startsWith('-') && word.length > 1) {
      const [name = '', value] = word.startsWith('--') ? splitAt(word, '=') : [word];
      const option = [(negated ? '! ' : '') + (longNames[name] ?? name)];
      if (value !== undefined) option.push(value);
      options.push(option);
      negated = false;
    } else options.at(-1)?.push(word.replace(/\/(?:32|128|255\.255\.255\.255)$/, ''));
  }
  const lines = options.map((option) => option.join(' '));
  const protocol = lines.find((line) => line.startsWith('--protocol '))?.slice('--protocol '.length);
  return lines
    .filter(
      (line) =>
        line !== `--match ${protocol ?? ''}` && !/^--(?:source|destination) (?:0\.0\.0\.0|::)\/0$/.test(line),
    )
    .sort();
}

function splitAt(word: string, mark: string): [string, string?] {
  const at = word.indexOf(mark);
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

export interface ListedRules {
  /** Address to the number of rules that are the rule for this address, spelled as iptables prints. */
  readonly exact: ReadonlyMap<string, number>;
  /** Addresses in rules that lead to the same target but are spelled otherwise: ask with `-C`. */
  readonly perhaps: ReadonlySet<string>;
  /** Address to packets that its `exact` rules let through since they were made; absent: not counted. */
  readonly packets: ReadonlyMap<string, number>;
}

/** Reads `iptables -S CHAIN`, with or without `-v`. A service by name (`--dport ssh`) is printed as number: hence `perhaps`. */
export function findRules(rule: PlainRule, listing: string): ListedRules {
  const exact = new Map<string, number>();
  const perhaps = new Set<string>();
  const target = shapeOf(rule.spec).find((line) => /^--(?:jump|goto) /.test(line));
  const packets = new Map<string, number>();
  const shapes = new Map<string, string>();
  for (const line of listing.split('\n')) {
    if (!line.startsWith(`-A ${rule.chain} `)) continue;
    const counted = / -c (\d+) \d+(?= -[jg] |$)/.exec(line);
    const words = plainWords(line.replace(counted?.[0] ?? '', ''))?.slice(2);
    if (words === undefined) continue;
    const shape = shapeOf(words);
    if (target !== undefined && !shape.includes(target)) continue;
    for (const word of words) {
      const address = word.replace(/\/(?:32|128)$/, '');
      if (isCanonical(address) !== rule.family) continue;
      let own = shapes.get(address);
      if (own === undefined) {
        own = shapeOf(rule.spec.map((part) => part.replaceAll('%IP%', address))).join('\n');
        shapes.set(address, own);
      }
      if (own !== shape.join('\n')) perhaps.add(address);
      else {
        exact.set(address, (exact.get(address) ?? 0) + 1);
        if (counted !== null) packets.set(address, (packets.get(address) ?? 0) + Number(counted[1]));
      }
    }
  }
  for (const address of exact.keys()) perhaps.delete(address);
  return { exact, perhaps, packets };
}

/** Whether a command does nothing but take that rule away, by its words: a closing section, or a stop command. */
export function takesAway(command: string, rule: PlainRule): boolean {
  if (!isPlainRemoval(command)) return false;
  const [tool = '', ...words] = plainWords(command) ?? [];
  const added = words.map((word) => (word === '-D' ? '-A' : word === '--delete' ? '--append' : word));
  const taken = readPlainRule([tool, ...added].join(' '));
  return (
    taken !== undefined &&
    taken.family === rule.family &&
    taken.table === rule.table &&
    taken.chain === rule.chain &&
    shapeOf(taken.spec).join('\n') === shapeOf(rule.spec).join('\n')
  );
}

/** A plain command that takes one rule away, as a closing section's start command or a stop command does. */
export function isPlainRemoval(command: string): boolean {
  const [tool, ...words] = plainWords(command) ?? [];
  if (!tools.test(tool ?? '')) return false;
  return words.filter((word) => word === '-D' || word === '--delete').length === 1;
}
