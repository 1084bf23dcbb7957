import { options, render } from 'preact';
import { Component, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { StoreContext } from './app.tsx';
import { chosenEarly } from './chosen-early.ts';
import { routes } from './routes.ts';
import { loadStore, waitingStore } from './store.ts';
import { updates } from './updates.ts';
import { route } from '../_ui/route.ts';
import { ErrorScreen } from '../_screens/error-screen.tsx';
import type { Store } from '../_state/types.ts';
import { text } from '../_text/en.ts';

/** Without a store, or with a screen that cannot be drawn, the app is nothing: it offers to load it again. */
class Whole extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError = () => ({ failed: true });
  override render() {
    return this.state.failed ? <ErrorScreen /> : this.props.children;
  }
}

/** One store for the life of the page; it lives above the screens, so a session outlives a change of screen. */
function App({ store }: { store: Store }) {
  const path = useSyncExternalStore(route.subscribe, route.get);
  const moved = useRef(false);
  const [first] = useState(path);
  if (path !== first) moved.current = true;
  const entry = routes[path];
  const title = entry?.title === undefined ? text.app.name : text.app.titled(entry.title);
  useEffect(() => {
    // The relay has the words for an address that no screen has.
    if (entry === undefined) window.location.reload();
    else document.title = title;
  }, [entry, title]);
  return (
    <StoreContext value={store}>
      {entry !== undefined && <entry.Screen key={path} />}
      <p className="vh" role="status">
        {moved.current ? title : ''}
      </p>
    </StoreContext>
  );
}

/** Behind the next frame; a hidden page has none. */
const painted = () =>
  new Promise<void>((resolve) => {
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => setTimeout(resolve));
  });

/**
 * The exported page is here, all of it: what the parser still adds after a drawing would stand beside what is drawn. Kept
 * files come before a slow phone has read the page.
 */
const parsed = () =>
  new Promise<unknown>((resolve) => {
    if (document.readyState === 'loading')
      document.addEventListener('DOMContentLoaded', resolve, { once: true });
    else resolve(undefined);
  });

/** The exported page stands until this draws: with storage read where the screen shows any of it, so only once. */
async function start(atOnce: boolean): Promise<void> {
  // Its element too: only inside of what it draws does Preact take away what stood there.
  const draw = (whole: ReactNode) => {
    render((<div id="page">{whole}</div>) as Parameters<typeof render>[0], document.body);
    delete document.documentElement.dataset['draws'];
  };
  const app = (store: Store) => (
    <Whole>
      <App store={store} />
    </Whole>
  );
  await parsed();
  try {
    if (atOnce) {
      const chooseAgain = chosenEarly();
      draw(app(waitingStore));
      chooseAgain();
      await painted();
    }
    const given = await loadStore();
    // a task of its own: a finger that came meanwhile goes first
    await new Promise((resolve) => setTimeout(resolve));
    draw(app(given));
  } catch (error) {
    draw(<ErrorScreen />);
    throw error;
  }
}

/** A page starts until it is touched or hidden, and no longer than this: ms. */
const startTime = 10_000;
let started = document.hidden;
const end = () => (started = true);
for (const event of ['visibilitychange', 'pointerdown', 'keydown'])
  document.addEventListener(event, end, { once: true, capture: true });
setTimeout(end, startTime);

// While a page starts, what changes within a frame is drawn once, so that a slow phone feels the first finger. From
// then on at once: what is known to be old must not stand for a frame longer.
options.debounceRendering = (draw) => {
  if (started) queueMicrotask(draw);
  else requestAnimationFrame(draw);
};

route.start();
const entry = routes[route.get()];
// The page that says "no such page" has only links.
if (entry !== undefined) void start(entry.atOnce === true).finally(updates.start);
else updates.start();
