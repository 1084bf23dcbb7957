const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal, with one place below 100: 2.1 GB, 88.0 GB, 367 GB, 640 MB, 0 B. In headlines: lib/restore. */
export function sizeWords(bytes: number): string {
  let at = 0;
  let value = bytes;
  while (at < units.length - 1 && value >= (at === 0 ? 1000 : 999.5)) {
    value /= 1000;
    at += 1;
  }
  return `${value.toFixed(at === 0 || value >= 99.95 ? 0 : 1)} ${units[at]}`;
}

/** 388,104,220,672 */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
