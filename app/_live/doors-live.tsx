'use client';
import { useMemo } from 'react';
import { LiveShell, useActivity, useApp, type App } from './app.tsx';
import { chosenDoor, doorFace, doorRows, facelessHome } from './door-view.ts';
import { activityDays, activityLine } from './activity-rows.ts';
import { usePlace } from './place.ts';
import { reportOf } from './proof-links.ts';
import { doorLabel } from './words.ts';
import type { HomeState } from '../_state/types.ts';
import { ActivitySide } from '../_screens/activity-screen.tsx';
import { headline } from '../_screens/door-face.tsx';
import type { DoorActs } from '../_screens/door-acts.ts';
import { DoorsScreen } from '../_screens/doors-screen.tsx';
import { FirstRunScreen } from '../_screens/first-run-screen.tsx';
import { NoDoorsScreen } from '../_screens/no-doors-screen.tsx';
import { WaitingScreen } from '../_screens/waiting-screen.tsx';
import { Shell } from '../_ui/shell.tsx';

/** How many events stand beside the doors. */
const beside = 12;

export function DoorsLive() {
  const app = useApp();
  useActivity(app);
  const place = usePlace();
  const { home } = app;
  if (home === undefined) {
    // The exported page has both: boot() knows whether there is a home, and styles show the one that is so.
    return (
      <>
        <LiveShell app={app} screen="none" mainClass="first-run">
          <FirstRunScreen place={place} />
        </LiveShell>
        {!app.snapshot.loaded && (
          <Shell screen="doors" homes={[]} blank waits narrowSide side={<></>}>
            <WaitingScreen />
          </Shell>
        )}
      </>
    );
  }
  return <HomeDoors app={app} home={home} />;
}

function HomeDoors({ app, home }: { app: App; home: HomeState }) {
  const { store, snapshot } = app;
  const place = usePlace();
  const wall = Date.now();
  const entry = chosenDoor(home);
  const name = entry?.name ?? '';
  const face =
    entry === undefined ? facelessHome(home, place) : doorFace(home, entry, place, wall, snapshot.now);
  const acts = useMemo(() => doorActs(app.store, name), [app.store, name]);
  const line = activityLine(home);
  return (
    <LiveShell
      app={app}
      screen="doors"
      narrowSide
      side={
        <ActivitySide
          days={activityDays(home, 'all', wall, beside)}
          {...(line === undefined ? {} : { line })}
        />
      }
    >
      {home.doors?.length === 0 ? (
        <NoDoorsScreen home={home.name} />
      ) : (
        <DoorsScreen
          key={`${home.id} ${name}`}
          face={face}
          doors={doorRows(home)}
          openBy={snapshot.settings.openBy}
          singleKeys={snapshot.settings.shortcuts && place === 'browser'}
          acts={{
            ...acts,
            seconds: (seconds) => store.setSeconds(name, seconds),
            report: () => reportOf(home.name, doorLabel(name), reportHead(face), face.links),
          }}
        />
      )}
    </LiveShell>
  );
}

function reportHead(face: Parameters<typeof headline>[0]): string {
  return [headline(face), face.reason ?? ''].filter(Boolean).join('. ');
}

function doorActs(store: App['store'], name: string): Omit<DoorActs, 'seconds' | 'report'> {
  return {
    arm: () => store.armStart(name),
    release: () => store.release(name),
    cancel: () => store.cancel(name),
    stop: () => store.stop(name),
    close: () => store.closeNow(name),
    add: () => store.addFive(name),
    ask: () => store.askAgain(name),
    retry: () => store.dismiss(name),
    closeAndOpen: () => store.closeAndOpen(name),
    unban: (door) => store.unbanHere(door),
    choose: (door) => store.chooseDoor(door),
    armDoor: (door) => store.armStart(door),
    releaseDoor: (door) => store.release(door),
    cancelDoor: (door) => store.cancel(door),
  };
}
