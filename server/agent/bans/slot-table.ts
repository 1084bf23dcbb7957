import { randomInt } from 'node:crypto';

/** What the table looks at to know a slot by its value and group: the list's own columns. */
export interface Slots {
  readonly values: readonly string[];
  readonly group: Readonly<Record<number, number>>;
}

/** Finds a ban's slot by its value and group: 100,000 of them in 1 MB, where a Map of their names takes 7. */
export class SlotTable {
  private readonly slots: Slots;
  /** Nobody can choose addresses that all lie in one place of the table. */
  private readonly seed = randomInt(2 ** 32 - 1);
  /** Slots by hash, open addressing; −1: free. At most half full. */
  private places = new Int32Array(2048).fill(-1);
  private used = 0;

  constructor(slots: Slots) {
    this.slots = slots;
  }

  get(value: string, group: number): number | undefined {
    const slot = this.places[this.placeOf(value, group)] as number;
    return slot < 0 ? undefined : slot;
  }

  /** The slot has its value and group already; another of the same value and group is forgotten. */
  set(slot: number): void {
    if (this.used * 2 >= this.places.length) this.widen();
    const place = this.placeOf(this.slots.values[slot] as string, this.slots.group[slot] as number);
    if ((this.places[place] as number) < 0) this.used++;
    this.places[place] = slot;
  }

  delete(value: string, group: number): void {
    const { places } = this;
    const last = places.length - 1;
    let hole = this.placeOf(value, group);
    if ((places[hole] as number) < 0) return;
    this.used--;
    // What stands behind it moves up, unless it would then stand before its own place.
    for (let place = (hole + 1) & last; (places[place] as number) >= 0; place = (place + 1) & last) {
      const slot = places[place] as number;
      const home = this.hash(this.slots.values[slot] as string, this.slots.group[slot] as number) & last;
      if (((place - home) & last) < ((place - hole) & last)) continue;
      places[hole] = slot;
      hole = place;
    }
    places[hole] = -1;
  }

  /** Where it is, or would be. */
  private placeOf(value: string, group: number): number {
    const { places } = this;
    const { values, group: groups } = this.slots;
    const last = places.length - 1;
    let place = this.hash(value, group) & last;
    for (;;) {
      const slot = places[place] as number;
      if (slot < 0 || (values[slot] === value && groups[slot] === group)) return place;
      place = (place + 1) & last;
    }
  }

  private widen(): void {
    const before = this.places;
    this.places = new Int32Array(before.length * 2).fill(-1);
    this.used = 0;
    for (const slot of before) if (slot >= 0) this.set(slot);
  }

  /** FNV-1a, with its low bits mixed at the end. */
  private hash(value: string, group: number): number {
    let hash = this.seed ^ Math.imul(group + 1, 0x9e3779b1);
    for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }
}
