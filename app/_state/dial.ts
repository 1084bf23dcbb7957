import type { ShownDoor } from '../../lib/client/doors.ts';
import type { OpeningStep } from '../../lib/client/opening.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { DialPhase, DialState, Reach } from './types.ts';

/** What this device is doing with a door, apart from what the home says of it. */
export type Doing =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'holding' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'closing' }
  /** The home said no, or nothing was sent. `at`: monotonic ms. */
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly reasonMs?: number;
      readonly wasOpen: 'no' | 'yes' | 'unknown';
      readonly at: number;
    }
  /** Sent, and no answer: only the home can say what came of it. `at`: whatever was asked before says nothing. */
  | {
      readonly kind: 'unsure';
      readonly what: 'opening' | 'closing';
      readonly code: ErrorCode;
      readonly at: number;
    };

export const doingNothing: Doing = { kind: 'nothing' };

export interface Dialled {
  readonly phase: DialPhase;
  readonly code?: ErrorCode;
}

/** One place decides what the dial shows. */
export function dialOf(doing: Doing, shown: ShownDoor, reach: Reach, steps: readonly OpeningStep[]): Dialled {
  switch (doing.kind) {
    case 'holding':
    case 'closing':
      return { phase: doing.kind };
    case 'opening':
      return {
        phase: steps.some(({ step }) => step !== 'sealed' && step !== 'relayed') ? 'knocking' : 'sealing',
      };
    case 'failed':
      return { phase: 'notOpened', code: doing.code };
    case 'unsure':
      if (doing.what === 'closing') return { phase: 'closeUnconfirmed' };
      return { phase: 'noAnswer', code: doing.code };
    case 'nothing':
      return said(shown, reach);
  }
}

function said(shown: ShownDoor, reach: Reach): Dialled {
  if (reach.state === 'offline') return { phase: 'offline' };
  if (reach.state === 'silent' || reach.state === 'refused') return { phase: 'noAnswer', code: reach.code };
  if (shown.standing !== 'present') return { phase: 'asking' };
  switch (shown.state) {
    case 'closed':
    case 'open':
    case 'closing':
    case 'stale':
      return { phase: shown.state };
    case 'opening':
      return { phase: 'knocking' };
    case 'unverified':
      return { phase: 'unchecked' };
    case 'unconfirmed':
      return { phase: 'closeUnconfirmed' };
    case 'connected':
      // A session that outlives its opening: the home says so by leaving the time out.
      return { phase: shown.own?.remainingMs === undefined ? 'connectedTimeUp' : 'connected' };
    case 'unknown':
      // The home answers, and cannot read the door: its reason is the only thing known.
      return { phase: 'noAnswer', code: shown.problem ?? 'tool-failed' };
  }
}

/** States in which the home says that somebody may be able to connect, or is about to. */
export function isOpenish(shown: ShownDoor): boolean {
  return shown.standing === 'present' && shown.state !== 'closed' && shown.state !== 'unknown';
}

/** What a ban stands before: whatever the door is, this device does not come through it. */
const behindBan: ReadonlySet<DialPhase> = new Set<DialPhase>([
  'closed',
  'open',
  'unchecked',
  'connected',
  'connectedTimeUp',
  'notOpened',
]);

export function maskedByBan(
  dial: DialState,
  own: { readonly doubted: boolean; readonly lifting: boolean } | undefined,
): DialState {
  if (own === undefined) return dial;
  // Behind *Unban and open* the door is held for already.
  const held = dial.phase === 'holding' && own.lifting;
  if (!held && !behindBan.has(dial.phase)) return dial;
  return { ...dial, phase: own.doubted ? 'asking' : 'banned' };
}
