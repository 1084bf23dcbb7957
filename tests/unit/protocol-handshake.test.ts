import { describe, expect, it } from 'vitest';
import type { LatchkeyError } from '../../lib/errors.ts';
import { concat, utf8 } from '../../lib/protocol/bytes.ts';
import { decodeFrame, encodeFrame, type FrameOf } from '../../lib/protocol/frame.ts';
import { hello, initiate, readInitiate, readWelcome, welcome } from '../../lib/protocol/handshake.ts';
import { boxKey, boxKeyPair, dhWith, sharedKey } from '../../lib/protocol/keys.ts';
import { boxNonce, pad, seal } from '../../lib/protocol/seal.ts';
import { Handshakes } from '../../server/agent/handshakes.ts';
import { Challenges } from '../../server/agent/challenges.ts';
import { deviceOf, handshake, random } from './protocol/handshake.ts';
import { flipped, refusal } from './protocol/refuses.ts';

/** Every low-order point of Curve25519, and what else multiplies to zero: RFC 7748, section 6.1; cr.yp.to/ecdh. */
const lowOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].flatMap((text) => {
  const point = new Uint8Array(Buffer.from(text, 'hex'));
  const high = point.slice();
  high[31] = (high[31] as number) | 0x80;
  return [point, high];
});

async function refusedLater(act: () => Promise<unknown>): Promise<string> {
  return act().then(
    () => 'nothing',
    (error: LatchkeyError) => error.code,
  );
}

describe('a handshake', () => {
  it('gives both sides the same keys, the home the device’s key and claim', async () => {
    const made = await handshake('{"claim":1}', '{"greeting":1}');
    expect(made.deviceKeys).toEqual(made.initiated.keys);
    expect(made.initiated.device).toEqual(made.device.publicKey);
    expect(made.initiated.claim).toBe('{"claim":1}');
    expect(made.welcomed.greeting).toBe('{"greeting":1}');
    expect(made.welcomed.transcript).toEqual(made.initiated.transcript);
  });

  it('gives other keys every time, and forgets the device’s short one', async () => {
    const one = await handshake();
    const two = await handshake();
    expect(one.deviceKeys).not.toEqual(two.deviceKeys);
    expect(one.deviceKeys.deviceToHome).not.toEqual(one.deviceKeys.homeToDevice);
    const nobody = dhWith(new Uint8Array(32));
    const point = one.homeKeys.publicKey;
    expect(await one.sent.ephemeral.dh(point)).toEqual(await nobody(point));
  });

  it('hides the device’s key from everybody but the holder of S’', async () => {
    const { device, sent, initiate: last } = await handshake();
    for (const frame of [sent.bytes, last]) {
      expect(Buffer.from(frame).includes(Buffer.from(device.publicKey))).toBe(false);
    }
  });
});

describe('one bit changed', () => {
  it('in HELLO: no WELCOME', async () => {
    const home = boxKeyPair(random(32));
    const { bytes } = await hello(home.publicKey, random);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      // the top bit of an X25519 key is not part of it (RFC 7748 section 5): the handshake ends later, in H
      if (bit === (2 + 31) * 8 + 7) continue;
      expect(refusal(() => welcome(flipped(bytes, bit), home, '', random))).not.toBe('nothing');
    }
  });

  it('in the bit of C’ that X25519 leaves out: no session', async () => {
    const home = boxKeyPair(random(32));
    const sent = await hello(home.publicKey, random);
    const half = welcome(flipped(sent.bytes, (2 + 31) * 8 + 7), home, '', random);
    const welcomed = readWelcome(half.bytes, sent);
    const answer = await initiate(sent, welcomed, deviceOf(random(32)), '', random);
    expect(refusal(() => readInitiate(answer.bytes, half, home))).toBe('protocol-key');
  });

  it('in WELCOME: no INITIATE, or one that makes no session', async () => {
    const home = boxKeyPair(random(32));
    for (let bit = 0; bit < 440 * 8; bit += bit < 26 * 8 ? 1 : 37) {
      const sent = await hello(home.publicKey, random);
      const half = welcome(sent.bytes, home, '{}', random);
      if (bit >= half.bytes.length * 8) break;
      const changed = flipped(half.bytes, bit);
      const said = refusal(() => readWelcome(changed, sent));
      if (said !== 'nothing') continue;
      // only the name of the half-open handshake is outside the box: it is inside H
      expect(bit).toBeGreaterThanOrEqual(8);
      expect(bit).toBeLessThan(9 * 8);
      const answer = await initiate(sent, readWelcome(changed, sent), deviceOf(random(32)), '', random);
      expect(refusal(() => readInitiate(answer.bytes, half, home))).toBe('protocol-key');
    }
  });

  it('in INITIATE: no session', async () => {
    const { initiate: bytes, half, homeKeys } = await handshake();
    for (let bit = 0; bit < bytes.length * 8; bit += bit < 26 * 8 ? 1 : 37) {
      // which half-open handshake it names is looked up, not read: another one does not fit (below)
      if (bit >= 8 && bit < 9 * 8) continue;
      expect(refusal(() => readInitiate(flipped(bytes, bit), half, homeKeys))).not.toBe('nothing');
    }
  });
});

