import { doubtful, familiesOf, fate, finding, ok, withFirewall, type Check } from '../check.ts';
import type { SystemFacts } from '../facts.ts';

/** Does a closed door keep strangers out, over each family that this machine has? */
export const strangers: Check<SystemFacts> = (facts) =>
  withFirewall(facts, 'port-open', (doors, { chains }) =>
    doors
      .filter(({ guard }) => guard.dropsStrangers !== 'process')
      .map(({ name, guard }) => {
        const { port, protocol, opening, dropsStrangers } = guard;
        const families = familiesOf(facts.network);
        const fates = families.map((family) => ({
          family,
          ...fate({ chains, network: facts.network }, family, { port, protocol }),
        }));
        const open = fates.filter(({ verdict }) => verdict === 'accept');
        const doubt = fates.find(({ verdict }) => verdict === 'either');
        // A gate that lets everyone in is not there.
        const gate = dropsStrangers === 'door' ? 2 : opening.kind === 'sets' ? 1 : 0;
        const about = { port, protocol, gate };
        if (open.length > 0 && open.length === families.length) return finding('port-open', about, name);
        const [first] = open;
        if (first !== undefined) return finding('family-open', { ...about, family: first.family }, name);
        return doubt === undefined ? ok('port-open', { port }, name) : doubtful('port-open', doubt, name);
      }),
  );
