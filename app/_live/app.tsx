'use client';
import {
  createContext,
  useContext,
  useEffect,
  useLayoutEffect,
  useSyncExternalStore,
  type ReactNode,
} from 'react';
import { currentHome, homeHeads, nothingOpen, stripDoor, stripWords, toLookAt } from './home-view.ts';
import { waitingStore } from './store.ts';
import { updates } from './updates.ts';
import type { HomeState, Snapshot, Store } from '../_state/types.ts';
import { Note, OpenStrip } from '../_ui/bars.tsx';
import { Shell, type Screen, type ShellProps } from '../_ui/shell.tsx';
import { text } from '../_text/en.ts';

/** Given by main.tsx; exported pages have the store that waits. */
export const StoreContext = createContext<Store>(waitingStore);

export interface App {
  readonly store: Store;
  readonly snapshot: Snapshot;
  readonly home: HomeState | undefined;
}

export function useApp(): App {
  const store = useContext(StoreContext);
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot);
  useTheme(snapshot.loaded ? snapshot.settings.theme : undefined);
  usePaired(snapshot.loaded, snapshot.homes.length > 0);
  return { store, snapshot, home: currentHome(snapshot) };
}

/** Kept where boot() reads it before the first paint of the next visit. */
function useTheme(theme: 'system' | 'light' | 'dark' | undefined): void {
  // at once: whoever leaves the page in the next instant finds it all the same
  useLayoutEffect(() => {
    if (theme === undefined) return;
    const { dataset } = document.documentElement;
    if (theme === 'system') delete dataset['theme'];
    else dataset['theme'] = theme;
    try {
      localStorage.setItem('latchkey-theme', theme);
    } catch {
      // Storage is refused: the setting holds for this visit.
    }
  }, [theme]);
}

/** Kept where boot() reads it: whether the next visit has a home to wait for. */
function usePaired(loaded: boolean, paired: boolean): void {
  // before the paint: what stood in for the home goes as the home comes
  useLayoutEffect(() => {
    if (!loaded) return;
    delete document.documentElement.dataset['paired'];
    try {
      if (paired) localStorage.setItem('latchkey-paired', 'yes');
      else localStorage.removeItem('latchkey-paired');
    } catch {
      // Storage is refused: there is no next visit with this home.
    }
  }, [loaded, paired]);
}

/** The shell with what every screen has: homes, the strip of an open door, an update that waits. */
export function LiveShell({
  app,
  screen,
  note,
  ...props
}: { app: App; screen: Screen; note?: ReactNode } & Partial<Omit<ShellProps, 'screen'>> & {
    children: ReactNode;
  }) {
  const { store, snapshot, home } = app;
  const update = useSyncExternalStore(updates.subscribe, updates.get, updates.getServer);
  const door = home === undefined ? undefined : stripDoor(home, screen === 'doors');
  const strip = home !== undefined && door !== undefined ? { door, ...stripWords(home, door) } : undefined;
  const devices = home?.devices.devices.length ?? 0;
  const findings = (home && toLookAt(home)) ?? 0;
  const bans = home?.bans.fresh === true ? home.bans.summary?.value.total : undefined;
  return (
    <Shell
      screen={screen}
      blank={!snapshot.loaded && screen !== 'none'}
      homes={homeHeads(snapshot)}
      {...(home === undefined ? {} : { current: home.id })}
      {...(devices === 0 ? {} : { devices })}
      {...(findings === 0 ? {} : { toLookAt: findings })}
      {...(bans === undefined ? {} : { bans })}
      onHome={store.chooseHome}
      above={
        <>
          {update.state === 'ready' && nothingOpen(snapshot) && (
            <Note
              words={
                update.version === undefined ? text.update.readyPlain : text.update.ready(update.version)
              }
              act={text.update.take}
              onAct={() => updates.apply()}
            />
          )}
          {note}
          {strip !== undefined && (
            <OpenStrip
              words={strip.words}
              left={strip.left}
              busy={strip.door.dial.busy === 'closing'}
              onShow={() => store.chooseDoor(strip.door.name)}
              onClose={() => store.closeNow(strip.door.name)}
            />
          )}
        </>
      }
      {...props}
    />
  );
}

/** Loads the newest events once a home, when it answers. */
export function useActivity({ store, home }: App): void {
  const wanted = home?.activity.load.state === 'none' && home.reach.state === 'answered';
  const id = home?.id;
  useEffect(() => {
    if (wanted) store.loadActivity();
  }, [wanted, id, store]);
}