describe('low-order keys', () => {
  it('are refused wherever a key comes from the other side', async () => {
    const home = boxKeyPair(random(32));
    for (const point of lowOrder) {
      expect(refusal(() => sharedKey(home.secretKey, point))).toBe('protocol-key');
      expect(await refusedLater(() => hello(point, random))).toBe('protocol-key');

      const zeroKey = new Uint8Array(32);
      const nonce = random(16);
      const box = seal(new Uint8Array(64), boxNonce('lk1HELLO', nonce), zeroKey);
      const forged = encodeFrame({ kind: 'hello', ephemeral: point, nonce, box });
      expect(refusal(() => welcome(forged, home, '', random))).toBe('protocol-key');

      // a home that holds S sends S' of low order, so that the session's keys would be known to all
      const sent = await hello(home.publicKey, random);
      const between = sharedKey(home.secretKey, sent.ephemeral.publicKey);
      const plain = concat(point, pad(utf8('')));
      const half = random(8);
      const evil = encodeFrame({
        kind: 'welcome',
        half,
        nonce,
        box: seal(plain, boxNonce('lk1WELCM', nonce), between),
      });
      const device = deviceOf(random(32));
      expect(await refusedLater(() => initiate(sent, readWelcome(evil, sent), device, '', random))).toBe(
        'protocol-key',
      );

      // a device whose C is of low order: anybody could be it
      const other = await hello(home.publicKey, random);
      const open = welcome(other.bytes, home, '', random);
      const anybody = { publicKey: point, dh: () => Promise.resolve(new Uint8Array(32)) };
      expect(
        await refusedLater(() => initiate(other, readWelcome(open.bytes, other), anybody, '', random)),
      ).toBe('protocol-key');
    }
  });

  it('a DH result of zeros, or of another length, is no key', () => {
    expect(refusal(() => boxKey(new Uint8Array(32)))).toBe('protocol-key');
    expect(refusal(() => boxKey(new Uint8Array(31).fill(1)))).toBe('protocol-key');
  });
});

