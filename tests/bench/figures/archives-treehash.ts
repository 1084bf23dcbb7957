import type { Figure } from '../figure.ts';
import { opensslRate, treeHashRate } from '../peers/hash-on-one-core.ts';

/** Glacier's tree hash on one core, in memory, as the peer does it. */
export const figure: Figure = {
  name: 'archives.treehash',
  unit: 'MB/s',
  better: 'more',
  rounds: 7,
  warmUp: 1,
  prepare: () =>
    Promise.resolve({
      ours: () => Promise.resolve(treeHashRate()),
      peers: { openssl: () => Promise.resolve(opensslRate()) },
      done: () => Promise.resolve(),
    }),
};
