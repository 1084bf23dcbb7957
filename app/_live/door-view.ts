import { askingWords, asksIn, awayWords, reachCode } from './away-words.ts';
import { bannedFace } from './banned-view.ts';
import { isKnownFree } from './own-ban.ts';
import { proofOf } from './proof-links.ts';
import { knockLede, pinsOf, stepLine, wayOf } from './steps.ts';
import { doorLabel, lengthWord, reasonWords, remedyWords, servedAt, servedWord } from './words.ts';
import { sharingOf } from '../../lib/client/address-notes.ts';
import { endpointOf, jumpOf } from '../../lib/client/endpoint.ts';
import { wayIn } from '../../lib/client/way-in.ts';
import type { DoorEntry, HomeState } from '../_state/types.ts';
import { clock, span, timeOfDay } from '../_ui/durations.ts';
import type { DoorFace, Length, OtherDoor, Phase, Place } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** Lengths that are offered; a relay alone is believed for 5 min at most (SECURITY.md, the address). */
const ordinary = [60, 300, 900, 3600];
const vouched = [60, 120, 300];
const vouchedMost = 300;
/** Add lengthens by five minutes. */
const addSeconds = 300;

export function chosenDoor(home: HomeState): DoorEntry | undefined {
  return home.doors?.find((door) => door.name === home.door) ?? home.doors?.[0];
}

function lengthsOf(home: HomeState, entry: DoorEntry): Length[] {
  const { shown, dial } = entry;
  if (!shown.choosesTime) return [];
  const most = home.ownRelay ? shown.longestSeconds : Math.min(shown.longestSeconds, vouchedMost);
  const offered = new Set((home.ownRelay ? ordinary : vouched).filter((seconds) => seconds <= most));
  if (dial.seconds <= most) offered.add(dial.seconds);
  if (offered.size === 0) offered.add(most);
  return [...offered]
    .sort((a, b) => a - b)
    .slice(0, 5)
    .map((seconds, i) => ({ seconds, words: lengthWord(seconds, i === 0) }));
}

/** The name that this device last logged in with, from the home's own events. */
function userOf(home: HomeState, entry: DoorEntry): string | undefined {
  return (
    entry.shown.own?.session?.user ??
    home.activity.events.find((event) => event.kind === 'connected' && event.door === entry.name)?.user
  );
}

/** What the door is open for, else what the relay last saw. */
function addressOf(home: HomeState, entry: DoorEntry): string | undefined {
  return entry.shown.own?.address ?? entry.dial.address ?? home.address;
}

function commandOf(home: HomeState, entry: DoorEntry) {
  const seenFrom = addressOf(home, entry);
  const { shown } = entry;
  return wayIn({
    serves: shown.serves,
    at: endpointOf(shown, home.relay, seenFrom),
    udp: shown.endpoint.protocol === 'udp',
    user: userOf(home, entry),
    jump: jumpOf(shown, home.relay, seenFrom),
  });
}

const phaseOf = (entry: DoorEntry): Phase => (entry.dial.phase === 'holding' ? 'closed' : entry.dial.phase);

