/**
 * Fills the whole array with bytes that nobody can foretell: `crypto.getRandomValues` in a browser (at most 65536
 * bytes at once), `randomFillSync` of node:crypto on a server.
 */
export type Fill = (bytes: Uint8Array<ArrayBuffer>) => void;

/** So many at once that asking the system costs little beside using them. */
const poolBytes = 16_384;

/** A pool of random bytes. Each is used once and set to zero as it is drawn. */
export class ByteSource {
  private readonly fill: Fill;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private at: number;

  /** Asks for nothing yet: the first byte that is drawn does. `size`: bytes asked for at once, 1..65536. */
  constructor(fill: Fill, size = poolBytes) {
    this.fill = fill;
    this.bytes = new Uint8Array(size);
    this.at = size;
  }

  /** 0..255. Throws what `fill` throws. */
  byte(): number {
    if (this.at >= this.bytes.length) this.refill();
    const byte = this.bytes[this.at] ?? 0;
    this.bytes[this.at] = 0;
    this.at += 1;
    return byte;
  }

  /**
   * 0..n-1, each exactly as likely as the others, for n in 1..65536: what lies above the largest multiple of n is
   * drawn again, since a plain remainder would favour the small ones.
   */
  below(n: number): number {
    const range = n <= 256 ? 256 : 65536;
    const limit = range - (range % n);
    for (;;) {
      const drawn = n <= 256 ? this.byte() : this.byte() * 256 + this.byte();
      if (drawn < limit) return drawn % n;
    }
  }

  /**
   * Fills `into` with entries of a table of 256, by one byte each; where the entry is 0, another byte is drawn. Returns
   * all of them or-ed. A loop of its own, because a million passwords a second are made in it.
   */
  draw(table: Int32Array, into: Int32Array): number {
    let all = 0;
    let at = this.at;
    for (let index = 0; index < into.length;) {
      if (at >= this.bytes.length) {
        this.at = at; // used bytes stay used, also where refilling throws
        this.refill();
        at = 0;
      }
      const entry = table[this.bytes[at] ?? 0] ?? 0;
      this.bytes[at] = 0;
      at += 1;
      if (entry === 0) continue;
      into[index] = entry;
      index += 1;
      all |= entry;
    }
    this.at = at;
    return all;
  }

  /** Forgets what was not used yet. The next byte is a fresh one. */
  wipe(): void {
    this.bytes.fill(0);
    this.at = this.bytes.length;
  }

  private refill(): void {
    this.fill(this.bytes);
    // A source that only repeats one byte is broken (one that fills nothing, for instance). Everything made from it
    // would be foretold, and drawing again could go on for ever. By chance it happens less than once in 2^500.
    if (this.bytes.length >= 64 && this.bytes.every((byte) => byte === this.bytes[0]))
      throw new RangeError('the source of randomness repeats one byte');
    this.at = 0;
  }
}
