import type { CheckResult } from '../../../lib/checks.ts';
import {
  familiesOf,
  fate,
  finding,
  ok,
  withFirewall,
  doubtful,
  type Check,
  type GuardedDoor,
} from '../check.ts';
import type { Firewall, Listener, SystemFacts } from '../facts.ts';

/** Ports that hardly any rule names: what happens to all three happens to what no rule names. */
const unnamed = [1, 28_411, 47_391];

/** The seed of all this: deny everything that comes in, then open what must be open. */
export const defaultDeny: Check<SystemFacts> = (facts) =>
  withFirewall(facts, 'default-deny', (doors, firewall) => judge(facts, doors, firewall));

function judge(
  facts: SystemFacts,
  doors: readonly GuardedDoor[],
  firewall: Firewall,
): readonly CheckResult[] {
  const { network, listeners } = facts;
  const at = { network, chains: firewall.chains };
  const families = familiesOf(network);
  const fates = families.map((family) => ({
    family,
    all: unnamed.map((port) => fate(at, family, { port })),
  }));
  const open = fates.filter(({ all }) => all.every(({ verdict }) => verdict === 'accept'));
  if (open.length === 0) {
    const doubt = fates.flatMap(({ all }) => all).find(({ verdict }) => verdict === 'either');
    return [doubt === undefined ? ok('default-deny') : doubtful('default-deny', doubt)];
  }
  const others = listeners.known ? listeners.value.filter((one) => isOther(one, doors)) : [];
  const reached = others.filter((one) =>
    one.families.some((family) => {
      const { port, protocol } = one;
      return families.includes(family) && fate(at, family, { port, protocol }).verdict !== 'drop';
    }),
  );
  const guardThemselves = doors.length > 0 && doors.every(({ guard }) => guard.dropsStrangers !== 'host');
  if (guardThemselves && listeners.known && reached.length === 0) {
    return [ok('default-deny', { guarded: 'doors' })];
  }
  const names = [
    ...new Set(reached.map(({ port, program }) => `${port}${program === undefined ? '' : ` (${program})`}`)),
  ];
  return [
    finding('default-deny', {
      ...(open.length === families.length && families.length > 1 ? {} : { family: open[0]?.family ?? 4 }),
      ...(names.length === 0 ? {} : { listening: names.slice(0, 6).join(', ') }),
    }),
  ];
}

/** TCP only: a UDP socket is as often a program that asks as one that serves. */
function isOther(one: Listener, doors: readonly GuardedDoor[]): boolean {
  if (one.protocol !== 'tcp' || one.isRelay || /^(?:127\.|::1$)/.test(one.address)) return false;
  return !doors.some(({ guard }) => guard.port === one.port && guard.protocol === one.protocol);
}
