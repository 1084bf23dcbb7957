import { afterLinks } from './after-links.ts';
import { seconds, sawOpening, wayOf } from './steps.ts';
import type { DoorEntry, HomeState } from '../_state/types.ts';
import { clock, span, timeOfDay } from '../_ui/durations.ts';
import type { Place, ProofLink } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.proof;

/** A rule that is not read back after this long is late: ms. */
const ruleLate = 2000;

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
  if (rule.state === 'now' || rule.state === 'wait') return { links: [...links, rule] };
  const { links: after, ...meaning } = afterLinks(home, entry, wall);
  const next = after.find(({ state }) => state === 'now');
  const row = ruleRow(home, entry, rule, next?.id);
  // A service that is there is no news: the rule's words stay until somebody comes.
  const named = [
    { ...rule, row },
    ...after.map((link) =>
      link.id === 'service' && link.state === 'set' && rule.state === 'set' ? { ...link, row } : link,
    ),
  ];
  links.push(...named);
  return { links, ...(shown.state === 'open' ? meaning : {}) };
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
    who:
      way.knocks === 0
        ? words.askedBy(home.name)
        : asked
          ? (shown.jump === undefined ? words.heard : words.sent)(way.knocks)
          : home.name,
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
  };
}

/** `next`: the link that is waited for. */
function ruleRow(home: HomeState, { shown }: DoorEntry, { who, when }: ProofLink, next?: string) {
  const waits =
    next === 'packet' ? words.waitingPacket : next === 'session' ? words.waitingSession : undefined;
  return {
    title: shown.driver === 'proxy' ? words.checkedListenerRow(home.name) : words.checkedRow(home.name),
    sub: when === undefined ? `${who}.` : (waits?.(when) ?? `${when}.`),
    green: true,
  };
}

function sinceRelease(releasedAt: number | undefined, wall: number): number {
  return releasedAt === undefined ? Infinity : wall - releasedAt;
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
