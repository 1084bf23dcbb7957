import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../lib/errors.ts';
import { fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';
import { maxAdmissionKeys } from '../../lib/protocol/frame.ts';
import type { DeviceRow } from './store/rows.ts';
import type { Store } from './store/store.ts';

/**
 * The paired devices: read from memory at every request, written to disk before anything depends on it. One that
 * waits for a yes at home lives in memory alone: if the process ends, it was never there.
 */
export class Devices {
  private readonly store: Store;
  private readonly byId = new Map<string, DeviceRow>();
  private readonly seen = new Map<string, number>();
  private readonly waiting = new Map<string, DeviceRow>();

  constructor(store: Store) {
    this.store = store;
    for (const row of store.loaded.devices) this.byId.set(row.id, row);
  }

  /** Not revoked; those that wait too. */
  all(): DeviceRow[] {
    return [...this.byId.values(), ...this.waiting.values()].filter((row) => row.revokedAt === null);
  }

  get(id: string): DeviceRow | undefined {
    return this.byId.get(id) ?? this.waiting.get(id);
  }

  isWaiting(id: string): boolean {
    return this.waiting.has(id);
  }

  wait(row: DeviceRow): void {
    this.waiting.set(row.id, row);
  }

  forget(id: string): void {
    this.waiting.delete(id);
  }

  /** The newest device with key C, revoked or not. */
  ofKey(boxKey: Uint8Array): DeviceRow | undefined {
    const key = toBase64(boxKey);
    return [...this.byId.values(), ...this.waiting.values()]
      .filter((row) => row.boxKey === key)
      .sort((a, b) => b.pairedAt - a.pairedAt)[0];
  }

  nameOf(id: string): string | undefined {
    return this.get(id)?.name;
  }

  /**
   * True where the list has this device's id, or its name and no other paired device has that name: a device
   * calls itself what it likes, and must not become another by it.
   */
  isAmong(list: readonly string[], id: string): boolean {
    const name = this.byId.get(id)?.name;
    const namesakes = [...this.byId.values()].filter((row) => row.revokedAt === null && row.name === name);
    return list.includes(id) || (name !== undefined && namesakes.length === 1 && list.includes(name));
  }

  admissionKeys(): Uint8Array[] {
    // The newest: one frame holds no more, and a frame too long would shut out everybody.
    return this.all()
      .slice(-maxAdmissionKeys)
      .map((row) => fromBase64(row.admissionKey));
  }

  /** A row for a new device; not yet known: `put` makes it so. */
  static draft(name: string, boxKey: Uint8Array, admissionKey: string, now: number): DeviceRow {
    return {
      id: toBase64(randomBytes(16)),
      name,
      boxKey: toBase64(boxKey),
      admissionKey,
      pairedAt: now,
      revokedAt: null,
      allowed: '',
    };
  }

  /** Takes effect once it is on disk. */
  async put(row: DeviceRow, ...also: Parameters<Store['commit']>[0]): Promise<void> {
    await this.store.commit([{ put: 'device', value: row }, ...also]);
    this.know(row);
  }

  /** Takes over a row that has just reached the disk. */
  know(row: DeviceRow): void {
    this.byId.set(row.id, row);
    this.waiting.delete(row.id);
  }

  sawNow(id: string, monotonic: number): void {
    this.seen.set(id, monotonic);
  }

  lastSeen(id: string): number | undefined {
    return this.seen.get(id);
  }

  /** Throws `session-unknown-device`, `session-revoked` or `session-unconfirmed`. */
  require(id: string): DeviceRow {
    if (this.waiting.has(id)) throw new LatchkeyError('session-unconfirmed');
    const row = this.byId.get(id);
    if (row === undefined) throw new LatchkeyError('session-unknown-device');
    if (row.revokedAt !== null) throw new LatchkeyError('session-revoked');
    return row;
  }
}
