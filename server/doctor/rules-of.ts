import type { PlainRule } from '../../lib/knockd/iptables-rule.ts';
import type { SavedTables } from './firewall/iptables-save.ts';

/** The lines of a rule's own chain, as `iptables -S CHAIN` would print them. */
export function linesOf(tables: SavedTables, { table, chain }: Pick<PlainRule, 'table' | 'chain'>): string {
  const rules = tables.get(table)?.get(chain)?.rules ?? [];
  return rules.map((rule) => `-A ${chain} ${rule}`).join('\n');
}
