import { momentOf } from './ban-words.ts';
import { reasonWords } from './words.ts';
import { shownText } from '../../lib/shown-text.ts';
import type { BanHit } from '../../lib/protocol/bans.ts';
import type { HomeState } from '../_state/types.ts';
import { span, timeOfDay } from '../_ui/durations.ts';
import type { BanDetailFace } from '../_ui/ban-types.ts';
import { bannedText } from '../_text/banned.ts';
import { bansText as words } from '../_text/bans.ts';

/** The home cuts a line of the log at so many characters. */
const longestLine = 300;

/** The chosen ban; undefined where none is. */
export function banDetail(home: HomeState, now: number, wall: number): BanDetailFace | undefined {
  const { chosen, summary, lifting, liftFailed, fresh } = home.bans;
  if (chosen === undefined) return undefined;
  const { ban, said, load } = chosen;
  const answer = said?.value;
  const hit = answer?.ban;
  const own = summary?.value.own.some(({ address }) => address === ban.value) ?? false;
  const source = summary?.value.sources.find((one) => one.source === ban.source);
  const lines = answer?.lines ?? [];
  const tries = lines.filter(({ user }) => user !== undefined);
  return {
    head: ban.value.includes('/')
      ? words.network
      : /^[\da-f.:]+$/i.test(ban.value)
        ? words.detail
        : words.other,
    value: shownText(ban.value),
    until: said === undefined ? '' : hit === undefined ? words.gone : untilWords(hit, now - said.at, wall),
    stands: hit !== undefined,
    facts: [
      [words.jail, '', shownText(ban.jail)],
      ...((summary?.value.sources.length ?? 0) > 1 ? [[words.by, '', ban.source] as const] : []),
      ...(hit?.since === undefined ? [] : [[words.since, momentOf(hit.since, wall, true)] as const]),
      ...(answer === undefined ? [] : [[words.times, words.inDays(answer.times)] as const]),
      ...(answer?.next === undefined
        ? []
        : [[words.next, words.nextBy(longWords(answer.next.seconds)), shownText(answer.next.jail)] as const]),
      ...(answer?.also ?? []).map(({ jail }) => [words.also, '', shownText(jail)] as const),
    ],
    tries: tries.map(({ at, user = '', method }) => ({
      time: at === undefined ? '' : timeOfDay(at, true),
      user: shownText(user),
      how: shownText(method ?? ''),
    })),
    lines: lines.map(({ at, text }) => ({
      time: at === undefined ? '' : momentOf(at, wall, true),
      text: shownText(text) + (text.length >= longestLine ? ` … (${words.cut})` : ''),
    })),
    loading: load.state === 'loading' && said === undefined,
    ...(load.state === 'failed'
      ? { failed: reasonWords(load.code) }
      : liftFailed !== undefined && liftFailed.value === ban.value
        ? {
            failed: `${liftFailed.what === 'undo' ? bannedText.undoFailed : bannedText.failed} ${reasonWords(liftFailed.code)}`,
          }
        : {}),
    busy: lifting === ban.value,
    ...(source?.canUnban === false
      ? { cannot: words.cannot(ban.source) }
      : own || summary?.value.mayUnban === true || !fresh
        ? {}
        : { cannot: words.mayNot(home.name) }),
  };
}

function untilWords({ leftMs, permanent }: BanHit, agoMs: number, wall: number): string {
  if (permanent) return words.forGood;
  return leftMs === undefined ? words.away : words.until(momentOf(wall + leftMs - agoMs, wall));
}

function longWords(seconds: number): string {
  if (seconds === 604_800) return words.week;
  if (seconds === 86_400) return words.oneDay;
  return seconds === 3600 ? words.oneHour : span(seconds * 1000);
}
