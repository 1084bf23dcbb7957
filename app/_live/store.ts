import { browserStore } from '../_state/browser.ts';
import type { Store } from '../_state/types.ts';

/** The page's store. The only place that knows where it comes from. */
export function getStore(): Store {
  return browserStore();
}
