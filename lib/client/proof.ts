import type { ServiceState } from '../door.ts';
import type { ShownDoor, ShownOpening } from './doors.ts';
import type { OpeningStep } from './opening.ts';

/**
 * The chain from a sealed request to a session, each link seen by somebody: this device, the relay, the home. Pure.
 * A link says `missing` only where time has passed in which it should have come; `unknown` where nobody can see it.
 */
export type LinkState = 'done' | 'waiting' | 'missing' | 'unknown';

/**
 * What there is to say of a link beyond its state:
 * - `unread`: the rule cannot be read back; the tool said that it ran. `over`: its time is up, the session lives on.
 * - a `ServiceState`: why the service is missing, or `unknown`.
 * - `no-packet`: the door is open and nobody knocked on it from this address: does SSH leave by another one?
 * - `no-session`: packets came, and nobody logged in: wrong key or name? `ended`: a session was there, and is over.
 * - `untold`: nobody at this home can see such a thing behind this door.
 */
export type LinkReason =
  'unread' | 'over' | Exclude<ServiceState, 'listens'> | 'no-packet' | 'no-session' | 'ended' | 'untold';

export interface ProofLink {
  readonly link: 'sealed' | 'relayed' | 'knock' | 'rule' | 'service' | 'packet' | 'session';
  readonly state: LinkState;
  /** Of knocks: which, of how many. */
  readonly n?: number;
  readonly of?: number;
  /** How long ago, ms, by this device's clock; of a link that is not done: when it was last looked for. */
  readonly agoMs?: number;
  readonly reason?: LinkReason;
}

export interface ProofInput {
  readonly shown: ShownDoor;
  /** Of the opening that this device saw itself; absent: another page, or an earlier life, saw it. */
  readonly opened?: { readonly steps: readonly OpeningStep[]; readonly sinceReleaseMs: number };
  /** How long a packet, and then a session, may take before it is missing: ms. */
  readonly patience?: number;
}

/** DESIGN-2, 1: 20 s for the first packet, 20 s more for the session. */
export const usualPatience = 20_000;

/** Of this device's own opening; empty where it has none. */
export function proofOf({ shown, opened, patience = usualPatience }: ProofInput): ProofLink[] {
  const { own } = shown;
  if (own === undefined) return [];
  return inOrder([
    ...(opened === undefined ? [] : wayLinks(opened)),
    ruleLink(shown, own, opened),
    serviceLink(own),
    packetLink(own, patience),
    sessionLink(own, patience),
  ]);
}

/** Clocks, ways and logs of whole seconds leave a link's time uncertain by at most this: ms. */
const uncertain = 1000;

/** What led there came before: where two times contradict that by less than they are uncertain, the later one holds. */
function inOrder(links: readonly ProofLink[]): ProofLink[] {
  let before = Infinity;
  return links.map((link) => {
    if (link.state !== 'done' || link.agoMs === undefined) return link;
    const early = link.agoMs - before;
    const agoMs = early > 0 && early < uncertain ? before : link.agoMs;
    before = agoMs;
    return { ...link, agoMs };
  });
}

type Way = NonNullable<ProofInput['opened']>;

function wayLinks({ steps, sinceReleaseMs }: Way): ProofLink[] {
  return steps.flatMap(({ step, n, of, atMs }): ProofLink[] => {
    if (step !== 'sealed' && step !== 'relayed' && step !== 'knock') return [];
    const which = { ...(n === undefined ? {} : { n }), ...(of === undefined ? {} : { of }) };
    return [{ link: step, state: 'done', ...which, agoMs: sinceReleaseMs - atMs }];
  });
}

function ruleLink(shown: ShownDoor, own: ShownOpening, opened: Way | undefined): ProofLink {
  const link = 'rule';
  const checked = opened?.steps.find(({ step }) => step === 'checked');
  const agoMs =
    opened !== undefined && checked !== undefined ? opened.sinceReleaseMs - checked.atMs : own.proof?.ruleMs;
  const when = agoMs === undefined ? {} : { agoMs };
  if (!shown.readsBack) return { link, state: 'unknown', ...when, reason: 'unread' };
  if (own.proof?.ruleMs === undefined) return { link, state: 'waiting' };
  const over = own.session !== undefined && own.remainingMs === undefined;
  return { link, state: 'done', ...when, ...(over ? { reason: 'over' } : {}) };
}

function serviceLink({ proof, session }: ShownOpening): ProofLink {
  const link = 'service';
  const service = proof?.service;
  // Whoever is in was answered.
  if (session !== undefined && service?.state !== 'listens')
    return { link, state: 'done', agoMs: session.sinceMs };
  if (service === undefined) return { link, state: 'waiting' };
  const { state, ms: agoMs } = service;
  if (state === 'listens') return { link, state: 'done', agoMs };
  return { link, state: state === 'unknown' ? 'unknown' : 'missing', agoMs, reason: state };
}

function packetLink({ proof }: ShownOpening, patience: number): ProofLink {
  const link = 'packet';
  const packet = proof?.packet;
  if (packet === undefined) return { link, state: 'unknown', reason: 'untold' };
  const agoMs = packet.ms;
  if (packet.seen) return { link, state: 'done', agoMs };
  const late = (proof?.ruleMs ?? 0) > patience;
  return { link, state: late ? 'missing' : 'waiting', agoMs, ...(late ? { reason: 'no-packet' } : {}) };
}

function sessionLink({ proof, session }: ShownOpening, patience: number): ProofLink {
  const link = 'session';
  if (session !== undefined) return { link, state: 'done', agoMs: session.sinceMs };
  if (proof?.sessions !== true) return { link, state: 'unknown', reason: 'untold' };
  if (proof.ended !== undefined) return { link, state: 'done', agoMs: proof.ended.ms, reason: 'ended' };
  const { packet, ruleMs = 0 } = proof;
  if (packet?.seen === false) return { link, state: 'waiting' };
  const late = packet === undefined ? ruleMs > 2 * patience : packet.ms > patience;
  return { link, state: late ? 'missing' : 'waiting', ...(late ? { reason: 'no-session' } : {}) };
}
