import { isCanonical, kindOf } from '../../../lib/address.ts';
import { finding, guarded, ok, unknowable, type Check } from '../check.ts';
import type { Network, SystemFacts } from '../facts.ts';

/** Does each door lead to something that answers, over every family that a phone may come by? */
export const listening: Check<SystemFacts> = ({ doors, listeners, sshd, network }) => {
  const missing = unknowable('ssh-port', doors, listeners);
  if (missing !== undefined || !doors.known || !listeners.known)
    return missing === undefined ? [] : [missing];
  const reachable = listeners.value.filter(({ address }) => !/^(?:127\.|::1$)/.test(address));
  const sshPorts = sshd.known ? sshd.value.flatMap(({ ports }) => ports) : [];
  return guarded(doors.value)
    .filter(({ guard }) => guard.dropsStrangers !== 'process')
    .flatMap(({ name, guard: { port, protocol } }) => {
      const here = reachable.filter((one) => one.port === port && one.protocol === protocol);
      if (here.length === 0) {
        const other = sshPorts.find((one) => reachable.some((listener) => listener.port === one));
        return [finding('ssh-port', { port, ...(other === undefined ? {} : { other }) }, name)];
      }
      const silent = familiesFromOutside(network).filter(
        (family) => !here.some(({ families }) => families.includes(family)),
      );
      return [
        ok('ssh-port', { port }, name),
        ...(silent.length === 0
          ? [ok('family-silent', { port }, name)]
          : silent.map((family) => finding('family-silent', { port, family }, name))),
      ];
    });
};

/** IPv4 also from behind a router that translates; IPv6 by an address of this machine's own. */
function familiesFromOutside({ addresses }: Network): (4 | 6)[] {
  return ([4, 6] as const).filter((family) =>
    addresses.some(
      (address) => isCanonical(address) === family && (family === 4 || kindOf(address) === 'ordinary'),
    ),
  );
}
