import { isCanonical, kindOf } from '../../lib/address.ts';
import type { ShownDoor } from '../../lib/client/doors.ts';

/** Where to connect once the door is open: what `ssh` is to be given. IPv6 without brackets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * The door's configured host; else, for a device that is seen from loopback, that address (a proxy door listens
 * there for it); else the host of the relay that this device used.
 */
export function endpointOf(door: Pick<ShownDoor, 'endpoint'>, relay: string, seenFrom?: string): Endpoint {
  const { host, port } = door.endpoint;
  if (host !== undefined && host !== '') return { host, port };
  if (seenFrom !== undefined && isCanonical(seenFrom) !== undefined && kindOf(seenFrom) === 'loopback') {
    return { host: seenFrom, port };
  }
  return { host: new URL(relay).hostname.replace(/^\[|\]$/g, ''), port };
}
