/**
 * Names of split pieces: `split` appends two letters or more (or digits, with -d), and what ran over each piece after
 * that appends its own, as `.xz` and `.gpg`. The seed's pieces: `backup__rootaa.xz.gpg`.
 */

export interface PieceName {
  /** What the pieces of one split have in common. */
  readonly stem: string;
  /** Compares as text in the order of `split`, within one stem. */
  readonly suffix: string;
  /** Innermost first, e.g. ['xz', 'gpg']. */
  readonly layers: readonly string[];
  /** Straight after the stem, as the seed's: `holiday.xz` looks like that too, so it takes more than one to believe it. */
  readonly attached: boolean;
}

const layer = /\.(xz|zst|zstd|gz|bz2|lzma|gpg|pgp|asc|age)$/i;

/** Undefined where the name has no suffix that `split` would give; also for `.gz` and `.xz`, its 181st and 648th, which mean more often what they say. */
export function parsePieceName(name: string): PieceName | undefined {
  const { base, layers } = withoutLayers(name);
  const apart = /^(.*[^.].*\.|\.+[^.].*\.)([a-z]{2,}|\d{2,})$|^(.*[^\d\s])(\d{2,})$/.exec(base);
  // after yz comes zaaa, after zyzz zzaaaa: one z more, and two letters more
  const attached =
    apart === null && layers.length > 0 ? /^(.+?)(z[a-y][a-z]{2}|[a-y][a-z])$/.exec(base) : null;
  const stem = apart?.[1] ?? apart?.[3] ?? attached?.[1];
  const suffix = apart?.[2] ?? apart?.[4] ?? attached?.[2];
  // `notes.tar`, `photo.jpeg`: an ending, not a place in a row
  if (stem === undefined || suffix === undefined || !(/^\d/.test(suffix) || isSplitLetters(suffix)))
    return undefined;
  return { stem: `${stem}|${layers.join('.')}`, suffix, layers, attached: apart?.[1] === undefined };
}

/** What runs over a file leaves its mark at the end: `a.tar.xz.gpg` → ['xz', 'gpg']. */
export function withoutLayers(name: string): { base: string; layers: string[] } {
  const layers: string[] = [];
  let base = name;
  for (let found = layer.exec(base); found !== null; found = layer.exec(base)) {
    layers.unshift(found[1]!.toLowerCase());
    base = base.slice(0, found.index);
  }
  return { base, layers };
}

function isSplitLetters(suffix: string): boolean {
  const zs = /^z*/.exec(suffix)![0].length;
  return suffix.length === 2 * zs + 2;
}

/** The suffix that `split` gives after this one; undefined after the last one that digits have room for. */
export function nextSuffix(suffix: string): string | undefined {
  if (/^\d+$/.test(suffix)) {
    const next = String(Number(suffix) + 1).padStart(suffix.length, '0');
    return next.length > suffix.length ? undefined : next;
  }
  const letters = [...suffix];
  for (let at = letters.length - 1; at >= 0; at--) {
    if (letters[at] !== 'z') {
      letters[at] = String.fromCharCode(letters[at]!.charCodeAt(0) + 1);
      const next = letters.join('');
      // y is followed by two letters more, so that text order stays right
      return /^z+$/.test(next.slice(0, at + 1)) && at === /^z*/.exec(suffix)![0].length
        ? `${next.slice(0, at + 1)}${'a'.repeat(suffix.length - at + 1)}`
        : next;
    }
    letters[at] = 'a';
  }
  return undefined;
}

/** The first suffix of a row in which this one stands. */
export function firstSuffix(suffix: string): string {
  return /^\d+$/.test(suffix) ? '0'.repeat(suffix.length) : 'aa';
}

/** Whether names with one stem are a row of pieces, or only look like it: `holiday.xz`, `log.20141227`. */
export function isRow(names: readonly PieceName[]): boolean {
  const suffixes = names.map(({ suffix }) => suffix);
  const has = (suffix: string) => suffixes.includes(suffix);
  if (/^\d/.test(suffixes[0] ?? '')) return Math.max(...suffixes.map(Number)) < 2 * names.length + 10;
  return names.length > 1 || has('aa') || names.every(({ attached }) => !attached);
}
