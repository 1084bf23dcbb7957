/** What boot() leaves for the app. */
export interface BootWindow extends Window {
  latchkeyLink?: string;
}

/**
 * Runs before the first paint, as text inside the page (its hash stands in the policy): the chosen theme, whether
 * there is a home to wait for, and the pairing link out of the address and its history. It may use nothing from
 * outside of itself.
 */
export function boot(): void {
  const { dataset } = document.documentElement;
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
