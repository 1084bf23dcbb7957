import { useEffect } from 'react';
import { wordsOf } from '../../lib/check-words.ts';
import type { CheckResult } from '../../lib/checks.ts';
import type { App } from './app.tsx';
import { doorLabel, plain, reasonWords } from './words.ts';
import type { CheckRow, ChecksScreenProps } from '../_screens/checks-screen.tsx';
import { timeOfDay } from '../_ui/durations.ts';

/** What the home finds wrong with itself: asked for, and seen, where `shown`. Undefined without a home. */
export function useChecks({ store, home }: App, shown: boolean): ChecksScreenProps | undefined {
  const id = home?.id;
  const wanted = shown && home?.reach.state === 'answered';
  useEffect(() => {
    if (wanted) store.loadChecks();
  }, [wanted, id, store]);
  const isNews =
    shown && home?.checks.lookedMs !== undefined && home.checks.found?.some(({ seen }) => !seen) === true;
  useEffect(() => {
    if (isNews) store.sawChecks();
  }, [isNews, id, store]);
  if (home === undefined) return undefined;
  const { checks, more, load, lookedMs } = home.checks;
  const rows = (state: CheckResult['state']) =>
    checks.flatMap((check, i) => (check.state === state ? [rowOf(check, i)] : []));
  return {
    home: home.name,
    ...(lookedMs === undefined ? {} : { at: timeOfDay(Date.now() - lookedMs) }),
    findings: rows('finding'),
    unseen: rows('unknown'),
    sound: rows('ok'),
    more,
    loading: load.state === 'loading',
    ...(load.state === 'failed' ? { line: reasonWords(load.code) } : {}),
    onAgain: () => store.loadChecks(),
  };
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
