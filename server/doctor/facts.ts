import type { SourceState } from '../../lib/ban.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { Family } from '../../lib/address.ts';
import type { Guard } from '../doors/driver.ts';
import type { BaseChain } from './firewall/packet.ts';
import type { SavedTables } from './firewall/iptables-save.ts';
import type { NftRuleset } from './firewall/nft-rules.ts';

/** Something that was looked at, or the reason why it could not be. */
export type Fact<T> = { readonly known: true; readonly value: T } | Unknown;
export interface Unknown {
  readonly known: false;
  readonly why: ErrorCode;
  /** What the error named: file, key, line. */
  readonly detail?: string;
}

export function known<T>(value: T): Fact<T> {
  return { known: true, value };
}

export function unknown(why: ErrorCode, detail?: string): Unknown {
  return { known: false, why, ...(detail === undefined ? {} : { detail }) };
}

export interface DoorFact {
  readonly name: string;
  /** Absent where the driver does not say what it leans on. */
  readonly guard?: Guard;
}

export interface Firewall {
  readonly nft: NftRuleset;
  readonly iptables: Readonly<Record<Family, SavedTables>>;
  /** All that judges packets to this machine, of both. */
  readonly chains: readonly BaseChain[];
}

export interface Network {
  /** This machine's own canonical addresses, loopback and link-local left out. */
  readonly addresses: readonly string[];
  /** Interface of the default route. */
  readonly outside: Readonly<Partial<Record<Family, string>>>;
}

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** Families that it answers. */
  readonly families: readonly Family[];
  /** Canonical; `*` for all addresses. */
  readonly address: string;
  readonly port: number;
  readonly program?: string;
  /** It is Latchkey's own relay, which is there for everyone. */
  readonly isRelay: boolean;
}

/** `sshd -T`: key, in lower case, to its values in order. */
export type SshdSettings = ReadonlyMap<string, readonly string[]>;

export interface Sshd {
  readonly ports: readonly number[];
  /** As they are for a stranger who logs in as root, and as somebody else: Match blocks differ. */
  readonly root: SshdSettings;
  readonly somebody: SshdSettings;
  /** Its configuration file. */
  readonly file: string;
}

/** Who may change what root reads or runs. */
export interface FileFact {
  readonly path: string;
  /** The file or folder above it that others than root can change; absent: none. */
  readonly loose?: string;
}

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** A source of bans, as it stands. */
export interface BanFact {
  readonly state: SourceState;
  /** Its times are so far ahead of this clock, in seconds (below 0: behind); absent: no further than they may be. */
  readonly offSeconds?: number;
}

/** What the system itself says; the helper gathers it, or root's command line. */
export interface SystemFacts {
  readonly doors: Fact<readonly DoorFact[]>;
  readonly firewall: Fact<Firewall>;
  readonly network: Network;
  /** Names of network interfaces. */
  readonly interfaces: readonly string[];
  readonly listeners: Fact<readonly Listener[]>;
  readonly sshd: Fact<readonly Sshd[]>;
  readonly files: Fact<readonly FileFact[]>;
  /** Rulesets that are loaded at boot. */
  readonly saved: Fact<readonly TextFile[]>;
  /** knockd.conf of each door that has one. */
  readonly knockdFiles: Fact<readonly TextFile[]>;
  /** Sleeping children of knockd: each will take one rule away. */
  readonly knockdTimers: Fact<number>;
  readonly bans: Fact<readonly BanFact[]>;
}

export interface RelayFact {
  readonly url: string;
  /** Absent: reached. */
  readonly problem?: ErrorCode;
  /** How far its clock is ahead of ours, in seconds, give or take one. */
  readonly aheadSeconds?: number;
}

/** What the home's own file says, and the network around it. */
export interface HomeFacts {
  /** The owner's words; undefined inside: not stated. */
  readonly secondWay: Fact<string | undefined>;
  readonly relays: Fact<readonly RelayFact[]>;
  /** Doors by name with what they lack, from the running home agent. */
  readonly running: Fact<readonly { readonly name: string; readonly problem?: ErrorCode }[]>;
  /** Private files of the home agent that others can read or change. */
  readonly exposed: Fact<readonly string[]>;
}
