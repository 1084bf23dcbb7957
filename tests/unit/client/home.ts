import type { CheckResult } from '../../../lib/checks.ts';
import nacl from 'tweetnacl';
import type { ErrorCode } from '../../../lib/errors.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { equal, fromBase64, toBase64 } from '../../../lib/protocol/bytes.ts';
import { observerNonce, statementBytes } from '../../../lib/protocol/evidence.ts';
import { decodeFrame, encodeFrame } from '../../../lib/protocol/frame.ts';
import { readInitiate, welcome, type HalfOpen, type Initiated } from '../../../lib/protocol/handshake.ts';
import { boxKeyPair, mailboxOf, signingPublicKey } from '../../../lib/protocol/keys.ts';
import {
  readClaim,
  readRequest,
  writeMessage,
  type Challenge,
  type DoorView,
  type Notice,
  type Request,
  type RequestOf,
  type Result,
} from '../../../lib/protocol/message.ts';
import { offerAdmissionSeed, offerProof, pairingCode, type Offer } from '../../../lib/protocol/pairing.ts';
import { Session } from '../../../lib/protocol/session.ts';
import { utf8 } from '../../../lib/protocol/bytes.ts';
import { random, type HomeSide } from './relay.ts';

interface Device {
  readonly id: string;
  readonly name: string;
  confirmed: boolean;
  revoked: boolean;
}

interface Live {
  readonly session: Session;
  readonly device: Device;
  readonly challenges: Set<string>;
  answer: (bytes: Uint8Array) => void;
}

type Answer = (bytes: Uint8Array) => void;

/** A home in memory: the protocol's real home side, one door, and a record of every request id. */
export class MemoryHome implements HomeSide {
  readonly keys = boxKeyPair(random(32));
  readonly mailbox = mailboxOf(nacl.sign.keyPair().publicKey);
  readonly devices = new Map<string, Device>();
  readonly admission = new Set<string>();
  readonly outcomes = new Map<string, Result>();
  readonly requests: Request[] = [];
  observers: Challenge['observers'][number][] = [];
  observerKey: Uint8Array = new Uint8Array(32);
  /** How often the door was really opened, and for whom. */
  opened: string[] = [];
  door: DoorView = {
    name: 'front',
    driver: 'proxy',
    state: 'closed',
    endpoint: { port: 2222 },
    choosesTime: true,
    extends: true,
    readsBack: true,
    defaultSeconds: 300,
    longestSeconds: 3600,
    openings: [],
    verifiedMs: 0,
  };
  checks: CheckResult[] = [];
  /** Answers what this home does not know of. */
  more: (request: Request) => Result | undefined = () => undefined;
  offer: Offer | undefined;
  confirm = true;
  claimed: { key: string; code: string } | undefined;
  secondClaims = 0;
  /** Holds answers back until it is called. */
  hold: ((send: () => void) => void) | undefined;
  readonly sessions = new Map<string, Live>();
  private readonly halves = new Map<string, { half: HalfOpen; challenges: Set<string> }>();

  admits(key: Uint8Array): boolean {
    const offered =
      this.offer !== undefined && equal(key, signingPublicKey(offerAdmissionSeed(this.offer.secret)));
    return offered || this.admission.has(toBase64(key));
  }

  know(publicKey: Uint8Array, admissionKey: Uint8Array, name = 'phone'): Device {
    const device = { id: toBase64(random(16)), name, confirmed: true, revoked: false };
    this.devices.set(toBase64(publicKey), device);
    this.admission.add(toBase64(admissionKey));
    return device;
  }

  makeOffer(relays: readonly string[], confirm: boolean): Offer {
    this.offer = { relays, home: this.keys.publicKey, mailbox: this.mailbox, secret: random(16) };
    this.confirm = confirm;
    return this.offer;
  }

  /** The home agent restarts: sessions are memory, outcomes are disk. */
  restart(): void {
    this.sessions.clear();
    this.halves.clear();
  }

  frame(bytes: Uint8Array, answer: Answer): void {
    try {
      this.handle(bytes, answer);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
    }
  }

  push(notice: Notice): void {
    for (const live of this.sessions.values()) this.say(live, notice);
  }

  say(live: Live, notice: Notice): void {
    const send = (): void => live.answer(live.session.seal(writeMessage(notice)).bytes);
    if (this.hold === undefined) send();
    else this.hold(send);
  }

  private handle(bytes: Uint8Array, answer: Answer): void {
    const frame = decodeFrame(bytes);
    switch (frame.kind) {
      case 'hello': {
        const challenge = this.challenge();
        const half = welcome(bytes, this.keys, JSON.stringify(challenge), random);
        this.halves.set(toBase64(half.half), { half, challenges: new Set([challenge.challenge]) });
        return answer(half.bytes);
      }
      case 'initiate': {
        const known = this.halves.get(toBase64(frame.half));
        if (known === undefined) return answer(encodeFrame({ kind: 'gone', code: 'session-none' }));
        this.halves.delete(toBase64(frame.half));
        return this.initiated(readInitiate(bytes, known.half, this.keys), known.challenges, answer);
      }
      case 'sealed': {
        const live = this.sessions.get(toBase64(frame.session));
        if (live === undefined) return answer(encodeFrame({ kind: 'gone', code: 'session-none' }));
        const message = live.session.open(frame);
        if (message === undefined) return;
        live.answer = answer;
        return this.request(live, readRequest(message), frame.sequence);
      }
      default:
        return; // what a hostile relay makes up
    }
  }

