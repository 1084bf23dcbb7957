import { slotMs, countedMs, type SlotCount } from './history-messages.ts';

const day = 86_400_000;
/** Fewer known days than this have no usual one. */
const leastDays = 3;

interface Jail {
  readonly source: string;
  readonly jail: string;
  /** By slot. */
  readonly counts: Map<number, number>;
}

/** New bans of every jail in slots of five minutes, at hand for as long as screens show. */
export class BanCounts {
  /** Unix ms: nothing is known of what was before. */
  private readonly began: number;
  private readonly jails = new Map<string, Jail>();
  private pruned = 0;

  constructor(began: number, slots: readonly SlotCount[]) {
    this.began = began;
    for (const { source, jail, slot, count } of slots) this.of(source, jail).counts.set(slot, count);
  }

  add(source: string, jail: string, at: number): void {
    const { counts } = this.of(source, jail);
    const slot = Math.floor(at / slotMs);
    counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }

  knownSince(now: number): number {
    return Math.max(this.began, now - countedMs);
  }

  /** New bans between each two edges; a slot belongs where its beginning lies. Jails without any are left out. */
  between(
    edges: readonly number[],
    now: number,
  ): { readonly source: string; readonly jail: string; readonly counts: number[] }[] {
    this.prune(now);
    const rows = [];
    for (const { source, jail, counts } of this.jails.values()) {
      const sums = new Array<number>(edges.length - 1).fill(0);
      let any = false;
      for (const [slot, count] of counts) {
        const index = indexOf(edges, slot * slotMs);
        if (index < 0 || index >= sums.length) continue;
        sums[index] = (sums[index] as number) + count;
        any = true;
      }
      if (any) rows.push({ source, jail, counts: sums });
    }
    return rows;
  }

  since(from: number, now: number): { source: string; jail: string; count: number }[] {
    return this.between([from, Number.MAX_SAFE_INTEGER], now).map(({ source, jail, counts }) => ({
      source,
      jail,
      count: counts[0] ?? 0,
    }));
  }

  /** Median of a day over the 30 before this one; undefined where fewer than 3 whole days are known. */
  usual(midnight: number, now: number): number | undefined {
    const first = this.knownSince(now);
    const days = Math.min(30, Math.floor((midnight - first) / day));
    if (days < leastDays) return undefined;
    const edges = Array.from({ length: days + 1 }, (_, i) => midnight - (days - i) * day);
    const sums = new Array<number>(days).fill(0);
    for (const { counts } of this.between(edges, now))
      counts.forEach((count, i) => (sums[i] = (sums[i] as number) + count));
    sums.sort((a, b) => a - b);
    const middle = days / 2;
    const low = sums[Math.ceil(middle) - 1] as number;
    const high = sums[Math.floor(middle)] as number;
    return Math.round((low + high) / 2);
  }

  private of(source: string, jail: string): Jail {
    const key = `${source}\n${jail}`;
    const known = this.jails.get(key) ?? { source, jail, counts: new Map<number, number>() };
    this.jails.set(key, known);
    return known;
  }

  /** Once an hour is enough. */
  private prune(now: number): void {
    if (now - this.pruned < 3_600_000) return;
    this.pruned = now;
    const oldest = Math.floor((now - countedMs) / slotMs);
    for (const { counts } of this.jails.values())
      for (const slot of counts.keys()) if (slot < oldest) counts.delete(slot);
  }
}

/** Which two edges the time lies between: −1 before the first, the last one's index after the last. */
function indexOf(edges: readonly number[], at: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
