import { isCanonical, isCarrierNat, kindOf } from '../address.ts';

/** What a device knows of how it leaves its network. */
export interface Exit {
  /** `Client.polls`. */
  readonly polls: boolean;
  /** The device's own canonical addresses, where it can know them; a page cannot. */
  readonly local?: readonly string[];
}

/**
 * Who is let in by an opening for an address: this device alone, everybody in its network, everybody behind its
 * carrier's address, or everybody behind the proxy that answers for the network.
 */
export type Sharing = 'own' | 'network' | 'carrier' | 'proxy';

/** `address` is canonical. As much as can be said: an IPv4 address without a sign of the contrary is shared. */
export function sharingOf(address: string, { polls, local }: Exit): Sharing {
  if (kindOf(address) === 'loopback' || local?.includes(address) === true) return 'own';
  if (polls) return 'proxy';
  if (isCanonical(address) === 6) return local === undefined ? 'own' : 'network';
  return isCarrierNat(address) || local?.some(isCarrierNat) === true ? 'carrier' : 'network';
}

/**
 * Why no packet may have come from the opened address although somebody tries: the proxy's address was opened and SSH
 * goes past it, SSH took the family that is not open, or web and SSH leave by different addresses.
 */
export type NoPacket = 'proxy' | 'family' | 'exit';

export function whyNoPacket(
  opened: { readonly address: string; readonly also?: string | undefined },
  { polls }: Pick<Exit, 'polls'>,
): NoPacket {
  if (polls) return 'proxy';
  return opened.also === undefined ? 'family' : 'exit';
}
