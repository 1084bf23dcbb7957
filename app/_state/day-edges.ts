/**
 * Midnights of the viewer's last days and the one to come, Unix ms: one more than `days`. Each is made of the calendar,
 * since a day may have 23 or 25 hours.
 */
export function dayEdges(at: number, days: number): number[] {
  const now = new Date(at);
  return Array.from({ length: days + 1 }, (_, i) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1 + i).getTime(),
  );
}
