/** Runs in the page: half a screen a frame for 2 s; how long each frame took, ms, rising. */
export function scrollThrough(pane: Element): Promise<number[]> {
  return new Promise((resolve) => {
    const took: number[] = [];
    let last = performance.now();
    const end = last + 2000;
    const step = (now: number): void => {
      took.push(Math.round(now - last));
      last = now;
      pane.scrollTop += pane.clientHeight / 2;
      if (now < end) requestAnimationFrame(step);
      else resolve(took.sort((a, b) => a - b));
    };
    requestAnimationFrame(step);
  });
}

/** 120 frames, median 17 ms, … */
export function framesLine(rising: readonly number[]): string {
  const at = (part: number) => rising[Math.ceil(rising.length * part) - 1] ?? 0;
  return `${rising.length} frames, median ${at(0.5)} ms, 95 of 100 within ${at(0.95)} ms, longest ${at(1)} ms`;
}
