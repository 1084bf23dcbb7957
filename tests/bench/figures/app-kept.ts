import type { Figure } from '../figure.ts';
import { firstVisits } from '../first-visit.ts';

/**
 * All that a first visit to `/` costs a phone: every byte its interface receives, TLS and TCP included, until the
 * service worker has kept the whole app for offline. Beside it the same without a service worker.
 */
export const figure: Figure = {
  name: 'app.kept',
  unit: 'KB',
  better: 'less',
  rounds: 5,
  warmUp: 1,
  async prepare() {
    const visits = await firstVisits();
    return {
      ours: () => visits.wire(true),
      peers: { 'no service worker': () => visits.wire(false) },
      done: () => visits.done(),
    };
  },
};
