/**
 * What the home agent keeps. Every row is written whole, by its primary key. Times are Unix ms of the home's
 * clock; ids and keys are base64url.
 */
export interface DeviceRow {
  /** 16 random bytes. */
  readonly id: string;
  /** As it named itself; text, never markup. */
  readonly name: string;
  /** C. */
  readonly boxKey: string;
  /** Ed25519. */
  readonly admissionKey: string;
  readonly pairedAt: number;
  readonly revokedAt: number | null;
  /** lib/permission: names by one space. */
  readonly allowed: string;
}

export interface OfferRow {
  /** Hash of the offer's secret. */
  readonly id: string;
  readonly usedAt: number;
  readonly device: string;
}

/** A request that acts: its intent is on disk before the act, its outcome before the answer. */
export interface RequestRow {
  readonly device: string;
  /** The device's own 16-byte id. */
  readonly id: string;
  readonly kind: 'open' | 'close' | 'revoke' | 'unban' | 'reban' | 'inventory' | 'restore';
  readonly door: string;
  readonly at: number;
  /** JSON; `{address, seconds}` of an opening. */
  readonly intent: string;
  /** JSON; null while unsettled. */
  readonly outcome: string | null;
}

/** The latest opening of a door for an address. */
export interface OpeningRow {
  readonly door: string;
  readonly address: string;
  readonly device: string;
  readonly openedAt: number;
  /** When it must be over: on disk before the door opens. */
  readonly closesAt: number;
  readonly closedAt: number | null;
}

export interface EventRow {
  /** Rises by one from 1. */
  readonly n: number;
  readonly at: number;
  readonly kind: string;
  readonly door: string | null;
  /** Device name at that time. */
  readonly device: string | null;
  readonly address: string | null;
  readonly code: string | null;
  readonly user: string | null;
  readonly seconds: number | null;
  readonly jail: string | null;
  readonly vault: string | null;
  readonly archives: number | null;
}

export interface Tables {
  device: DeviceRow;
  offer: OfferRow;
  request: RequestRow;
  opening: OpeningRow;
  event: EventRow;
}

export type Row = {
  [Name in keyof Tables]: { readonly put: Name; readonly value: Tables[Name] };
}[keyof Tables];

export interface Loaded {
  readonly devices: DeviceRow[];
  readonly offers: OfferRow[];
  /** Unsettled ones, and those of the last day. */
  readonly requests: RequestRow[];
  /** Those not closed. */
  readonly openings: OpeningRow[];
  readonly lastEvent: number;
}
