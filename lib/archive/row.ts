import type { Archive } from '../archive.ts';
import { LatchkeyError } from '../errors.ts';

/**
 * Readers get a file as text with one character for each byte (latin1), in pieces of any size, so that one character is
 * one byte and errors can name it. What is not ASCII is UTF-8, and decoded where a field is taken out.
 */
export interface FileReader {
  /** Rows that are whole now. Throws `archives-*` naming the byte. */
  push(bytes: string): readonly Archive[];
  /** After the last byte: rows that the end completes, and what the file says of itself. */
  end(): { readonly rows: readonly Archive[]; readonly facts: FileFacts };
}

export interface FileFacts {
  readonly kind: 'inventory-json' | 'inventory-csv' | 'upload-log';
  /** As it stands in the file: an ARN, or of a log the only vault that it names. */
  readonly vault: string | null;
  /** Unix ms. */
  readonly inventoryAt: number | null;
}

/** Longest row of an inventory that is read, in bytes: AWS's own are under 3000. */
export const longestRow = 65_536;

export const archiveId = /^[A-Za-z0-9_-]{1,512}$/;
const date = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/;
export const treeHash = /^[0-9a-f]{64}$/i;

export function malformed(at: number, what: string): LatchkeyError {
  return new LatchkeyError('archives-malformed', `byte ${at}: ${what}`);
}

export function cut(at: number): LatchkeyError {
  return new LatchkeyError('archives-cut', `byte ${at}: the file ends here`);
}

/** Unix ms of AWS's ISO 8601; undefined for anything else, also for the 31st of February. */
export function readDate(text: string): number | undefined {
  const parts = date.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, part = '0'] = parts;
  const whole = Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!);
  if (!Number.isFinite(whole) || new Date(whole).toISOString().slice(0, 19) !== text.slice(0, 19))
    return undefined;
  return whole + Math.trunc(Number(`0.${part}`) * 1000 + 1e-9);
}

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;

/** `readDate` of text that has the shape YYYY-MM-DDTHH:MM:SS(.mmm)Z, some times faster. */
export function readShapedDate(text: string): number | undefined {
  const month = digit(text, 5) * 10 + digit(text, 6);
  const day = digit(text, 8) * 10 + digit(text, 9);
  const hour = digit(text, 11) * 10 + digit(text, 12);
  const minute = digit(text, 14) * 10 + digit(text, 15);
  const second = digit(text, 17) * 10 + digit(text, 18);
  if (month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59)
    return readDate(text);
  const year = digit(text, 0) * 1000 + digit(text, 1) * 100 + digit(text, 2) * 10 + digit(text, 3);
  if (year < 1970) return readDate(text);
  const part = text.length === 24 ? digit(text, 20) * 100 + digit(text, 21) * 10 + digit(text, 22) : 0;
  return Date.UTC(year, month - 1, day, hour, minute, second) + part;
}

const notAscii = /[\x80-\xff]/;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of UTF-8 bytes, one character each; undefined where they are none. */
export function fromUtf8(bytes: string): string | undefined {
  if (!notAscii.test(bytes)) return bytes;
  const array = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) array[at] = bytes.charCodeAt(at);
  try {
    return decoder.decode(array);
  } catch {
    return undefined;
  }
}
