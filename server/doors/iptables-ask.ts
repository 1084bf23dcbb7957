import { run } from '../run.ts';
import { findRules, listArguments, ruleArguments } from '../../lib/knockd/iptables-rule.ts';
import type { PlainRule } from '../../lib/knockd/iptables-rule.ts';

/** Where knockd's shell, and we, look for a tool that a command names without a path. */
export const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const env = { PATH: searchPath };

/** Rules like ours but spelled otherwise, asked one by one: enough for people, not for a list of bans. */
const mostAsked = 64;

/** iptables(8): 1 is "no such rule" (or chain), others are failures. Throws `tool-*`. */
export async function hasRule(rule: PlainRule, address: string): Promise<boolean> {
  const { code } = await run(rule.tool, ruleArguments(rule, '-C', address), { codes: [0, 1], env });
  return code === 0;
}

/** Takes one such rule away; false when there was none. Throws `tool-*`. */
export async function removeRule(rule: PlainRule, address: string): Promise<boolean> {
  const { code } = await run(rule.tool, ruleArguments(rule, '-D', address), { codes: [0, 1], env });
  return code === 0;
}

/**
 * Every address for which the rule is there, with the number of its rules, whoever made them. What iptables
 * prints exactly as our rule needs no second question; `known` addresses, and rules that only look alike,
 * are asked for with `-C`. Throws `tool-*`.
 */
export async function listRules(rule: PlainRule, known: readonly string[]): Promise<Map<string, number>> {
  return (await countRules(rule, known)).rules;
}

/** As listRules, and the packets that the rules let through, where iptables prints them as ours. Throws `tool-*`. */
export async function countRules(
  rule: PlainRule,
  known: readonly string[],
): Promise<{ rules: Map<string, number>; packets: ReadonlyMap<string, number> }> {
  const { code, stdout } = await run(rule.tool, listArguments(rule), {
    codes: [0, 1],
    env,
    maxOutput: 16 * 1024 * 1024,
  });
  if (code === 1) return { rules: new Map(), packets: new Map() }; // no such chain
  const { exact, perhaps, packets } = findRules(rule, stdout);
  const found = new Map(exact);
  for (const address of new Set([...known, ...[...perhaps].slice(0, mostAsked)])) {
    if (!found.has(address) && (await hasRule(rule, address))) found.set(address, 1);
  }
  return { rules: found, packets };
}
