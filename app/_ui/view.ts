import { useSyncExternalStore } from 'react';
import { route } from './route.ts';

/** Which view of a screen is shown: the address's fragment, so that the browser's way back leads out of it. */

function subscribe(listener: () => void): () => void {
  const stop = route.subscribe(listener);
  window.addEventListener('latchkey-view', listener);
  return () => {
    stop();
    window.removeEventListener('latchkey-view', listener);
  };
}

const moved = () => window.dispatchEvent(new Event('latchkey-view'));

export const view = {
  get: (): string => window.location.hash.slice(1),
  /** A step further in. */
  go(name: string): void {
    if (view.get() === name) return;
    window.history.pushState({ within: true }, '', `#${name}`);
    moved();
  },
  /** In place of the view that is shown: the way back leads past that. */
  instead(name: string): void {
    if (view.get() === '') return view.go(name);
    window.history.replaceState(window.history.state, '', `#${name}`);
    moved();
  },
  /** Out of it: back where it was entered from here, else to the screen itself. */
  leave(): void {
    if (view.get() === '') return;
    if ((window.history.state as { within?: unknown } | null)?.within === true) return window.history.back();
    window.history.replaceState(null, '', window.location.pathname);
    moved();
  },
};

/** '' is the screen itself. */
export function useView(): string {
  return useSyncExternalStore(subscribe, view.get, () => '');
}
