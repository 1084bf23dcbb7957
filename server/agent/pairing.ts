import { createHash, randomBytes } from 'node:crypto';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import { writePermissions, type Permission } from '../../lib/permission.ts';
import { equal, fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';
import { signingPublicKey } from '../../lib/protocol/keys.ts';
import type { Claim } from '../../lib/protocol/message.ts';
import {
  offerAdmissionSeed,
  offerLink,
  offerProof,
  pairingCode,
  type Offer,
} from '../../lib/protocol/pairing.ts';
import type { Audit } from './audit.ts';
import type { Clock } from './clock.ts';
import { Devices } from './devices.ts';
import type { DeviceRow } from './store/rows.ts';
import type { Store } from './store/store.ts';

/** What the people at home are told while an offer is out. `offer`: which one, as `make` numbered it. */
export type PairingNews = { readonly offer: number } & (
  | {
      readonly event: 'claimed' | 'paired';
      readonly name: string;
      readonly code: string;
      readonly device: string;
    }
  | { readonly event: 'second' | 'ended'; readonly reason: ErrorCode }
);

interface LiveOffer {
  /** Tells it from the offers before it, in this life of the home agent. */
  readonly number: number;
  readonly offer: Offer;
  readonly expiresAt: number;
  /** True: a device has no right until its code is confirmed at home. */
  readonly confirm: boolean;
  /** What the relay admits; stays for the offer's life so that a phone that locked can return. */
  readonly admission: Uint8Array;
  /** `written`: resolves once it is on disk; before that nobody is told of it. */
  claimed: { row: DeviceRow; code: string; written: Promise<void> } | undefined;
  answered: boolean;
}

interface Parts {
  readonly store: Store;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly home: { readonly box: Uint8Array; readonly mailbox: Uint8Array };
  readonly relays: readonly string[];
  readonly spki: Uint8Array | undefined;
  /** What a new device may do, by the home's file. */
  readonly allowed: () => readonly Permission[];
  /** Admission keys or the offer changed: tell the relay. */
  readonly keysChanged: () => void;
  /** Answers the waiting device. */
  readonly answered: (device: string, code: ErrorCode | undefined) => void;
}

const words = (secret: Uint8Array): string =>
  createHash('sha256').update('latchkey offer').update(secret).digest('base64url');

/** One live offer at a time, in memory; its first valid claim consumes it, on disk before READY. */
export class Pairing {
  private readonly parts: Parts;
  private live: LiveOffer | undefined;
  private made = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly listeners = new Set<(news: PairingNews) => void>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  onNews(listener: (news: PairingNews) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(news: PairingNews): void {
    for (const listener of this.listeners) listener(news);
  }

  /** A fresh offer; the one before is void, and a device that waited on it is refused. */
  async make(
    confirm: boolean,
    minutes: number,
  ): Promise<{ offer: number; links: string[]; expiresInMs: number }> {
    while (this.live !== undefined) await this.end('pairing-expired');
    const { home, relays, spki, clock } = this.parts;
    const secret = new Uint8Array(randomBytes(16));
    const offer: Offer = {
      relays,
      home: home.box,
      mailbox: home.mailbox,
      secret,
      ...(spki === undefined ? {} : { spki }),
    };
    const life = minutes * 60_000;
    this.live = {
      number: ++this.made,
      offer,
      expiresAt: clock.now() + life,
      confirm,
      admission: signingPublicKey(offerAdmissionSeed(secret)),
      claimed: undefined,
      answered: !confirm,
    };
    this.timer = setTimeout(() => void this.end('pairing-unanswered'), life);
    this.timer.unref();
    this.parts.keysChanged();
    const links = relays.map((relay) => offerLink(relay, offer));
    return { offer: this.live.number, links, expiresInMs: life };
  }

  /** The one key that the relay admits beside the devices' own. */
  admissionKey(): Uint8Array | undefined {
    return this.live?.admission;
  }

  /**
   * Ends the live offer. A device that nobody confirmed is forgotten; where none came, the offer is just too old.
   * `stops`: the home agent ends, which is what whoever waits at home is told.
   */
  async end(
    reason: 'pairing-expired' | 'pairing-unanswered' | 'pairing-refused',
    stops = false,
  ): Promise<void> {
    const live = this.live;
    if (live === undefined) return;
    clearTimeout(this.timer);
    this.live = undefined;
    const claimed = live.answered ? undefined : live.claimed;
    if (claimed !== undefined) {
      this.parts.devices.forget(claimed.row.id);
      this.parts.answered(claimed.row.id, reason);
    }
    // Whoever waits at home for an answer to give waits no more, also where nobody came.
    if (!live.answered)
      this.tell({
        event: 'ended',
        offer: live.number,
        reason: stops ? 'config-not-running' : claimed === undefined ? 'pairing-expired' : reason,
      });
    this.parts.keysChanged();
    if (claimed === undefined) return;
    // Last, and no more than a note: that nobody was let in needs no disk.
    const note = { kind: 'refused', device: claimed.row.name, code: reason } as const;
    await this.parts.audit.note(note).catch(() => undefined);
  }

  /**
   * The device of a valid claim, on disk. Throws `pairing-expired`, `session-revoked`, `tool-failed` where it did
   * not reach the disk (the offer is good again then), or `pairing-used` for every claim but the first, which is
   * shown at home.
   */
  async claim(
    claim: Claim,
    boxKey: Uint8Array,
    transcript: Uint8Array,
  ): Promise<{ row: DeviceRow; waitMs: number }> {
    const { devices, audit, clock } = this.parts;
    const live = this.live;
    if (live === undefined || clock.now() > live.expiresAt) throw new LatchkeyError('pairing-expired');
    if (!equal(fromBase64(claim.proof), offerProof(live.offer.secret)))
      throw new LatchkeyError('pairing-expired');
    const code = pairingCode(live.offer, boxKey, transcript);
    if (live.claimed !== undefined) {
      const same = live.claimed.row.boxKey === toBase64(boxKey);
      // The same device again, after its socket broke: it goes on waiting, with the code it showed before.
      if (same) {
        await live.claimed.written;
        const row = devices.get(live.claimed.row.id);
        if (row === undefined) throw new LatchkeyError('pairing-expired');
        if (row.revokedAt !== null) throw new LatchkeyError('session-revoked');
        return { row, waitMs: live.expiresAt - clock.now() };
      }
      this.tell({ event: 'second', offer: live.number, reason: 'pairing-used' });
      await audit.note({ kind: 'pairing-second', device: claim.name }).catch(() => undefined);
      throw new LatchkeyError('pairing-used');
    }
    const draft = Devices.draft(claim.name, boxKey, claim.admission, clock.wall());
    const row: DeviceRow = { ...draft, allowed: writePermissions(this.parts.allowed()) };
    // Taken at once, in memory: a second claim cannot pass while the first is being written.
    const written = this.write(row, live);
    live.claimed = { row, code, written };
    try {
      await written;
    } catch (error) {
      live.claimed = undefined;
      throw error;
    }
    this.parts.keysChanged();
    const event = live.confirm ? 'claimed' : 'paired';
    this.tell({ event, offer: live.number, name: row.name, code, device: row.id });
    return { row, waitMs: live.expiresAt - clock.now() };
  }

  private async write(row: DeviceRow, live: LiveOffer): Promise<void> {
    const { devices, audit, clock } = this.parts;
    const event = audit.draft({ kind: live.confirm ? 'pairing' : 'paired', device: row.name });
    const used = { id: words(live.offer.secret), usedAt: clock.wall(), device: row.id };
    if (live.confirm) {
      await this.parts.store.commit([{ put: 'offer', value: used }, event]);
      devices.wait(row);
    } else {
      await devices.put(row, { put: 'offer', value: used }, event);
    }
    audit.tell(event);
  }

  /** The answer of somebody at home to the code shown. Throws `pairing-expired` where nothing waits. */
  async answer(device: string, yes: boolean): Promise<void> {
    const { devices, audit } = this.parts;
    const live = this.live;
    const waits = live?.claimed?.row.id === device && !live.answered && devices.isWaiting(device);
    if (live?.claimed === undefined || !waits) {
      throw new LatchkeyError('pairing-expired');
    }
    if (!yes) return this.end('pairing-refused');
    live.answered = true;
    const event = audit.draft({ kind: 'paired', device: live.claimed.row.name });
    try {
      await devices.put(live.claimed.row, event);
    } catch (error) {
      live.answered = false;
      throw error;
    }
    audit.tell(event);
    this.parts.keysChanged();
    this.parts.answered(device, undefined);
    const { row, code } = live.claimed;
    this.tell({ event: 'paired', offer: live.number, name: row.name, code, device });
  }
}
