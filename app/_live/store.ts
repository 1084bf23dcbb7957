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

/** The page's store, once storage is read; in a file of its own, which the page reads beside its screen. */
export async function loadStore(): Promise<Store> {
  const { browserStore } = await import('../_state/browser.ts');
  const store = browserStore();
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!store.getSnapshot().loaded) return;
      stop();
      resolve();
    };
    const stop = store.subscribe(look);
    look();
  });
  return store;
}
