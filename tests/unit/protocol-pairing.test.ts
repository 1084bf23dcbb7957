import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../lib/protocol/bytes.ts';
import { labelledHash } from '../../lib/protocol/keys.ts';
import {
  decodeOffer,
  encodeOffer,
  offerAdmissionSeed,
  offerLink,
  offerProof,
  pairingCode,
  readLink,
  type Offer,
} from '../../lib/protocol/pairing.ts';
import { runs } from './protocol/amount.ts';
import { bytes } from './protocol/arbitrary.ts';
import { random } from './protocol/handshake.ts';
import { flipped, refusal } from './protocol/refuses.ts';

const relay = fc.constantFrom(
  'https://relay.example',
  'https://192.0.2.7:7443',
  'https://[2001:db8::7]:7443',
  'http://localhost:7444',
);
const offers: fc.Arbitrary<Offer> = fc.oneof(
  fc.record({
    relays: fc.array(relay, { minLength: 1, maxLength: 3 }),
    home: bytes(32),
    mailbox: bytes(32),
    secret: bytes(16),
  }),
  fc.record({
    relays: fc.array(relay, { minLength: 1, maxLength: 3 }),
    spki: bytes(32),
    home: bytes(32),
    mailbox: bytes(32),
    secret: bytes(16),
  }),
);
const refusals = ['nothing', 'pairing-malformed', 'pairing-version'];

describe('an offer', () => {
  it('is read back from its link as it was made', () => {
    fc.assert(
      fc.property(offers, (offer) => {
        const origin = offer.relays[0] as string;
        expect(readLink(offerLink(origin, offer))).toEqual({ origin, offer });
        expect(readLink(`  ${offerLink(origin, offer)}\n`).offer).toEqual(offer);
      }),
      runs(200, 10_000),
    );
  });

  it('any text and any damage is refused, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl({ withFragments: true })), (text) => {
        expect(refusal(() => readLink(text))).toBe('pairing-malformed');
      }),
      runs(300, 50_000),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
        expect(refusals).toContain(refusal(() => decodeOffer(any)));
      }),
      runs(300, 50_000),
    );
    fc.assert(
      fc.property(offers, fc.nat(), (offer, at) => {
        const whole = encodeOffer(offer);
        const changed = flipped(whole, at % (whole.length * 8));
        const said = refusal(() => decodeOffer(changed));
        expect(refusals).toContain(said);
        if (said === 'nothing') expect(encodeOffer(decodeOffer(changed))).toEqual(changed);
        for (const cut of [whole.slice(0, at % whole.length), new Uint8Array([...whole, 0])]) {
          expect(['pairing-malformed', 'pairing-version']).toContain(refusal(() => decodeOffer(cut)));
        }
      }),
      runs(300, 20_000),
    );
  });

  it('of another version is told apart, and relays that are no plain addresses are refused', () => {
    const offer: Offer = {
      relays: ['https://relay.example'],
      home: random(32),
      mailbox: random(32),
      secret: random(16),
    };
    const other = encodeOffer(offer);
    other[0] = 2;
    expect(refusal(() => decodeOffer(other))).toBe('pairing-version');
    expect(refusal(() => readLink(`https://relay.example/pair#${toBase64(other)}`))).toBe('pairing-version');
    const wrong = [
      'ftp://relay.example',
      'https://user@relay.example',
      'https://relay.example/path',
      'https://Relay',
      'https://a b',
      '',
    ];
    for (const relays of [[], ...wrong.map((one) => [one]), Array<string>(4).fill('https://relay.example')]) {
      expect(refusal(() => decodeOffer(encodeOffer({ ...offer, relays })))).toBe('pairing-malformed');
    }
  });
});

describe('what comes of an offer', () => {
  const offer: Offer = {
    relays: ['https://relay.example'],
    home: random(32),
    mailbox: random(32),
    secret: random(16),
  };
  const device = random(32);
  const transcript = random(64);

  it('the code covers offer, device and handshake: another of any is another code', () => {
    const code = pairingCode(offer, device, transcript);
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    const others = [
      pairingCode(offer, random(32), transcript),
      pairingCode(offer, device, random(64)),
      pairingCode({ ...offer, secret: random(16) }, device, transcript),
      pairingCode({ ...offer, home: random(32) }, device, transcript),
      pairingCode({ ...offer, relays: ['https://elsewhere.example'] }, device, transcript),
    ];
    expect(new Set([code, ...others]).size).toBe(6);
  });

  it('proof, admission seed and secret say nothing of each other', () => {
    const proof = offerProof(offer.secret);
    const seed = offerAdmissionSeed(offer.secret);
    expect(proof).not.toEqual(seed);
    for (const shown of [proof, seed]) {
      expect(Buffer.from(shown).includes(Buffer.from(offer.secret))).toBe(false);
    }
    expect(labelledHash('latchkey 1 offer proof', offer.secret).slice(0, 32)).toEqual(proof);
  });
});
