import type { ShownDoor } from '../../lib/client/doors.ts';
import type { LinkState, ProofLink } from '../../lib/client/proof.ts';
import { formatClock } from '../../lib/duration.ts';

/** A link of the chain as `--json` prints it. */
export interface ProofRow {
  readonly link: ProofLink['link'];
  readonly state: LinkState;
  readonly n?: number;
  readonly of?: number;
  /** Unix ms of this machine: when it was seen; of a link that is not done, when it was last looked for. */
  readonly at?: number;
  /** The same from the end of the hold; negative: before it, where an opening was lengthened. `device open` only. */
  readonly atMs?: number;
  readonly reason?: NonNullable<ProofLink['reason']>;
  readonly text: string;
}

export function proofRows(links: readonly ProofLink[], door: ShownDoor, sinceReleaseMs?: number): ProofRow[] {
  const now = Date.now();
  return links.map(({ agoMs, ...link }) => ({
    ...link,
    ...(agoMs === undefined ? {} : { at: Math.round(now - agoMs) }),
    ...(agoMs === undefined || sinceReleaseMs === undefined
      ? {}
      : { atMs: Math.round(sinceReleaseMs - agoMs) }),
    text: wordsOf(link, door),
  }));
}

/** `  0.02 s  rule in place …` of an opening just made, `0:12 ago  rule in place …` of one before, `     ...  no packet …` */
export function proofLine(row: ProofRow): string {
  return `${whenOf(row).padStart(8)}  ${row.text}`;
}

function whenOf({ state, at, atMs }: ProofRow): string {
  if (state !== 'done') return marks[state];
  if (atMs !== undefined) return `${(atMs / 1000).toFixed(2)} s`;
  return at === undefined ? '' : `${formatClock(Date.now() - at)} ago`;
}

const marks: Record<Exclude<LinkState, 'done'>, string> = { waiting: '...', missing: '!', unknown: '?' };

function wordsOf(link: Omit<ProofLink, 'agoMs'>, door: ShownDoor): string {
  const { own } = door;
  const address = own?.address ?? '';
  switch (link.link) {
    case 'sealed':
      return 'sealed here';
    case 'relayed':
      return 'passed on by the relay';
    case 'knock':
      return `knock ${link.n ?? ''} of ${link.of ?? ''} heard`;
    case 'rule':
      return ruleWords(link, own?.remainingMs);
    case 'service':
      return serviceWords(link, door, address);
    case 'packet':
      return packetWords(link, address);
    case 'session':
      return sessionWords(link, own);
  }
}

type Link = Omit<ProofLink, 'agoMs'>;

function ruleWords({ state, reason }: Link, left: number | undefined): string {
  if (reason === 'unread') return 'the tool says that it ran; this rule cannot be read back';
  if (reason === 'over') return 'the time is up; the session stays';
  if (state !== 'done') return 'the rule has not been read yet';
  return left === undefined
    ? 'rule in place, read from the system'
    : `rule in place, ${formatClock(left)} left, read from the system`;
}

function serviceWords({ state, reason }: Link, { endpoint }: ShownDoor, address: string): string {
  const port = `${endpoint.protocol === 'udp' ? 'UDP' : 'TCP'} port ${endpoint.port}`;
  if (state === 'done') return 'a service listens there';
  switch (reason) {
    case 'silent':
      return `nothing listens behind ${port}: is the service running?`;
    case 'loopback':
      return `what listens behind ${port} takes only this home's own connections: see its listening address`;
    case 'family':
      return `what listens behind ${port} takes no ${address.includes(':') ? 'IPv6' : 'IPv4'}: see its listening address`;
    case 'unknown':
      return `whether a service answers behind ${port} cannot be seen from the home`;
    default:
      return 'the home has not looked for the service yet';
  }
}

function packetWords({ state }: Link, address: string): string {
  if (state === 'done') return `first packet seen from ${address}`;
  if (state === 'unknown') return 'packets cannot be seen at this door';
  return state === 'waiting'
    ? `no packet from ${address} yet`
    : `no packet from ${address}: does your connection leave by another address, or is it blocked on the way?`;
}

function sessionWords({ state, reason }: Link, own: ShownDoor['own']): string {
  const session = own?.session;
  if (session !== undefined) {
    const port = session.port === undefined ? '' : ` port ${session.port}`;
    return `session up: ${session.user} from ${own?.address ?? ''}${port}`;
  }
  if (reason === 'ended') return `${own?.proof?.ended?.user ?? 'somebody'} was in; that session is over`;
  if (state === 'unknown') return 'sessions cannot be seen behind this door';
  return state === 'waiting'
    ? 'no session yet'
    : 'packets come, and nobody has logged in: wrong key or name?';
}
