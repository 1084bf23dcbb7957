import { randomBytes } from 'node:crypto';
import { admissionBytes } from '../../lib/protocol/admission.ts';
import { decodeFrame, encodeFrame, type FrameOf } from '../../lib/protocol/frame.ts';
import { mailboxOf } from '../../lib/protocol/keys.ts';
import { verify } from '../ed25519.ts';
import type { Transport } from './transport.ts';

/** Keys and mailboxes as map keys. */
export function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

export interface Proved {
  readonly mailbox: string;
  readonly key: string;
}

/** The one answer that the unadmitted get, whatever was wrong and whether or not the home exists. */
const refusal = encodeFrame({ kind: 'gone', code: 'relay-not-admitted' });

export function refuse(transport: Transport): void {
  transport.send(refusal);
  transport.close();
}

/**
 * Sends the challenge and waits for the one frame that answers it. `admit` says whether what was proved is let in,
 * and if so takes over the transport's messages at once: the first end-to-end frame may be right behind. Anything
 * else (late, malformed, wrong signature, unknown) ends in `refuse`. The signature is checked before anything is
 * looked up, so that an unknown mailbox costs the same as an unknown key. `settled` is called once, when the
 * connection is no longer unadmitted.
 */
export function admission(
  transport: Transport,
  role: 'device' | 'home',
  admit: (proved: Proved) => ((bytes: Uint8Array) => void) | undefined,
  settled: () => void,
  admissionTime: number,
): void {
  const relayNonce = randomBytes(32);
  let onMessage: ((bytes: Uint8Array) => void) | undefined;
  let waiting = true;
  const settle = (): void => {
    if (!waiting) return;
    waiting = false;
    clearTimeout(timer);
    settled();
  };
  const timer = setTimeout(() => {
    settle();
    refuse(transport);
  }, admissionTime);
  transport.onClose(settle);
  transport.onMessage((bytes) => {
    if (onMessage !== undefined) return onMessage(bytes);
    if (!waiting) return;
    settle();
    const proved = prove(bytes, role, transport.host, relayNonce);
    onMessage = proved === undefined ? undefined : admit(proved);
    if (onMessage === undefined) refuse(transport);
  });
  transport.send(encodeFrame({ kind: 'challenge', nonce: relayNonce }));
}

function prove(
  bytes: Uint8Array,
  role: 'device' | 'home',
  host: string,
  relayNonce: Uint8Array,
): Proved | undefined {
  const frame = read(bytes, role);
  if (frame === undefined) return undefined;
  const mailbox = frame.kind === 'admit' ? frame.mailbox : mailboxOf(frame.key);
  const message = admissionBytes({ role, host, mailbox, relayNonce, ownNonce: frame.nonce });
  return verify(frame.key, message, frame.signature)
    ? { mailbox: idOf(mailbox), key: idOf(frame.key) }
    : undefined;
}

function read(bytes: Uint8Array, role: 'device' | 'home'): FrameOf<'admit'> | FrameOf<'prove'> | undefined {
  try {
    const frame = decodeFrame(bytes);
    if (frame.kind === 'admit' && role === 'device') return frame;
    return frame.kind === 'prove' && role === 'home' ? frame : undefined;
  } catch {
    return undefined;
  }
}
