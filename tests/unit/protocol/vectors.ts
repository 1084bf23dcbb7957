import nacl from 'tweetnacl';
import { admissionBytes } from '../../../lib/protocol/admission.ts';
import { concat, fromBase64, uint, utf8 } from '../../../lib/protocol/bytes.ts';
import { observerNonce, statementBytes } from '../../../lib/protocol/evidence.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../../lib/protocol/frame.ts';
import { hello, initiate, readInitiate, readWelcome, welcome } from '../../../lib/protocol/handshake.ts';
import {
  boxKeyPair,
  mailboxOf,
  sharedKey,
  signingPublicKey,
  type Random,
} from '../../../lib/protocol/keys.ts';
import {
  writeMessage,
  type Challenge,
  type Claim,
  type Notice,
  type Request,
} from '../../../lib/protocol/message.ts';
import {
  encodeOffer,
  offerAdmissionSeed,
  offerLink,
  offerProof,
  pairingCode,
  type Offer,
} from '../../../lib/protocol/pairing.ts';
import { pad } from '../../../lib/protocol/seal.ts';
import { Session } from '../../../lib/protocol/session.ts';
import { deviceOf } from './handshake.ts';
import { refusal } from './refuses.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/**
 * "Random" bytes that anybody can make again: SHA-512("latchkey vectors" ‖ name ‖ count as 4 bytes), one hash a
 * call, counted from 0, cut to the length asked for.
 */
function stream(name: string): Random {
  let count = 0;
  return (length) =>
    nacl.hash(concat(utf8('latchkey vectors'), utf8(name), uint(count++, 4))).slice(0, length);
}

const homeSigningSeed = stream('home signing')(32);
const mailbox = mailboxOf(signingPublicKey(homeSigningSeed));

function keys() {
  const random = stream('keys');
  const secret = random(32);
  const other = random(32);
  const publicKey = boxKeyPair(other).publicKey;
  return {
    secret: hex(secret),
    publicKey: hex(boxKeyPair(secret).publicKey),
    otherPublicKey: hex(publicKey),
    x25519: hex(nacl.scalarMult(secret, publicKey)),
    boxKey: hex(sharedKey(secret, publicKey)),
    homeSigningSeed: hex(homeSigningSeed),
    homeSigningKey: hex(signingPublicKey(homeSigningSeed)),
    mailbox: hex(mailbox),
  };
}

function frames() {
  const random = stream('frames');
  const all: Frame[] = [
    { kind: 'challenge', nonce: random(32) },
    { kind: 'admit', mailbox, key: random(32), nonce: random(32), signature: random(64) },
    { kind: 'prove', key: random(32), nonce: random(32), signature: random(64) },
    { kind: 'keys', admission: [] },
    { kind: 'keys', admission: [random(32), random(32)], offer: random(32) },
    { kind: 'from', connection: random(16), bytes: random(5) },
    { kind: 'to', connection: random(16), bytes: random(5) },
    { kind: 'left', connection: random(16) },
    { kind: 'taken', n: 3 },
    { kind: 'gone', code: 'session-none' },
    { kind: 'hello', ephemeral: random(32), nonce: random(16), box: new Uint8Array(80).fill(1) },
    { kind: 'welcome', half: random(8), nonce: random(16), box: random(40) },
    { kind: 'initiate', half: random(8), nonce: random(16), box: random(40) },
    { kind: 'sealed', session: random(16), sequence: 2 ** 32 + 5, box: new Uint8Array(272).fill(2) },
  ];
  const written = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return hex(value);
    return Array.isArray(value) ? value.map(written) : value;
  };
  return all.map((frame) => ({
    frame: Object.fromEntries(Object.entries(frame).map(([name, value]) => [name, written(value)])),
    bytes: hex(encodeFrame(frame)),
  }));
}

