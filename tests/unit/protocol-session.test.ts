import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, type FrameOf } from '../../lib/protocol/frame.ts';
import { boxNonce, pad, sessionNonce, unpad } from '../../lib/protocol/seal.ts';
import { Session } from '../../lib/protocol/session.ts';
import { paddedSizes } from '../../lib/protocol/version.ts';
import { runs } from './protocol/amount.ts';
import { random, sessions } from './protocol/handshake.ts';
import { flipped, refusal } from './protocol/refuses.ts';

const sealed = (bytes: Uint8Array): FrameOf<'sealed'> => decodeFrame(bytes) as FrameOf<'sealed'>;
const message = new TextEncoder().encode('{"type":"doors"}');

describe('a sealed frame', () => {
  it('is read by the other side, once', async () => {
    const { device, home } = await sessions();
    const { bytes, sequence } = device.seal(message);
    expect(sequence).toBe(1);
    expect(home.open(sealed(bytes))).toEqual(message);
    expect(home.open(sealed(bytes))).toBeUndefined();
  });

  it('that was overtaken is dropped, gaps are not', async () => {
    const { device, home } = await sessions();
    const [first, , third, fourth] = [1, 2, 3, 4].map(() => device.seal(message).bytes) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    expect(home.open(sealed(third))).toEqual(message);
    expect(home.open(sealed(first))).toBeUndefined();
    expect(home.open(sealed(fourth))).toEqual(message);
  });

  it('reflected to its sender says nothing', async () => {
    const { device, home } = await sessions();
    const fromDevice = device.seal(message).bytes;
    const fromHome = home.seal(message).bytes;
    expect(refusal(() => device.open(sealed(fromDevice)))).toBe('protocol-key');
    expect(refusal(() => home.open(sealed(fromHome)))).toBe('protocol-key');
    expect(device.open(sealed(fromHome))).toEqual(message);
  });

  it('with any bit changed is refused, and the right one still counts', async () => {
    const { device, home } = await sessions();
    const { bytes } = device.seal(message);
    for (let bit = 25 * 8; bit < bytes.length * 8; bit += 7) {
      expect(refusal(() => home.open(sealed(flipped(bytes, bit))))).toBe('protocol-key');
    }
    // a sequence that was not sealed: refused, and not remembered
    for (let bit = 17 * 8; bit < 25 * 8; bit++) {
      expect(refusal(() => home.open(sealed(flipped(bytes, bit))))).toMatch(/^protocol-(?:key|malformed)$/);
    }
    expect(home.open(sealed(bytes))).toEqual(message);
  });

  it('of another session, or under another key, says nothing', async () => {
    const one = await sessions();
    const two = await sessions();
    expect(refusal(() => two.home.open(sealed(one.device.seal(message).bytes)))).toBe('protocol-key');
    const thief = new Session({ ...one.keys, deviceToHome: random(32) }, 'device');
    expect(refusal(() => one.home.open(sealed(thief.seal(message).bytes)))).toBe('protocol-key');
  });

  it('never uses a nonce twice: each call has a sequence of its own, each direction and box its label', async () => {
    const { device } = await sessions();
    const sequences = Array.from({ length: 100 }, () => device.seal(message).sequence);
    expect(new Set(sequences).size).toBe(100);
    const zeros = new Uint8Array(16);
    const nonces = [
      sessionNonce('device→home', 1),
      sessionNonce('home→device', 1),
      sessionNonce('device→home', 2 ** 32 + 1),
      ...(['lk1HELLO', 'lk1WELCM', 'lk1INITI', 'lk1VOUCH'] as const).map((label) => boxNonce(label, zeros)),
    ].map((nonce) => Buffer.from(nonce).toString('hex'));
    expect(new Set(nonces).size).toBe(nonces.length);
    expect(new Set(nonces.map((nonce) => nonce.length))).toEqual(new Set([48]));
  });
});

describe('padding', () => {
  it('has four sizes, and gives back what was put in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16_382 }), (any) => {
        const padded = pad(any);
        expect(paddedSizes).toContain(padded.length);
        expect(unpad(padded)).toEqual(any);
      }),
      runs(60, 3000),
    );
    for (const size of paddedSizes) {
      expect(pad(new Uint8Array(size - 2))).toHaveLength(size);
      if (size < 16_384) expect(pad(new Uint8Array(size - 1)).length).toBeGreaterThan(size);
    }
    expect(refusal(() => pad(new Uint8Array(16_383)))).toBe('protocol-oversized');
  });

  it('is refused unless it is exactly what pad makes', () => {
    const padded = pad(new Uint8Array([1, 2, 3]));
    for (const at of [5, 255]) {
      const changed = padded.slice();
      changed[at] = 1;
      expect(refusal(() => unpad(changed))).toBe('protocol-malformed');
    }
    const large = new Uint8Array(1024);
    large.set(padded);
    expect(refusal(() => unpad(large))).toBe('protocol-malformed');
    expect(refusal(() => unpad(padded.slice(0, 255)))).toBe('protocol-malformed');
    expect(refusal(() => unpad(new Uint8Array(0)))).toBe('protocol-malformed');
    const tooLong = padded.slice();
    tooLong.set([255, 255]);
    expect(refusal(() => unpad(tooLong))).toBe('protocol-malformed');
  });

  it('any bytes are refused or are the one form', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paddedSizes), fc.nat(16_400), fc.nat(3), (size, length, last) => {
        const any = new Uint8Array(size);
        any.set([length >> 8, length & 255]);
        any[size - 1] = last;
        const said = refusal(() => unpad(any));
        if (said === 'nothing') expect(pad(unpad(any))).toEqual(any);
        else expect(said).toBe('protocol-malformed');
      }),
      runs(200, 20_000),
    );
  });
});
