import { randomBytes } from 'node:crypto';
import type { ErrorCode } from '../../lib/errors.ts';
import { decodeFrame, encodeFrame, isEndToEnd, type Frame, type FrameOf } from '../../lib/protocol/frame.ts';
import { idOf } from './admission.ts';
import { Bucket, type Limits } from './limits.ts';
import type { Transport } from './transport.ts';

type Listener = (bytes: Uint8Array) => void;

interface Device {
  readonly connection: Uint8Array;
  readonly key: string;
  readonly transport: Transport;
  readonly bucket: Bucket;
  /** Largest frame that this connection may send. */
  readonly largest: number;
  /** Frames passed on to the home. */
  sent: number;
}

function now(): number {
  return performance.now();
}

function end(transport: Transport, code: ErrorCode): void {
  transport.send(encodeFrame({ kind: 'gone', code }));
  transport.close();
}

/** Hands bytes over, unless the reader is so slow that they pile up: it is dropped then. */
function pass(transport: Transport, bytes: Uint8Array, most: number): boolean {
  if (transport.buffered > most) {
    transport.drop();
    return false;
  }
  transport.send(bytes);
  return true;
}

/**
 * One home and its devices. Everything in it is memory, and all of it came from the home over a proven connection:
 * while the home is away there are no keys, so nobody is admitted.
 */
export class Mailbox {
  private readonly limits: Limits;
  private home: Transport | undefined;
  private admitted: ReadonlySet<string> = new Set();
  private offer: string | undefined;
  private readonly devices = new Map<string, Device>();

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Takes the home's proven connection; the latest wins, and an older one is closed. */
  join(transport: Transport): Listener {
    const older = this.home;
    this.home = transport;
    older?.close();
    const bucket = new Bucket(this.limits.homeFramesPerSecond, this.limits.homeFrameBurst, now());
    transport.onClose(() => {
      if (this.home === transport) this.homeLeft();
    });
    return (bytes) => {
      if (this.home !== transport) return;
      if (bucket.take(now())) this.fromHome(transport, bytes);
      else this.dismiss(transport, 'relay-rate');
    };
  }

  /** Takes a device whose key was proved; undefined where the home has not registered that key. */
  enter(transport: Transport, key: string): Listener | undefined {
    const isOffer = key === this.offer && !this.admitted.has(key);
    if (!isOffer && !this.admitted.has(key)) return undefined;
    const { limits } = this;
    const same = [...this.devices.values()].filter((device) => device.key === key).length;
    if (this.devices.size >= limits.devicesPerMailbox || (isOffer && same >= limits.offerConnections)) {
      end(transport, 'relay-full');
      return () => undefined;
    }
    const device: Device = {
      connection: randomBytes(16),
      key,
      transport,
      bucket: isOffer
        ? new Bucket(limits.offerFramesPerSecond, limits.offerFrameBurst, now())
        : new Bucket(limits.framesPerSecond, limits.frameBurst, now()),
      largest: isOffer ? limits.offerFrame : limits.deviceFrame,
      sent: 0,
    };
    this.devices.set(idOf(device.connection), device);
    transport.onClose(() => this.deviceLeft(device));
    return (bytes) => this.fromDevice(device, bytes);
  }

  close(): void {
    this.home?.close();
    this.homeLeft();
  }

  private fromDevice(device: Device, bytes: Uint8Array): void {
    if (!this.devices.has(idOf(device.connection))) return;
    if (bytes.length > device.largest) return this.remove(device, 'protocol-oversized');
    if (!isEndToEnd(bytes)) return this.remove(device, 'protocol-malformed');
    if (!device.bucket.take(now())) return this.remove(device, 'relay-rate');
    const frame = encodeFrame({ kind: 'from', connection: device.connection, bytes });
    if (this.home === undefined || !pass(this.home, frame, this.limits.homeBuffered)) return;
    device.sent += 1;
    pass(device.transport, encodeFrame({ kind: 'taken', n: device.sent }), this.limits.deviceBuffered);
  }

  private fromHome(transport: Transport, bytes: Uint8Array): void {
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
    } catch {
      return this.dismiss(transport, 'protocol-malformed');
    }
    if (frame.kind === 'keys') this.replaceKeys(frame);
    else if (frame.kind === 'to') this.toDevice(frame);
    else this.dismiss(transport, 'protocol-malformed');
  }

  /** A device that left meanwhile is no error: its `left` is on the way to the home. */
  private toDevice(frame: FrameOf<'from' | 'to'>): void {
    const device = this.devices.get(idOf(frame.connection));
    if (device !== undefined) pass(device.transport, frame.bytes, this.limits.deviceBuffered);
  }

  /** Wholesale: who is not in the new list is no longer admitted, and is dropped at once. */
  private replaceKeys(frame: FrameOf<'keys'>): void {
    this.admitted = new Set(frame.admission.map(idOf));
    this.offer = frame.offer === undefined ? undefined : idOf(frame.offer);
    for (const device of [...this.devices.values()]) {
      if (!this.admitted.has(device.key) && device.key !== this.offer)
        this.remove(device, 'relay-not-admitted');
    }
  }

  private remove(device: Device, code: ErrorCode): void {
    this.deviceLeft(device);
    end(device.transport, code);
  }

  private deviceLeft(device: Device): void {
    if (!this.devices.delete(idOf(device.connection)) || device.sent === 0) return;
    if (this.home === undefined) return;
    pass(this.home, encodeFrame({ kind: 'left', connection: device.connection }), this.limits.homeBuffered);
  }

  private dismiss(home: Transport, code: ErrorCode): void {
    end(home, code);
    this.homeLeft();
  }

  private homeLeft(): void {
    this.home = undefined;
    this.admitted = new Set();
    this.offer = undefined;
    for (const device of [...this.devices.values()]) this.remove(device, 'relay-home-away');
  }
}

/** The mailboxes that this relay serves, by id (base64url). */
export class Mailboxes {
  private readonly limits: Limits;
  private readonly served = new Map<string, Mailbox>();
  /** Stands in for homes that do not exist: the same look-up, the same refusal. */
  private readonly nobody: Mailbox;

  constructor(limits: Limits) {
    this.limits = limits;
    this.nobody = new Mailbox(limits);
  }

  /** Serves exactly these from now on; a home no longer served is closed with its devices. */
  serve(ids: readonly string[]): void {
    for (const [id, mailbox] of this.served) {
      if (ids.includes(id)) continue;
      this.served.delete(id);
      mailbox.close();
    }
    for (const id of ids) if (!this.served.has(id)) this.served.set(id, new Mailbox(this.limits));
  }

  forDevice(id: string): Mailbox {
    return this.served.get(id) ?? this.nobody;
  }

  forHome(id: string): Mailbox | undefined {
    return this.served.get(id);
  }
}
