import { doorLabel, minutesWord, reasonWords } from './words.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import type { HomeState } from '../_state/types.ts';
import type { ActivityFilter } from '../_screens/activity-screen.tsx';
import { dayStart, span, timeOfDay, weekdayOf } from '../_ui/durations.ts';
import type { ActivityDay, ActivityRow } from '../_ui/types.ts';
import { archiveEvents } from '../_text/activity.ts';
import { text } from '../_text/en.ts';

const words = text.activity;

/** Equal events within this fold into one row: ms. */
const foldWithin = 600_000;

const groups: Record<EventView['kind'], Exclude<ActivityFilter, 'all'>> = {
  opened: 'doors',
  closed: 'doors',
  connected: 'doors',
  refused: 'doors',
  failed: 'doors',
  overdue: 'doors',
  paired: 'devices',
  pairing: 'devices',
  'pairing-second': 'devices',
  revoked: 'devices',
  started: 'homes',
  banned: 'bans',
  unbanned: 'bans',
  rebanned: 'bans',
  allowed: 'devices',
  'inventory-asked': 'homes',
  inventory: 'homes',
  'inventory-failed': 'homes',
  imported: 'homes',
  'restore-started': 'homes',
  restored: 'homes',
  'restore-failed': 'homes',
};

export type Words = Pick<ActivityRow, 'mark' | 'title' | 'sub' | 'address'>;

/** `sshd, `: the jail's name may be an attacker's text, and is text. */
function jailSub({ jail, address }: EventView): { sub?: string } {
  if (jail === undefined) return {};
  return { sub: address === undefined ? jail : `${jail}, ` };
}

/** Its label, where it is not the home's only one: an event may be of a door that is no more. */
export function namedDoor({ doors }: HomeState, door: string | undefined): string | undefined {
  if (door === undefined || doors === undefined) return undefined;
  return doors.length === 1 && doors[0]?.name === door ? undefined : doorLabel(door);
}

export function rowWords(event: EventView, home: HomeState, runs: boolean): Words {
  const door = namedDoor(home, event.door);
  const device = event.device ?? '';
  const address = event.address === undefined ? {} : { address: event.address };
  const by = event.device === undefined ? {} : { sub: event.address === undefined ? device : `${device}, ` };
  const why = event.code === undefined ? {} : { sub: reasonWords(event.code) };
  switch (event.kind) {
    case 'opened':
      return {
        mark: runs ? 'open' : 'opened',
        title: words.opened(door, event.seconds === undefined ? undefined : minutesWord(event.seconds)),
        ...by,
        ...address,
      };
    case 'closed':
      return {
        mark: 'closed',
        title: words.closed(door),
        ...(event.code === undefined ? by : why),
        ...address,
      };
    case 'connected':
      return {
        mark: 'ok',
        title: words.connected,
        ...(event.user === undefined
          ? by
          : { sub: event.address === undefined ? event.user : words.from(event.user) }),
        ...address,
      };
    case 'refused':
    case 'failed':
      return {
        mark: 'cross',
        title: event.kind === 'refused' ? words.refused : words.failed,
        sub: [
          door === undefined ? '' : words.atDoor(door),
          event.device === undefined ? '' : words.fromDevice(device),
          why.sub ?? '',
        ]
          .filter(Boolean)
          .join(' '),
      };
    case 'overdue':
      return { mark: 'gone', title: words.overdue(door), sub: words.overdueSub(home.name) };
    case 'paired':
      return { mark: 'change', title: words.paired(device), sub: words.pairedSub(home.name) };
    case 'pairing':
      return { mark: 'change', title: words.pairing(device), sub: words.pairingSub };
    case 'pairing-second':
      return { mark: 'cross', title: words.second, sub: words.secondSub };
    case 'revoked':
      return { mark: 'change', title: words.revoked(device) };
    case 'started':
      return { mark: 'ok', title: words.started(home.name) };
    case 'banned':
      return {
        mark: 'ban',
        title: words.banned(device === home.deviceName ? '' : device),
        ...jailSub(event),
        ...address,
      };
    case 'unbanned':
      return {
        mark: 'change',
        title: words.unbanned(event.address !== undefined && event.address === home.address),
        ...by,
        ...address,
      };
    case 'rebanned':
      return { mark: 'ban', title: words.rebanned, ...by, ...address };
    case 'allowed':
      return { mark: 'change', title: words.allowed(device) };
    case 'inventory-asked':
    case 'inventory':
    case 'inventory-failed':
    case 'imported':
    case 'restore-started':
    case 'restored':
    case 'restore-failed':
      return archiveWords(event, { ...by, ...why });
  }
}

