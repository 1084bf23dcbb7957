import type { Family } from '../../lib/address.ts';
import { isCanonical } from '../../lib/address.ts';
import type { CheckCode, CheckFacts, CheckResult } from '../../lib/checks.ts';
import type { Guard } from '../doors/driver.ts';
import type { DoorFact, Fact, Firewall, Network, SystemFacts } from './facts.ts';
import type { Packet } from './firewall/packet.ts';
import { fateOf, type Fate } from './firewall/walk.ts';
import type { BaseChain } from './firewall/packet.ts';

/** One check: pure, over facts that were gathered before. Nothing to say about this home: no result. */
export type Check<Facts> = (facts: Facts) => readonly CheckResult[];

export function ok(code: CheckCode, facts?: CheckFacts, door?: string): CheckResult {
  return result(code, 'ok', facts, door);
}

export function finding(code: CheckCode, facts?: CheckFacts, door?: string): CheckResult {
  return result(code, 'finding', facts, door);
}

/** For facts that could not be gathered: the first reason. Undefined where all are known. */
export function unknowable(code: CheckCode, ...facts: readonly Fact<unknown>[]): CheckResult | undefined {
  const missing = facts.find((fact) => !fact.known);
  return missing === undefined || missing.known ? undefined : result(code, 'unknown', { why: missing.why });
}

/** Some rule on the packet's way says neither yes nor no. */
export function doubtful(code: CheckCode, fate: Fate, door?: string): CheckResult {
  return result(code, 'unknown', { doubt: (fate.doubts[0] ?? 'too many rules').slice(0, 200) }, door);
}

function result(
  code: CheckCode,
  state: CheckResult['state'],
  facts?: CheckFacts,
  door?: string,
): CheckResult {
  return { code, state, ...(door === undefined ? {} : { door }), ...(facts === undefined ? {} : { facts }) };
}

export interface GuardedDoor {
  readonly name: string;
  readonly guard: Guard;
}

export function guarded(doors: readonly DoorFact[]): GuardedDoor[] {
  return doors.flatMap(({ name, guard }) => (guard === undefined ? [] : [{ name, guard }]));
}

/** Families that this machine has an address of. */
export function familiesOf(network: Network): Family[] {
  return ([4, 6] as const).filter((family) => destinations(network, family).length > 0);
}

function destinations(network: Network, family: Family): string[] {
  return network.addresses.filter((address) => isCanonical(address) === family);
}

/** Somebody whom a door was opened for. Documentation addresses (RFC 5737, RFC 3849): no rule names them by chance. */
export const caller: Readonly<Record<Family, string>> = { 4: '198.51.100.251', 6: '2001:db8:fffb::1' };

/** What becomes of one packet here: a stranger's first one, where `packet` says nothing else. */
export function fate(
  facts: { readonly chains: readonly BaseChain[]; readonly network: Network },
  family: Family,
  packet: Pick<Packet, 'port'> & Partial<Packet>,
): Fate {
  const usual: Packet = {
    family,
    protocol: 'tcp',
    port: packet.port,
    state: 'new',
    source: undefined,
    interface: facts.network.outside[family],
    destinations: destinations(facts.network, family),
    mark: 0,
    sets: [],
  };
  return fateOf({ ...usual, ...packet }, facts.chains);
}

/** Doors and firewall together, or why they are not known. */
export function withFirewall(
  facts: SystemFacts,
  code: CheckCode,
  judge: (doors: readonly GuardedDoor[], firewall: Firewall) => readonly CheckResult[],
): readonly CheckResult[] {
  const { doors, firewall } = facts;
  const missing = unknowable(code, doors, firewall);
  if (missing !== undefined || !doors.known || !firewall.known) return missing === undefined ? [] : [missing];
  return judge(guarded(doors.value), firewall.value);
}
