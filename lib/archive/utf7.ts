import { base64Bytes } from './base64.ts';

/** Between `+` and what ends it. */
const shifted = /\+([A-Za-z0-9+/]*)(-?)/g;

/** RFC 2152; undefined where the text is no UTF-7, as a name with an ordinary plus sign in it may be. */
export function fromUtf7(text: string): string | undefined {
  if (/[^\x20-\x7e\t]/.test(text)) return undefined;
  let sound = true;
  const decoded = text.replace(shifted, (_, letters: string, minus: string) => {
    if (letters === '') {
      sound &&= minus === '-';
      return '+';
    }
    const units = utf16Text(letters);
    sound &&= units !== undefined;
    return units ?? '';
  });
  return sound ? decoded : undefined;
}

/** UTF-16, big-endian, in base64 without padding: whole units, left-over bits zero, surrogates in pairs. */
function utf16Text(letters: string): string | undefined {
  const bytes = base64Bytes(letters);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const whole = bytes.length - (bytes.length % 2);
  if (whole === 0 || (bytes.length % 2 === 1 && bytes[whole] !== 0)) return undefined;
  // a group of letters may hold up to five bits too many, never a letter too many
  if (letters.length !== Math.ceil((whole * 8) / 6) || leftOver(letters, whole * 8) !== 0) return undefined;
  let text = '';
  for (let at = 0; at < whole; at += 2) text += String.fromCharCode((bytes[at]! << 8) | bytes[at + 1]!);
  return /^(?:[\ud800-\udbff][\udc00-\udfff]|[^\ud800-\udfff])*$/.test(text) ? text : undefined;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function leftOver(letters: string, bits: number): number {
  const many = letters.length * 6 - bits;
  return alphabet.indexOf(letters.at(-1) ?? 'A') & ((1 << many) - 1);
}
