import type { CheckResult } from '../../../lib/checks.ts';
import { isCanonical, type Family } from '../../../lib/address.ts';
import { findRules, readPlainRule, ruleArguments } from '../../../lib/knockd/iptables-rule.ts';
import { finding, ok, unknowable, withFirewall, type Check, type GuardedDoor } from '../check.ts';
import type { Firewall, SystemFacts } from '../facts.ts';
import { isObject, type Json } from '../firewall/nft-match.ts';
import { linesOf } from '../rules-of.ts';

const mostNamed = 8;

/** Openings whose end nobody keeps: elements without a time, rules that no sleeping child of knockd will take away. */
export const stale: Check<SystemFacts> = (facts) => {
  const missing = unknowable('stale-opening', facts.knockdTimers);
  if (missing !== undefined) return [missing];
  return withFirewall(facts, 'stale-opening', (doors, firewall) => {
    const endless = doors.flatMap((door) => endlessElements(door, firewall));
    const rules = doors.flatMap((door) =>
      ([4, 6] as const).flatMap((family) => rulesOf(door, firewall, family)),
    );
    const timers = facts.knockdTimers.known ? facts.knockdTimers.value : 0;
    // Which rule a child will take away cannot be seen: where there are too few, each of them may be the one.
    const all = [...endless, ...(rules.length > timers ? rules : [])];
    return all.length === 0 ? [ok('stale-opening')] : all.slice(0, mostNamed);
  });
};

function endlessElements({ name, guard }: GuardedDoor, { nft }: Firewall): CheckResult[] {
  if (guard.opening.kind !== 'sets') return [];
  return Object.values(guard.opening.sets).flatMap((set) =>
    (nft.sets.get(set) ?? [])
      .flatMap((element) => endless(element) ?? [])
      .map((address) =>
        finding('stale-opening', { address, close: `nft delete element ${set} '{ ${address} }'` }, name),
      ),
  );
}

/** The address of an element that stays for ever: bare, or counted, and without a time. */
function endless(element: Json): string | undefined {
  if (typeof element === 'string') return element;
  const inner = isObject(element) ? element['elem'] : undefined;
  if (!isObject(inner) || inner['timeout'] !== undefined || inner['expires'] !== undefined) return undefined;
  return typeof inner['val'] === 'string' ? inner['val'] : undefined;
}

function rulesOf({ name, guard }: GuardedDoor, { iptables }: Firewall, family: Family): CheckResult[] {
  if (guard.opening.kind !== 'commands') return [];
  const rule = readPlainRule(guard.opening.commands[family] ?? '');
  if (rule === undefined) return [];
  return [...findRules(rule, linesOf(iptables[family], rule)).exact]
    .filter(([address]) => isCanonical(address) === family)
    .flatMap(([address, count]) =>
      Array.from({ length: count }, () => {
        const close = [rule.tool, ...ruleArguments(rule, '-D', address)].join(' ');
        return finding('stale-opening', { address, close }, name);
      }),
    );
}
