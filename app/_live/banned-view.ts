import { momentOf, triedWords, whyWords } from './ban-words.ts';
import { doorLabel, minutesWord, reasonWords } from './words.ts';
import { shownText } from '../../lib/shown-text.ts';
import type { BanHit } from '../../lib/protocol/bans.ts';
import type { OwnBanned } from '../_state/ban-types.ts';
import type { DoorEntry, HomeState } from '../_state/types.ts';
import { timeOfDay } from '../_ui/durations.ts';
import type { BannedFace } from '../_ui/types.ts';
import { bannedText as words } from '../_text/banned.ts';

/** The own bans as they were last said. */
export function ownBans(home: HomeState): OwnBanned[] {
  const { summary } = home.bans;
  return (summary?.value.own ?? [])
    .filter(({ hits }) => hits.length > 0)
    .map((one) => ({ ...one, at: summary?.at ?? 0 }));
}

const jailsOf = (hits: readonly BanHit[]) => [...new Set(hits.map(({ jail }) => shownText(jail)))].join(', ');

/** What stands on Doors where the home turns this device's address away. `now` monotonic, `wall` Unix ms. */
export function bannedFace(
  home: HomeState,
  entry: DoorEntry | undefined,
  now: number,
  wall: number,
): BannedFace {
  const [own] = ownBans(home);
  const { lifting, lifted, liftFailed, summary, fresh } = home.bans;
  const hits = own?.hits ?? [];
  const wider = hits.filter(({ value }) => value !== own?.address);
  const mayUnban = summary?.value.mayUnban ?? false;
  const fixed = hits.find(
    ({ source }) => summary?.value.sources.find((one) => one.source === source)?.canUnban === false,
  );
  const canLift = wider.length === 0 || wider.length < hits.length || mayUnban;
  const lines = own?.lines ?? [];
  const jail = hits[0]?.jail ?? '';
  const tried = triedWords(lines);
  const door = opens(entry);
  const several = (home.doors?.length ?? 0) > 1;
  return {
    address: own?.address ?? home.address ?? '',
    again: own?.again ?? false,
    ends: endsWords(home, hits, own?.at ?? now, now, wall),
    jail: jailsOf(hits),
    why:
      whyWords(jail, {
        ...(own?.failures === undefined ? {} : { failures: own.failures }),
        ...(own?.count === undefined ? {} : { times: own.count }),
      }) ?? words.notTold,
    when: whenWords(hits, lines, wall),
    ...(tried === undefined ? {} : { tried }),
    lead: canLift && fixed === undefined ? words.canLift : words.cannot,
    lede:
      fixed !== undefined
        ? words.cannotSource(home.name, fixed.source)
        : canLift
          ? words.canLiftWhy(home.name)
          : words.cannotWhy(shownText(wider[0]?.value ?? '')),
    canLift: canLift && fixed === undefined,
    ...(wider.length > 0 && !mayUnban ? { needs: words.needs(home.name) } : {}),
    ...(door === undefined
      ? {}
      : {
          opens: words.unbanOpen(
            several ? doorLabel(door.name) : undefined,
            door.shown.choosesTime ? minutesWord(door.dial.seconds) : undefined,
          ),
        }),
    busy: lifting !== undefined || !fresh,
    ...(liftFailed === undefined ? {} : { failed: `${words.failed} ${reasonWords(liftFailed.code)}` }),
    ...(lifted !== undefined && !lifted.undone && hits.length > 0
      ? { stands: words.stands(jailsOf(lifted.hits), jailsOf(hits)) }
      : {}),
    log: logOf(home, own, lines, wall),
    failing: own?.again === true ? lines.slice(-1).map(({ text }) => shownText(text)) : [],
  };
}

/** A door that cannot be opened, or has to be asked for first, is none to promise. */
function opens(entry: DoorEntry | undefined): DoorEntry | undefined {
  return entry?.shown.problem === undefined ? entry : undefined;
}

function endsWords(home: HomeState, hits: readonly BanHit[], at: number, now: number, wall: number): string {
  if (hits.some(({ permanent }) => permanent)) return words.endsNever;
  const left = hits.map(({ leftMs }) => leftMs);
  if (left.length === 0 || left.includes(undefined)) return words.endsUnknown(home.name);
  return words.ends(momentOf(wall - (now - at) + Math.max(...left.map((ms) => ms ?? 0)), wall));
}

function whenWords(hits: readonly BanHit[], lines: OwnBanned['lines'], wall: number): string {
  const times = lines.flatMap(({ at }) => (at === undefined ? [] : [at]));
  const [first] = times;
  const last = times.at(-1);
  if (first !== undefined && last !== undefined) return words.fromTo(momentOf(first, wall), timeOfDay(last));
  const since = hits.flatMap((hit) => (hit.since === undefined ? [] : [hit.since]));
  return since.length === 0 ? words.notTold : words.since(momentOf(Math.min(...since), wall));
}

/** For whoever looks after the home: no address but this device's own. */
function logOf(home: HomeState, own: OwnBanned | undefined, lines: OwnBanned['lines'], wall: number): string {
  return [
    `${home.name}, ${new Date(wall).toISOString()}`,
    `${own?.address ?? ''}: ${(own?.hits ?? []).map(({ source, jail }) => `${source}, ${shownText(jail)}`).join('; ')}`,
    ...lines.map(({ text }) => shownText(text)),
    '',
  ].join('\n');
}
