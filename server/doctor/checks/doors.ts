import { unknowable, type Check } from '../check.ts';
import type { CheckResult } from '../../../lib/checks.ts';
import type { SystemFacts } from '../facts.ts';

/** Doors whose driver does not say what it leans on: what stands before them is not known. */
export const judgeable: Check<SystemFacts> = ({ doors }) => {
  const missing = unknowable('port-open', doors);
  if (missing !== undefined || !doors.known) return [];
  return doors.value
    .filter(({ guard }) => guard === undefined)
    .map(({ name }): CheckResult => ({ code: 'port-open', state: 'unknown', door: name, facts: { why: 'tool-unsupported' } }));
};

