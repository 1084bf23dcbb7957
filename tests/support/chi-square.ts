/**
 * Pearson's chi-square of counts against what was expected. `p`: how likely it is to see at least such a difference
 * when the expectation is right (degrees of freedom: cells less one).
 */
export function chiSquare(
  observed: readonly number[],
  expected: readonly number[],
): { readonly statistic: number; readonly p: number } {
  const statistic = observed.reduce((sum, seen, cell) => {
    const wanted = expected[cell] ?? 0;
    if (wanted === 0) return seen === 0 ? sum : Infinity;
    return sum + (seen - wanted) ** 2 / wanted;
  }, 0);
  return { statistic, p: upperGamma((observed.length - 1) / 2, statistic / 2) };
}

/** Neighbouring cells put together until each expects at least `least`, which the statistic's law asks for. */
export function merged(
  observed: readonly number[],
  expected: readonly number[],
  least = 10,
): { readonly observed: number[]; readonly expected: number[] } {
  const cells: [number, number][] = [];
  let open: [number, number] = [0, 0];
  observed.forEach((seen, cell) => {
    open = [open[0] + seen, open[1] + (expected[cell] ?? 0)];
    if (open[1] < least) return;
    cells.push(open);
    open = [0, 0];
  });
  const last = cells.at(-1) ?? [0, 0];
  cells[Math.max(0, cells.length - 1)] = [last[0] + open[0], last[1] + open[1]];
  return { observed: cells.map(([seen]) => seen), expected: cells.map(([, wanted]) => wanted) };
}

/** Q(a, x), the regularized upper incomplete gamma function: its series below a + 1, its continued fraction above. */
export function upperGamma(a: number, x: number): number {
  if (x === Infinity) return 0;
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-15; n++) sum += term *= x / (a + n);
    return 1 - scale * sum;
  }
  // modified Lentz (DLMF 8.9.2)
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1, change = 0; Math.abs(change - 1) > 1e-14; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    change = d * c;
    fraction *= change;
  }
  return scale * fraction;
}

/** Stirling's series (DLMF 5.11.1), after the argument is lifted to where it is exact to a double. */
function logGamma(a: number): number {
  let lift = 0;
  let z = a;
  for (; z < 20; z++) lift += Math.log(z);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5);
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - lift;
}
