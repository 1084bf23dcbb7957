'use client';
import { useEffect, useState, type ComponentType } from 'react';
import { LiveShell, useApp, type App } from './app.tsx';
import type { HomeState } from '../_state/types.ts';
import { ErrorScreen } from '../_screens/error-screen.tsx';
import { NeedsHomeScreen } from '../_screens/needs-home-screen.tsx';
import { text } from '../_text/en.ts';

type Live = ComponentType<{ readonly app: App; readonly home: HomeState }>;
let live: Live | undefined;

/** Archives, whose code comes when it is opened: nobody at a door waits for it. */
export function ArchivesPage() {
  const app = useApp();
  const { snapshot, home } = app;
  const [Screen, setScreen] = useState<Live | undefined>(() => live);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    import('./archives-live.tsx').then(
      ({ ArchivesLive }) => {
        live = ArchivesLive;
        setScreen(() => ArchivesLive);
      },
      () => setFailed(true),
    );
  }, []);
  if (failed) return <ErrorScreen />;
  if (home !== undefined && Screen !== undefined) return <Screen key={home.id} app={app} home={home} />;
  return (
    <LiveShell app={app} screen="archives">
      {snapshot.loaded && home === undefined && <NeedsHomeScreen title={text.nav.archives} />}
    </LiveShell>
  );
}
