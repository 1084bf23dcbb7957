import { parseNetwork } from './network.ts';
import type { ErrorCode } from './errors.ts';

/** Words that the whole house shares about bans. Pure. Times are Unix ms of the home's clock. */

/** Names of configured sources, and of tools' own things where a command is built from them. */
export const sourceName = /^[a-z][a-z0-9_-]{0,30}$/;

/** fail2ban's jail; elsewhere the set's or list's name. As its source writes it: text, which may be an attacker's. */
export const longestJail = 128;

/** One ban, as its source tells it. */
export interface Ban {
  readonly source: string;
  readonly jail: string;
  /** A canonical address, a canonical network (lib/network), or whatever else the source has there, as text. */
  readonly value: string;
  /** Absent: the source does not tell. */
  readonly since?: number;
  /** When it ends by itself; absent: unknown, or never where `permanent`. */
  readonly until?: number;
  readonly permanent?: true;
}

/** Who a ban is: by this, two tellings are the same ban. */
export function banKey({ source, jail, value }: Pick<Ban, 'source' | 'jail' | 'value'>): string {
  return `${source}\n${jail}\n${value}`;
}

/** True where the ban turns this canonical address away. */
export function bans(ban: Pick<Ban, 'value'>, address: string): boolean {
  return ban.value === address || parseNetwork(ban.value)?.contains(address) === true;
}

/** What is wrong with a jail though its source answers. */
export const jailTroubles = [
  /** The log has failures that the jail should count, and it counts none. */
  'deaf',
  /** An address is on its list, and no rule of the firewall turns it away. */
  'no-rule',
] as const;
export type JailTrouble = (typeof jailTroubles)[number];

export interface JailState {
  readonly jail: string;
  /** How many it bans now. */
  readonly banned: number;
  /** fail2ban: failures counted now, and since it began. */
  readonly failing?: number;
  readonly failed?: number;
  /** Seconds of its next ban; absent: unknown. */
  readonly banSeconds?: number;
  /** So many failures within so many seconds ban. */
  readonly maxRetry?: number;
  readonly findSeconds?: number;
  readonly trouble?: JailTrouble;
}

/** A source as it stands. */
export interface SourceState {
  readonly source: string;
  /** Its driver: `fail2ban`, `nftset`, `ipset`, `recent`, `hostsdeny`. */
  readonly kind: string;
  /** Present: it cannot be read now, and nothing it said before is the present. `tool-ended`: nobody is protected by it. */
  readonly problem?: ErrorCode;
  /** It tells when a ban began or ends. */
  readonly tellsTimes: boolean;
  readonly canUnban: boolean;
  /** What was lifted cannot be set again: nobody is offered to take it back. */
  readonly cannotBan?: true;
  readonly jails: readonly JailState[];
}

/** What somebody did to be banned. All of it may be an attacker's text. */
export interface BanEvidence {
  /** Bans of this value by this source so far, this one counted; absent: not told. */
  readonly count?: number;
  readonly failures?: number;
  /** Oldest first, at most 10; each at most 300 characters. */
  readonly lines: readonly EvidenceLine[];
}

export interface EvidenceLine {
  readonly at?: number;
  /** Who it tried to be. */
  readonly user?: string;
  /** How, in sshd's own word (`password`, `publickey`), or `zombie`, `probe`. */
  readonly method?: string;
  /** The log's line, cut; no secrets: what looks like a password typed as a name is still shown as a name only. */
  readonly text: string;
}

/** What is being tried now. */
export const attackKinds = [
  /** sshd refused a login. */
  'failed',
  /** `Received disconnect … 11: Bye Bye [preauth]`: a client that only hangs up. */
  'zombie',
  /** Failed TLS handshakes whose line names no address (sw-cp-server): noise that nobody can be blamed for. */
  'noise',
] as const;
export type AttackKind = (typeof attackKinds)[number];

/** Of one hour that begins at `hour` (Unix ms, a whole hour in UTC). */
export interface AttackHour {
  readonly hour: number;
  readonly kind: AttackKind;
  readonly count: number;
  /** Different addresses, as far as they were kept; 0 for noise. */
  readonly addresses: number;
}
