import { LatchkeyError } from '../../lib/errors.ts';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import type { FrameOf } from '../../lib/protocol/frame.ts';
import { readInitiate, welcome, type HalfOpen, type Initiated } from '../../lib/protocol/handshake.ts';
import type { BoxKeyPair, Random } from '../../lib/protocol/keys.ts';
import { halfOpenTime } from '../../lib/protocol/version.ts';
import type { Challenges } from './challenges.ts';
import type { Clock } from './clock.ts';

// protocol.md, Handshake and Admission: a hostile relay ignores its own limits, so the home has these.
const mostHalfOpen = 64;
const burst = 8;
const perSecond = 5;

interface Half {
  readonly half: HalfOpen;
  readonly challenges: Challenges;
  readonly madeAt: number;
}

/** Half-open handshakes: S' lives 10 s in memory, serves one INITIATE, right or wrong, and is erased. */
export class Handshakes {
  private readonly keys: BoxKeyPair;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly halves = new Map<string, Half>();
  private tokens = burst;
  private filledAt: number;

  constructor(keys: BoxKeyPair, clock: Clock, random: Random) {
    this.keys = keys;
    this.clock = clock;
    this.random = random;
    this.filledAt = clock.now();
  }

  private spend(): void {
    const now = this.clock.now();
    this.tokens = Math.min(burst, this.tokens + ((now - this.filledAt) / 1000) * perSecond);
    this.filledAt = now;
    if (this.tokens < 1) throw new LatchkeyError('session-busy');
    this.tokens -= 1;
  }

  private erase(name: string, half: Half): void {
    half.half.ephemeral.secretKey.fill(0);
    this.halves.delete(name);
  }

  /** WELCOME's bytes. Throws `session-busy`, or `protocol-*` for a HELLO that is not made with S. */
  hello(bytes: Uint8Array, greeting: string, challenges: Challenges): Uint8Array {
    this.spend();
    const now = this.clock.now();
    for (const [name, old] of this.halves) if (now - old.madeAt > halfOpenTime) this.erase(name, old);
    const half = welcome(bytes, this.keys, greeting, this.random);
    // The oldest goes: an attacker who fills the table makes others try again, no more.
    for (const [name, old] of this.halves) {
      if (this.halves.size < mostHalfOpen) break;
      this.erase(name, old);
    }
    const name = toBase64(half.half);
    const made: Half = { half, challenges, madeAt: now };
    this.halves.set(name, made);
    // Erased also where nobody comes after: a memory read later must not open what was recorded.
    setTimeout(() => this.erase(name, made), halfOpenTime).unref();
    return half.bytes;
  }

  /** Throws `session-none` where S' is gone, `protocol-*` where the INITIATE does not fit. */
  initiate(frame: FrameOf<'initiate'>, bytes: Uint8Array): Initiated & { challenges: Challenges } {
    const name = toBase64(frame.half);
    const half = this.halves.get(name);
    if (half === undefined || this.clock.now() - half.madeAt > halfOpenTime)
      throw new LatchkeyError('session-none');
    try {
      return { ...readInitiate(bytes, half.half, this.keys), challenges: half.challenges };
    } finally {
      this.erase(name, half);
    }
  }
}
