import { finding, ok, type Check } from '../check.ts';
import type { Fact, SystemFacts } from '../facts.ts';

/** Files that are refused as they stand: nothing that they say holds. */
export const readable: Check<{ readonly doors: Fact<unknown> }> = ({ doors }) => {
  if (doors.known) return [ok('config')];
  const { why, detail = '' } = doors;
  if (why !== 'config-invalid' && why !== 'config-unsafe') return [];
  return [finding('config', { problem: why, detail: detail.slice(0, 300) })];
};

/** Doors whose driver does not say what it leans on: what stands before them is not known. */
export const judgeable: Check<SystemFacts> = ({ doors }) =>
  doors.known
    ? doors.value
        .filter(({ guard }) => guard === undefined)
        .map(({ name }) => ({
          code: 'port-open',
          state: 'unknown',
          door: name,
          facts: { why: 'tool-unsupported' },
        }))
    : [];
