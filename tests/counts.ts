/** True under `npm run long`. */
export const long = process.env.LATCHKEY_LONG === '1';

/** How often a test repeats: small in `npm test`, what its issue names in `npm run long`. */
export function count(small: number, large: number): number {
  return long ? large : small;
}
