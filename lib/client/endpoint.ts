import { isCanonical, kindOf } from '../address.ts';
import type { ShownDoor } from './doors.ts';

/** Where to connect once the door is open: what `ssh` is to be given. IPv6 without brackets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * The door's configured host; else, for a device that is seen from loopback, that address (the door opens for it
 * alone, and localhost may be the other family's); else the host of the relay that this device used. `relay` is
 * written as in a Host header (RFC 9110 section 7.2), its port optional.
 */
export function endpointOf(door: Pick<ShownDoor, 'endpoint'>, relay: string, seenFrom?: string): Endpoint {
  const { host, port } = door.endpoint;
  if (host !== undefined && host !== '') return { host, port };
  if (seenFrom !== undefined && isCanonical(seenFrom) !== undefined && kindOf(seenFrom) === 'loopback') {
    return { host: seenFrom, port };
  }
  return { host: new URL(`https://${relay}`).hostname.replace(/^\[|\]$/g, ''), port };
}
