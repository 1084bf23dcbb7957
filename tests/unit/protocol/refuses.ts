import { expect } from 'vitest';
import { LatchkeyError } from '../../../lib/errors.ts';

/** The code of what is thrown; anything but a LatchkeyError is a fault of ours. 'nothing' where it is accepted. */
export function refusal(act: () => unknown): string {
  try {
    act();
    return 'nothing';
  } catch (error) {
    expect(error).toBeInstanceOf(LatchkeyError);
    return (error as LatchkeyError).code;
  }
}

/** One bit changed. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  const at = Math.floor(bit / 8);
  changed[at] = (changed[at] as number) ^ (1 << (bit % 8));
  return changed;
}
