import type { Ledger } from './bill.ts';
import type { Body, Blobs } from './body.ts';
import type { Bucket } from './bucket.ts';
import type { VirtualClock } from './clock.ts';
import type { Vault } from './vault.ts';

/** A request whose signature held. */
export interface Call {
  readonly method: string;
  readonly region: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly place: string | undefined;
  readonly thing: string | undefined;
  readonly body: Body;
  /** Of the region. */
  readonly vaults: Map<string, Vault>;
  newVault(name: string): Vault;
}

export type S3Class = 'STANDARD' | 'GLACIER' | 'DEEP_ARCHIVE' | 'GLACIER_IR';
export type RetrievalTier = 'Expedited' | 'Standard' | 'Bulk';

/** How long what takes hours takes, in ms; tests set their own. */
export interface Waits {
  inventory: number;
  vault: Record<RetrievalTier, number>;
  s3: Record<'GLACIER' | 'DEEP_ARCHIVE', Record<RetrievalTier, number>>;
}

export interface Parts {
  readonly clock: VirtualClock;
  readonly blobs: Blobs;
  readonly buckets: Map<string, Bucket>;
  readonly waits: Waits;
  policy(): 'None' | 'FreeTier' | 'BytesPerHour';
  newVaults(): boolean;
  readonly ledger: Ledger;
}
