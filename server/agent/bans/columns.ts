/** What is known of bans, a column each; a slot is a ban's place in all of them. */
export class BanColumns {
  readonly values: string[] = [];
  /** Unix ms when it began. */
  at = new Float64Array(1024);
  /** 1: its source told when it began; 0: then it was first seen. */
  told = new Uint8Array(1024);
  /** NaN: unknown; Infinity: never. */
  until = new Float64Array(1024);
  group = new Uint16Array(1024);
  words = new Uint32Array(4096);
  prefix = new Uint8Array(1024);
  /** 4, 6, or 0 for what is no address. */
  family = new Uint8Array(1024);
  /** The key of the network that the value lies in; −1: one that is no number. */
  network = new Float64Array(1024);
  /** 1: seen since the list began to be told anew. */
  marked = new Uint8Array(1024);

  /** Makes room for one more. */
  fit(slot: number): void {
    if (slot < this.at.length) return;
    const length = Math.ceil(this.at.length * 1.5);
    this.at = wider(this.at, length);
    this.told = wider(this.told, length);
    this.until = wider(this.until, length);
    this.group = wider(this.group, length);
    this.words = wider(this.words, length * 4);
    this.prefix = wider(this.prefix, length);
    this.family = wider(this.family, length);
    this.network = wider(this.network, length);
    this.marked = wider(this.marked, length);
  }
}

export function wider<Column extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  old: Column,
  length: number,
): Column {
  const next = new (old.constructor as new (length: number) => Column)(length);
  next.set(old);
  return next;
}