function archiveWords(event: EventView, more: { readonly sub?: string }): Words {
  const { kind, vault, archives } = event;
  const named = vault ?? archiveEvents.nameless;
  const many = archives === undefined ? [] : [archiveEvents.archives(archives)];
  if (kind === 'inventory-asked') return { mark: 'change', title: archiveEvents.asked(vault), ...more };
  if (kind === 'inventory-failed') return { mark: 'cross', title: archiveEvents.failed(named), ...more };
  if (kind === 'restore-started') return { mark: 'change', title: archiveEvents.restoring, ...more };
  if (kind === 'restore-failed')
    return {
      mark: 'cross',
      title: archiveEvents.notRestored,
      ...(many[0] === undefined ? {} : { sub: many[0] }),
    };
  if (kind === 'restored')
    return { mark: 'ok', title: archiveEvents.restored, ...(many[0] === undefined ? {} : { sub: many[0] }) };
  if (kind === 'inventory')
    return {
      mark: 'ok',
      title: archiveEvents.here(named),
      ...(many[0] === undefined ? {} : { sub: many[0] }),
    };
  const sub = [...many, ...(event.device === undefined ? [] : [event.device])].join(', ');
  return { mark: 'change', title: archiveEvents.imported(vault), ...(sub === '' ? {} : { sub }) };
}

/** Numbers of the events whose opening still runs: the newest of each door that is open now. */
export function running(home: HomeState, events: readonly EventView[]): Set<number> {
  const open = (home.doors ?? []).filter((door) =>
    ['open', 'connected', 'unchecked', 'stale'].includes(door.dial.phase),
  );
  return new Set(
    open.flatMap((door) => {
      const last = events.find((event) => event.kind === 'opened' && event.door === door.name);
      return last === undefined ? [] : [last.n];
    }),
  );
}

export function dayTitle(at: number, wall: number): string {
  const today = dayStart(wall);
  if (at >= today) return words.today(weekdayOf(at));
  if (at >= dayStart(today - 3_600_000)) return words.yesterday;
  return weekdayOf(at);
}

/** Newest first, a heading a day, equal events folded. */
export function activityDays(
  home: HomeState,
  filter: ActivityFilter,
  wall: number,
  most = Infinity,
): ActivityDay[] {
  const events = home.activity.events.filter((event) => filter === 'all' || groups[event.kind] === filter);
  const runs = running(home, home.activity.events);
  const days: { key: string; title: string; rows: ActivityRow[] }[] = [];
  let before: { at: number; row: Words; count: number } | undefined;
  for (const event of events.slice(0, most)) {
    const key = String(dayStart(event.at));
    let day = days.at(-1);
    if (day?.key !== key) {
      day = { key, title: dayTitle(event.at, wall), rows: [] };
      days.push(day);
      before = undefined;
    }
    const row = rowWords(event, home, runs.has(event.n));
    const same =
      before !== undefined &&
      before.at - event.at < foldWithin &&
      row.mark === 'cross' &&
      JSON.stringify(before.row) === JSON.stringify(row);
    if (before !== undefined && same) {
      before.count += 1;
      const last = day.rows.pop();
      if (last !== undefined) day.rows.push({ ...last, title: words.folded(row.title, before.count) });
      continue;
    }
    before = { at: event.at, row, count: 1 };
    day.rows.push({
      key: String(event.n),
      time: timeOfDay(event.at),
      iso: new Date(event.at).toISOString(),
      ...row,
    });
  }
  return days;
}

/** A line on top where the list is not the present. */
export function activityLine(home: HomeState): string | undefined {
  const { load } = home.activity;
  if (load.state !== 'failed') return undefined;
  return load.agoMs === undefined ? reasonWords(load.code) : words.stale(span(load.agoMs), home.name);
}
