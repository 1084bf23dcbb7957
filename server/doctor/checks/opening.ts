import type { Family } from '../../../lib/address.ts';
import type { CheckResult } from '../../../lib/checks.ts';
import { plainWords, readPlainRule } from '../../../lib/knockd/iptables-rule.ts';
import {
  caller,
  doubtful,
  familiesOf,
  fate,
  finding,
  ok,
  withFirewall,
  type Check,
  type GuardedDoor,
} from '../check.ts';
import type { Firewall, SystemFacts } from '../facts.ts';
import { iptablesChains, withRule } from '../firewall/iptables-save.ts';
import type { BaseChain } from '../firewall/packet.ts';

/** If this door were open now for somebody, would their packets get through? Asked of the rules, without opening. */
export const openings: Check<SystemFacts> = (facts) =>
  withFirewall(facts, 'opening-blocked', (doors, firewall) =>
    doors.flatMap((door) => {
      const results = familiesOf(facts.network).flatMap(
        (family) => judge(facts, door, firewall, family) ?? [],
      );
      return results.length > 0 ? results : sound(door);
    }),
  );

function sound({ name, guard }: GuardedDoor): CheckResult[] {
  if (guard.opening.kind === 'listener') return [ok('proxy-blocked', { port: guard.port }, name)];
  const code =
    guard.opening.kind === 'sets' && guard.opening.mark !== undefined ? 'mark-rule' : 'opening-blocked';
  return [ok(code, undefined, name)];
}

/** Undefined: it would get through. */
function judge(
  facts: SystemFacts,
  door: GuardedDoor,
  firewall: Firewall,
  family: Family,
): CheckResult | undefined {
  const { guard, name } = door;
  const { opening, port, protocol } = guard;
  const ask = (chains: readonly BaseChain[], sets: readonly string[], source?: string) =>
    fate({ chains, network: facts.network }, family, { port, protocol, sets, source });
  if (opening.kind === 'listener') {
    if (opening.onlyHere) return undefined;
    const { verdict, doubts } = ask(firewall.chains, []);
    if (verdict === 'either') return doubtful('proxy-blocked', { verdict, doubts }, name);
    return verdict === 'drop' ? finding('proxy-blocked', { family, port }, name) : undefined;
  }
  if (opening.kind === 'sets') {
    const came = ask(firewall.chains, [opening.sets[family]], caller[family]);
    if (came.verdict === 'either') return doubtful('opening-blocked', came, name);
    if (came.verdict === 'accept') return undefined;
    if (opening.mark === undefined) return finding('opening-blocked', { family }, name);
    const about = { family, what: 'mark', mark: `0x${opening.mark.toString(16)}` };
    const accepting = acceptingMark(firewall.chains, family, opening.mark);
    if (accepting.length === 0) return finding('mark-rule', about, name);
    const { mark } = opening;
    const alone = fate({ chains: accepting, network: facts.network }, family, {
      port,
      protocol,
      mark,
      source: caller[family],
    });
    // where its own chain lets the mark in, another one drops
    return alone.verdict === 'drop'
      ? finding('rule-order', about, name)
      : finding('opening-blocked', { family }, name);
  }
  const command = opening.commands[family];
  if (command === undefined) return undefined; // this family is never opened; the linter says so
  const rule = readPlainRule(command);
  if (rule === undefined) {
    return { code: 'opening-blocked', state: 'unknown', door: name, facts: { doubt: command.slice(0, 200) } };
  }
  const position = positionOf(command);
  const text = rule.spec.map((word) => word.replaceAll('%IP%', caller[family])).join(' ');
  const tables = withRule(firewall.iptables[family], { ...rule, text, position });
  const others = firewall.chains.filter(
    (chain) => !iptablesChains(firewall.iptables[family], family).some((one) => one.name === chain.name),
  );
  const came = ask([...others, ...iptablesChains(tables, family)], [], caller[family]);
  if (came.verdict === 'either') return doubtful('opening-blocked', came, name);
  if (came.verdict === 'accept') return undefined;
  const better = command.replace(/(?:-A|--append)\s+(\S+)/, '-I $1 1');
  return position === 'end'
    ? finding('rule-order', { family, what: 'knockd', better }, name)
    : finding('opening-blocked', { family }, name);
}

/** From 0: `-I INPUT 3` is 2; `end` for `-A`. */
function positionOf(command: string): number | 'end' {
  const words = plainWords(command) ?? [];
  const at = words.findIndex((word) => word === '-I' || word === '--insert');
  if (at < 0) return 'end';
  return /^\d+$/.test(words[at + 2] ?? '') ? Number(words[at + 2]) - 1 : 0;
}

/** Chains in whose table some rule of the host's own accepts our mark, wherever it stands. */
function acceptingMark(chains: readonly BaseChain[], family: Family, number: number): BaseChain[] {
  const mark = new RegExp(`0x${number.toString(16)}\\b.*ACCEPT|\\b${number}\\b.*"accept"`);
  return chains.filter(
    (chain) =>
      (chain.family === 'both' || chain.family === family) &&
      [...chain.rules, ...[...chain.chains.values()].flat()].some(({ text }) => mark.test(text)),
  );
}
