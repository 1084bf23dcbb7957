/** A list of archives as a file for other programs: JSON as it is, CSV (RFC 4180) that no spreadsheet calculates. */

export interface Exported {
  readonly id: string;
  readonly vault: string | null;
  readonly name: string;
  readonly description: string;
  readonly dialect: string;
  readonly size: number | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string | null;
  readonly treeHash: string | null;
  readonly state: string;
}

export const exportedKeys = [
  'id',
  'vault',
  'name',
  'description',
  'dialect',
  'size',
  'createdAt',
  'treeHash',
  'state',
] as const satisfies readonly (keyof Exported)[];

export const csvHeader = `${exportedKeys.join(',')}\r\n`;

export function csvLine(row: Exported): string {
  return `${exportedKeys.map((key) => csvField(row[key])).join(',')}\r\n`;
}

/**
 * A spreadsheet takes a field that begins with one of these for a formula (OWASP, CSV injection); an apostrophe before
 * it makes it text. Numbers are ours and stay numbers.
 */
const formula = /^[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]/;

export function csvField(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = formula.test(value.trimStart()) || formula.test(value) ? `'${value}` : value;
  return /[",\r\n;\t']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
