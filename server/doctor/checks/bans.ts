import type { CheckResult } from '../../../lib/checks.ts';
import { finding, ok, unknowable, type Check } from '../check.ts';
import type { BanFact, SystemFacts } from '../facts.ts';

/** Is everything that should ban there, and does it do what it says? Homes without any have nothing to hear. */
export const bans: Check<SystemFacts> = ({ bans: sources }) => {
  if (!sources.known && (sources.why === 'config-invalid' || sources.why === 'config-unsafe'))
    return [finding('config', { problem: sources.why, detail: (sources.detail ?? '').slice(0, 300) })];
  const missing = unknowable('bans', sources);
  if (missing !== undefined || !sources.known) return missing === undefined ? [] : [missing];
  return sources.value.flatMap(judge);
};

function judge({ state, offSeconds }: BanFact): CheckResult[] {
  const { source, kind, problem, jails } = state;
  if (problem === 'tool-needs-root') return [{ code: 'bans', state: 'unknown', facts: { why: problem } }];
  if (problem !== undefined) return [finding('bans', { source, kind, problem })];
  const troubled = jails.flatMap(({ jail, trouble }) =>
    trouble === undefined ? [] : [finding(trouble === 'deaf' ? 'bans-deaf' : 'bans-rule', { source, jail })],
  );
  const clock = offSeconds === undefined ? [] : [finding('bans-clock', { source, kind, off: offSeconds })];
  return [ok('bans', { source, kind }), ...troubled, ...clock];
}
