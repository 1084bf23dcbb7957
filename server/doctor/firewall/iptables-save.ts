import type { Family } from '../../../lib/address.ts';
import { iptablesRule } from './iptables-rule.ts';
import type { BaseChain, Rule } from './packet.ts';
import { wordsOf } from './iptables-words.ts';

export interface SavedChain {
  /** `ACCEPT`, `DROP`, or `-` for a chain of people's own. */
  readonly policy: string;
  /** Rules as printed, without `-A CHAIN`. */
  readonly rules: readonly string[];
}

/** Table → chain → rules, as `iptables-save` prints and iptables-restore reads. Never throws: other lines are skipped. */
export type SavedTables = ReadonlyMap<string, ReadonlyMap<string, SavedChain>>;

export function readSavedTables(text: string): SavedTables {
  const tables = new Map<string, Map<string, { policy: string; rules: string[] }>>();
  let table: Map<string, { policy: string; rules: string[] }> | undefined;
  for (const line of text.split('\n')) {
    const [, name] = /^\*(\S+)/.exec(line) ?? [];
    const [, chain, policy] = /^:(\S+)\s+(\S+)/.exec(line) ?? [];
    // counters may stand before a rule: `iptables-save -c`
    const [, to, rule = ''] = /^(?:\[\d+:\d+\]\s+)?(?:-A|--append)\s+(\S+)(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      table = tables.get(name) ?? new Map();
      tables.set(name, table);
    } else if (chain !== undefined) {
      table?.set(chain, { policy: policy ?? '-', rules: table.get(chain)?.rules ?? [] });
    } else if (to !== undefined) {
      const known = table?.get(to) ?? { policy: '-', rules: [] };
      known.rules.push(rule.trim());
      table?.set(to, known);
    }
  }
  return tables;
}

/** Where the kernel calls them, and when (nf_ip_hook_priorities). nat changes where a packet goes, and is left out. */
const called = [
  ['raw', 'PREROUTING', 'prerouting', -300],
  ['mangle', 'PREROUTING', 'prerouting', -150],
  ['mangle', 'INPUT', 'input', -150],
  ['filter', 'INPUT', 'input', 0],
  ['security', 'INPUT', 'input', 50],
] as const;

export function iptablesChains(tables: SavedTables, family: Family): BaseChain[] {
  return called.flatMap(([table, name, hook, priority]) => {
    const all = tables.get(table);
    const base = all?.get(name);
    if (all === undefined || base === undefined) return [];
    const chains = new Map([...all].map(([chain, { rules }]) => [chain, rulesOf(chain, rules)] as const));
    return [
      {
        family,
        hook,
        priority,
        policy: base.policy === 'DROP' ? ('drop' as const) : ('accept' as const),
        name: `${family === 4 ? 'ip' : 'ip6'} ${table} ${name}`,
        rules: chains.get(name) ?? [],
        chains,
      },
    ];
  });
}

function rulesOf(chain: string, rules: readonly string[]): Rule[] {
  return rules.map((rule) => iptablesRule(wordsOf(rule), `-A ${chain} ${rule}`));
}

/** The tables with one more rule, at `position` (from 0) of its chain or at its end. */
export function withRule(
  tables: SavedTables,
  rule: {
    readonly table: string;
    readonly chain: string;
    readonly text: string;
    readonly position: number | 'end';
  },
): SavedTables {
  const copy = new Map([...tables].map(([name, chains]) => [name, new Map(chains)] as const));
  const chains = copy.get(rule.table);
  const chain = chains?.get(rule.chain);
  if (chains === undefined || chain === undefined) return tables;
  const rules = [...chain.rules];
  rules.splice(rule.position === 'end' ? rules.length : rule.position, 0, rule.text);
  chains.set(rule.chain, { ...chain, rules });
  return copy;
}
