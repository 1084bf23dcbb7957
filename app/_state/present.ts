import { presentFor, type Moment } from '../../lib/client/doors.ts';

/** Whether what was asked for at `at`, monotonic ms, may be shown as what is so. `since`: what is older is the past. */
export function isPresent(
  at: number | undefined,
  { now, answering, doubtedAt = -Infinity }: Moment,
  since = -Infinity,
): boolean {
  return at !== undefined && answering && at >= doubtedAt && at >= since && now - at < presentFor;
}