  private initiated(made: Initiated, challenges: Set<string>, answer: Answer): void {
    const session = new Session(made.keys, 'home');
    const refuse = (code: ErrorCode): void =>
      answer(session.seal(writeMessage({ type: 'refused', code })).bytes);
    const known = this.devices.get(toBase64(made.device));
    const waits = made.claim !== '' && this.confirm;
    if (made.claim !== '') {
      const refusal = this.claim(made);
      if (refusal !== undefined) return refuse(refusal);
    } else if (known === undefined) return refuse('session-unknown-device');
    const device = this.devices.get(toBase64(made.device)) as Device;
    if (device.revoked) return refuse('session-revoked');
    const live: Live = { session, device, challenges, answer };
    this.sessions.set(toBase64(made.keys.id), live);
    const pairing =
      made.claim === '' ? {} : ({ pairing: waits ? 'waiting' : 'done', waitMs: 120_000 } as const);
    this.say(live, {
      type: 'ready',
      home: { name: 'attic', ownRelay: true },
      device: device.id,
      name: device.name,
      ...pairing,
    });
  }

  private claim(made: Initiated): ErrorCode | undefined {
    const claim = readClaim(utf8(made.claim));
    if (this.offer === undefined || !equal(fromBase64(claim.proof), offerProof(this.offer.secret)))
      return 'pairing-expired';
    const key = toBase64(made.device);
    if (this.claimed !== undefined && this.claimed.key !== key) {
      this.secondClaims++;
      return 'pairing-used';
    }
    if (this.claimed === undefined) {
      const device = this.know(made.device, fromBase64(claim.admission), claim.name);
      device.confirmed = !this.confirm;
      this.claimed = { key, code: pairingCode(this.offer, made.device, made.transcript) };
    }
    return undefined;
  }

  private challenge(): Challenge {
    const bytes = random(32);
    return {
      challenge: toBase64(bytes),
      observers: this.observers.map((observer) => ({
        ...observer,
        nonce: toBase64(observerNonce(bytes, fromBase64(observer.key))),
      })),
    };
  }

  private request(live: Live, request: Request, re: number): void {
    this.requests.push(request);
    try {
      if (live.device.revoked) throw new LatchkeyError('session-revoked');
      if (!live.device.confirmed) throw new LatchkeyError('session-unconfirmed');
      this.say(live, { type: 'reply', re, ok: true, result: this.act(live, request) });
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      this.say(live, { type: 'failure', re, code: error.code });
    }
  }

  private act(live: Live, request: Request): Result {
    switch (request.type) {
      case 'arm': {
        const challenge = this.challenge();
        live.challenges.add(challenge.challenge);
        return { type: 'armed', ...challenge };
      }
      case 'open':
        return this.once(request.id, () => this.openDoor(live, request));
      case 'close':
        return this.once(request.id, () => {
          this.door = { ...this.door, state: 'closed', openings: [] };
          return { type: 'closed', door: this.door };
        });
      case 'inspect':
        return { type: 'door', door: this.door };
      case 'doors':
        return { type: 'doors', doors: [this.door] };
      case 'follow':
        return { type: 'following', on: request.on };
      case 'activity':
        return { type: 'activity', events: [] };
      case 'devices':
        return { type: 'devices', devices: [] };
      case 'revoke':
        return { type: 'revoked', device: request.device };
      case 'checks':
        return { type: 'checks', checks: this.checks, more: 0, lookedMs: 0 };
      case 'armUnban': {
        const challenge = this.challenge();
        live.challenges.add(challenge.challenge);
        return { type: 'armed', ...challenge };
      }
      default: {
        const answer = this.more(request);
        if (answer === undefined) throw new LatchkeyError('tool-unsupported');
        return answer;
      }
    }
  }

  private once(id: string, act: () => Result): Result {
    const outcome = this.outcomes.get(id) ?? act();
    this.outcomes.set(id, outcome);
    return outcome;
  }

  private openDoor(live: Live, request: RequestOf<'open'>): Result {
    if (!live.challenges.delete(request.challenge)) throw new LatchkeyError('refused-challenge');
    const address = this.provedAddress(request);
    this.opened.push(address);
    this.door = {
      ...this.door,
      state: 'open',
      openings: [{ address, mine: true, by: live.device.name, lengthMs: 300_000, remainingMs: 300_000 }],
    };
    this.say(live, { type: 'progress', id: request.id, step: 'received', atMs: 0 });
    this.say(live, { type: 'progress', id: request.id, step: 'asked', atMs: 1 });
    return {
      type: 'opened',
      door: this.door,
      address,
      steps: [
        { step: 'received', atMs: 0 },
        { step: 'asked', atMs: 1 },
        { step: 'rule', atMs: 2 },
        { step: 'checked', atMs: 3 },
      ],
      remainingMs: 300_000,
      vouched: false,
    };
  }

  private provedAddress(request: RequestOf<'open'>): string {
    const said = request.evidence.find((one) => one.observer === toBase64(this.observerKey));
    if (said === undefined) throw new LatchkeyError('refused-evidence');
    const signed = statementBytes({
      observer: this.observerKey,
      nonce: observerNonce(fromBase64(request.challenge), this.observerKey),
      family: said.address.includes(':') ? 6 : 4,
      address: said.address,
    });
    if (!nacl.sign.detached.verify(signed, fromBase64(said.signature), this.observerKey))
      throw new LatchkeyError('refused-evidence');
    return said.address;
  }
}
