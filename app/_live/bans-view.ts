import { momentOf, whyWords } from './ban-words.ts';
import { ownBans } from './banned-view.ts';
import { reasonWords } from './words.ts';
import { isKnownFree } from './own-ban.ts';
import { shownText } from '../../lib/shown-text.ts';
import { banPage, type BanFlood, type BanHit, type BanRow } from '../../lib/protocol/bans.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import type { BanName, BanQuery } from '../_state/ban-types.ts';
import type { HomeState } from '../_state/types.ts';
import { span, timeOfDay } from '../_ui/durations.ts';
import type { BansFace, BanListFace, BanRowFace, FloodFace, JailFilter, OwnFace } from '../_ui/ban-types.ts';
import { bansText as words } from '../_text/bans.ts';

type Summary = ResultOf<'bans'>;

/** From so many on, finding one takes a field. */
const manyFrom = 25;

/** 100,000 */
export function countWords(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

export function nameKey({ source, jail, value }: BanName): string {
  return `${source}\n${jail}\n${value}`;
}

/** What Bans says now. `now` monotonic, `wall` Unix ms. */
export function bansFace(home: HomeState, now: number, wall: number): BansFace {
  const { summary, list } = home.bans;
  const said = summary?.value;
  const { query } = list;
  const total = query.search === undefined && query.jail === undefined ? said?.total : list.total;
  return {
    ...headWords(home, now),
    own: ownFace(home),
    troubles: said === undefined ? [] : troublesOf(home.name, said),
    filters: said === undefined ? [] : filtersOf(said, query),
    ...((said?.more ?? 0) > 0 ? { moreJails: words.moreJails(said?.more ?? 0) } : {}),
    search: query.search ?? '',
    many: query.search !== undefined || (said?.total ?? 0) > manyFrom,
    floods: query.search === undefined ? floodsOf(said, query, wall) : [],
    list: listFace(home, total ?? 0, now, wall),
    ...(query.search !== undefined && list.total === 0 && !list.settling
      ? { empty: words.nothingFound }
      : {}),
  };
}

function headWords(home: HomeState, now: number): Pick<BansFace, 'title' | 'lede' | 'calm'> {
  const { summary, fresh, load } = home.bans;
  if (summary === undefined) {
    if (load.state === 'failed') return { title: words.title, lede: reasonWords(load.code), calm: false };
    const asks = home.reach.state === 'asking' || home.reach.state === 'answered';
    return { title: words.title, lede: (asks ? words.asking : words.notReached)(home.name), calm: false };
  }
  const { value } = summary;
  const title = titleWords(value);
  if (!fresh) return { title, lede: words.lastKnown(span(now - summary.at)), calm: false };
  if (value.sources.length === 0) return { title, lede: words.noSource(home.name), calm: false };
  const oldest = Math.max(
    ...value.sources.flatMap(({ problem, readMs }) => (problem === undefined ? [] : [readMs ?? 0])),
    0,
  );
  if (isDown(value)) {
    const lede = [...sourceTroubles(home.name, value), words.lastKnown(span(oldest + now - summary.at))].join(
      ' ',
    );
    return { title, lede, calm: false };
  }
  if (value.floods.length > 0 && !value.jails.some(({ trouble }) => trouble === 'no-rule'))
    return { title, lede: words.turnedAway, calm: false };
  return { title, lede: newWords(value), calm: true };
}

/** Nothing that bans can be asked: the list is not empty, it is not known, and nobody is protected. */
function isDown({ sources }: Summary): boolean {
  return sources.length > 0 && sources.every(({ problem }) => problem !== undefined);
}

function titleWords(said: Summary): string {
  if (isDown(said)) return words.unprotected;
  if (said.sources.length === 0) return words.title;
  return said.total === 0 ? words.nobody : words.banned(countWords(said.total));
}

/** 12 new today, as on most days. Usual is a whole day: what is fewer may only be early. */
export function newWords({ today, usual }: Pick<Summary, 'today' | 'usual'>): string {
  const said = words.newToday(today === 0 ? words.none : countWords(today));
  if (usual === undefined) return `${said}.`;
  if (usual === 0) return said + (today === 0 ? words.asMost : words.mostNone);
  const times = today / usual;
  if (times < 0.67) return said + words.soFar;
  if (times < 1.5) return said + words.asMost;
  return said + (times < 2.5 ? words.twice : words.timesUsual(Math.round(times)));
}

function ownFace(home: HomeState): OwnFace {
  const { summary, fresh } = home.bans;
  const banned = ownBans(home)[0];
  const address = banned?.address ?? summary?.value.own[0]?.address ?? home.address;
  if (summary === undefined || address === undefined)
    return { state: 'unknown', words: words.ownUnknown, ...(address === undefined ? {} : { address }) };
  if (!fresh || isDown(summary.value))
    return { state: 'old', words: banned === undefined ? words.wasFree : words.wasHere, address };
  if (banned !== undefined) return { state: 'banned', words: words.here, address };
  if (isKnownFree(home, address)) return { state: 'free', words: words.free, address };
  // Asked about it, but not everywhere.
  const isAsked = summary.value.own.some((one) => one.address === address);
  return { state: 'unknown', words: isAsked ? words.freeSoFar : words.ownUnknown, address };
}

function sourceTroubles(home: string, { sources }: Summary): string[] {
  return sources.flatMap(({ source, problem }) =>
    problem === undefined
      ? []
      : [
          problem === 'tool-ended'
            ? words.notRunning(source, home)
            : words.problem(source, reasonWords(problem)),
        ],
  );
}

function troublesOf(home: string, said: Summary): string[] {
  return [
    ...(isDown(said) ? [] : sourceTroubles(home, said)),
    ...said.jails.flatMap(({ jail, trouble }) =>
      trouble === undefined ? [] : [(trouble === 'deaf' ? words.deaf : words.noRule)(shownText(jail))],
    ),
  ];
}

function filtersOf({ total, jails }: Summary, query: BanQuery): JailFilter[] {
  const search = query.search === undefined ? {} : { search: query.search };
  const twice = (jail: string) => jails.filter((one) => one.jail === jail).length > 1;
  return [
    { key: 'all', query: search, label: words.all, count: total, mono: false, on: query.jail === undefined },
    ...jails.map(({ source, jail, banned }) => ({
      key: `${source}\n${jail}`,
      query: { ...search, source, jail },
      label: twice(jail) ? `${source} ${shownText(jail)}` : shownText(jail),
      count: banned,
      mono: true,
      on: query.jail === jail && query.source === source,
    })),
  ];
}

function floodsOf(said: Summary | undefined, query: BanQuery, wall: number): FloodFace[] {
  return (said?.floods ?? [])
    .filter(
      ({ source, jail }) => query.jail === undefined || (query.jail === jail && query.source === source),
    )
    .map((flood) => floodFace(flood, wall));
}

function floodFace({ source, jail, count, networks, yours, slots }: BanFlood, wall: number): FloodFace {
  return {
    key: `${source}\n${jail}`,
    source,
    jailName: jail,
    jail: shownText(jail),
    title: words.flood(countWords(count)),
    from: words.from(networks) + (yours ? words.yours : words.noneYours),
    slots,
    label: words.floodChart(Math.max(...slots)),
    begins: timeOfDay(wall - 3_600_000),
    last: words.inFive(slots.at(-1) ?? 0),
  };
}

function listFace(home: HomeState, total: number, now: number, wall: number): BanListFace {
  const { list, fresh, chosen, summary } = home.bans;
  return {
    total,
    settling: list.settling && list.pages.size > 0,
    old: !fresh || (summary !== undefined && isDown(summary.value)),
    ...(chosen === undefined ? {} : { chosen: nameKey(chosen.ban) }),
    row: (index) => {
      const page = list.pages.get(Math.floor(index / banPage));
      const row = page?.value[index % banPage];
      return row === undefined || page === undefined ? undefined : rowFace(row, now - page.at, wall);
    },
  };
}

export function rowFace(row: BanRow, agoMs: number, wall: number): BanRowFace {
  const why = whyWords(row.jail, row);
  return {
    key: nameKey(row),
    ban: { source: row.source, jail: row.jail, value: row.value },
    value: shownText(row.value),
    jail: shownText(row.jail),
    ...(why === undefined ? {} : { why }),
    since: row.since === undefined ? words.unknown : momentOf(row.since, wall),
    left: leftWords(row, agoMs),
  };
}

export function leftWords(
  { leftMs, permanent }: Pick<BanHit, 'leftMs' | 'permanent'>,
  agoMs: number,
): string {
  if (permanent) return words.never;
  if (leftMs === undefined) return words.unknown;
  return leftMs - agoMs < 1000 ? words.ending : span(leftMs - agoMs);
}
