import type { Family } from '../../../lib/address.ts';
import type { CheckResult } from '../../../lib/checks.ts';
import { findRules, readPlainRule } from '../../../lib/knockd/iptables-rule.ts';
import {
  familiesOf,
  fate,
  finding,
  guarded,
  ok,
  unknowable,
  type Check,
  type GuardedDoor,
} from '../check.ts';
import type { Network, SystemFacts, TextFile } from '../facts.ts';
import { iptablesChains, readSavedTables } from '../firewall/iptables-save.ts';
import { savedElements } from '../firewall/nft-text.ts';
import { linesOf } from '../rules-of.ts';

/** A ruleset that was saved while a door was open opens it again at every start, and no timer runs for it then. */
export const saved: Check<SystemFacts> = ({ doors, saved: files, network }) => {
  const missing = unknowable('saved-opening', doors, files);
  if (missing !== undefined || !doors.known || !files.known) return missing === undefined ? [] : [missing];
  const all = guarded(doors.value);
  const found = files.value.flatMap((file) => [
    ...all.flatMap((door) =>
      [...openingsIn(file, door)].map((address) =>
        finding('saved-opening', { path: file.path, address }, door.name),
      ),
    ),
    ...openFor(file, all, network),
  ]);
  return found.length > 0 ? found : [ok('saved-opening')];
};

function openingsIn({ text }: TextFile, { guard }: GuardedDoor): Set<string> {
  const { opening } = guard;
  if (opening.kind === 'sets')
    return new Set(Object.values(opening.sets).flatMap((set) => savedElements(text, set)));
  if (opening.kind === 'listener') return new Set();
  const tables = readSavedTables(text);
  const commands = [opening.commands[4], opening.commands[6]].filter((one) => one !== undefined);
  return new Set(
    commands.flatMap((command) => {
      const rule = readPlainRule(command);
      return rule === undefined ? [] : [...findRules(rule, linesOf(tables, rule)).exact.keys()];
    }),
  );
}

/** A whole ruleset of iptables that lets strangers in to a port which only it would guard. */
function openFor({ path, text }: TextFile, doors: readonly GuardedDoor[], network: Network): CheckResult[] {
  if (!/^\*filter$/m.test(text)) return [];
  const family: Family = /6(?:\.rules|tables)?$/.test(path) ? 6 : 4;
  const chains = iptablesChains(readSavedTables(text), family);
  if (chains.length === 0 || !familiesOf(network).includes(family)) return [];
  return doors
    .filter(({ guard }) => guard.dropsStrangers === 'host')
    .filter(
      ({ guard: { port, protocol } }) =>
        fate({ chains, network }, family, { port, protocol }).verdict === 'accept',
    )
    .map(({ name, guard }) => finding('saved-opening', { path, port: guard.port }, name));
}
