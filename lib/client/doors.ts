import type { Application, DoorState, ServiceState } from '../door.ts';
import type { ErrorCode } from '../errors.ts';
import type { DoorView, OpeningView } from '../protocol/message.ts';
import { answerTime, type Answer } from './requests.ts';

/**
 * From what the home said and when it was asked to what may be shown now. Pure: the same input shows the same.
 * Nothing in here makes a door more open, more closed or more certain than the home said.
 */

/** An answer is shown as the present for this long after its question: ms. The home tells of changes sooner. */
export const presentFor = 45_000;

/**
 * - `present`: may be shown as what is so.
 * - `doubted`: true when last asked, but the page was hidden or the machine slept since: ask again.
 * - `late`: the answer took over 10 s; nobody knows how old it is.
 * - `silent`: the home does not answer now, or was not asked for a while.
 */
export type Standing = 'present' | 'doubted' | 'late' | 'silent';

export interface Moment {
  /** Monotonic ms. */
  readonly now: number;
  /** The home answers on the present link. */
  readonly answering: boolean;
  /** When everything known became doubtful; what was asked for before that is not shown as the present. */
  readonly doubtedAt?: number | undefined;
}

export interface ShownOpening {
  readonly address: string;
  /** This device's. */
  readonly mine: boolean;
  readonly by?: string;
  readonly lengthMs?: number;
  /** Counted from the question, so never more than is left. 0: it is time to ask, not to say closed. */
  readonly remainingMs?: number;
  readonly overdue: boolean;
  readonly session?: { readonly user: string; readonly sinceMs: number; readonly port?: number };
  readonly seen: boolean;
  /** This device's own: what the home found between the opening and a session. Each `ms`: how long ago, at most. */
  readonly proof?: ShownProof;
}

export interface ShownProof {
  readonly ruleMs?: number;
  readonly service?: { readonly state: ServiceState; readonly ms: number };
  readonly packet?: { readonly seen: boolean; readonly ms: number };
  readonly sessions: boolean;
  readonly ended?: { readonly user: string; readonly ms: number };
}

export interface ShownDoor {
  readonly name: string;
  readonly driver: string;
  readonly endpoint: DoorView['endpoint'];
  /** What is spoken there. */
  readonly serves: Application;
  readonly jump?: DoorView['endpoint'];
  readonly choosesTime: boolean;
  readonly extends: boolean;
  readonly readsBack: boolean;
  readonly defaultSeconds: number;
  readonly longestSeconds: number;
  /** This device's door, as it may be shown: `unknown` or `unverified` wherever the standing is not `present`. */
  readonly state: DoorState;
  /** What the home last said, for "last known" lines with their age. */
  readonly lastState: DoorState;
  readonly standing: Standing;
  /** How long ago it was asked: what the home said is at most this old. */
  readonly ageMs: number;
  /** How long ago the home read it from the system, at most; absent: never. */
  readonly verifiedMs?: number;
  readonly own?: ShownOpening;
  /** Of other devices, and this one's further ones: its address of the other family, or one it had before. */
  readonly others: readonly ShownOpening[];
  /** The time ran out here: the caller asks the home. */
  readonly due: boolean;
  readonly problem?: ErrorCode;
}

export function standingOf(seen: Answer<unknown>, moment: Moment): Standing {
  if (seen.heardAt - seen.sentAt > answerTime) return 'late';
  if (moment.doubtedAt !== undefined && seen.sentAt <= moment.doubtedAt) return 'doubted';
  return moment.answering && moment.now - seen.sentAt <= presentFor ? 'present' : 'silent';
}

export function showDoor(seen: Answer<DoorView>, moment: Moment): ShownDoor {
  const door = seen.value;
  const age = Math.max(0, moment.now - seen.sentAt);
  const standing = standingOf(seen, moment);
  const all = door.openings.filter((opening) => opening.mine);
  // One for each family where home opened both: the one that is used, else the first.
  const mine =
    all.find((opening) => opening.session !== undefined || opening.seen === true) ??
    all.find((opening) => opening.proof?.packet?.seen === true) ??
    all[0];
  const own = mine === undefined ? undefined : showOpening(mine, age);
  return {
    name: door.name,
    driver: door.driver,
    endpoint: door.endpoint,
    serves: door.serves ?? 'ssh',
    ...(door.jump === undefined ? {} : { jump: door.jump }),
    choosesTime: door.choosesTime,
    extends: door.extends,
    readsBack: door.readsBack,
    defaultSeconds: door.defaultSeconds,
    longestSeconds: door.longestSeconds,
    state: stateNow(door.state, standing, own),
    lastState: door.state,
    standing,
    ageMs: age,
    ...(door.verifiedMs === undefined ? {} : { verifiedMs: door.verifiedMs + age }),
    ...(own === undefined ? {} : { own }),
    others: door.openings.filter((opening) => opening !== mine).map((opening) => showOpening(opening, age)),
    due: own?.remainingMs === 0 && door.state !== 'closed',
    ...(door.problem === undefined ? {} : { problem: door.problem }),
  };
}

/** States in which somebody may be able to connect: in doubt, that is what must be said. */
const maybeOpen: ReadonlySet<DoorState> = new Set<DoorState>([
  'opening',
  'open',
  'unverified',
  'connected',
  'closing',
  'unconfirmed',
  'stale',
]);

function stateNow(said: DoorState, standing: Standing, own: ShownOpening | undefined): DoorState {
  if (standing === 'doubted') return maybeOpen.has(said) ? 'unverified' : 'unknown';
  if (standing !== 'present') return 'unknown';
  // A clock that ran out here closes nothing: until the home says closed, it may be open.
  return said === 'open' && own?.remainingMs === 0 ? 'unverified' : said;
}

function showOpening(opening: OpeningView, age: number): ShownOpening {
  return {
    address: opening.address,
    mine: opening.mine,
    ...(opening.by === undefined ? {} : { by: opening.by }),
    ...(opening.lengthMs === undefined ? {} : { lengthMs: opening.lengthMs }),
    ...(opening.remainingMs === undefined ? {} : { remainingMs: Math.max(0, opening.remainingMs - age) }),
    overdue: opening.overdue === true,
    ...(opening.session === undefined
      ? {}
      : { session: { ...opening.session, sinceMs: opening.session.sinceMs + age } }),
    seen: opening.seen === true,
    ...(opening.proof === undefined ? {} : { proof: showProof(opening.proof, age) }),
  };
}

function showProof(proof: NonNullable<OpeningView['proof']>, age: number): ShownProof {
  const { ruleMs, service, packet, sessions, ended } = proof;
  return {
    ...(ruleMs === undefined ? {} : { ruleMs: ruleMs + age }),
    ...(service === undefined ? {} : { service: { ...service, ms: service.ms + age } }),
    ...(packet === undefined ? {} : { packet: { ...packet, ms: packet.ms + age } }),
    sessions,
    ...(ended === undefined ? {} : { ended: { ...ended, ms: ended.ms + age } }),
  };
}
