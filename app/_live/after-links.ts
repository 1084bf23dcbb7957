import { whyNoPacket } from '../../lib/client/address-notes.ts';
import { proofOf, type ProofLink as Fact } from '../../lib/client/proof.ts';
import type { DoorEntry, HomeState } from '../_state/types.ts';
import { timeOfDay } from '../_ui/durations.ts';
import type { ProofLink } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.proof;

export interface AfterLinks {
  readonly links: readonly ProofLink[];
  /** Of the first that is late: the drawer's sentence, and its one remedy. */
  readonly lede?: string;
  readonly remedy?: string;
}

/**
 * What follows a rule that is in place: the service behind the door, the first packet, the session. What nobody at this
 * home can see behind this door has no link: a pin is never grey for ever. `wall` is Unix ms now.
 */
export function afterLinks(home: HomeState, entry: DoorEntry, wall: number): AfterLinks {
  const facts = proofOf({ shown: entry.shown }).filter(({ link }) => link in writers);
  const seen = facts.filter(({ state }) => state !== 'unknown');
  const at = seen.findIndex(({ state }) => state !== 'done');
  const links = seen.map((fact, i) => {
    const state =
      fact.state === 'done' ? 'set' : fact.state === 'missing' ? 'stuck' : i === at ? 'now' : 'wait';
    const when =
      fact.state !== 'done' || fact.agoMs === undefined ? undefined : timeOfDay(wall - fact.agoMs, true);
    const { title, who, row, address } = writers[fact.link as Written]({ home, entry, fact, wall, when });
    return {
      id: fact.link,
      state,
      title,
      who,
      ...(when === undefined ? {} : { when }),
      ...(row === undefined ? {} : { row }),
      ...(address === undefined ? {} : { address }),
    } satisfies ProofLink;
  });
  const late = seen.find(({ state }) => state === 'missing');
  return { links, ...(late === undefined ? {} : meaning(home, entry, late)) };
}

type Written = 'service' | 'packet' | 'session';
type Words = Pick<ProofLink, 'title' | 'who' | 'row' | 'address'>;
interface Given {
  readonly home: HomeState;
  readonly entry: DoorEntry;
  readonly fact: Fact;
  readonly wall: number;
  readonly when: string | undefined;
}

const writers: Record<Written, (given: Given) => Words> = {
  service({ home, entry, fact }) {
    const { endpoint, driver } = entry.shown;
    if (fact.state === 'done') {
      const title = driver === 'proxy' ? words.targetListens : words.listens(endpoint.port);
      return { title, who: words.foundProgram(home.name) };
    }
    if (fact.state !== 'missing') return { title: words.listensWait, who: words.notYet };
    const [title, who] = silence(entry, fact);
    return { title, who };
  },
  packet({ entry, fact, when }) {
    const address = entry.shown.own?.address ?? '';
    if (fact.state === 'done') {
      return {
        title: words.packet,
        who: words.seenFrom(address),
        address,
        row: {
          title: words.packetRow,
          // nobody will ever tell of one where sessions cannot be told
          sub:
            entry.shown.own?.proof?.sessions === true ? words.waitingSession(when ?? '') : `${when ?? ''}.`,
        },
      };
    }
    if (fact.state === 'missing') {
      const who = words.otherAddress(entry.shown.serves === 'ssh');
      return { title: words.noPacket(address), who, address };
    }
    return { title: words.packetWait, who: words.seenFrom(address), address };
  },
  session({ entry, fact, wall, when }) {
    const own = entry.shown.own;
    if (own?.session !== undefined) {
      const since = timeOfDay(wall - own.session.sinceMs);
      return {
        title: words.session,
        who: words.sessionSince(own.session.user, since),
        row: {
          title: words.sessionRow(own.session.user),
          address: own.address,
          sub: words.rowSince(when ?? since),
        },
      };
    }
    if (fact.reason === 'ended') {
      return { title: words.sessionOver, who: words.sessionOverOf(own?.proof?.ended?.user ?? '') };
    }
    if (fact.state === 'missing') return { title: words.noSession, who: words.wrongKey };
    return { title: words.sessionWaiting, who: words.notYet };
  },
};

/** Why nobody there would answer, and the question that it asks of a person. */
function silence(entry: DoorEntry, { reason }: Fact): readonly [string, string] {
  const { endpoint, driver } = entry.shown;
  const { port } = endpoint;
  if (driver === 'proxy') return [words.targetSilent, words.silentWhy];
  const six = entry.shown.own?.address.includes(':') === true;
  if (reason === 'loopback') return [words.listensHome(port), words.listensHomeWhy];
  if (reason === 'family') return [words.listensOther(port, six), words.listensOtherWhy];
  return [words.silent(port), words.silentWhy];
}

function meaning(home: HomeState, entry: DoorEntry, fact: Fact): { lede: string; remedy: string } {
  const { endpoint } = entry.shown;
  switch (fact.link) {
    case 'service':
      return {
        lede: words.openNobody,
        remedy:
          entry.shown.driver === 'proxy'
            ? words.targetRemedy(home.name)
            : words.serviceRemedy(home.name, endpoint.port, endpoint.protocol === 'udp'),
      };
    case 'packet': {
      const address = entry.shown.own?.address ?? '';
      const also = entry.shown.others.find(({ mine }) => mine)?.address;
      const why = whyNoPacket({ address, also }, { polls: home.polls === true });
      return {
        lede: words.openNothing,
        remedy: text.address.noPacket[why](address, entry.shown.serves === 'ssh'),
      };
    }
    default:
      return { lede: words.openUnused, remedy: words.keyRemedy };
  }
}
