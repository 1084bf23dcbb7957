'use client';
import { useEffect, useState } from 'react';
import { activityDays, activityLine, dayTitle } from './activity-rows.ts';
import { LiveShell, useActivity, useApp, type App } from './app.tsx';
import { dayBefore, dayFace, nextDay } from './day-face.ts';
import { grownDays } from './grown-rows.ts';
import { lookItems } from './look-rows.ts';
import { usePlace } from './place.ts';
import type { HomeState } from '../_state/types.ts';
import { ActivityScreen, type ActivityFilter } from '../_screens/activity-screen.tsx';
import { DayScreen } from '../_screens/day-screen.tsx';
import { NeedsHomeScreen } from '../_screens/needs-home-screen.tsx';
import { dayStart } from '../_ui/durations.ts';
import { dayText } from '../_text/activity.ts';
import { text } from '../_text/en.ts';

/** So many days can be chosen. */
const mostDays = 14;

export function ActivityLive() {
  const app = useApp();
  useActivity(app);
  const { snapshot, home } = app;
  return (
    <LiveShell app={app} screen="activity">
      {!snapshot.loaded ? null : home === undefined ? (
        <NeedsHomeScreen title={text.activity.title} />
      ) : (
        <HomeActivity key={home.id} app={app} home={home} />
      )}
    </LiveShell>
  );
}

function HomeActivity({ app: { store }, home }: { app: App; home: HomeState }) {
  const place = usePlace();
  const [view, setView] = useState<'day' | ActivityFilter>('day');
  /** Absent: today, also after midnight. */
  const [chosen, setChosen] = useState<number>();
  const wall = Date.now();
  const today = dayStart(wall);
  const start = chosen ?? today;
  const end = nextDay(start);
  const answers = home.reach.state === 'answered';
  const { load, more, days } = home.activity;
  useEffect(() => {
    if (answers) store.loadDevices();
  }, [answers, store]);
  // Of a day that is over once; of today again as the home tells of bans.
  useEffect(() => {
    if (answers) store.loadDay(start, end);
  }, [answers, start, end, days, wall, store]);
  const said = activityLine(home);
  const line = said === undefined ? {} : { line: said };
  const loading = load.state === 'loading';
  if (view !== 'day') {
    return (
      <ActivityScreen
        days={activityDays(home, view, wall)}
        filter={view}
        onFilter={setView}
        {...line}
        more={more}
        loading={loading}
        onMore={store.loadActivity}
        onDay={() => setView('day')}
      />
    );
  }
  const looks = lookItems(home, wall);
  return (
    <DayScreen
      day={dayFace(home, start, wall, looks.length)}
      looks={looks}
      rows={grownDays(home, wall, place, start, end, chosen === undefined)}
      days={daysUntil(today).map((one) => ({
        start: one,
        title: one === today ? dayText.today : dayTitle(one, wall),
        current: one === start,
      }))}
      {...line}
      more={more}
      loading={loading}
      onDay={(day) => setChosen(day === today ? undefined : day)}
      onAll={() => setView('all')}
      onMore={store.loadActivity}
      onSeen={store.settle}
      onRevoke={store.revoke}
    />
  );
}

function daysUntil(today: number): number[] {
  const days = [today];
  while (days.length < mostDays) days.push(dayBefore(days.at(-1) ?? today));
  return days;
}
