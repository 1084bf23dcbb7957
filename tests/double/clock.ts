export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/**
 * The double's time: what jobs, inventories and expiries go by. It stands still until a test turns it. Signatures go by
 * the machine's own clock instead, since an SDK can sign with no other.
 */
export class VirtualClock {
  private ms: number;

  constructor(start: number = Date.UTC(2026, 10, 20, 12)) {
    this.ms = start;
  }

  /** Unix ms. */
  now(): number {
    return this.ms;
  }

  advance(ms: number): void {
    if (ms < 0) throw new Error('time goes on');
    this.ms += ms;
  }
}

/** `2012-05-15T17:19:46.700Z`, as archives and jobs have it. */
export function isoMillis(ms: number): string {
  return new Date(ms).toISOString();
}

/** `2011-12-12T14:19:01Z`, as an inventory has it. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
