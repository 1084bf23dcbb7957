import { networkInterfaces } from 'node:os';
import { ofSocket } from '../lib/address.ts';

/** Asking the kernel takes a quarter of a millisecond, on the way to an open door. ms */
const keptFor = 1000;

let kept: { readonly at: number; readonly addresses: readonly string[] } | undefined;

/** This machine's own addresses, canonical, loopback among them; at most a second old. */
export function ownAddresses(): readonly string[] {
  const now = performance.now();
  if (kept === undefined || now - kept.at > keptFor) {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    kept = { at: now, addresses: all.flatMap(({ address }) => ofSocket(address) ?? []) };
  }
  return kept.addresses;
}
