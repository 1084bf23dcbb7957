import { observerNonce } from '../../lib/protocol/evidence.ts';
import { equal, fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';
import type { Random } from '../../lib/protocol/keys.ts';
import type { Challenge } from '../../lib/protocol/message.ts';
import { challengeTime } from '../../lib/protocol/version.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { ObserverTable } from './config.ts';

interface Live {
  readonly bytes: Uint8Array;
  /** Absent for WELCOME's, which comes before the door is named. */
  readonly door: string | undefined;
  readonly madeAt: number;
  usedBy: string | undefined;
}

// A thumb can go down a few times before it stays; older challenges are of no use to anybody.
const mostLive = 4;

/** The challenges of one session: 10 s by the home's monotonic clock, each good for one request id. */
export class Challenges {
  private live: Live[] = [];

  make(
    observers: readonly ObserverTable[],
    door: string | undefined,
    now: number,
    random: Random,
  ): Challenge {
    const bytes = random(32);
    this.live = [...this.live.slice(1 - mostLive), { bytes, door, madeAt: now, usedBy: undefined }];
    return {
      challenge: toBase64(bytes),
      observers: observers.map((observer) => ({
        key: observer.key,
        url: observer.url,
        family: observer.family,
        nonce: toBase64(observerNonce(bytes, fromBase64(observer.key))),
      })),
    };
  }

  /** Binds the challenge to the request id. Throws `refused-challenge`. */
  use(text: string, door: string, requestId: string, now: number): Uint8Array {
    const bytes = fromBase64(text);
    const found = this.live.find((one) => equal(one.bytes, bytes));
    if (found === undefined || now - found.madeAt > challengeTime)
      throw new LatchkeyError('refused-challenge');
    if (found.door !== undefined && found.door !== door)
      throw new LatchkeyError('refused-challenge', 'other door');
    if (found.usedBy !== undefined && found.usedBy !== requestId)
      throw new LatchkeyError('refused-challenge', 'used');
    found.usedBy = requestId;
    return bytes;
  }
}
