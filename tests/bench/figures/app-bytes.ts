import type { Figure } from '../figure.ts';
import { firstVisits } from '../first-visit.ts';

/**
 * A first visit to `/`, fonts included: what the page's own requests cost. The service worker, which keeps the other
 * pages for offline after that, is `app.kept`. Beside it the same visit in a browser that knows gzip only, and in
 * one that knows no compression: Chromium over CDP, from the same relay.
 */
export const figure: Figure = {
  name: 'app.bytes',
  unit: 'KB',
  better: 'less',
  rounds: 5,
  warmUp: 1,
  async prepare() {
    const visits = await firstVisits();
    return {
      ours: () => visits.page(),
      peers: { 'gzip only': () => visits.page('gzip'), uncompressed: () => visits.page('identity') },
      done: () => visits.done(),
    };
  },
};
