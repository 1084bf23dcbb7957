import { isCanonical, refusalOf, type Family } from '../../lib/address.ts';
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
  /** False: the relay is foreign and no witness signs; openings are short then. */
  readonly ownRelay: boolean;
  readonly verify: Verify;
  /** The home's own canonical addresses, now. */
  readonly ownAddresses: () => readonly string[];
}

/** protocol.md: through a foreign relay without a witness a door opens for at most 5 minutes. */
export const vouchedSeconds = 300;

/**
 * The first address that every configured observer of its family, and at least one, signed with this challenge.
 * Throws `refused-evidence` (missing, foreign, wrong signature or family) or `refused-address-changed` (they signed
 * different ones).
 */
export async function provenAddress(
  evidence: readonly Evidence[],
  challenge: Uint8Array,
  policy: Policy,
): Promise<{ address: string; family: Family }> {
  const signed = new Map<string, string>();
  for (const statement of evidence) {
    const observer = policy.observers.find((one) => one.key === statement.observer);
    const family = isCanonical(statement.address);
    if (observer === undefined || family === undefined || signed.has(observer.key)) {
      throw new LatchkeyError('refused-evidence', 'not by a configured observer, once, for one address');
    }
    // Its word on the other family is not asked for; taken, an address of a family without observers would pass.
    if (!speaksFor(observer, family)) throw new LatchkeyError('refused-evidence', 'family');
    const key = fromBase64(observer.key);
    const nonce = observerNonce(challenge, key);
    const message = statementBytes({ observer: key, nonce, family, address: statement.address });
    if (!(await policy.verify(key, message, fromBase64(statement.signature)))) {
      throw new LatchkeyError('refused-evidence', 'signature');
    }
    signed.set(observer.key, statement.address);
  }
  // With both families, statements come in the order the network gave them: either may be the complete one.
  let refusal: LatchkeyError | undefined;
  for (const address of new Set(signed.values())) {
    const family = isCanonical(address) as Family;
    const said = policy.observers.filter((one) => speaksFor(one, family)).map((one) => signed.get(one.key));
    if (said.every((one) => one === address)) return { address, family };
    refusal ??= said.includes(undefined)
      ? new LatchkeyError('refused-evidence', 'an observer is missing')
      : new LatchkeyError('refused-address-changed');
  }
  throw refusal ?? new LatchkeyError('refused-evidence', 'none');
}

function speaksFor(observer: ObserverTable, family: Family): boolean {
  return observer.family === 'any' || observer.family === `v${family}`;
}

/** What this door may be asked for through this relay, in seconds. */
export function longestSeconds(door: DoorFacts, policy: Pick<Policy, 'ownRelay'>): number {
  return policy.ownRelay ? door.longestSeconds : Math.min(door.longestSeconds, vouchedSeconds);
}

/** Throws `refused-time`. */
export function allowedSeconds(
  asked: number | undefined,
  door: DoorFacts,
  policy: Pick<Policy, 'ownRelay'>,
): number {
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

/** The address and time of an opening that may be done. Throws `refused-*`; nothing has happened then. */
export async function authorizeOpen(
  request: RequestOf<'open'>,
  challenge: Uint8Array,
  door: DoorFacts,
  policy: Policy,
): Promise<{ address: string; seconds: number }> {
  if (door.problem !== undefined) throw new LatchkeyError(door.problem);
  const seconds = allowedSeconds(request.seconds, door, policy);
  const { address } = await provenAddress(request.evidence, challenge, policy);
  const refusal = refusalOf(address, {
    allowPrivate: policy.allowPrivate,
    // A foreign relay's loopback is not this machine's.
    allowLoopback: door.closes === 'process' && policy.ownRelay,
    own: policy.ownAddresses(),
  });
  if (refusal !== undefined) throw new LatchkeyError(refusal);
  return { address, seconds };
}
