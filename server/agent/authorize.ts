import { isCanonical, refusalOf, type AddressRules, type Family } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { fromBase64 } from '../../lib/protocol/bytes.ts';
import { observerNonce, statementBytes } from '../../lib/protocol/evidence.ts';
import type { Verify } from '../../lib/protocol/keys.ts';
import type { Evidence, RequestOf } from '../../lib/protocol/message.ts';
import type { DoorFacts } from '../doors/host.ts';
import type { ObserverTable } from './config.ts';
import type { Devices } from './devices.ts';

export interface Policy {
  readonly observers: readonly ObserverTable[];
  readonly allowPrivate: boolean;
  /** False: the relay is foreign; without a witness openings are short then. */
  readonly ownRelay: boolean;
  readonly verify: Verify;
  /** The home's own canonical addresses, now. */
  readonly ownAddresses: () => readonly string[];
}

type Trust = Pick<Policy, 'ownRelay' | 'observers'>;

/** protocol.md: through a foreign relay without a witness a door opens for at most 5 minutes. */
export const vouchedSeconds = 300;

/** False: nobody but a foreign relay says where a device is, so openings are short and say so. */
export function isWitnessed({ ownRelay, observers }: Trust): boolean {
  return ownRelay || observers.some((one) => one.witness === true);
}

export interface Proven {
  readonly address: string;
  readonly family: Family;
}

/**
 * The addresses, at most one of each family, that every configured observer of their family, and at least one, signed
 * with this challenge; where the file names a witness, a witness is among them. In the order of the evidence. Throws
 * `refused-evidence` (missing, foreign, wrong signature or family) or `refused-address-changed` (they signed different
 * ones).
 */
export async function provenAddresses(
  evidence: readonly Evidence[],
  challenge: Uint8Array,
  policy: Policy,
): Promise<[Proven, ...Proven[]]> {
  const said: (Proven & { readonly key: string })[] = [];
  for (const statement of evidence) {
    const family = isCanonical(statement.address);
    const names = policy.observers.filter((one) => one.key === statement.observer);
    const isTwice = said.some((one) => one.key === statement.observer && one.address === statement.address);
    if (names.length === 0 || family === undefined || isTwice) {
      throw new LatchkeyError('refused-evidence', 'not by a configured observer, once, for one address');
    }
    // Its word on the other family is not asked for; taken, an address of a family without observers would pass.
    if (!names.some((one) => speaksFor(one, family))) throw new LatchkeyError('refused-evidence', 'family');
    const key = fromBase64(statement.observer);
    const nonce = observerNonce(challenge, key);
    const message = statementBytes({ observer: key, nonce, family, address: statement.address });
    if (!(await policy.verify(key, message, fromBase64(statement.signature)))) {
      throw new LatchkeyError('refused-evidence', 'signature');
    }
    said.push({ key: statement.observer, address: statement.address, family });
  }
  const proven: Proven[] = [];
  // With both families, either may be the complete one.
  let refusal: LatchkeyError | undefined;
  for (const address of new Set(said.map((one) => one.address))) {
    const family = isCanonical(address) as Family;
    const asked = policy.observers.filter((one) => speaksFor(one, family));
    const isWitnessMissing =
      policy.observers.some((one) => one.witness === true) && !asked.some((one) => one.witness === true);
    const words = asked.map((observer) =>
      said.filter((one) => one.key === observer.key && one.family === family).map((one) => one.address),
    );
    if (isWitnessMissing || words.some((addresses) => addresses.length === 0)) {
      refusal ??= new LatchkeyError('refused-evidence', 'an observer is missing');
    } else if (words.flat().some((one) => one !== address)) {
      refusal ??= new LatchkeyError('refused-address-changed');
    } else {
      proven.push({ address, family });
    }
  }
  const [first, ...others] = proven;
  if (first === undefined) throw refusal ?? new LatchkeyError('refused-evidence', 'none');
  return [first, ...others];
}

function speaksFor(observer: ObserverTable, family: Family): boolean {
  return observer.family === 'any' || observer.family === `v${family}`;
}

/** What this door may be asked for through this relay, in seconds. */
export function longestSeconds(door: DoorFacts, policy: Trust): number {
  return isWitnessed(policy) ? door.longestSeconds : Math.min(door.longestSeconds, vouchedSeconds);
}

/** Throws `refused-time`. */
export function allowedSeconds(asked: number | undefined, door: DoorFacts, policy: Trust): number {
  const longest = longestSeconds(door, policy);
  if (!door.choosesTime) {
    // The length is the tool's own: through a foreign relay a longer one cannot be shortened, so it is refused.
    if ((asked !== undefined && asked !== door.defaultSeconds) || door.defaultSeconds > longest) {
      throw new LatchkeyError('refused-time', `${door.defaultSeconds} s is this door's own time`);
    }
    return door.defaultSeconds;
  }
  const seconds = asked ?? Math.min(door.defaultSeconds, longest);
  if (seconds > longest) throw new LatchkeyError('refused-time', `at most ${longest} s`);
  return seconds;
}

/** Whether the door's file lets this device open it. */
export function mayOpen(door: DoorFacts, device: string, devices: Pick<Devices, 'isAmong'>): boolean {
  return door.devices === undefined || devices.isAmong(door.devices, device);
}

/**
 * The addresses and time of an opening that may be done: the proven ones that the door is good for, at least one.
 * Throws `refused-*`; nothing has happened then.
 */
export async function authorizeOpen(
  request: RequestOf<'open'>,
  challenge: Uint8Array,
  door: DoorFacts,
  policy: Policy,
): Promise<{ addresses: [string, ...string[]]; seconds: number }> {
  if (door.problem !== undefined) throw new LatchkeyError(door.problem);
  const seconds = allowedSeconds(request.seconds, door, policy);
  const all = await provenAddresses(request.evidence, challenge, policy);
  const fit = all.filter(({ family }) => door.families?.includes(family) !== false);
  const rules: AddressRules = {
    allowPrivate: policy.allowPrivate,
    // A foreign relay's loopback is not this machine's.
    allowLoopback: door.closes === 'process' && policy.ownRelay,
    own: policy.ownAddresses(),
  };
  const addresses = (fit.length === 0 ? all : fit).map(({ address }) => address);
  const [first, ...others] = addresses.filter((address) => refusalOf(address, rules) === undefined);
  if (first === undefined) throw new LatchkeyError(refusalOf(addresses[0] ?? '', rules) ?? 'refused-address');
  return { addresses: [first, ...others], seconds };
}
