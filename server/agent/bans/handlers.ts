import type { Ban } from '../../../lib/ban.ts';
import type { BanRow } from '../../../lib/protocol/bans.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import type { ResultOf } from '../../../lib/protocol/message.ts';
import type { BanFacts } from '../../bans/source.ts';
import { fitting, room, sizeOf } from '../fit.ts';
import type { Handlers } from '../handlers.ts';
import { unwrap } from '../outcome.ts';
import type { Bans } from './bans.ts';
import { unbanDoor } from './lifting.ts';
import { alsoBanned, summary } from './summary.ts';
import { hitView, hitViews, lineViews, whole } from './views.ts';

/** What one question about facts may hold (server/bans/host.ts). */
const factsAtOnce = 64;
const day = 86_400_000;
const mostJails = 32;

type BanTypes =
  'bans' | 'banList' | 'banNetworks' | 'ban' | 'banCounts' | 'attacks' | 'armUnban' | 'unban' | 'reban';

export const banHandlers: Pick<Handlers, BanTypes> = {
  bans({ request, live, parts }) {
    return summary(request, live.device, parts.bans);
  },

  async banList({ request, parts: { bans } }) {
    const { from, limit, ...which } = request;
    const { revision } = bans;
    const { total, rows } = bans.list.page(which, from, limit);
    const views = await rowViews(rows, bans);
    return { type: 'banList', revision, total, from, rows: fitting(views, limit) };
  },

  banNetworks({ request, parts: { bans } }) {
    const { from, limit, ...which } = request;
    const { total, rows } = bans.list.networks(which, from, limit);
    return Promise.resolve({
      type: 'banNetworks',
      revision: bans.revision,
      total,
      from,
      rows: fitting(rows, limit),
    });
  },

  async ban({ request, parts: { bans } }) {
    const { source, jail, value } = request;
    const [evidence, times] = await Promise.all([
      bans.host.banEvidence(source, jail, value).catch(() => undefined),
      bans.timesOf([value]),
    ]);
    const now = bans.clock.wall();
    const ban = bans.list.get(source, jail, value);
    const seconds = bans.feed.stateOf(source)?.jails.find((one) => one.jail === jail)?.banSeconds;
    const failures = evidence?.failures;
    const also = alsoBanned(request, bans);
    return {
      type: 'ban',
      ...(ban === undefined ? {} : { ban: hitView(ban, now) }),
      ...(failures === undefined ? {} : { failures: whole(failures) }),
      times: Math.max(times.get(value) ?? 0, evidence?.count ?? 0),
      ...(seconds === undefined || seconds < 0 ? {} : { next: { jail, seconds: whole(seconds) } }),
      lines: lineViews(evidence?.lines ?? [], 10, room / 2),
      also: also.length === 0 ? [] : hitViews(also, 8, now, room / 4),
    };
  },

  banCounts({ request, parts: { bans } }) {
    const { edges } = request;
    if (edges.some((edge, i) => i > 0 && edge <= (edges[i - 1] as number)))
      return Promise.reject(new LatchkeyError('protocol-malformed', 'edges'));
    const now = bans.clock.wall();
    const rows = bans.counts.between(edges, now);
    const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
    rows.sort((a, b) => sum(b.counts) - sum(a.counts));
    const answer: ResultOf<'banCounts'> = {
      type: 'banCounts',
      jails: [],
      knownSince: whole(bans.counts.knownSince(now)),
    };
    // Room for `others` is kept: it may be as long as the sum of all.
    const widest = edges.slice(1).map((_, i) => rows.reduce((all, row) => all + (row.counts[i] ?? 0), 0));
    const jails = fitting(rows, mostJails, room - sizeOf(answer) - sizeOf(widest) - 12);
    const rest = rows.slice(jails.length);
    const others = widest.map((_, i) => rest.reduce((all, row) => all + (row.counts[i] ?? 0), 0));
    return Promise.resolve({ ...answer, jails, ...(rest.length === 0 ? {} : { others }) });
  },

  async attacks({ parts: { bans } }) {
    const { hours, recent, reads } = await bans.host.attacks();
    const now = bans.clock.wall();
    const young = hours.filter(({ hour }) => hour > now - day).slice(-96);
    const lines = recent.map(({ at, kind, address, user, text }) => ({
      at: whole(at),
      kind,
      ...(address === undefined ? {} : { address: address.slice(0, 39) }),
      ...(user === undefined ? {} : { user: user.slice(0, 64) }),
      text: text.slice(0, 200),
    }));
    const answer: ResultOf<'attacks'> = { type: 'attacks', hours: [...young], recent: [], reads };
    return { ...answer, recent: fitting(lines, 10, room - sizeOf(answer)) };
  },

  armUnban({ live, parts }) {
    const made = live.challenges.make(parts.policy.observers, unbanDoor, parts.clock.now(), parts.random);
    return Promise.resolve({ type: 'armed', ...made });
  },

  async unban({ request, live, parts: { bans } }) {
    const outcome = unwrap(await bans.lifting.unban(request, live));
    const { lifted = [], left = [], comesBack } = outcome;
    const now = bans.clock.wall();
    const undoMs = bans.lifting.undoLeft(outcome);
    return {
      type: 'unbanned',
      value: request.value,
      lifted: lifted.length === 0 ? [] : hitViews(lifted, 16, now, room / 2),
      left: left.length === 0 ? [] : hitViews(left, 8, now, room / 4),
      ...(undoMs === undefined ? {} : { undoMs: whole(undoMs) }),
      ...(comesBack === undefined ? {} : { comesBack }),
    };
  },

  async reban({ request, live, parts: { bans } }) {
    const { banned = [] } = unwrap(await bans.lifting.reban(request, live));
    const [first] = banned;
    return {
      type: 'rebanned',
      value: first?.value.slice(0, 128) ?? '',
      hits: hitViews(banned, 16, bans.clock.wall(), room / 2),
    };
  },
};

/** With what their sources and home know of each; what cannot be told is left out. */
async function rowViews(rows: readonly Ban[], bans: Bans): Promise<BanRow[]> {
  const groups = new Map<string, Ban[]>();
  for (const row of rows) {
    const key = `${row.source}\n${row.jail}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const facts = new Map<Ban, BanFacts>();
  const asked = [...groups.values()].flatMap((group) => {
    const parts: Ban[][] = [];
    for (let i = 0; i < group.length; i += factsAtOnce) parts.push(group.slice(i, i + factsAtOnce));
    return parts;
  });
  const [times] = await Promise.all([
    bans.timesOf(rows.map(({ value }) => value)),
    ...asked.map(async (part) => {
      const [{ source, jail }] = part as [Ban, ...Ban[]];
      const told = await bans.host
        .banFacts(
          source,
          jail,
          part.map(({ value }) => value),
        )
        .catch(() => []);
      const byValue = new Map(told.map((one) => [one.value, one]));
      for (const ban of part) facts.set(ban, byValue.get(ban.value) ?? {});
    }),
  ]);
  const now = bans.clock.wall();
  return rows.map((row) => {
    const { failures, times: told = 0 } = facts.get(row) ?? {};
    const count = Math.max(told, times.get(row.value) ?? 0);
    return {
      ...hitView(row, now),
      ...(failures === undefined ? {} : { failures: whole(failures) }),
      ...(count === 0 ? {} : { times: count }),
    };
  });
}
