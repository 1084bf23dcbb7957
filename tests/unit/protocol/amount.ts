/** Small counts for every day, large ones for `npm run long`. */
export function runs(small: number, large: number): { numRuns: number } {
  return { numRuns: process.env['LATCHKEY_LONG'] === '1' ? large : small };
}
