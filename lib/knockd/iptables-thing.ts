import { optionNames, wholeOption } from './iptables-options.ts';
import { portOf } from './effect.ts';
import type { Family } from '../address.ts';

/** A rule's words in the one spelling in which iptables itself compares rules. */
export interface Thing {
  /**
   * One option a line. What a rule itself says stands first, sorted; then its matches, whose order counts: to
   * iptables `-m comment … --dport 22` and `--dport 22 -m comment …` are two rules.
   */
  readonly lines: readonly string[];
  /** Names of services, as written. */
  readonly services: readonly string[];
  /** `DROP`, with its negation; undefined where the rule only counts. */
  readonly target?: string;
  /** All but comments: where an address would tell whom the rule is for. */
  readonly conditions: string;
  /** Why iptables refuses it. */
  readonly refused?: string;
}

const own = /^--(?:protocol|source|destination|in-interface|out-interface|fragment)$/;
/** Options of the match that comes with `-p`, wherever its first one stands. */
const ofProtocol = /^--(?:[ds]port|syn|tcp-flags|tcp-option|icmp-type|icmpv6-type)$/;
const ofTarget = /^--(?:reject-with|log-|to-|set-|save-|restore-|nflog-|random|persistent|clamp-)/;
const protocols: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };
/** What a rule without the word says too. */
const empty =
  /^(?:--protocol (?:all|0)|--(?:source|destination) (?:0\.0\.0\.0|::)\/0|--(?:in|out)-interface \+|--reject-with icmp6?-port-unreachable)$/;

interface Option {
  readonly name: string;
  /** `--source=…`: iptables 1.8 reads no `=` in options of its own, only in those of matches. */
  readonly hasEquals: boolean;
  readonly not: string;
  readonly values: readonly string[];
}

export function readThing(words: readonly string[], family: Family): Thing {
  const options = readOptions(words);
  const services: string[] = [];
  const rule: string[] = [];
  const matches: { readonly name: string; readonly lines: string[] }[] = [];
  const jump: string[] = [];
  const protocol = options.find(({ name }) => name === '--protocol')?.values[0]?.toLowerCase() ?? '';
  const implied = protocols[protocol] ?? protocol;
  const matchOfProtocol = (): string[] => {
    const found = matches.find(({ name }) => name === implied);
    if (found !== undefined) return found.lines;
    matches.push({ name: implied, lines: [] });
    return matchOfProtocol();
  };
  let last: string[] | undefined;
  for (const { name, not, values } of options) {
    const line = `${not}${name} ${normal(name, values, family, services).join(' ')}`.trimEnd();
    if (empty.test(line)) continue;
    if (own.test(name)) rule.push(line);
    else if (name === '--jump' || name === '--goto' || ofTarget.test(name)) jump.push(line);
    else if (name === '--match') {
      if (values[0] === implied) matchOfProtocol();
      else matches.push({ name: values[0] ?? '', lines: (last = []) });
    } else if (ofProtocol.test(name)) matchOfProtocol().push(line);
    else (last ?? jump).push(line);
  }
  // A match of the protocol that says nothing is no match.
  const all = matches.filter(({ name, lines }) => name !== implied || lines.length > 0);
  const inOrder = all.flatMap(({ name, lines }) => [
    ...(name === implied ? [] : [`--match ${name}`]),
    ...lines.sort(),
  ]);
  const lines = [...rule.sort(), ...inOrder, ...jump.sort()];
  const target = jump.find((line) => /^--(?:jump|goto) /.test(line));
  return {
    lines,
    services,
    ...(target === undefined ? {} : { target: target.slice(target.indexOf(' ') + 1) }),
    conditions: lines.filter((line) => !/^--comment /.test(line)).join('\n'),
    ...refusal(options, protocol),
  };
}

function refusal(options: readonly Option[], protocol: string): { refused?: string } {
  const equals = options.find(
    ({ name, hasEquals }) => hasEquals && (own.test(name) || /^--(?:jump|goto|match)$/.test(name)),
  );
  if (equals !== undefined) return { refused: `it takes no \`=\` after ${equals.name}` };
  const needsProtocol = protocol === '' && options.some(({ name }) => /^--[ds]ports?$/.test(name));
  return needsProtocol ? { refused: 'it names a port, and no `-p tcp` or `-p udp` before it' } : {};
}

function readOptions(words: readonly string[]): Option[] {
  const options: { name: string; hasEquals: boolean; not: string; values: string[] }[] = [];
  let not = '';
  for (const word of words) {
    if (word === '!') not = '! ';
    else if (word.startsWith('-') && word.length > 1) {
      const at = word.startsWith('--') ? word.indexOf('=') : -1;
      const [name, value] = at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
      const values = value === undefined ? [] : [value];
      const whole = wholeOption(name, []);
      options.push({ name: optionNames[whole] ?? whole, hasEquals: at !== -1, not, values });
      not = '';
    } else options.at(-1)?.values.push(word);
  }
  // Which beginnings are plain depends on the modules that the rule names.
  const modules = options
    .filter(({ name }) => /^--(?:protocol|match|jump)$/.test(name))
    .map(({ name, values: [value = ''] }) => (name === '--jump' ? value : value.toLowerCase()))
    .map((name) => protocols[name] ?? name);
  return options.map((option) => {
    const name = wholeOption(option.name, modules);
    return name === '--syn'
      ? { ...option, name: '--tcp-flags', values: ['FIN,SYN,RST,ACK', 'SYN'] }
      : { ...option, name };
  });
}

function normal(
  name: string,
  values: readonly string[],
  family: Family,
  services: string[],
): readonly string[] {
  if (name === '--protocol') return values.map((value) => protocols[value] ?? value.toLowerCase());
  if (name === '--source' || name === '--destination')
    return values.map((value) => value.replace(family === 4 ? /\/(?:32|255\.255\.255\.255)$/ : /\/128$/, ''));
  if (/^--[ds]ports?$/.test(name)) {
    return values.map((value) =>
      value
        .split(',')
        .map((ports) => {
          const [from = '', to = from] = ports.split(':').map((word) => {
            const [number, named] = portOf(word);
            services.push(...named);
            return number;
          });
          const range = [from === '' ? '0' : from, to === '' ? '65535' : to];
          return range[0] === range[1] ? range[0] : range.join(':');
        })
        .join(','),
    );
  }
  if (/^--(?:ct)?state$/.test(name)) return values.map((value) => value.split(',').sort().join(','));
  return values;
}
