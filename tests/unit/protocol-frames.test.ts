import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';
import {
  decodeFrame,
  encodeFrame,
  isEndToEnd,
  joinFrames,
  maxAdmissionKeys,
  splitFrames,
} from '../../lib/protocol/frame.ts';
import { maxFrame } from '../../lib/protocol/version.ts';
import { runs } from './protocol/amount.ts';
import { frame } from './protocol/arbitrary.ts';
import { refusal } from './protocol/refuses.ts';

const allowed = ['nothing', 'protocol-malformed', 'protocol-version', 'protocol-oversized'];

describe('frames', () => {
  it('are read back as they were written, and one frame has one form', () => {
    fc.assert(
      fc.property(frame, (written) => {
        const encoded = encodeFrame(written);
        expect(decodeFrame(encoded)).toEqual(written);
        expect(encodeFrame(decodeFrame(encoded))).toEqual(encoded);
      }),
      runs(300, 20_000),
    );
  });

  it('any bytes are refused with a code or read, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (any) => {
        expect(allowed).toContain(refusal(() => decodeFrame(any)));
      }),
      runs(500, 100_000),
    );
  });

  it('whatever is read from a damaged frame is written as the same bytes', () => {
    const damage = fc.oneof(
      fc.record({ cut: fc.nat(1000) }),
      fc.record({ more: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
      fc.record({ at: fc.nat(1000), byte: fc.nat(255) }),
    );
    fc.assert(
      fc.property(frame, damage, (whole, harm) => {
        let damaged = encodeFrame(whole);
        if ('cut' in harm) damaged = damaged.slice(0, harm.cut % damaged.length);
        else if ('more' in harm) damaged = new Uint8Array([...damaged, ...harm.more]);
        else damaged[harm.at % damaged.length] = harm.byte;
        const said = refusal(() => decodeFrame(damaged));
        expect(allowed).toContain(said);
        if (said === 'nothing') expect(encodeFrame(decodeFrame(damaged))).toEqual(damaged);
      }),
      runs(500, 100_000),
    );
  });

  it('of another version are told apart', () => {
    const challenge = encodeFrame({ kind: 'challenge', nonce: new Uint8Array(32) });
    challenge[1] = 2;
    expect(refusal(() => decodeFrame(challenge))).toBe('protocol-version');
  });

  it('that are too large, or hold too much, are refused before they are read', () => {
    expect(refusal(() => decodeFrame(new Uint8Array(maxFrame + 1).fill(6)))).toBe('protocol-oversized');
    const keys = new Uint8Array(8);
    keys.set([4, (maxAdmissionKeys + 1) >> 8, (maxAdmissionKeys + 1) & 255]);
    expect(refusal(() => decodeFrame(keys))).toBe('protocol-oversized');
  });

  it('sealed: sequence 0, sequences beyond 2^53 - 1 and odd sizes are refused', () => {
    const sealed = encodeFrame({
      kind: 'sealed',
      session: new Uint8Array(16),
      sequence: 1,
      box: new Uint8Array(272),
    });
    const zero = sealed.slice();
    zero[24] = 0;
    const large = sealed.slice();
    large[18] = 0x20;
    expect(refusal(() => decodeFrame(zero))).toBe('protocol-malformed');
    expect(refusal(() => decodeFrame(large))).toBe('protocol-malformed');
    expect(refusal(() => decodeFrame(sealed.slice(0, -1)))).toBe('protocol-malformed');
  });

  it('the relay tells end-to-end frames by their first byte alone', () => {
    fc.assert(
      fc.property(frame, (any) => {
        const ends = ['hello', 'welcome', 'initiate', 'sealed'].includes(any.kind);
        expect(isEndToEnd(encodeFrame(any))).toBe(ends);
      }),
      runs(100, 5000),
    );
    expect(isEndToEnd(new Uint8Array(0))).toBe(false);
    expect(isEndToEnd(new Uint8Array([20]))).toBe(false);
  });
});

describe('frames in one body', () => {
  it('come apart as they were joined; any bytes are refused with a code or are joined frames', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(frames, (each) => {
        expect(splitFrames(joinFrames(each))).toEqual(each);
      }),
      runs(200, 20_000),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (any) => {
        const said = refusal(() => splitFrames(any));
        expect(allowed).toContain(said);
        if (said === 'nothing') expect(joinFrames(splitFrames(any))).toEqual(any);
      }),
      runs(300, 100_000),
    );
    expect(refusal(() => splitFrames(joinFrames([new Uint8Array(maxFrame + 1)])))).toBe('protocol-oversized');
    expect(refusal(() => splitFrames(new Uint8Array(2)))).toBe('protocol-malformed');
  });
});

describe('base64url', () => {
  it('has one text for each byte string', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (any) => {
        expect(toBase64(any)).toBe(Buffer.from(any).toString('base64url'));
        expect(fromBase64(toBase64(any))).toEqual(any);
      }),
      runs(200, 10_000),
    );
    for (const text of ['A', 'AB', 'AA=', 'A+==', 'AAAA\n', 'ä', 'AAB']) {
      expect(refusal(() => fromBase64(text))).toBe('protocol-malformed');
    }
  });

  it('any text is refused or is the one form', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const said = refusal(() => fromBase64(text));
        expect(said === 'protocol-malformed' || toBase64(fromBase64(text)) === text).toBe(true);
      }),
      runs(300, 20_000),
    );
  });
});
