import type { StorageClass, Tier } from '../../../lib/archive.ts';
import { pricePerGb, type Prices } from './prices.ts';

/**
 * What AWS counts for its bill, and what that costs. A plan counts what is to come, the engine what was; both are priced
 * here, so that the two can be compared.
 */

/** Of one storage class. */
export interface Amounts {
  readonly storageClass: StorageClass;
  /** Questions that AWS took. */
  readonly asks: number;
  /** Bytes that AWS brought back for them, or that were read of a class that needs none. */
  readonly retrieved: number;
  /** Looks at an object's state. */
  readonly looks: number;
  /** Ranges that were fetched. */
  readonly gets: number;
  /** Bytes that left AWS. */
  readonly out: number;
  /** Bytes times days that a copy lies in S3. */
  readonly copyByteDays: number;
}

export type Counted = Omit<Amounts, 'storageClass'>;

export const nothingCounted: Counted = {
  asks: 0,
  retrieved: 0,
  looks: 0,
  gets: 0,
  out: 0,
  copyByteDays: 0,
};

/** Millionths of a US dollar, whole. */
export interface Cost {
  /** For the retrieval alone: bytes, questions, and looks whether it is there. */
  readonly retrieval: number;
  /** Requests that fetch it. */
  readonly requests: number;
  readonly transfer: number;
  readonly copies: number;
}

const gb = 2 ** 30;

export function costOf(amounts: readonly Amounts[], tier: Tier, prices: Prices): Cost {
  let [retrieval, requests, copies, out] = [0, 0, 0, 0];
  for (const each of amounts) {
    const { storageClass } = each;
    const get = prices.getPerThousand[storageClass] / 1000;
    const perGb = pricePerGb(prices, storageClass, tier) ?? 0;
    const ask =
      storageClass === 'GLACIER_IR' ? 0 : (prices.retrievalPerThousand[storageClass][tier] ?? 0) / 1000;
    // an archive of a vault is listed with its job, for nothing
    const look = storageClass === 'VAULT' ? 0 : get;
    retrieval += (each.retrieved / gb) * perGb + each.asks * ask + each.looks * look;
    requests += each.gets * get;
    copies += (each.copyByteDays / gb / 30) * prices.copyPerGbMonth;
    out += each.out;
  }
  const transfer = Math.max(0, out / gb - prices.freeEgressGb) * prices.egressPerGb;
  return {
    retrieval: millionths(retrieval),
    requests: millionths(requests),
    transfer: millionths(transfer),
    copies: millionths(copies),
  };
}

export function inAll({ retrieval, requests, transfer, copies }: Cost): number {
  return retrieval + requests + transfer + copies;
}

function millionths(dollars: number): number {
  return Math.round(dollars * 1e6);
}
