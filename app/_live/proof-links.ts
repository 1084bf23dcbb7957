import { seconds, sawOpening, wayOf } from './steps.ts';
import type { DoorEntry, HomeState } from '../_state/types.ts';
import { clock, span, timeOfDay } from '../_ui/durations.ts';
import type { Place, ProofLink } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.proof;

/** A rule that is not read back after this long is late: ms. */
const ruleLate = 2000;
/** First packet and session, 20 s each: nobody came. */
const sessionLate = 40_000;

export interface Proof {
  readonly links: readonly ProofLink[];
  readonly lede?: string;
  readonly remedy?: string;
}

/** The links that this path proves, each with who saw it. `wall` is Unix ms now. */
export function proofOf(home: HomeState, entry: DoorEntry, place: Place, wall: number): Proof {
  const { dial, shown } = entry;
  const links: ProofLink[] = sawOpening(dial) ? openingLinks(home, entry, place) : [];
  const rule = ruleLink(home, entry, wall);
  const session = sessionLink(entry, wall, rule.state === 'set');
  links.push(rule, session);
  if (session.state === 'stuck' && shown.state === 'open') {
    return { links, lede: words.openNothing, remedy: words.sessionRemedy };
  }
  return { links };
}

function openingLinks(home: HomeState, { dial, shown }: DoorEntry, place: Place): ProofLink[] {
  const way = wayOf(dial.steps);
  const state = (done: boolean) => (done ? 'set' : 'now');
  const at = (step: { readonly atMs: number } | undefined) =>
    step === undefined ? {} : { when: seconds(step.atMs) };
  const links: ProofLink[] = [
    {
      id: 'sealed',
      state: state(way.sealed !== undefined),
      title: words.sealed,
      who: words.sealedOn[place],
      ...at(way.sealed),
    },
    {
      id: 'relayed',
      state: way.relayed !== undefined ? 'set' : way.sealed === undefined ? 'wait' : 'now',
      title: words.relayed,
      who: home.relay,
      mono: true,
      ...at(way.relayed),
    },
  ];
  const asked = way.asked !== undefined;
  links.push({
    id: 'asked',
    state: asked ? 'set' : way.relayed === undefined ? 'wait' : 'now',
    title:
      way.knocks === 0
        ? words.asked(shown.driver)
        : asked
          ? words.knocks(way.knocks)
          : words.knockOf(way.heard + 1, way.knocks),
    who: way.knocks === 0 ? words.askedBy(home.name) : asked ? words.heard(way.knocks) : home.name,
    ...at(way.asked),
  });
  return links;
}

function ruleLink(home: HomeState, { dial, shown }: DoorEntry, wall: number): ProofLink {
  const listens = shown.driver === 'proxy';
  const id = 'checked';
  const way = wayOf(dial.steps);
  const set = shown.state === 'open' || shown.state === 'connected';
  const opening = dial.phase === 'sealing' || dial.phase === 'knocking';
  if (opening || (!set && shown.readsBack && sinceRelease(dial.releasedAt, wall) < ruleLate)) {
    return {
      id,
      state: way.asked === undefined ? 'wait' : 'now',
      title: listens ? words.listener : words.rule,
      who: words.notYet,
    };
  }
  if (!set) {
    const [title, who] = shown.readsBack
      ? [words.ruleMissing(home.name), words.ruleMissingWhy]
      : [words.cannotRead(home.name), words.toolSays(shown.driver, home.name)];
    return { id, state: 'stuck', title, who };
  }
  const left = shown.own?.remainingMs;
  const at =
    way.checked !== undefined && dial.releasedAt !== undefined
      ? timeOfDay(dial.releasedAt + way.checked.atMs, true)
      : undefined;
  const title =
    left === undefined
      ? listens
        ? words.listener
        : words.rule
      : (listens ? words.listenerLeft : words.ruleLeft)(clock(left));
  const read = words.readBack(home.name, span(shown.verifiedMs ?? shown.ageMs));
  return {
    id,
    state: 'set',
    title,
    who: read,
    ...(at === undefined ? {} : { when: at }),
    row: {
      title: listens ? words.checkedListenerRow(home.name) : words.checkedRow(home.name),
      sub: at === undefined ? `${read}.` : words.waitingSession(at),
      green: true,
    },
  };
}

function sinceRelease(releasedAt: number | undefined, wall: number): number {
  return releasedAt === undefined ? Infinity : wall - releasedAt;
}

function sessionLink({ dial, shown }: DoorEntry, wall: number, ruleSet: boolean): ProofLink {
  const id = 'session';
  const own = shown.own;
  if (own?.session !== undefined) {
    const at = wall - own.session.sinceMs;
    return {
      id,
      state: 'set',
      title: words.session,
      who: words.sessionSince(own.session.user, timeOfDay(at)),
      when: timeOfDay(at, true),
      row: {
        title: words.sessionRow(own.session.user),
        address: own.address,
        sub: words.rowSince(timeOfDay(at, true)),
      },
    };
  }
  if (own?.seen === true) {
    return {
      id,
      state: 'set',
      title: words.seen,
      who: words.seenFrom(own.address),
      row: { title: words.seenRow, sub: words.seenFrom(own.address) },
    };
  }
  const open =
    own?.lengthMs === undefined || own.remainingMs === undefined ? undefined : own.lengthMs - own.remainingMs;
  const since = Math.min(open ?? Infinity, sinceRelease(dial.releasedAt, wall));
  if (ruleSet && Number.isFinite(since) && since > sessionLate) {
    return { id, state: 'stuck', title: words.sessionMissing, who: words.sessionMissingWhy };
  }
  if (!ruleSet) return { id, state: 'wait', title: words.sessionWait, who: words.notYet };
  return {
    id,
    state: 'now',
    title: words.sessionWaiting,
    who: own === undefined ? words.notYet : words.seenFrom(own.address),
  };
}

/** The chain as text for a bug report. */
export function reportOf(home: string, door: string, headline: string, links: readonly ProofLink[]): string {
  const marks = { set: '[x]', now: '[ ]', wait: '[ ]', stuck: '[!]' } as const;
  return [
    `${home}, ${door}: ${headline}`,
    ...links.map(
      (link) => `${marks[link.state]} ${link.title} (${link.who})${link.when ? ` ${link.when}` : ''}`,
    ),
  ].join('\n');
}
