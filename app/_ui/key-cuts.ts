/** Depths of a key's six cuts, 0 to 4, from the first bytes of the home's public key. */
export function keyCuts(key: Uint8Array): number[] {
  return Array.from({ length: 6 }, (_, i) => (key[i] ?? 0) % 5);
}

const left = (cut: number) => 21 + 6.5 * cut;
const short = (value: number) => Number(value.toFixed(2)).toString();

/** The blade, cut from above; a cut of depth d is 1.9 d deep in the drawing's units. */
export function bladePath(cuts: readonly number[]): string {
  if (cuts.length === 0) return 'M18 7H61L66 12.6L61 19H18Z';
  const notches = cuts.map((depth, i) => {
    const from = left(i);
    const floor = short(7 + 1.9 * depth);
    return `L${short(from + 1.82)} ${floor}H${short(from + 4.68)}L${short(from + 6.5)} 7`;
  });
  return `M18 7H21${notches.join('')}H61L66 12.6L61 19H18Z`;
}

/** What a cut takes away: drawn over it while the key is being cut. */
export function uncutPath(cut: number, depth: number): string {
  const from = left(cut);
  const floor = short(7 + 1.9 * depth);
  return `M${short(from)} 7L${short(from + 1.82)} ${floor}H${short(from + 4.68)}L${short(from + 6.5)} 7Z`;
}
