import { isCanonical } from '../../../lib/address.ts';
import { banKey, type Ban } from '../../../lib/ban.ts';
import type { BanSourceView, JailView, OwnBan } from '../../../lib/protocol/bans.ts';
import type { RequestOf, ResultOf } from '../../../lib/protocol/message.ts';
import { fitting, room, sizeOf } from '../fit.ts';
import type { Bans } from './bans.ts';
import { againMs } from './history-messages.ts';
import { hitViews, lineViews, whole } from './views.ts';

const mostJails = 64;
const mostSources = 16;
const mostFloods = 4;
/** Bytes of JSON; the jails get what is left. */
const rooms = { sources: 3000, floods: 2000, lines: 1500 };

/** How bans stand, for one device. */
export async function summary(
  { addresses, midnight }: RequestOf<'bans'>,
  device: string,
  bans: Bans,
): Promise<ResultOf<'bans'>> {
  const asked = addresses.filter((address) => isCanonical(address) !== undefined);
  const mine = bans.own.of(device, bans.clock.now());
  const own = await ownBans(asked.length > 0 ? asked : mine.slice(0, 2), bans);
  const now = bans.clock.wall();
  const today = bans.counts.since(midnight, now);
  const usual = bans.counts.usual(midnight, now);
  const jails = jailViews(today, bans);
  const answer: ResultOf<'bans'> = {
    type: 'bans',
    revision: bans.revision,
    sources: fitting(sourceViews(bans), mostSources, rooms.sources),
    jails: [],
    more: jails.length,
    total: bans.list.total,
    today: today.reduce((sum, { count }) => sum + count, 0),
    ...(usual === undefined ? {} : { usual }),
    own,
    floods: floodViews([...asked, ...mine], now, bans),
    mayUnban: bans.mayUnban(device),
  };
  const fit = fitting(jails, mostJails, room - sizeOf(answer));
  return { ...answer, jails: fit, more: jails.length - fit.length };
}

/** Each asked at its sources now; an address that cannot be asked about is left out, since nobody knows. */
async function ownBans(addresses: readonly string[], bans: Bans): Promise<OwnBan[]> {
  const all = await Promise.all(addresses.map((address) => ownBan(address, bans).catch(() => undefined)));
  return all.filter((one) => one !== undefined);
}

async function ownBan(address: string, bans: Bans): Promise<OwnBan> {
  const hits = [...(await bans.host.banned(address))].sort((a, b) => (b.since ?? 0) - (a.since ?? 0));
  const now = bans.clock.wall();
  const views = hitViews(hits, 8, now);
  const [first] = hits;
  if (first === undefined) return { address, hits: [], again: false, lines: [] };
  const [evidence, times] = await Promise.all([
    bans.host.banEvidence(first.source, first.jail, first.value).catch(() => undefined),
    bans.timesOf([first.value]),
  ]);
  const count = Math.max(evidence?.count ?? 0, times.get(first.value) ?? 0);
  const failures = evidence?.failures;
  return {
    address,
    hits: views,
    again: hits.some((hit) => isAgain(hit, bans, now)),
    ...(count === 0 ? {} : { count }),
    ...(failures === undefined ? {} : { failures: whole(failures) }),
    lines: lineViews(evidence?.lines ?? [], 5, rooms.lines),
  };
}

/** It was lifted, and came back before 10 minutes had passed. Sources have whole seconds. */
function isAgain(hit: Ban, bans: Bans, now: number): boolean {
  const lifted = bans.lifting.liftedAt(hit.value);
  if (lifted === undefined) return false;
  const since = hit.since ?? now;
  return since > lifted - 1000 && since - lifted < againMs;
}

function sourceViews(bans: Bans): BanSourceView[] {
  const { problem } = bans.feed;
  const readings = bans.feed.sources();
  const now = bans.clock.now();
  const views = readings.map(({ state, readAt }) => {
    const wrong = problem ?? state.problem;
    return {
      source: state.source,
      kind: state.kind.slice(0, 32),
      canUnban: state.canUnban,
      ...(wrong === undefined ? {} : { problem: wrong }),
      ...(readAt === undefined ? {} : { readMs: whole(now - readAt) }),
    };
  });
  // Nobody said which sources there are: the room itself is what is missing.
  if (views.length === 0 && problem !== undefined)
    return [{ source: 'helper', kind: 'helper', canUnban: false, problem }];
  return views;
}

/** What is wrong first, then the fullest. */
function jailViews(
  today: readonly { readonly source: string; readonly jail: string; readonly count: number }[],
  bans: Bans,
): JailView[] {
  const counts = new Map(today.map(({ source, jail, count }) => [`${source}\n${jail}`, count]));
  const views = bans.feed.sources().flatMap(({ state }) =>
    state.jails.map(({ jail, trouble }) => ({
      source: state.source,
      jail: jail.slice(0, 128),
      banned: bans.list.countOf(state.source, jail.slice(0, 128)),
      today: counts.get(`${state.source}\n${jail.slice(0, 128)}`) ?? 0,
      ...(trouble === undefined ? {} : { trouble }),
    })),
  );
  const wrong = (view: JailView): number => Number(view.trouble !== undefined);
  return views.sort((a, b) => wrong(b) - wrong(a) || b.banned - a.banned || b.today - a.today);
}

function floodViews(addresses: readonly string[], now: number, bans: Bans): ResultOf<'bans'>['floods'] {
  const views = bans.floods.now(now).map(({ source, jail, count, networks, slots, has }) => ({
    source,
    jail: jail.slice(0, 128),
    count,
    networks,
    yours: addresses.some(has),
    slots: [...slots],
  }));
  return fitting(views, mostFloods, rooms.floods);
}

/** Other bans that turn the same value away. */
export function alsoBanned(hit: { source: string; jail: string; value: string }, bans: Bans): Ban[] {
  return bans.list.covering(hit.value).filter((ban) => banKey(ban) !== banKey(hit));
}
