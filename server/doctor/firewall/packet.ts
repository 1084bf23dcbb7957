import type { Family } from '../../../lib/address.ts';

/** One packet to this machine, as far as rules can tell packets apart. What is undefined is not known. */
export interface Packet {
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp';
  /** Destination port. */
  readonly port: number;
  readonly state: 'new' | 'established';
  /** Connections are not tracked yet: to a rule that asks, every packet is `invalid`. */
  readonly untracked?: boolean;
  /** Canonical; undefined: a stranger, somebody out there whom no rule names. */
  readonly source: string | undefined;
  /** Interface that it comes in by; never lo. */
  readonly interface: string | undefined;
  /** This machine's own addresses of the family, without loopback: one of them is the destination. */
  readonly destinations: readonly string[];
  readonly mark: number | undefined;
  /** Sets that the source lies in, as `inet latchkey v4_ssh`. */
  readonly sets: readonly string[];
}

/** What rules that ask for the connection's state are told. */
export function trackedState(packet: Packet): string {
  return packet.untracked === true ? 'invalid' : packet.state;
}

/** True, false, or undefined where it cannot be told. */
export type Maybe = boolean | undefined;

export type Outcome =
  | { readonly to: 'accept' | 'drop' | 'return' | 'continue' }
  | { readonly to: 'jump' | 'goto'; readonly chain: string };

/** What a rule does with one packet. More than one outcome: it cannot be told which. */
export interface Judged {
  readonly outcomes: readonly Outcome[];
  /** Present where the rule changes the packet's mark, perhaps: what it is from here on. */
  readonly marks?: { readonly mark: number | undefined };
}

export interface Rule {
  /** As the tool prints it, for people. */
  readonly text: string;
  judge(packet: Packet): Judged;
}

/** A chain that the kernel itself calls. */
export interface BaseChain {
  readonly family: Family | 'both';
  readonly hook: 'prerouting' | 'input';
  /** Lower comes first (nft(8), priorities). */
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
  /** Its name, and its table's: `ip filter INPUT`. */
  readonly name: string;
  readonly rules: readonly Rule[];
  /** The other chains of its table. */
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}

export const proceed: Outcome = { to: 'continue' };

export function any(answers: readonly Maybe[]): Maybe {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

export function all(answers: readonly Maybe[]): Maybe {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

export function not(answer: Maybe): Maybe {
  return answer === undefined ? undefined : !answer;
}
