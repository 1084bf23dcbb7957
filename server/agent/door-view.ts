import type { DoorState } from '../../lib/door.ts';
import type { DoorView, OpeningView } from '../../lib/protocol/message.ts';
import type { DoorFacts } from '../doors/host.ts';
import { longestSeconds, mayOpen, type Policy } from './authorize.ts';
import type { Clock } from './clock.ts';
import type { Devices } from './devices.ts';
import { fitting, room, sizeOf } from './fit.ts';
import { sessionView, type Held, type Reading } from './held.ts';
import type { Openings } from './openings.ts';

// What a screen can use; a home with more has worse troubles.
const mostShown = 32;

// A reading older than this says nothing about now: the watch reads every second while anything is open.
const freshFor = 10_000;

interface Parts {
  readonly openings: Openings;
  readonly devices: Devices;
  readonly clock: Clock;
  readonly policy: Pick<Policy, 'ownRelay' | 'observers'>;
}

/** What one device is told about one door: only what was read from the system, and how old that is. */
export function doorView(door: DoorFacts, device: string, parts: Parts): DoorView {
  const { openings, clock, policy } = parts;
  const held = openings.of(door.name);
  // What it has open it may still see, and close.
  const barred = !mayOpen(door, device, parts.devices) && !held.some((one) => one.row.device === device);
  const facts: DoorFacts = barred ? { ...door, problem: 'refused-permission' } : door;
  const reading = openings.readings.get(facts.name);
  const now = clock.now();
  const views = openingViews(facts, held, reading, device, parts);
  const longest = longestSeconds(facts, policy);
  const problem = facts.problem ?? facts.fault;
  return {
    name: facts.name,
    driver: facts.driver,
    state: stateOf(facts, held, reading, views, device, now),
    endpoint: facts.endpoint,
    ...(facts.serves === 'ssh' ? {} : { serves: facts.serves }),
    ...(facts.jump === undefined ? {} : { jump: facts.jump }),
    choosesTime: facts.choosesTime,
    extends: facts.extends,
    readsBack: facts.readsBack,
    defaultSeconds: facts.choosesTime ? Math.min(facts.defaultSeconds, longest) : facts.defaultSeconds,
    longestSeconds: longest,
    // One's own first: what is cut off is somebody else's.
    openings: fitting(
      [...views].sort((a, b) => Number(b.mine) - Number(a.mine)),
      mostShown,
      room / 2,
    ),
    ...(reading === undefined ? {} : { verifiedMs: Math.max(0, Math.round(now - reading.at)) }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** All doors, in one message: where they are too much, other devices' openings go first, then doors. */
export function doorViews(list: readonly DoorFacts[], device: string, parts: Parts): DoorView[] {
  let views = list.slice(0, mostShown).map((facts) => doorView(facts, device, parts));
  for (const most of [8, 2, 1, 0]) {
    if (sizeOf(views) <= room) break;
    views = views.map((view) => ({ ...view, openings: view.openings.slice(0, most) }));
  }
  return fitting(views, mostShown);
}

function openingViews(
  facts: DoorFacts,
  held: readonly Held[],
  reading: Reading | undefined,
  device: string,
  parts: Parts,
): OpeningView[] {
  const now = parts.clock.now();
  const byAddress = new Map(held.map((one) => [one.row.address, one]));
  const read = reading?.openings ?? [];
  const addresses = new Set([...read.map((one) => one.address), ...byAddress.keys()]);
  return [...addresses].map((address) => {
    const mine = byAddress.get(address);
    const seen = read.find((one) => one.address === address);
    const by = mine === undefined ? undefined : parts.devices.nameOf(mine.row.device);
    const passed = now - (reading?.at ?? now);
    const due = seen?.dueMs === undefined ? undefined : seen.dueMs - passed;
    const left =
      seen?.remainingMs !== undefined
        ? seen.remainingMs - passed
        : mine !== undefined && mine.phase !== 'closed'
          ? mine.endsAt - now
          : due;
    const session = mine && sessionView(mine, parts.clock);
    const overdue = mine === undefined ? due !== undefined && due <= 0 : mine.overdueTold;
    return {
      address,
      mine: mine?.row.device === device,
      ...(by === undefined ? {} : { by }),
      ...(mine === undefined ? {} : { lengthMs: Math.max(0, mine.row.closesAt - mine.row.openedAt) }),
      ...(left === undefined ? {} : { remainingMs: Math.max(0, Math.round(left)) }),
      ...(overdue ? { overdue: true } : {}),
      ...(session === undefined ? {} : { session }),
      ...(mine !== undefined && isSeen(mine, facts) ? { seen: true } : {}),
      ...(mine?.row.device === device ? { proof: proofView(mine, facts, now) } : {}),
    };
  });
}

/** Where nobody can tell of sessions, a packet that found a service is the most there is to say. */
function isSeen({ found }: Held, facts: DoorFacts): boolean {
  const waits = found.service === undefined || ['listens', 'unknown'].includes(found.service.state);
  return facts.sessions !== true && found.packet?.seen === true && waits;
}

function proofView({ found }: Held, facts: DoorFacts, now: number): NonNullable<OpeningView['proof']> {
  const ago = (at: number): number => Math.max(0, Math.round(now - at));
  const { ruleAt, service, packet = { seen: false, at: now }, ended } = found;
  return {
    ...(ruleAt === undefined ? {} : { ruleMs: ago(ruleAt) }),
    ...(service === undefined ? {} : { service: { state: service.state, ms: ago(service.at) } }),
    ...(facts.seesPackets === true ? { packet: { seen: packet.seen, ms: ago(packet.at) } } : {}),
    sessions: facts.sessions === true,
    ...(ended === undefined ? {} : { ended: { user: ended.user.slice(0, 64), ms: ago(ended.at) } }),
  };
}

function stateOf(
  facts: DoorFacts,
  held: readonly Held[],
  reading: Reading | undefined,
  views: readonly OpeningView[],
  device: string,
  now: number,
): DoorState {
  const mine = held.filter((one) => one.row.device === device);
  if (mine.some((one) => one.phase === 'opening')) return 'opening';
  // What outlived its time is still open until it is read to be gone, whatever is tried meanwhile.
  const inTime = mine.filter((one) => !one.overdueTold);
  if (inTime.some((one) => one.phase === 'closing')) return 'closing';
  if (inTime.some((one) => one.phase === 'unconfirmed')) return 'unconfirmed';
  if (facts.problem !== undefined || reading === undefined || now - reading.at > freshFor) return 'unknown';
  if (mine.some((one) => one.session !== undefined)) return 'connected';
  if (mine.some((one) => one.overdueTold && one.phase !== 'closed')) return 'stale';
  const open = mine.filter((one) => one.phase === 'open');
  if (open.some((one) => reading.openings.some((read) => read.address === one.row.address))) {
    return facts.readsBack ? 'open' : 'unverified';
  }
  // Not this device's, and no other device's: nobody here knows who opened it, unless the tool itself does.
  const known = new Set(
    reading.openings.filter((read) => read.dueMs !== undefined).map((read) => read.address),
  );
  const stray = (view: OpeningView): boolean => view.by === undefined && !known.has(view.address);
  return views.some((view) => stray(view) || view.overdue === true) ? 'stale' : 'closed';
}
