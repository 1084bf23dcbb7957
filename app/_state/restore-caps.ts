const gigabyte = 1e9;

/**
 * Bytes a day that are offered for a restore of this size: one, two and four of the largest power of ten, in GB, that
 * leaves more than two days; none where a cap would change nothing worth choosing.
 */
export function capsFor(bytes: number): readonly number[] {
  let unit = gigabyte;
  if (bytes <= 2 * unit) return [];
  while (unit * 10 * 2 < bytes) unit *= 10;
  return [unit, 2 * unit, 4 * unit];
}

/** The cap that stands until a person chooses: none for what a line fetches in some hours anyway. */
export function firstCap(bytes: number): number | undefined {
  return bytes > 200 * gigabyte ? capsFor(bytes)[1] : undefined;
}
