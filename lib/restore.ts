/**
 * Words that the house shares about getting archives back and sending new ones. Pure. Sizes are bytes, times Unix ms;
 * money is US dollars in millionths, whole.
 */

/** How one archive of a restore stands, in the order in which it goes. */
export const restoreStates = [
  /** Not asked for yet: the day's share, or what stands before it. */
  'waiting',
  /** AWS was asked, and takes hours. */
  'asked',
  /** AWS has it ready until `untilMs`; nothing has come down yet. */
  'ready',
  'downloading',
  /** All bytes are here, and hashed. */
  'checking',
  /** Back: written under its name, hash checked. */
  'back',
  'failed',
] as const;
export type RestoreState = (typeof restoreStates)[number];

/** Of a whole restore. */
export const restoreStatuses = ['running', 'paused', 'done'] as const;
export type RestoreStatus = (typeof restoreStatuses)[number];

export const sendStates = [
  'waiting',
  'sending',
  /** Kept by AWS, whose tree hash equals ours (S3: whose checksum). */
  'kept',
  /** Glacier had it before: left out. */
  'there',
  'failed',
] as const;
export type SendState = (typeof sendStates)[number];

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal, three figures and as many words as the headline of a plan has: `1.14 TB`, `640 MB`, `0 B`. */
export function headlineSize(bytes: number): string {
  let at = 0;
  let value = bytes;
  // 999.5 kB would be shown as 1000 kB
  while (at < units.length - 1 && value >= (at === 0 ? 1000 : 999.5)) {
    value /= 1000;
    at++;
  }
  const places = at === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(places)} ${units[at]}`;
}

/** Has somebody typed the size that a plan shows? Spaces and case do not count: `1.14tb`. */
export function isTypedSize(typed: string, bytes: number): boolean {
  const plain = (text: string): string => text.replaceAll(/\s/gu, '').toLowerCase();
  return plain(typed) === plain(headlineSize(bytes));
}

const sizeUnits: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** Bytes of a size as people write it, decimal: `200 GB`, `1.5tb`, `640000`; undefined: it is none. Above 0, whole. */
export function readSize(text: string): number | undefined {
  const [, number, unit = 'b'] =
    /^(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?b)?$/.exec(text.trim().toLowerCase()) ?? [];
  const bytes = Math.round(Number(number) * (sizeUnits[unit] ?? 0));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** Millionths of a dollar: $105.54, $1,234.00; what is less than a cent is not nothing. */
export function moneyWords(millionths: number): string {
  const cents = Math.round(millionths / 10_000);
  if (cents === 0) return millionths > 0 ? 'under $0.01' : '$0.00';
  const dollars = String(Math.floor(cents / 100)).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return `$${dollars}.${String(cents % 100).padStart(2, '0')}`;
}
