/**
 * Quoting for a shell that a person pastes into, and for the terminal that shows it: no name, whoever wrote it, can
 * end the quote, run anything, or move the cursor.
 */

const decoder = new TextDecoder('utf-8', { fatal: true });
/** Letters, marks of letters, digits and plain ASCII: shown as they are. */
const plain = /^[\x20-\x7e\p{L}\p{N}]*$/u;

/**
 * One word. Plain text stands in '…' (POSIX); anything else as $'…' with octal escapes (bash, zsh, ksh, and POSIX since
 * 2024). Throws RangeError for a NUL, which no name can hold.
 */
export function shellWord(name: string | Uint8Array): string {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : name;
  if (bytes.includes(0)) throw new RangeError('a name without NUL');
  let text: string | undefined;
  try {
    text = decoder.decode(bytes);
  } catch {
    // no UTF-8: escaped
  }
  if (text !== undefined && plain.test(text))
    return /^[\w./+:@%=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = [...bytes].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x27 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, '0')}`
      : String.fromCharCode(byte),
  );
  return `$'${escaped.join('')}'`;
}

/** A word that names a file: never an option, and never `-` for standard input. */
export function shellPath(path: string | Uint8Array): string {
  const bytes = typeof path === 'string' ? new TextEncoder().encode(path) : path;
  if (bytes[0] !== 0x2d) return shellWord(bytes);
  const safe = new Uint8Array(bytes.length + 2);
  safe.set([0x2e, 0x2f]);
  safe.set(bytes, 2);
  return shellWord(safe);
}
