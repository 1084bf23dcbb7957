/** Two clocks and no other: monotonic for every decision, the wall's for what is written and shown. */
export interface Clock {
  /** Monotonic ms. */
  now(): number;
  /** Unix ms. */
  wall(): number;
}

export const systemClock: Clock = { now: () => performance.now(), wall: () => Date.now() };
