import type { Random } from '../protocol/keys.ts';

const first = 500;
const longest = 15_000;

/**
 * Milliseconds to wait before dialling again after `rounds` failed rounds (1, 2, …) over all relays: doubling,
 * at most 15 s, and a random half of it, so that a relay that comes back is not met by every device at once.
 */
export function backoff(rounds: number, random: Random): number {
  const full = Math.min(longest, first * 2 ** (rounds - 1));
  const [high = 0, low = 0] = random(2);
  return Math.round(full / 2 + (full / 2) * ((high * 256 + low) / 65_535));
}
