import { ofSocket } from '../../lib/address.ts';
import type { DoorHost } from '../doors/host.ts';
import type { KeeperOptions } from '../doors/keeper.ts';
import { ownAddresses } from '../own-addresses.ts';
import { hostsOf } from './service.ts';

/**
 * Sessions behind doors that call the service themselves (`proxy`): sshd's log, which the helper reads, names this
 * machine and the port that the call came from; the door knows for whom it called from there.
 */
export function sessionsThrough(helper: DoorHost): Pick<KeeperOptions, 'sessions' | 'tellsSessions'> {
  const logins = async ({ type, options }: Parameters<NonNullable<KeeperOptions['sessions']>>[0]) => {
    const service = type.service?.(options);
    if (service?.protocol !== 'tcp' || service.host === undefined) return undefined;
    if (hostsOf(service.host, ownAddresses()) === undefined) return undefined;
    return helper.logins?.(service.port).catch(() => undefined);
  };
  return {
    tellsSessions: async (door, driver) =>
      driver.callerOf !== undefined && (await logins(door)) !== undefined,
    async sessions(door, driver) {
      const facts = (await logins(door)) ?? [];
      return facts.flatMap((fact) => {
        const address = ofSocket(fact.address);
        const isOurs = address !== undefined && ownAddresses().includes(address);
        const caller = isOurs ? driver.callerOf?.(fact.port) : undefined;
        return caller === undefined ? [] : [{ ...fact, address: caller }];
      });
    },
  };
}
