import { useSyncExternalStore } from 'react';
import type { Place } from '../_ui/types.ts';

const coarse = '(pointer: coarse)';
const large = '(min-width: 600px) and (min-height: 600px)';

function subscribe(listener: () => void): () => void {
  const queries = [coarse, large].map((query) => window.matchMedia(query));
  for (const query of queries) query.addEventListener('change', listener);
  return () => {
    for (const query of queries) query.removeEventListener('change', listener);
  };
}

/** A finger on a small screen is a phone's, on a large one a tablet's; a mouse is a browser's. */
function read(): Place {
  if (!window.matchMedia(coarse).matches) return 'browser';
  return window.matchMedia(large).matches ? 'tablet' : 'phone';
}

/** What this device is called in sentences. */
export function usePlace(): Place {
  return useSyncExternalStore(subscribe, read, () => 'phone');
}

/** What this device calls itself when it asks to be paired; the person can change it. */
export function deviceName(agent: string): string {
  if (/iPhone/.test(agent)) return 'iPhone';
  if (/iPad/.test(agent)) return 'iPad';
  if (/Android/.test(agent)) return /Mobile/.test(agent) ? 'Phone' : 'Tablet';
  if (/CrOS/.test(agent)) return 'Chromebook';
  if (/Macintosh/.test(agent)) return 'Mac';
  if (/Windows/.test(agent)) return 'Windows PC';
  return 'Linux';
}