function refusedFrames() {
  const sealed = encodeFrame({
    kind: 'sealed',
    session: new Uint8Array(16),
    sequence: 1,
    box: new Uint8Array(272),
  });
  const cases: [string, Uint8Array][] = [
    ['empty', new Uint8Array(0)],
    ['unknown kind', new Uint8Array([10])],
    ['challenge of version 2', concat(new Uint8Array([1, 2]), new Uint8Array(32))],
    ['challenge, one byte short', concat(new Uint8Array([1, 1]), new Uint8Array(31))],
    ['challenge, one byte too many', concat(new Uint8Array([1, 1]), new Uint8Array(33))],
    ['keys, count beyond 256', new Uint8Array([4, 1, 1])],
    ['keys, offer flag 2', new Uint8Array([4, 0, 0, 2])],
    ['gone, unknown code', concat(new Uint8Array([9]), utf8('session-nonsense'))],
    ['gone, not UTF-8', new Uint8Array([9, 255])],
    ['sealed, sequence 0', concat(sealed.slice(0, 17), new Uint8Array(8), sealed.slice(25))],
    [
      'sealed, sequence 2^53',
      concat(sealed.slice(0, 17), new Uint8Array([0, 32, 0, 0, 0, 0, 0, 0]), sealed.slice(25)),
    ],
    ['sealed, box of no allowed size', sealed.slice(0, -1)],
  ];
  return cases.map(([what, bytes]) => ({ what, bytes: hex(bytes), code: refusal(() => decodeFrame(bytes)) }));
}

function admission() {
  const random = stream('admission');
  const seed = random(32);
  return (['device', 'home'] as const).map((role) => {
    const relayNonce = random(32);
    const ownNonce = random(32);
    const host = role === 'device' ? '[2001:db8::7]:7443' : 'relay.example';
    const message = admissionBytes({ role, host, mailbox, relayNonce, ownNonce });
    return {
      role,
      host,
      mailbox: hex(mailbox),
      relayNonce: hex(relayNonce),
      ownNonce: hex(ownNonce),
      message: hex(message),
      seed: hex(seed),
      key: hex(signingPublicKey(seed)),
      signature: hex(nacl.sign.detached(message, nacl.sign.keyPair.fromSeed(seed).secretKey)),
    };
  });
}

function evidence() {
  const random = stream('evidence');
  const challenge = random(32);
  return ([4, 6] as const).map((family) => {
    const seed = random(32);
    const observer = signingPublicKey(seed);
    const nonce = observerNonce(challenge, observer);
    const address = family === 4 ? '203.0.113.47' : '2001:db8:6f:210::47';
    const message = statementBytes({ observer, nonce, family, address });
    return {
      challenge: hex(challenge),
      observerSeed: hex(seed),
      observer: hex(observer),
      nonce: hex(nonce),
      family,
      address,
      message: hex(message),
      signature: hex(nacl.sign.detached(message, nacl.sign.keyPair.fromSeed(seed).secretKey)),
    };
  });
}

const offerSecret = stream('offer')(16);

async function handshake() {
  const random = stream('handshake');
  const home = boxKeyPair(random(32));
  const deviceSecret = random(32);
  const device = deviceOf(deviceSecret);
  const ofDevice = stream('handshake device');
  const ofHome = stream('handshake home');
  const challenge: Challenge = { challenge: 'A'.repeat(43), observers: [] };
  const claim: Claim = {
    proof: Buffer.from(offerProof(offerSecret)).toString('base64url'),
    name: 'phone',
    admission: Buffer.from(signingPublicKey(random(32))).toString('base64url'),
  };
  const greeting = JSON.stringify(challenge);
  // what `ofDevice` draws first
  const deviceEphemeral = hex(stream('handshake device')(32));
  const sent = await hello(home.publicKey, ofDevice);
  const half = welcome(sent.bytes, home, greeting, ofHome);
  const welcomed = readWelcome(half.bytes, sent);
  const answer = await initiate(sent, welcomed, device, JSON.stringify(claim), ofDevice);
  const initiated = readInitiate(answer.bytes, half, home);
  const offer: Offer = {
    relays: ['https://relay.example'],
    home: home.publicKey,
    mailbox,
    secret: offerSecret,
  };
  return {
    keys: answer.keys,
    offer,
    json: {
      homeSecret: hex(home.secretKey),
      homeKey: hex(home.publicKey),
      deviceSecret: hex(deviceSecret),
      deviceKey: hex(device.publicKey),
      deviceEphemeralSecret: deviceEphemeral,
      homeEphemeralSecret: hex(half.ephemeral.secretKey),
      greeting,
      claim: JSON.stringify(claim),
      hello: hex(sent.bytes),
      welcome: hex(half.bytes),
      initiate: hex(answer.bytes),
      transcript: hex(initiated.transcript),
      session: hex(answer.keys.id),
      deviceToHome: hex(answer.keys.deviceToHome),
      homeToDevice: hex(answer.keys.homeToDevice),
      pairing: {
        secret: hex(offerSecret),
        offer: hex(encodeOffer(offer)),
        link: offerLink('https://relay.example', offer),
        admissionSeed: hex(offerAdmissionSeed(offerSecret)),
        admissionKey: hex(signingPublicKey(offerAdmissionSeed(offerSecret))),
        proof: hex(offerProof(offerSecret)),
        code: pairingCode(offer, device.publicKey, initiated.transcript),
      },
    },
  };
}