describe('stolen keys', () => {
  it('S cannot play a device to the home', async () => {
    const { homeKeys, device, deviceSecret } = await handshake();
    // The thief holds S and knows C, but neither c nor the home's S'.
    const tries = [
      sharedKeyRaw(homeKeys.secretKey, device.publicKey),
      random(32),
      device.publicKey,
      homeKeys.secretKey,
    ];
    for (const guess of tries) {
      const sent = await hello(homeKeys.publicKey, random);
      const half = welcome(sent.bytes, homeKeys, '', random);
      const thief = { publicKey: device.publicKey, dh: () => Promise.resolve(guess) };
      const forged = await initiate(sent, readWelcome(half.bytes, sent), thief, '', random);
      expect(refusal(() => readInitiate(forged.bytes, half, homeKeys))).toBe('protocol-key');
    }
    // and with c it works: what was missing is c alone
    const sent = await hello(homeKeys.publicKey, random);
    const half = welcome(sent.bytes, homeKeys, '', random);
    const honest = await initiate(sent, readWelcome(half.bytes, sent), deviceOf(deviceSecret), '', random);
    expect(refusal(() => readInitiate(honest.bytes, half, homeKeys))).toBe('nothing');
  });

  it('C cannot play the home to the device', async () => {
    const home = boxKeyPair(random(32));
    const deviceSecret = random(32);
    const sent = await hello(home.publicKey, random);
    // The thief holds c and knows S: it cannot even read HELLO, and answers with what it has.
    for (const secret of [deviceSecret, random(32)]) {
      const false1 = { publicKey: home.publicKey, secretKey: secret };
      expect(refusal(() => welcome(sent.bytes, false1, '', random))).toBe('protocol-key');
      const nonce = random(16);
      const plain = concat(boxKeyPair(random(32)).publicKey, pad(utf8('')));
      const key = sharedKey(secret, sent.ephemeral.publicKey);
      const box = seal(plain, boxNonce('lk1WELCM', nonce), key);
      const forged = encodeFrame({ kind: 'welcome', half: random(8), nonce, box });
      expect(refusal(() => readWelcome(forged, sent))).toBe('protocol-key');
    }
  });

  it('old traffic stays closed to a thief of both long keys', async () => {
    const { homeKeys, deviceSecret, half, initiate: last } = await handshake();
    // all that was on the wire, and s and c, but no short secret
    for (const secret of [homeKeys.secretKey, deviceSecret]) {
      const guess = { ...half, ephemeral: { publicKey: half.ephemeral.publicKey, secretKey: secret } };
      expect(refusal(() => readInitiate(last, guess, homeKeys))).toBe('protocol-key');
    }
  });

  it('another home’s INITIATE does not fit here: the vouch names the home', async () => {
    // A home that a device trusts relays its handshake to another home where the device is known too.
    const { half, initiate: last } = await handshake();
    const other = boxKeyPair(random(32));
    expect(refusal(() => readInitiate(last, half, other))).toBe('protocol-key');
  });
});

describe('replays', () => {
  const clock = { now: () => 0, wall: () => 0 };

  function home() {
    const keys = boxKeyPair(random(32));
    return { keys, handshakes: new Handshakes(keys, clock, random) };
  }

  async function done({ keys, handshakes }: ReturnType<typeof home>) {
    const sent = await hello(keys.publicKey, random);
    const answer = handshakes.hello(sent.bytes, '', new Challenges());
    const made = await initiate(sent, readWelcome(answer, sent), deviceOf(random(32)), '', random);
    return { sent, made, frame: decodeFrame(made.bytes) as FrameOf<'initiate'> };
  }

  it('a replayed HELLO gets a WELCOME that nobody can answer', async () => {
    const at = home();
    const { sent, made } = await done(at);
    const again = at.handshakes.hello(sent.bytes, '', new Challenges());
    const { half } = decodeFrame(again) as FrameOf<'welcome'>;
    const recorded = decodeFrame(made.bytes) as FrameOf<'initiate'>;
    const moved = encodeFrame({ ...recorded, half });
    expect(refusal(() => at.handshakes.initiate(decodeFrame(moved) as FrameOf<'initiate'>, moved))).toBe(
      'protocol-key',
    );
  });

  it('a replayed INITIATE makes no second session', async () => {
    const at = home();
    const { made, frame } = await done(at);
    expect(refusal(() => at.handshakes.initiate(frame, made.bytes))).toBe('nothing');
    expect(refusal(() => at.handshakes.initiate(frame, made.bytes))).toBe('session-none');
  });

  it('a wrong INITIATE uses S’ up: the right one behind it comes too late', async () => {
    const at = home();
    const { made, frame } = await done(at);
    const wrong = flipped(made.bytes, made.bytes.length * 8 - 1);
    const wrongFrame = decodeFrame(wrong) as FrameOf<'initiate'>;
    expect(refusal(() => at.handshakes.initiate(wrongFrame, wrong))).toBe('protocol-key');
    expect(refusal(() => at.handshakes.initiate(frame, made.bytes))).toBe('session-none');
  });
});

/** What a thief of s can compute with C: raw, as `dh` gives it. */
function sharedKeyRaw(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return sharedKey(secret, publicKey);
}
