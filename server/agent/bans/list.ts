import type { Ban } from '../../../lib/ban.ts';
import type { BanChange } from '../../bans/host.ts';
import { BanColumns, wider } from './columns.ts';
import { fullest, networkKey } from './network-keys.ts';
import { numbersOf, type Numbers } from './numbers.ts';
import { SlotTable } from './slot-table.ts';

export interface Which {
  readonly source?: string;
  readonly jail?: string;
}

export interface Page<Row> {
  /** How many there are in all. */
  readonly total: number;
  readonly rows: readonly Row[];
}

interface Group {
  readonly source: string;
  readonly jail: string;
  size: number;
}

/**
 * What is banned now, in columns: 100,000 bans are some 12 MB, a page is one pass over numbers. A slot is a ban's place in the
 * columns; `order` has the slots by when the bans began, the oldest first, those that came together as they came.
 */
export class BanList {
  private groups: Group[] = [];
  private readonly groupIds = new Map<string, number>();
  /** Sources whose list is not the present; what they said is kept and not shown. */
  private hidden: ReadonlySet<string> = new Set();
  private readonly columns = new BanColumns();
  private readonly table = new SlotTable(this.columns);
  private order: Uint32Array = new Uint32Array(0);
  /** What `order` is the beginning of. */
  private room = new Uint32Array(1024);
  private readonly free: number[] = [];

  get size(): number {
    return this.order.length;
  }

  /**
   * Takes changes of one answer over. `now`: when those began that do not say so.
   * @returns whether anything is another now, and the bans that went.
   */
  apply(changes: readonly BanChange[], now: number): { changed: boolean; gone: readonly Ban[] } {
    const dead = new Set<number>();
    const added: number[] = [];
    const gone: Ban[] = [];
    let changed = false;
    const { columns, table } = this;
    for (const { value, ...change } of changes) {
      const id = this.groupOf(change.source, change.jail);
      const group = this.groups[id] as Group;
      const slot = table.get(value, id);
      if (change.gone === true) {
        if (slot === undefined) continue;
        gone.push(this.banAt(slot));
        dead.add(slot);
        table.delete(value, id);
        group.size--;
        changed = true;
        continue;
      }
      const until = change.permanent === true ? Infinity : (change.until ?? NaN);
      if (slot !== undefined) {
        columns.marked[slot] = 1;
        const isSame = Object.is(this.sinceOf(slot), change.since);
        if (Object.is(columns.until[slot], until) && isSame) continue;
        changed = true;
        columns.until[slot] = until;
        if (isSame) continue;
        // Began anew: it has another place in the order, so another slot.
        dead.add(slot);
      } else group.size++;
      changed = true;
      const next = this.take(value, id);
      columns.at[next] = change.since ?? now;
      columns.told[next] = change.since === undefined ? 0 : 1;
      columns.until[next] = until;
      columns.marked[next] = 1;
      added.push(next);
    }
    this.reorder(dead, added);
    return { changed, gone };
  }

  /** From here on it is told anew; what it was before is shown until `sweep`. */
  begin(): void {
    this.columns.marked.fill(0);
  }

  /** Lets go of what was not told since `begin`. */
  sweep(): readonly Ban[] {
    const dead = new Set<number>();
    const gone: Ban[] = [];
    for (const slot of this.order) {
      if (this.columns.marked[slot] === 1) continue;
      gone.push(this.banAt(slot));
      dead.add(slot);
      const group = this.columns.group[slot] as number;
      this.table.delete(this.columns.values[slot] as string, group);
      (this.groups[group] as Group).size--;
    }
    this.reorder(dead, []);
    return gone;
  }

  hide(sources: ReadonlySet<string>): void {
    this.hidden = sources;
  }

  get(source: string, jail: string, value: string): Ban | undefined {
    if (this.hidden.has(source)) return undefined;
    const group = this.groupIds.get(`${source}\n${jail}`);
    const slot = group === undefined ? undefined : this.table.get(value, group);
    return slot === undefined ? undefined : this.banAt(slot);
  }

  /** How many a jail bans. */
  countOf(source: string, jail: string): number {
    const group = this.groupIds.get(`${source}\n${jail}`);
    return group === undefined || this.hidden.has(source) ? 0 : (this.groups[group]?.size ?? 0);
  }

  /** All that is shown, of every jail. */
  get total(): number {
    return this.groups.reduce((sum, { source, size }) => sum + (this.hidden.has(source) ? 0 : size), 0);
  }

  /** Every ban of exactly this value. */
  having(value: string): Ban[] {
    return this.groups.flatMap(({ source }, group) => {
      const slot = this.table.get(value, group);
      return slot === undefined || this.hidden.has(source) ? [] : [this.banAt(slot)];
    });
  }

  /** Every ban that turns away the address, or what lies in this network with all of it. */
  covering(value: string): Ban[] {
    const asked = numbersOf(value);
    if (asked === undefined) return this.having(value);
    const found: Ban[] = [];
    for (const slot of this.order) {
      const covers = (this.columns.prefix[slot] as number) <= asked.prefix && this.overlaps(slot, asked);
      if (covers && this.isShown(slot)) found.push(this.banAt(slot));
    }
    return found;
  }

  /** Newest first. `search`: the beginning of an address, or a network that contains the ban or lies in it. */
  page(which: Which & { search?: string }, from: number, limit: number): Page<Ban> {
    const picks = this.picker(which);
    const finds = this.finder(which.search ?? '');
    const rows: Ban[] = [];
    let total = 0;
    for (let i = this.order.length - 1; i >= 0; i--) {
      const slot = this.order[i] as number;
      if (!picks[this.columns.group[slot] as number] || !finds(slot)) continue;
      if (total >= from && rows.length < limit) rows.push(this.banAt(slot));
      total++;
    }
    return { total, rows };
  }

