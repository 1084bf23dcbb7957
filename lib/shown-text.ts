/**
 * Text that strangers wrote, made fit to be shown as text: what turns the direction of writing, is not seen, breaks the
 * line or speaks to a terminal stands as its code point, \\u{202e}. Everything else is as it was. Pure.
 */
export function shownText(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
