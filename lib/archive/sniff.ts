import { readOpening } from './openpgp.ts';

/** What a file is by its first bytes (512 are enough). */
export type Format = 'gpg' | 'age' | 'xz' | 'zstd' | 'gzip' | 'bzip2' | 'tar' | 'unknown';

const magics: readonly (readonly [Format, readonly number[]])[] = [
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];
const texts: readonly (readonly [Format, string])[] = [
  ['age', 'age-encryption.org/v1\n'],
  ['age', '-----BEGIN AGE ENCRYPTED FILE-----'],
  ['gpg', '-----BEGIN PGP MESSAGE-----'],
];

export function sniff(bytes: Uint8Array): Format {
  for (const [format, magic] of magics) if (magic.every((byte, at) => bytes[at] === byte)) return format;
  const begins = (text: string, at = 0) =>
    bytes.length >= at + text.length &&
    [...text].every((char, index) => bytes[at + index] === char.charCodeAt(0));
  for (const [format, text] of texts) if (begins(text)) return format;
  if (begins('ustar', 257)) return 'tar';
  return readOpening(bytes).kind === 'encrypted' ? 'gpg' : 'unknown';
}
