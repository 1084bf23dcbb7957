import fc from 'fast-check';
import { errorCodes } from '../../../lib/errors.ts';
import type { Frame } from '../../../lib/protocol/frame.ts';
import { paddedSizes } from '../../../lib/protocol/version.ts';

export const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const some = fc.uint8Array({ maxLength: 600 });
const sealedBox = fc.constantFrom(...paddedSizes).chain((size) => bytes(size + 16));

/** Every frame that may be sent. */
export const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('challenge' as const), nonce: bytes(32) }),
  fc.record({
    kind: fc.constant('admit' as const),
    mailbox: bytes(32),
    key: bytes(32),
    nonce: bytes(32),
    signature: bytes(64),
  }),
  fc.record({ kind: fc.constant('prove' as const), key: bytes(32), nonce: bytes(32), signature: bytes(64) }),
  fc.record({ kind: fc.constant('keys' as const), admission: fc.array(bytes(32), { maxLength: 8 }) }),
  fc.record({
    kind: fc.constant('keys' as const),
    admission: fc.array(bytes(32), { maxLength: 8 }),
    offer: bytes(32),
  }),
  fc.record({ kind: fc.constantFrom('from' as const, 'to' as const), connection: bytes(16), bytes: some }),
  fc.record({ kind: fc.constant('left' as const), connection: bytes(16) }),
  fc.record({ kind: fc.constant('taken' as const), n: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  fc.record({ kind: fc.constant('gone' as const), code: fc.constantFrom(...errorCodes) }),
  fc.record({ kind: fc.constant('hello' as const), ephemeral: bytes(32), nonce: bytes(16), box: bytes(80) }),
  fc.record({
    kind: fc.constantFrom('welcome' as const, 'initiate' as const),
    half: bytes(8),
    nonce: bytes(16),
    box: some,
  }),
  fc.record({
    kind: fc.constant('sealed' as const),
    session: bytes(16),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    box: sealedBox,
  }),
);
