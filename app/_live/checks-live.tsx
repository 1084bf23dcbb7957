'use client';
import { useEffect } from 'react';
import { wordsOf } from '../../lib/check-words.ts';
import type { CheckResult } from '../../lib/checks.ts';
import { LiveShell, useApp } from './app.tsx';
import { doorLabel, plain, reasonWords } from './words.ts';
import { ChecksScreen, type CheckRow } from '../_screens/checks-screen.tsx';
import { NeedsHomeScreen } from '../_screens/needs-home-screen.tsx';
import { timeOfDay } from '../_ui/durations.ts';
import { checksText } from '../_text/checks.ts';
import { text } from '../_text/en.ts';

const back = { href: '/settings', label: text.nav.settings };

export function ChecksLive() {
  const app = useApp();
  const { store, snapshot, home } = app;
  const wanted = home?.reach.state === 'answered';
  const id = home?.id;
  useEffect(() => {
    if (wanted) store.loadChecks();
  }, [wanted, id, store]);
  const news = home?.checks.lookedMs !== undefined && home.checks.found?.some(({ seen }) => !seen) === true;
  useEffect(() => {
    if (news) store.sawChecks();
  }, [news, id, store]);
  if (home === undefined)
    return (
      <LiveShell app={app} screen="checks" back={back}>
        {snapshot.loaded && <NeedsHomeScreen title={checksText.title} />}
      </LiveShell>
    );
  const { checks, more, load, lookedMs } = home.checks;
  const rows = (state: CheckResult['state']) =>
    checks.flatMap((check, i) => (check.state === state ? [rowOf(check, i)] : []));
  return (
    <LiveShell app={app} screen="checks" back={back}>
      <ChecksScreen
        home={home.name}
        {...(lookedMs === undefined ? {} : { at: timeOfDay(Date.now() - lookedMs) })}
        findings={rows('finding')}
        unseen={rows('unknown')}
        sound={rows('ok')}
        more={more}
        loading={load.state === 'loading'}
        {...(load.state === 'failed' ? { line: reasonWords(load.code) } : {})}
        onAgain={() => store.loadChecks()}
      />
    </LiveShell>
  );
}

function rowOf(check: CheckResult, i: number): CheckRow {
  const { text: words, cost, remedy, command } = wordsOf(check);
  return {
    key: `${i} ${check.code}`,
    text: plain(words),
    ...(cost === undefined ? {} : { cost: plain(cost) }),
    ...(remedy === undefined ? {} : { remedy: plain(remedy) }),
    ...(command === undefined ? {} : { command }),
    ...(check.door === undefined ? {} : { door: doorLabel(check.door) }),
  };
}
