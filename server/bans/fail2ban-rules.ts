import { run } from '../run.ts';
import { isException } from './ipset.ts';

/**
 * What turns addresses away, by the actions of fail2ban's own that this knows (action.d of its package). An action of any
 * other name may do anything, and nothing is said of it.
 */
export type RuleMaker = 'iptables' | 'ipset' | 'nftables';

const makers: ReadonlyMap<string, RuleMaker> = new Map([
  ['iptables', 'iptables'],
  ['iptables-new', 'iptables'],
  ['iptables-multiport', 'iptables'],
  ['iptables-allports', 'iptables'],
  ['iptables-ipset', 'ipset'],
  ['iptables-ipset-proto4', 'ipset'],
  ['iptables-ipset-proto6', 'ipset'],
  ['iptables-ipset-proto6-allports', 'ipset'],
  ['nftables', 'nftables'],
  ['nftables-multiport', 'nftables'],
  ['nftables-allports', 'nftables'],
]);

/** The makers of a jail's rules; none where one action is not known, since it may be what turns away. */
export function makersOf(actions: readonly string[]): readonly RuleMaker[] {
  const found = actions.map((name) => makers.get(name));
  return found.includes(undefined) ? [] : [...new Set(found as RuleMaker[])];
}

/** Twenty thousand addresses are 2 MB of JSON; who has more is not looked after, rather than a helper that swells. */
const limits = { timeoutMs: 5000, maxOutput: 8 * 1024 * 1024 };

/** Every address and network that a rule in force turns away. Throws `tool-*` where that cannot be seen. */
export async function turnedAway(wanted: ReadonlySet<RuleMaker>): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const add = (values: Iterable<string>) => {
    for (const value of values) found.add(value);
  };
  if (wanted.has('nftables')) add(readNftAway((await run('nft', ['-j', 'list', 'ruleset'], limits)).stdout));
  if (wanted.has('iptables') || wanted.has('ipset')) {
    const sets = wanted.has('ipset') ? readIpsets((await run('ipset', ['save'], limits)).stdout) : new Map();
    for (const tool of ['iptables-save', 'ip6tables-save'])
      add(readSavedAway((await run(tool, ['-t', 'filter'], limits)).stdout, sets));
  }
  return found;
}

/** `/32` and `/128` are an address. */
function withoutHostPrefix(value: string): string {
  return value.replace(value.includes(':') ? /\/128$/ : /\/32$/, '');
}

/** iptables-save: sources that a rule drops or rejects, in a chain that packets reach. Never throws. */
export function readSavedAway(
  text: string,
  sets: ReadonlyMap<string, readonly string[]> = new Map(),
): Set<string> {
  const reached = new Set<string>();
  const jumps: [from: string, to: string][] = [];
  const away: [chain: string, values: readonly string[]][] = [];
  for (const line of text.split('\n')) {
    const base = /^:(\S+) (?!-)\S+/.exec(line)?.[1];
    if (base !== undefined) reached.add(base);
    const [, chain, rule = ''] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain === undefined) continue;
    const target = /(?:^| )-j (\S+)/.exec(rule)?.[1];
    if (target !== 'REJECT' && target !== 'DROP') {
      const next = target ?? /(?:^| )-g (\S+)/.exec(rule)?.[1];
      if (next !== undefined) jumps.push([chain, next]);
      continue;
    }
    const source = /^-s (\S+)/.exec(rule)?.[1];
    const set = /(?:^| )-m set --match-set (\S+) src/.exec(rule)?.[1];
    if (source !== undefined) away.push([chain, [withoutHostPrefix(source)]]);
    else if (set !== undefined) away.push([chain, sets.get(set) ?? []]);
  }
  for (let before = -1; before !== reached.size;) {
    before = reached.size;
    for (const [from, to] of jumps) if (reached.has(from)) reached.add(to);
  }
  return new Set(away.flatMap(([chain, values]) => (reached.has(chain) ? values : [])));
}

/** ipset save: `add f2b-sshd 203.0.113.5 timeout 600`. */
export function readIpsets(text: string): Map<string, string[]> {
  const sets = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [verb, name = '', value, ...words] = line.split(' ');
    if (verb !== 'add' || value === undefined || isException(words)) continue;
    const list = sets.get(name) ?? [];
    list.push(withoutHostPrefix(value));
    sets.set(name, list);
  }
  return sets;
}

interface NftSet {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly elem?: readonly unknown[];
}

/** nft -j list ruleset: elements of sets that a rule drops or rejects by. Throws SyntaxError for what is no JSON. */
export function readNftAway(json: string): Set<string> {
  const { nftables = [] } = JSON.parse(json) as { nftables?: Record<string, unknown>[] };
  const live = new Set<string>();
  const key = (at: { family: string; table: string }, name: string) => `${at.family} ${at.table} ${name}`;
  for (const { rule } of nftables as { rule?: { family: string; table: string; expr: unknown } }[]) {
    if (rule === undefined) continue;
    const text = JSON.stringify(rule.expr);
    if (!/"(?:drop|reject)":/.test(text)) continue;
    for (const [, name = ''] of text.matchAll(/"right":"@([^"]+)"/g)) live.add(key(rule, name));
  }
  const found = new Set<string>();
  for (const { set } of nftables as { set?: NftSet }[])
    if (set !== undefined && live.has(key(set, set.name)))
      for (const element of set.elem ?? []) {
        const value = elementOf(element);
        if (value !== undefined) found.add(value);
      }
  return found;
}

function elementOf(element: unknown): string | undefined {
  if (typeof element === 'string') return element;
  if (typeof element !== 'object' || element === null) return undefined;
  const { elem, prefix } = element as {
    elem?: { val?: unknown };
    prefix?: { addr?: unknown; len?: unknown };
  };
  if (elem !== undefined) return elementOf(elem.val);
  if (typeof prefix?.addr === 'string' && typeof prefix.len === 'number')
    return `${prefix.addr}/${prefix.len}`;
  return undefined;
}
