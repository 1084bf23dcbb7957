/** What boot() leaves for the app. */
export interface BootWindow extends Window {
  latchkeyLink?: string;
}

/**
 * Runs before the first paint, as text inside the page (its hash stands in the policy): the chosen theme, whether
 * there is a home to wait for, the pairing link out of the address and its history, and the page's files, which the
 * build writes beside it. It may use nothing from outside of itself.
 */
export function boot(): void {
  const { dataset } = document.documentElement;
  // Asked for first: reading what is kept makes the page wait, and the files come meanwhile.
  // A first visit reads before it fetches what runs: a slow phone shows words sooner. Where the service worker has the
  // files, or nothing will be painted, there is nothing to wait for; a browser may not say. Asking twice is asking once.
  const own = document.currentScript?.dataset;
  const files = own?.['files']?.split(' ') ?? [];
  const load = () => files.forEach((file) => void import(/* webpackIgnore: true */ file));
  const kept = navigator.serviceWorker?.controller;
  if (document.hidden || kept) load();
  else {
    new PerformanceObserver(load).observe({ type: 'paint', buffered: true });
    addEventListener('load', () => setTimeout(load, 1000));
  }
  // What draws at once is here in a moment: what the page says until then is not laid out and painted for it.
  if (kept && own?.['atOnce'] !== undefined) {
    dataset['draws'] = '';
    setTimeout(() => delete dataset['draws'], 2000);
  }
  try {
    const theme = localStorage.getItem('latchkey-theme');
    if (theme === 'light' || theme === 'dark') dataset['theme'] = theme;
    // The page as it is exported says "No home yet"; where there is one, it stays hidden until storage is read.
    if (localStorage.getItem('latchkey-paired') === 'yes') dataset['paired'] = '';
  } catch {
    // Storage is refused: the system's theme holds, and no home is kept.
  }
  if (location.pathname === '/pair' && location.hash.length > 1) {
    (window as BootWindow).latchkeyLink = location.href;
    history.replaceState(null, '', location.pathname);
  }
}
