import { stoppedPins } from './grown-rows.ts';
import { doorLabel, reasonWords } from './words.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import type { HomeState } from '../_state/types.ts';
import { timeOfDay } from '../_ui/durations.ts';
import type { LookItem } from '../_ui/types.ts';
import { archiveEvents, dayText as words } from '../_text/activity.ts';
import { text } from '../_text/en.ts';

/** What nobody looked at goes by itself after this: ms. */
const lasts = 7 * 86_400_000;
/** A pairing that was asked at home and its yes are no further apart: ms. */
const pairingTime = 3_600_000;
/** The home's event of a pairing and its list of devices name the same moment: ms. */
const samePairing = 60_000;

interface Look {
  readonly at: number;
  readonly item: LookItem;
}

/** What wants a look, oldest first: all of it. `wall`: Unix ms now. */
export function lookItems(home: HomeState, wall: number): LookItem[] {
  const { events, settled } = home.activity;
  const done = new Set(settled);
  // Oldest first: what came after an event is what may have ended it.
  const told = events.filter(({ at }) => wall - at < lasts).toReversed();
  const looks = [...findings(home, wall), ...stopped(home, told, done), ...lists(told, done)];
  for (const [i, event] of told.entries()) {
    if (done.has(event.n)) continue;
    const after = told.slice(i + 1);
    const look =
      event.kind === 'paired'
        ? paired(home, event, events)
        : event.kind === 'banned'
          ? banned(home, event, after)
          : event.kind === 'overdue'
            ? overdue(home, event)
            : undefined;
    if (look !== undefined) looks.push(look);
  }
  return looks.sort((a, b) => a.at - b.at).map(({ item }) => item);
}

function findings(home: HomeState, wall: number): Look[] {
  const news = (home.checks.found ?? []).filter(({ seen, since }) => !seen && wall - since < lasts);
  const at = Math.min(...news.map(({ since }) => since));
  if (news.length === 0) return [];
  return [
    {
      at,
      item: {
        key: 'findings',
        mark: 'change',
        title: words.findings(news.length),
        sub: words.findingsWhy(home.name),
        events: [],
        act: 'checks',
      },
    },
  ];
}

/** Stopped by the same for the same device: one, at its last; over when the device has opened that door since. */
function stopped(home: HomeState, told: readonly EventView[], done: ReadonlySet<number>): Look[] {
  const groups = new Map<string, EventView[]>();
  for (const event of told) {
    const { kind, door = '', device = '', code = '' } = event;
    if (kind === 'opened') {
      for (const key of groups.keys()) if (key.startsWith(`${door}\n${device}\n`)) groups.delete(key);
    }
    const isKnock = kind === 'failed' || (kind === 'refused' && event.door !== undefined);
    if (!isKnock || done.has(event.n)) continue;
    const key = `${door}\n${device}\n${code}`;
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return [...groups.values()].map((group) => {
    const event = group.at(-1) as EventView;
    const at = timeOfDay(event.at);
    const title = event.kind === 'failed' ? words.stoppedAt(at) : words.refusedAt(at);
    const sub = [
      ...(event.device === undefined ? [] : [text.activity.fromDevice(event.device)]),
      ...(event.code === undefined ? [] : [reasonWords(event.code)]),
    ];
    const pins = stoppedPins(home, event);
    return {
      at: event.at,
      item: {
        key: String(event.n),
        mark: 'cross',
        title: group.length === 1 ? title : words.times(title, group.length),
        sub: sub.join(' '),
        ...(pins === undefined ? {} : { pins }),
        events: group.map(({ n }) => n),
        act: 'seen',
      },
    };
  });
}

/** Lists of vaults that came: one for all of them. One that did not come: until it does. */
function lists(told: readonly EventView[], done: ReadonlySet<number>): Look[] {
  const came = told.filter(({ kind, n }) => kind === 'inventory' && !done.has(n));
  const failed = told.filter(
    (event, i) =>
      event.kind === 'inventory-failed' &&
      !done.has(event.n) &&
      !told.slice(i + 1).some(({ kind, vault }) => kind.startsWith('inventory') && vault === event.vault),
  );
  const looks = failed.map((event) => {
    const title = archiveEvents.failedAt(event.vault ?? archiveEvents.nameless, timeOfDay(event.at));
    const sub = event.code === undefined ? {} : { sub: reasonWords(event.code) };
    return listLook([event], 'cross', title, sub);
  });
  const last = came.at(-1);
  if (last === undefined) return looks;
  const at = timeOfDay(last.at);
  const archives = came.reduce((sum, event) => sum + (event.archives ?? 0), 0);
  const title =
    came.length === 1
      ? archiveEvents.hereAt(last.vault ?? archiveEvents.nameless, at)
      : archiveEvents.severalHere(came.length, at);
  return [...looks, listLook(came, 'ok', title, { sub: archiveEvents.archives(archives) })];
}

function listLook(
  events: readonly EventView[],
  mark: LookItem['mark'],
  title: string,
  sub: { readonly sub?: string },
): Look {
  const last = events.at(-1) as EventView;
  return {
    at: last.at,
    item: { key: String(last.n), mark, title, ...sub, events: events.map(({ n }) => n), act: 'seen' },
  };
}

/** Only where nobody at home was asked: before a yes at home stands what asked for it. */
function paired(home: HomeState, event: EventView, all: readonly EventView[]): Look | undefined {
  const name = event.device ?? '';
  const asked = all.some(
    ({ kind, device, at, n }) =>
      kind === 'pairing' && device === name && n < event.n && event.at - at < pairingTime,
  );
  const device = home.devices.devices.find(
    (one) => one.name === name && Math.abs(one.pairedAt - event.at) < samePairing,
  );
  if (asked || device === undefined || device.self) return undefined;
  return {
    at: event.at,
    item: {
      key: String(event.n),
      mark: 'change',
      title: words.paired(name, timeOfDay(event.at)),
      sub: words.byLink,
      events: [event.n],
      act: 'mine',
      device: {
        id: device.id,
        name,
        revoking: home.devices.revoking === device.id,
        ...(home.devices.revokeFailed?.device === device.id
          ? { failed: `${text.devices.failed} ${reasonWords(home.devices.revokeFailed.code)}` }
          : {}),
      },
    },
  };
}

function banned(home: HomeState, event: EventView, after: readonly EventView[]): Look | undefined {
  const { address, device = '' } = event;
  const over = after.some(
    ({ kind, address: other }) => (kind === 'unbanned' || kind === 'banned') && other === address,
  );
  if (over) return undefined;
  const at = timeOfDay(event.at);
  return {
    at: event.at,
    item: {
      key: String(event.n),
      mark: 'ban',
      title: device === '' || device === home.deviceName ? words.bannedAt(at) : words.bannedOther(device, at),
      ...(event.jail === undefined ? {} : { sub: address === undefined ? event.jail : `${event.jail}, ` }),
      ...(address === undefined ? {} : { address }),
      events: [event.n],
      act: 'seen',
    },
  };
}

function overdue(home: HomeState, event: EventView): Look {
  const door = event.door === undefined || (home.doors?.length ?? 0) < 2 ? undefined : doorLabel(event.door);
  return {
    at: event.at,
    item: {
      key: String(event.n),
      mark: 'gone',
      title: words.lateAt(door, timeOfDay(event.at)),
      sub: words.late(home.name),
      events: [event.n],
      act: 'seen',
    },
  };
}
