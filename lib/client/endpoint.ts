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
  return reached(door.endpoint, relay, seenFrom);
}

/** What `ssh -J` is to be given, where the door is open for the home's own address; by the same rules. */
export function jumpOf(
  door: Pick<ShownDoor, 'jump'>,
  relay: string,
  seenFrom?: string,
): Endpoint | undefined {
  return door.jump === undefined ? undefined : reached(door.jump, relay, seenFrom);
}

function reached(endpoint: ShownDoor['endpoint'], relay: string, seenFrom: string | undefined): Endpoint {
  const { host, port } = endpoint;
  if (host !== undefined && host !== '') return { host, port };
  if (seenFrom !== undefined && isCanonical(seenFrom) !== undefined && kindOf(seenFrom) === 'loopback') {
    return { host: seenFrom, port };
  }
  return { host: new URL(`https://${relay}`).hostname.replace(/^\[|\]$/g, ''), port };
}

/** As ssh(1) reads a jump host: IPv6 in brackets, the port only where it is not 22. */
export function jumpArgument({ host, port }: Endpoint): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return port === 22 ? bracketed : `${bracketed}:${port}`;
}
