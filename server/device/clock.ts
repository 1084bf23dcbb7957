import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../lib/client/transport.ts';
import type { Random } from '../../lib/protocol/keys.ts';

export const clock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const random: Random = (length) => new Uint8Array(randomBytes(length));
