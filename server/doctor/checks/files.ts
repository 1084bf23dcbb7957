import { finding, ok, unknowable, type Check } from '../check.ts';
import type { SystemFacts } from '../facts.ts';

/** Whoever can change what root reads is root. One finding for each place that is loose. */
export const files: Check<SystemFacts> = ({ files: facts }) => {
  const missing = unknowable('files', facts);
  if (missing !== undefined || !facts.known) return missing === undefined ? [] : [missing];
  const loose = new Map(
    facts.value.flatMap(({ path, loose: at }) => (at === undefined ? [] : [[at, path] as const])),
  );
  if (loose.size === 0) return [ok('files')];
  return [...loose].map(([at, path]) => finding('files', { loose: at, path }));
};
