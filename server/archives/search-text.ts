/**
 * How names are cut for the full-text index. A search takes the beginnings of words, and must be quick whatever the
 * names are: of a million called `archive0000001` and so on, each is a word of its own, and to find all that begin with
 * `archive` an index of whole words would be read whole. So words are cut where letters and digits meet and after every
 * fourth character, and the index has the beginnings of one, two and three: there is no more to begin with.
 */
const longestPiece = 4;

const runs = /\p{L}+|\p{N}+|\p{Co}+/gu;
/** Written without spaces between words: each sign is a piece, so that a search begins anywhere. */
const signs = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;
const ascii = /^[\x00-\x7f]*$/;
const asciiPieces = /[A-Za-z]{1,4}|[0-9]{1,4}/g;

/** A name's pieces, in their order. */
export function pieces(text: string): string[] {
  if (ascii.test(text)) return text.match(asciiPieces) ?? [];
  // marks are taken off letters, as people search for them
  const bare = text.normalize('NFKD').replace(/\p{M}/gu, '').normalize('NFC');
  return (bare.match(runs) ?? []).flatMap(cut);
}

function cut(run: string): string[] {
  const letters = [...run];
  const all: string[] = [];
  let held = '';
  for (const letter of letters) {
    if (signs.test(letter)) {
      if (held !== '') all.push(held);
      all.push(letter);
      held = '';
      continue;
    }
    held += letter;
    if ([...held].length === longestPiece) {
      all.push(held);
      held = '';
    }
  }
  if (held !== '') all.push(held);
  return all;
}

export function searchText(name: string): string {
  return pieces(name).join(' ');
}

/** Of private use, which names have no need of, and one character long: a vault costs the index next to nothing. */
export function vaultToken(n: number): string {
  return String.fromCodePoint(0xf0000 + (n % 0xfffe));
}

/**
 * What FTS5 is asked: every word's pieces next to each other, the last one perhaps only begun. Undefined where the
 * search has no letter or digit at all, which nothing fits.
 */
export function matchOf(search: string, vault: number | undefined): string | undefined {
  const words = search
    .split(/\s+/)
    .map(pieces)
    .filter((word) => word.length > 0)
    .slice(0, 16);
  if (words.length === 0) return undefined;
  return [
    ...words.map((word) => `name : "${word.join(' ')}" *`),
    ...(vault === undefined ? [] : [`vault : "${vaultToken(vault)}"`]),
  ].join(' AND ');
}
