/** Tells of changes: the first at once, then at most once in `pace` ms, and the last one never not at all. */
export class Notices {
  private readonly tell: () => void;
  private readonly pace: number;
  private toldAt = -Infinity;
  private timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(tell: () => void, pace: number) {
    this.tell = tell;
    this.pace = pace;
  }

  changed(): void {
    if (this.timer !== undefined) return;
    const wait = this.toldAt + this.pace - performance.now();
    const go = (): void => {
      this.timer = undefined;
      this.toldAt = performance.now();
      this.tell();
    };
    // What comes in one turn of the loop is one change.
    if (wait <= 0) this.timer = setImmediate(go);
    else this.timer = setTimeout(go, wait).unref();
  }
}