/** What the door's screen says now. `wall` is Unix ms, `now` monotonic. */
export function doorFace(home: HomeState, entry: DoorEntry, place: Place, wall: number, now = 0): DoorFace {
  const { dial, shown } = entry;
  const phase = phaseOf(entry);
  const several = (home.doors?.length ?? 0) > 1;
  const way = wayOf(dial.steps);
  const own = shown.own;
  const proof = proofOf(home, entry, place, wall);
  const address = addressOf(home, entry);
  const left = phase === 'stale' ? staleOpening(entry)?.remainingMs : own?.remainingMs;
  const length = phase === 'stale' ? staleOpening(entry)?.lengthMs : own?.lengthMs;
  return {
    phase,
    home: home.name,
    place,
    service: servedWord(shown),
    door: entry.name,
    ...(several ? { label: doorLabel(entry.name) } : {}),
    ...(address === undefined ? {} : { address }),
    ...(phase === 'closed' && isKnownFree(home, address) ? { notBanned: true } : {}),
    ...(left === undefined ? {} : { leftMs: left }),
    ...(length === undefined ? {} : { lengthMs: length }),
    seconds: shown.choosesTime ? dial.seconds : shown.defaultSeconds,
    lengths: lengthsOf(home, entry),
    vouched: dial.vouched ?? !home.ownRelay,
    ...sharingFacts(home, own?.address),
    ...(home.ownRelay
      ? {}
      : { vouchedMinutes: Math.floor(Math.min(vouchedMost, shown.longestSeconds) / 60) }),
    canAdd: shown.extends && home.ownRelay,
    addSeconds,
    steps: phase === 'notOpened' && dial.steps.length === 0 ? [] : pinsOf(way, phase === 'notOpened'),
    stepLine: stepLine(way),
    links: proof.links,
    ...(proof.lede === undefined ? {} : { proofLede: proof.lede }),
    ...(proof.remedy === undefined ? {} : { proofRemedy: proof.remedy }),
    command: commandOf(home, entry),
    ...(own?.session === undefined ? {} : { session: { user: own.session.user } }),
    ...(left === undefined ? {} : { closesAt: timeOfDay(wall + left) }),
    ...(dial.busy === undefined ? {} : { busy: dial.busy }),
    ...(dial.failed === undefined ? {} : { failed: reasonWords(dial.failed.code) }),
    ...ledeAndReason(home, entry, phase),
    ...(phase === 'stale' ? { stale: staleFacts(home, entry, wall) } : {}),
    ...knownFacts(home, entry, phase, wall),
    ...(phase === 'banned' ? { banned: bannedFace(home, entry, now, wall) } : {}),
  };
}

/** Behind a proxy it is said beside *Open*, since SSH may not come by it; else with the proof. */
function sharingFacts(home: HomeState, opened: string | undefined): Partial<DoorFace> {
  if (opened === undefined) return {};
  const polls = home.polls === true;
  const sharing = sharingOf(opened, { polls });
  if (sharing === 'own') return {};
  const said = text.address.sharing[sharing](opened);
  return sharing === 'proxy' ? { sharing: said } : { proofNote: said };
}

function ledeAndReason(home: HomeState, entry: DoorEntry, phase: Phase): Partial<DoorFace> {
  const { dial, shown } = entry;
  switch (phase) {
    case 'closed':
      return shown.problem === undefined
        ? shown.driver === 'proxy'
          ? { lede: words.closedProxyLede(home.name) }
          : shown.serves === 'other'
            ? { lede: words.closedOtherLede(doorLabel(entry.name), home.name) }
            : {}
        : { lede: `${reasonWords(shown.problem)} ${remedyWords(shown.problem)}` };
    case 'knocking':
      return { lede: knockLede(wayOf(dial.steps), home.name) };
    case 'notOpened': {
      const code = dial.code ?? 'relay-no-answer';
      const ever =
        dial.wasOpen === 'yes'
          ? words.wasOpen
          : dial.wasOpen === 'unknown'
            ? words.notKnown(home.name)
            : words.neverOpen;
      const wait = dial.reasonMs === undefined ? '' : ` ${words.timeLeft(clock(dial.reasonMs))}.`;
      return { reason: `${reasonWords(code)}${wait}`, remedy: `${remedyWords(code)} ${ever}` };
    }
    case 'noAnswer':
      return awayWords(home, dial.code ?? reachCode(home));
    case 'offline':
      return { lede: words.offlineLede };
    case 'asking':
      return {
        title: stateWords[shown.lastState],
        // *Open* never stands alone: an hour may lie between it and now.
        lede: shown.lastState === 'closed' ? askingWords(home) : words.askingLede(home.name),
      };
    default:
      return {};
  }
}

/** The opening that *Still open* is about: an overdue one, else one that no device here made. */
function staleOpening({ shown }: DoorEntry) {
  const all = [...(shown.own === undefined ? [] : [shown.own]), ...shown.others];
  return all.find((opening) => opening.overdue) ?? shown.others[0] ?? shown.own;
}

