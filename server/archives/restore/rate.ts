/** Bytes a second over the last minute. */
export class Rate {
  private readonly samples: { at: number; bytes: number }[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  add(bytes: number): void {
    this.samples.push({ at: this.now(), bytes });
    while (this.samples.length > 2 && (this.samples[1]?.at ?? 0) < this.now() - 60_000) this.samples.shift();
  }

  /** Undefined: too little has come to say. */
  get perSecond(): number | undefined {
    const first = this.samples[0];
    if (first === undefined || this.samples.length < 2) return undefined;
    const span = this.now() - first.at;
    if (span < 2000) return undefined;
    return Math.round((this.samples.slice(1).reduce((sum, { bytes }) => sum + bytes, 0) / span) * 1000);
  }
}
