import { doorLabel } from './words.ts';
import type { DeviceView } from '../../lib/protocol/message.ts';
import type { HomeState } from '../_state/types.ts';
import { clock, dayOf, dayStart, span, timeOfDay } from '../_ui/durations.ts';
import type { DeviceRow, Place } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

/** By its name alone: a picture beside the name, never instead of it. */
function kindOf(name: string): Place {
  if (/ipad|tablet/i.test(name)) return 'tablet';
  return /phone|pixel|galaxy|android/i.test(name) ? 'phone' : 'browser';
}

export function deviceRow(device: DeviceView, place: Place, wall: number): DeviceRow {
  const list = text.devices;
  const since = device.lastSeenMs;
  const seenAt =
    since === undefined
      ? list.seenNever
      : since < 60_000
        ? list.now
        : since < 3_600_000
          ? list.ago(span(since))
          : whenOf(wall - since, wall);
  const date = device.pairedAt >= dayStart(wall) ? list.today : dayOf(device.pairedAt, wall);
  const open = device.openings.map(
    (opening) =>
      [
        doorLabel(opening.door),
        opening.remainingMs === undefined ? undefined : clock(opening.remainingMs),
      ] as const,
  );
  const sessions = device.sessions.map(({ user, sinceMs }) =>
    list.session(user, whenOf(wall - sinceMs, wall)),
  );
  return {
    id: device.id,
    name: device.name,
    kind: device.self ? place : kindOf(device.name),
    self: device.self,
    seen: since === undefined ? seenAt : list.seen(seenAt),
    seenAt,
    paired: list.paired(date),
    pairedDate: date,
    allowed: list.allowed(device.allowed),
    allowedWords: device.allowed.length === 0 ? list.doorsOnly : list.allowed(device.allowed),
    ...(open.length === 0
      ? {}
      : {
          open: open.map(([door, left]) => list.openShort(door, left)).join('; '),
          openWords: open.map(([door, left]) => list.openDoor(door, left)).join('; '),
        }),
    openDoors: open.map(([door]) => door),
    ...(sessions.length === 0 ? {} : { sessions: sessions.join('; ') }),
    waiting: !device.confirmed,
  };
}

/** Today the time, before that the date. */
function whenOf(at: number, wall: number): string {
  return at >= dayStart(wall) ? timeOfDay(at) : dayOf(at, wall);
}

/** This device first. */
export function deviceRows(home: HomeState, place: Place, wall: number): DeviceRow[] {
  return [...home.devices.devices]
    .sort((a, b) => Number(b.self) - Number(a.self))
    .map((device) => deviceRow(device, place, wall));
}