function staleFacts(home: HomeState, entry: DoorEntry, wall: number): NonNullable<DoorFace['stale']> {
  const opening = staleOpening(entry);
  const { lengthMs: length, remainingMs: left } = opening ?? {};
  return {
    address: opening?.address ?? '',
    mine: opening !== undefined && opening === entry.shown.own,
    ...(opening?.by === undefined ? {} : { by: opening.by }),
    ...(length === undefined || left === undefined || opening?.overdue === true
      ? {}
      : { at: timeOfDay(wall - (length - left)) }),
    ...(length === undefined ? {} : { minutes: Math.round(length / 60_000) }),
    ...(home.address === undefined ? {} : { here: home.address }),
  };
}

const stateWords = {
  closed: text.home.closed,
  opening: words.knocking,
  open: words.open,
  unverified: words.unchecked,
  connected: words.connected,
  closing: words.closing,
  unconfirmed: words.unconfirmed,
  stale: words.stale,
  unknown: words.neverKnown,
} as const;

/** Last known, where home cannot be asked: never blank, never posed as fresh. */
function knownFacts(home: HomeState, entry: DoorEntry, phase: Phase, wall: number): Partial<DoorFace> {
  if (phase !== 'noAnswer' && phase !== 'offline') return {};
  const { shown } = entry;
  const session = shown.own?.session?.user ?? words.none;
  return {
    known: {
      age: text.door.knownAge(timeOfDay(wall - shown.ageMs), span(shown.ageMs)),
      facts: [
        [words.factDoor, stateWords[shown.lastState]],
        [words.factSession, session],
      ],
    },
    ...asksIn(home),
  };
}

/** A home whose doors are not known yet: asked, not reached, offline, or turned away. */
export function facelessHome(home: HomeState, place: Place): DoorFace {
  const base = {
    home: home.name,
    place,
    service: 'SSH',
    door: '',
    seconds: addSeconds,
    lengths: [],
    vouched: false,
    canAdd: false,
    addSeconds,
    steps: [],
    links: [],
  };
  switch (home.reach.state) {
    case 'offline':
      return { ...base, phase: 'offline', lede: words.offlineLede };
    case 'silent':
    case 'refused':
      return { ...base, phase: 'noAnswer', ...awayWords(home, home.reach.code), ...asksIn(home) };
    case 'asking':
    case 'answered':
      return { ...base, phase: 'asking', lede: askingWords(home) };
  }
}

/** Banned here, and the door is open all the same: for this device behind the ban, or for others. */
export function openBehind({ dial, shown }: DoorEntry): boolean {
  return dial.phase === 'banned' && ['open', 'connected', 'unverified'].includes(shown.state);
}

function isOpen(entry: DoorEntry): boolean {
  return ['open', 'connected', 'stale', 'unchecked'].includes(entry.dial.phase);
}

/** Open, 4:12 left; in lists of doors and homes. */
export function doorState(entry: DoorEntry): { readonly words: string; readonly open: boolean } {
  const left = entry.shown.own?.remainingMs;
  switch (entry.dial.phase) {
    case 'open':
    case 'connected':
      return { words: left === undefined ? text.home.openNow : text.home.open(clock(left)), open: true };
    case 'connectedTimeUp':
      return { words: text.home.connected, open: false };
    case 'unchecked':
    case 'closeUnconfirmed':
      return { words: words.unchecked, open: true };
    case 'stale':
      return { words: words.stale, open: true };
    case 'noAnswer':
    case 'offline':
      return { words: words.noAnswer, open: false };
    case 'asking':
      return { words: text.home.asking, open: false };
    case 'sealing':
    case 'knocking':
      return { words: words.knocking, open: false };
    case 'closing':
      return { words: words.closing, open: false };
    case 'closed':
    case 'holding':
    case 'notOpened':
      return { words: text.home.closed, open: false };
    case 'banned':
      return { words: text.home.banned, open: openBehind(entry) };
  }
}

export function doorRows(home: HomeState): OtherDoor[] {
  const chosen = chosenDoor(home);
  return (home.doors ?? []).map((entry) => {
    const state = doorState(entry);
    return {
      name: entry.name,
      label: doorLabel(entry.name),
      detail: servedAt(entry.shown),
      state: state.words,
      open: isOpen(entry),
      canOpen: entry.dial.phase === 'closed' || entry.dial.phase === 'holding',
      chosen: entry === chosen,
    };
  });
}
