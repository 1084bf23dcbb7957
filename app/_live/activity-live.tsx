'use client';
import { useState } from 'react';
import { LiveShell, useActivity, useApp } from './app.tsx';
import { activityDays, activityLine } from './lists.ts';
import { ActivityScreen, type ActivityFilter } from '../_screens/activity-screen.tsx';
import { NeedsHomeScreen } from '../_screens/needs-home-screen.tsx';
import { text } from '../_text/en.ts';

export function ActivityLive() {
  const app = useApp();
  useActivity(app);
  const [filter, setFilter] = useState<ActivityFilter>('all');
  const { store, snapshot, home } = app;
  const line = home === undefined ? undefined : activityLine(home);
  return (
    <LiveShell app={app} screen="activity">
      {!snapshot.loaded ? null : home === undefined ? (
        <NeedsHomeScreen title={text.activity.title} />
      ) : (
        <ActivityScreen
          days={activityDays(home, filter, Date.now())}
          filter={filter}
          onFilter={setFilter}
          {...(line === undefined ? {} : { line })}
          more={home.activity.more}
          loading={home.activity.load.state === 'loading'}
          onMore={store.loadActivity}
        />
      )}
    </LiveShell>
  );
}