  /** By /24 (IPv4) and /48 (IPv6), the fullest first; what is wider, or no address, stands for itself. */
  networks(
    which: Which & { since?: number },
    from: number,
    limit: number,
  ): Page<{ readonly network: string; readonly count: number }> {
    const picks = this.picker(which);
    const { at, group, family, network, values } = this.columns;
    const keys = new Float64Array(this.order.length);
    const others = new Map<string, number>();
    const since = which.since ?? -Infinity;
    let found = 0;
    for (const slot of this.order) {
      if ((at[slot] as number) < since || !picks[group[slot] as number]) continue;
      const key = network[slot] as number;
      if (key >= 0) {
        keys[found++] = key;
        continue;
      }
      const value = values[slot] as string;
      const name = family[slot] === 0 ? value : String(networkKey(value, numbersOf(value)));
      others.set(name, (others.get(name) ?? 0) + 1);
    }
    return fullest(keys.subarray(0, found), others, from, limit);
  }

  private isShown(slot: number): boolean {
    return !this.hidden.has(this.groups[this.columns.group[slot] as number]?.source ?? '');
  }

  /** By group: whether its bans are asked for. */
  private picker({ source, jail }: Which): boolean[] {
    return this.groups.map(
      (one) =>
        !this.hidden.has(one.source) &&
        (source === undefined || one.source === source) &&
        (jail === undefined || one.jail === jail),
    );
  }

  private finder(search: string): (slot: number) => boolean {
    const raw = search.trim();
    if (raw === '') return () => true;
    const lower = raw.toLowerCase();
    const asked = numbersOf(lower);
    const begins = (slot: number): boolean => {
      const value = this.columns.values[slot] as string;
      return value.startsWith(raw) || (lower !== raw && value.startsWith(lower));
    };
    if (asked === undefined) return begins;
    if (lower.includes('/')) return (slot) => this.overlaps(slot, asked);
    return (slot) => this.overlaps(slot, asked) || begins(slot);
  }

  /** One lies in the other. */
  private overlaps(slot: number, asked: Numbers): boolean {
    if (this.columns.family[slot] !== asked.family) return false;
    let bits = Math.min(asked.prefix, this.columns.prefix[slot] as number);
    for (let i = 0; bits > 0; i++, bits -= 32) {
      const differ = (this.columns.words[slot * 4 + i] as number) ^ (asked.words[i] as number);
      if (bits >= 32 ? differ !== 0 : differ >>> (32 - bits) !== 0) return false;
    }
    return true;
  }

  private banAt(slot: number): Ban {
    const { source, jail } = this.groups[this.columns.group[slot] as number] as Group;
    const since = this.sinceOf(slot);
    const until = this.columns.until[slot] as number;
    return {
      source,
      jail,
      value: this.columns.values[slot] as string,
      ...(since === undefined ? {} : { since }),
      ...(Number.isFinite(until) ? { until } : {}),
      ...(until === Infinity ? { permanent: true as const } : {}),
    };
  }

  private sinceOf(slot: number): number | undefined {
    return this.columns.told[slot] === 1 ? this.columns.at[slot] : undefined;
  }

  private groupOf(source: string, jail: string): number {
    const key = `${source}\n${jail}`;
    let id = this.groupIds.get(key);
    if (id !== undefined) return id;
    // More jails than that are nobody's; a number that is out of use is taken anew.
    id = this.groups.findIndex(({ size }) => this.groups.length >= 4096 && size === 0);
    if (id < 0) id = this.groups.length;
    const before = this.groups[id];
    if (before !== undefined) this.groupIds.delete(`${before.source}\n${before.jail}`);
    this.groups[id] = { source, jail, size: 0 };
    this.groupIds.set(key, id);
    return id;
  }

  /** A slot with everything that follows from the value. */
  private take(value: string, group: number): number {
    const { columns } = this;
    const slot = this.free.pop() ?? columns.values.length;
    columns.fit(slot);
    const numbers = numbersOf(value);
    const network = networkKey(value, numbers);
    columns.values[slot] = value;
    columns.group[slot] = group;
    columns.family[slot] = numbers?.family ?? 0;
    columns.prefix[slot] = numbers?.prefix ?? 0;
    columns.words.set(numbers?.words ?? [0, 0, 0, 0], slot * 4);
    columns.network[slot] = typeof network === 'number' ? network : -1;
    this.table.set(slot);
    return slot;
  }

  private release(slot: number): void {
    this.columns.values[slot] = '';
    this.free.push(slot);
  }

  /** Takes slots out of the order and merges others in: one pass. */
  private reorder(dead: ReadonlySet<number>, added: number[]): void {
    if (dead.size === 0 && added.length === 0) return;
    const { at } = this.columns;
    // Added and gone again within one answer.
    const fresh = added.filter((slot) => !dead.has(slot));
    fresh.sort((a, b) => (at[a] as number) - (at[b] as number));
    let old = 0;
    for (const slot of this.order) if (!dead.has(slot)) this.room[old++] = slot;
    const length = old + fresh.length;
    if (length > this.room.length) this.room = wider(this.room, Math.ceil(length * 1.5));
    // From its end: what is not yet moved is never written over.
    for (let i = length - 1, left = fresh.length; left > 0; i--) {
      const a = this.room[old - 1] as number;
      const b = fresh[left - 1] as number;
      if (old > 0 && (at[a] as number) > (at[b] as number)) {
        this.room[i] = a;
        old--;
      } else {
        this.room[i] = b;
        left--;
      }
    }
    this.order = this.room.subarray(0, length);
    for (const slot of dead) this.release(slot);
  }
}
