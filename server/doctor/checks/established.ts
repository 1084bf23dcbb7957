import { doubtful, familiesOf, fate, finding, ok, withFirewall, type Check } from '../check.ts';
import type { SystemFacts } from '../facts.ts';

/** When a door closes, what came in by it must be let go on. */
export const established: Check<SystemFacts> = (facts) =>
  withFirewall(facts, 'established', (doors, { chains }) => {
    const ports = doors.map(({ guard }) => guard);
    if (ports.length === 0) return [];
    const results = familiesOf(facts.network).map((family) => {
      const fates = ports.map(({ port, protocol }) =>
        fate({ chains, network: facts.network }, family, { port, protocol, state: 'established' }),
      );
      if (fates.some(({ verdict }) => verdict === 'drop')) {
        const said = chains.some(
          (chain) =>
            (chain.family === 'both' || chain.family === family) &&
            chain.hook === 'input' &&
            chain.rules.some(
              ({ text }) => /established.*accept/i.test(text) && !chain.name.includes(' latchkey '),
            ),
        );
        return finding('established', { family, late: said ? 1 : 0 });
      }
      const doubt = fates.find(({ verdict }) => verdict === 'either');
      return doubt === undefined ? undefined : doubtful('established', doubt);
    });
    const told = results.filter((one) => one !== undefined);
    return told.length === 0 ? [ok('established')] : told;
  });
