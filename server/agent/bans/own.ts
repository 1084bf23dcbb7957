import { parseNetwork } from '../../../lib/network.ts';

/** An address says for this long whose it is: ms. */
const longestMs = 12 * 3_600_000;
/** Newest first; more than people's devices have. */
const mostKept = 512;

export interface Owner {
  readonly device: string;
  readonly address: string;
}

/** Which devices proved which addresses lately, by the monotonic clock, in memory. */
export class OwnAddresses {
  private proofs: { readonly device: string; readonly address: string; readonly at: number }[] = [];

  proved(device: string, addresses: readonly string[], now: number): void {
    const rest = this.proofs.filter(
      (one) => now - one.at < longestMs && !(one.device === device && addresses.includes(one.address)),
    );
    this.proofs = [...addresses.map((address) => ({ device, address, at: now })), ...rest].slice(0, mostKept);
  }

  /** The newest first. */
  of(device: string, now: number): string[] {
    return this.proofs
      .filter((one) => one.device === device && now - one.at < longestMs)
      .map(({ address }) => address);
  }

  /** Tells whose addresses a ban of a value turns away; `open`: those that have a door open now. */
  hits(now: number, open: readonly Owner[]): (value: string) => readonly Owner[] {
    const owners = new Map<string, Owner>();
    for (const { device, address } of [...this.proofs.filter((one) => now - one.at < longestMs), ...open])
      owners.set(`${device} ${address}`, { device, address });
    const all = [...owners.values()];
    const addresses = new Set(all.map(({ address }) => address));
    return (value) => {
      if (addresses.has(value)) return all.filter(({ address }) => address === value);
      const network = value.includes('/') ? parseNetwork(value) : undefined;
      return network === undefined ? [] : all.filter(({ address }) => network.contains(address));
    };
  }
}
