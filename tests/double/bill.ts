import type { RetrievalTier, S3Class } from './call.ts';

/** Where bytes lie: a vault, or a storage class of S3. */
export type Place = 'VAULT' | S3Class;

/**
 * US dollars, US East, as third parties printed them in May and June 2026; a test that counts on one passes its own.
 * GB are 2^30 bytes.
 */
export interface Prices {
  readonly retrievalPerGb: Record<Exclude<Place, 'STANDARD'>, Partial<Record<RetrievalTier, number>>>;
  readonly retrievalPerThousand: Record<
    'VAULT' | 'GLACIER' | 'DEEP_ARCHIVE',
    Partial<Record<RetrievalTier, number>>
  >;
  readonly putPerThousand: Record<Place, number>;
  readonly getPerThousand: Record<Place, number>;
  readonly listPerThousand: number;
  readonly egressPerGb: number;
  readonly freeEgressGb: number;
  /** A restored copy in S3 is billed as STANDARD beside its archive. */
  readonly restoredCopyPerGbMonth: number;
}

export const prices2026: Prices = {
  retrievalPerGb: {
    VAULT: { Expedited: 0.03, Standard: 0.01, Bulk: 0 },
    GLACIER: { Expedited: 0.03, Standard: 0.01, Bulk: 0 },
    DEEP_ARCHIVE: { Standard: 0.02, Bulk: 0.0025 },
    GLACIER_IR: { Standard: 0.03 },
  },
  retrievalPerThousand: {
    VAULT: { Expedited: 10, Standard: 0.05, Bulk: 0 },
    GLACIER: { Expedited: 10, Standard: 0.05, Bulk: 0 },
    DEEP_ARCHIVE: { Standard: 0.1, Bulk: 0.025 },
  },
  putPerThousand: { VAULT: 0.03, STANDARD: 0.005, GLACIER: 0.03, DEEP_ARCHIVE: 0.05, GLACIER_IR: 0.02 },
  getPerThousand: { VAULT: 0, STANDARD: 0.0004, GLACIER: 0.0004, DEEP_ARCHIVE: 0.0004, GLACIER_IR: 0.01 },
  listPerThousand: 0.005,
  egressPerGb: 0.09,
  freeEgressGb: 100,
  restoredCopyPerGbMonth: 0.023,
};

export interface Line {
  readonly what: string;
  /** Requests, bytes or byte-days. */
  readonly amount: number;
  readonly dollars: number;
}

const gb = 2 ** 30;

/** What is counted for the bill. Storage of the archives themselves, which costs the same with and without us, is not. */
export class Ledger {
  private readonly amounts = new Map<string, number>();

  private count(key: string, amount: number): void {
    this.amounts.set(key, (this.amounts.get(key) ?? 0) + amount);
  }

  retrieved(place: Place, tier: RetrievalTier, bytes: number, requests = 1): void {
    this.count(`retrieval-bytes ${place} ${tier}`, bytes);
    this.count(`retrieval-requests ${place} ${tier}`, requests);
  }

  put(place: Place): void {
    this.count(`put-requests ${place}`, 1);
  }

  got(place: Place): void {
    this.count(`get-requests ${place}`, 1);
  }

  listed(): void {
    this.count('list-requests', 1);
  }

  /** Bytes of archives, inventories and objects that left for the internet. */
  left(bytes: number): void {
    this.count('egress-bytes', bytes);
  }

  copyKept(bytes: number, days: number): void {
    this.count('restored-copy-byte-days', bytes * days);
  }

  bill(prices: Prices): { readonly lines: readonly Line[]; readonly dollars: number } {
    const lines = [...this.amounts].map(([what, amount]) => ({
      what,
      amount,
      dollars: cost(what, amount, prices),
    }));
    return { lines, dollars: lines.reduce((sum, { dollars }) => sum + dollars, 0) };
  }
}

function cost(key: string, amount: number, prices: Prices): number {
  const [what, place, tier] = key.split(' ') as [string, Place, RetrievalTier];
  const priced = (each: number | undefined): number => {
    if (each === undefined) throw new Error(`no price for ${key}`);
    return each;
  };
  switch (what) {
    case 'retrieval-bytes':
      return (amount / gb) * priced(prices.retrievalPerGb[place as 'VAULT'][tier]);
    case 'retrieval-requests':
      return place === ('GLACIER_IR' as Place)
        ? 0
        : (amount / 1000) * priced(prices.retrievalPerThousand[place as 'VAULT'][tier]);
    case 'put-requests':
      return (amount / 1000) * prices.putPerThousand[place];
    case 'get-requests':
      return (amount / 1000) * prices.getPerThousand[place];
    case 'list-requests':
      return (amount / 1000) * prices.listPerThousand;
    case 'egress-bytes':
      return Math.max(0, amount / gb - prices.freeEgressGb) * prices.egressPerGb;
    default:
      return (amount / gb / 30) * prices.restoredCopyPerGbMonth;
  }
}
