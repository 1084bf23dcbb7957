/**
 * C's view of text, as knockd sees it: one character a byte (latin1), isspace of the C locale, atoi of a
 * 64-bit glibc. JavaScript's own trim and Number differ in exactly the places that matter here.
 */

const space = ' \t\n\v\f\r';

export function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && space.includes(text.charAt(from))) from += 1;
  while (to > from && space.includes(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/** Letters a to z only: toupper in the C locale leaves every other byte. */
export function upper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** strtol saturates at 64 bits, then atoi keeps the low 32: `abc` is 0, `4294967297` is 1. */
export function atoi(text: string): number {
  const digits = /^[ \t\n\v\f\r]*([+-]?[0-9]+)/.exec(text)?.[1];
  if (digits === undefined) return 0;
  const value = BigInt(digits.replace(/^\+/, ''));
  const limit = 1n << 63n;
  const saturated = value >= limit ? limit - 1n : value < -limit ? -limit : value;
  return Number(BigInt.asIntN(32, saturated));
}

/** fgets(line, 4096): pieces of at most 4095 bytes; what follows a NUL in a piece is not seen. */
export function* pieces(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from);
    const to = Math.min(newline === -1 ? text.length : newline + 1, from + 4095);
    const piece = text.slice(from, to);
    const nul = piece.indexOf('\0');
    yield nul === -1 ? piece : piece.slice(0, nul);
    from = to;
  }
}

/** For people: the bytes as UTF-8, U+FFFD where they are none. */
export function toUnicode(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}
