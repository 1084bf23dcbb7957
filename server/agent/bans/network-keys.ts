import { neighbourhood, networkText, type Numbers } from './numbers.ts';

/** One key a network: a number for the /24 of an IPv4 address and the /48 of an IPv6 one, else text. */
export function networkKey(value: string, numbers: Numbers | undefined): number | string {
  if (numbers === undefined) return value;
  const near = neighbourhood(numbers);
  const { family, words, prefix } = near;
  if (family === 4 && prefix === 24) return words[0] / 256;
  if (family === 6 && prefix === 48) return 2 ** 32 + words[0] * 65_536 + (words[1] >>> 16);
  return networkText(near);
}

/** The network's canonical text; a text is its own. */
export function networkName(key: number | string): string {
  if (typeof key === 'string') return key;
  if (key < 2 ** 32) return networkText({ family: 4, words: [key * 256, 0, 0, 0], prefix: 24 });
  const high = key - 2 ** 32;
  const words = [Math.floor(high / 65_536), (high % 65_536) * 65_536, 0, 0] as const;
  return networkText({ family: 6, words, prefix: 48 });
}

/** The fullest first: how many networks there are, and some of them. `keys` are sorted in place. */
export function fullest(
  keys: Float64Array,
  others: ReadonlyMap<string, number>,
  from: number,
  limit: number,
): { total: number; rows: { network: string; count: number }[] } {
  keys.sort();
  const names = [...others.keys()];
  const all = keys.length + names.length;
  // Of each network where it begins in `keys` (behind them: in `names`), and how many it has.
  const begins = new Uint32Array(all);
  const counts = new Uint32Array(all);
  let total = 0;
  let most = 0;
  for (let i = 0; i < all; i++) {
    const goesOn = i > 0 && i < keys.length && keys[i] === keys[i - 1];
    if (!goesOn) begins[total++] = i;
    const count =
      i < keys.length
        ? (counts[total - 1] as number) + 1
        : (others.get(names[i - keys.length] as string) ?? 0);
    counts[total - 1] = count;
    most = Math.max(most, count);
  }
  // As many networks as bans, most of them with one: sorted by counting. By count, the next one's place in the answer.
  const places = new Uint32Array(most + 1);
  for (let i = 0; i < total; i++) (places[counts[i] as number] as number)++;
  for (let count = most, before = 0; count > 0; count--) {
    const alike = places[count] as number;
    places[count] = before;
    before += alike;
  }
  const rows: { network: string; count: number }[] = [];
  for (let i = 0; i < total; i++) {
    const count = counts[i] as number;
    const place = (places[count] as number)++;
    if (place < from || place >= from + limit) continue;
    const begin = begins[i] as number;
    rows[place - from] = { network: networkName(keys[begin] ?? names[begin - keys.length] ?? ''), count };
  }
  return { total, rows };
}