function offers(home: Uint8Array) {
  const spki = stream('spki')(32);
  const relays = ['https://192.0.2.7:7443', 'http://localhost:7444', 'https://[2001:db8::7]:7443'];
  const offer: Offer = { relays, spki, home, mailbox, secret: offerSecret };
  return [
    { relays, spki: hex(spki), offer: hex(encodeOffer(offer)), link: offerLink(relays[0] ?? '', offer) },
  ];
}

function padding() {
  return [0, 1, 254, 255, 1022, 1023, 4094, 4095, 16_382].map((length) => {
    const padded = pad(new Uint8Array(length).fill(0x61));
    return { length, padded: padded.length, head: hex(padded.slice(0, 4)), sha512: hex(nacl.hash(padded)) };
  });
}

function sealedFrames(keys: { id: Uint8Array; deviceToHome: Uint8Array; homeToDevice: Uint8Array }) {
  const device = new Session(keys, 'device');
  const home = new Session(keys, 'home');
  const id = 'AAECAwQFBgcICQoLDA0ODw';
  const fromDevice: Request[] = [
    { type: 'arm', door: 'front' },
    { type: 'open', id, door: 'front', challenge: 'A'.repeat(43), seconds: 300, evidence: [] },
    { type: 'close', id, door: 'front' },
    { type: 'doors' },
  ];
  const fromHome: Notice[] = [
    { type: 'ready', home: { name: 'attic', ownRelay: true }, device: id, name: 'phone' },
    { type: 'failure', re: 2, code: 'refused-evidence' },
    { type: 'progress', id, step: 'knock', n: 2, of: 3, atMs: 41 },
  ];
  const write = (from: Session, direction: string, message: Request | Notice) => {
    const { sequence, bytes } = from.seal(writeMessage(message));
    return { direction, sequence, message: JSON.stringify(message), bytes: hex(bytes) };
  };
  return [
    ...fromDevice.map((message) => write(device, 'device to home', message)),
    ...fromHome.map((message) => write(home, 'home to device', message)),
  ];
}

/** Everything that lib/protocol/vectors.json holds; the same on every run and machine. */
export async function vectors(): Promise<object> {
  const made = await handshake();
  return {
    about:
      'Byte strings are hex. Random bytes are SHA-512("latchkey vectors" ‖ name ‖ count as 4 bytes big-endian), cut: see PROTOCOL.md, Vectors.',
    version: 1,
    keys: keys(),
    frames: frames(),
    refusedFrames: refusedFrames(),
    admission: admission(),
    evidence: evidence(),
    handshake: made.json,
    offers: offers(made.offer.home),
    padding: padding(),
    sealed: sealedFrames(made.keys),
    base64: ['', '00', 'fbff', 'ffffff'].map((bytes) => {
      const text = Buffer.from(bytes, 'hex').toString('base64url');
      return { bytes, text, again: hex(fromBase64(text)) };
    }),
  };
}
