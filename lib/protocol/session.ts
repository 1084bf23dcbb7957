import type { FrameOf } from './frame.ts';
import { encodeFrame } from './frame.ts';
import { labelledHash } from './keys.ts';
import { pad, seal, sessionNonce, unpad, unseal, type Direction } from './seal.ts';

export interface SessionKeys {
  /** 16 bytes, public: names the session to the home across connections. */
  readonly id: Uint8Array;
  readonly deviceToHome: Uint8Array;
  readonly homeToDevice: Uint8Array;
}

/**
 * @param ephemeral box key of C' and S'
 * @param identity box key of C and S'
 * @param transcript H: SHA-512 of the exact HELLO and WELCOME frames
 */
export function sessionKeys(
  ephemeral: Uint8Array,
  identity: Uint8Array,
  transcript: Uint8Array,
): SessionKeys {
  const keys = labelledHash('latchkey 1 session', ephemeral, identity, transcript);
  return {
    id: labelledHash('latchkey 1 session id', transcript).slice(0, 16),
    deviceToHome: keys.slice(0, 32),
    homeToDevice: keys.slice(32, 64),
  };
}

/** One side of a session: seals its own direction, opens the other. It knows no socket and no clock. */
export class Session {
  readonly id: Uint8Array;
  private readonly out: { readonly key: Uint8Array; readonly direction: Direction };
  private readonly in: { readonly key: Uint8Array; readonly direction: Direction };
  private lastSent = 0;
  private lastSeen = 0;

  constructor(keys: SessionKeys, side: 'device' | 'home') {
    const up = { key: keys.deviceToHome, direction: 'device→home' } as const;
    const down = { key: keys.homeToDevice, direction: 'home→device' } as const;
    this.id = keys.id;
    this.out = side === 'device' ? up : down;
    this.in = side === 'device' ? down : up;
  }

  /** The frame's bytes and its sequence. Each call uses a sequence of its own: a retry is a new frame. */
  seal(message: Uint8Array): { sequence: number; bytes: Uint8Array } {
    const sequence = ++this.lastSent;
    const box = seal(pad(message), sessionNonce(this.out.direction, sequence), this.out.key);
    return { sequence, bytes: encodeFrame({ kind: 'sealed', session: this.id, sequence, box }) };
  }

  /**
   * The message; undefined for a sequence that is not above every one seen (dropped silently). Throws
   * `protocol-key` for a seal that does not fit, and then nothing has changed.
   */
  open(frame: FrameOf<'sealed'>): Uint8Array | undefined {
    if (frame.sequence <= this.lastSeen) return undefined;
    const plain = unseal(frame.box, sessionNonce(this.in.direction, frame.sequence), this.in.key);
    this.lastSeen = frame.sequence;
    return unpad(plain);
  }
}
