import { useSyncExternalStore } from 'react';

/** Widths from which there is room for something. */
export const room = {
  /** Drawers come from the right. */
  drawer: '(min-width: 720px)',
  table: '(min-width: 1100px)',
  /** A side pane, which then shows what is chosen. */
  pane: '(min-width: 1280px)',
};

export function useRoom(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => window.matchMedia(query).matches,
    () => false,
  );
}
