import type { Snapshot, Store } from '../_state/types.ts';

/** What the exported pages say, and every page until its store is there. The same object every time. */
const nothing: Snapshot = {
  loaded: false,
  now: 0,
  online: true,
  storageRefused: false,
  homes: [],
  pairing: { step: 'none' },
  settings: { openBy: 'hold', seconds: 300, theme: 'system', shortcuts: true },
};

/** Stands in for the store: nothing is loaded, so no screen offers an action, and it has none. */
export const waitingStore = {
  subscribe: () => () => undefined,
  getSnapshot: () => nothing,
  getServerSnapshot: () => nothing,
} as Pick<Store, 'subscribe' | 'getSnapshot' | 'getServerSnapshot'> as Store;

/** The page's store, in a chunk of its own: words are on the screen before keys and protocol are read. */
export async function loadStore(): Promise<Store> {
  const { browserStore } = await import('../_state/browser.ts');
  return browserStore();
}
