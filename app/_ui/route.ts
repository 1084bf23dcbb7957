/** Which screen is shown: the address bar's path, moved without loading a page. UI-free. */

/** `/passwords/`, `/passwords.html` and `/passwords` are one. */
export function pathOf(pathname: string): string {
  return pathname.replace(/(?:\/index)?(?:\.html)?\/*$/, '') || '/';
}

class Route {
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly get = (): string => pathOf(window.location.pathname);

  readonly go = (path: string): void => {
    // the screen that is shown: out of a view of it
    if (path === this.get() && window.location.hash === '') return;
    window.history.pushState(null, '', path);
    this.moved();
  };
  /** The way back leads past the screen that is left. */
  readonly replace = (path: string): void => {
    window.history.replaceState(null, '', path);
    this.moved();
  };
  /** Hears the browser's back and forward. */
  readonly start = (): void => window.addEventListener('popstate', this.moved);

  private readonly moved = (): void => {
    for (const listener of this.listeners) listener();
  };
}

export const route = new Route();
