import { randomBytes } from 'node:crypto';
import { LatchkeyError, codeOf } from '../../../lib/errors.ts';
import type { Catalogue } from '../../archives/catalogue.ts';
import { takeMapping } from '../../archives/mapping.ts';
import { pricesIn } from '../../archives/restore/prices.ts';
import type { RestoreItem, RestoreRecord } from '../../archives/restore/records.ts';
import { Restores, type RestoreOrder } from '../../archives/restore/restores.ts';
import type { ArchiveWatch } from '../../archives/watch.ts';
import type { Audit } from '../audit.ts';
import type { Clock } from '../clock.ts';
import type { Devices } from '../devices.ts';
import type { LiveSession } from '../live-sessions.ts';
import type { Outcome, Requests } from '../requests.ts';
import type { RequestRow } from '../store/rows.ts';

interface Parts {
  /** `prices.json` of the home's own lies there. */
  readonly directory: string;
  /** Where archives are written. */
  readonly folder: string;
  readonly watched: () => Promise<ArchiveWatch | undefined>;
  readonly open: () => Promise<Catalogue>;
  readonly mayRestore: (device: string) => boolean;
  readonly requests: Requests;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly changed: () => void;
}

/** Getting archives back for devices: who may, what is on the disk before AWS hears of it, what is told. */
export class Restoring {
  private readonly parts: Parts;
  private making: Promise<Restores | undefined> | undefined;
  private made: Restores | undefined;
  /** By request: starts of an earlier life that are looked for. */
  private readonly settling = new Set<string>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Goes on with what an earlier life left. */
  start(): void {
    void this.restores().catch(() => undefined);
  }

  /** Undefined: the home's file names no place at AWS. Throws `config-unreadable`; the next call tries anew. */
  restores(): Promise<Restores | undefined> {
    this.making ??= this.make().catch((error: unknown) => {
      this.making = undefined;
      throw error;
    });
    return this.making;
  }

  private async make(): Promise<Restores | undefined> {
    const { directory, folder, watched, open, clock, log, changed } = this.parts;
    const watch = await watched();
    if (watch === undefined) return undefined;
    this.made = new Restores({
      catalogue: await open(),
      retrieval: (vault) => watch.retrieval(vault),
      folder,
      prices: () => pricesIn(directory),
      now: () => clock.wall(),
      random: () => new Uint8Array(randomBytes(16)),
      log,
      changed,
      back: (item, file) => {
        this.takeNames(item, file).catch((error: unknown) => log(`archives: ${file}: ${String(error)}`));
      },
      done: (record, failed) => this.done(record, failed),
    });
    this.made.run();
    return this.made;
  }

  /** Throws `refused-permission`, written down; `archives-no-source`. */
  async permitted(live: LiveSession): Promise<Restores> {
    const { mayRestore, devices, audit } = this.parts;
    if (!mayRestore(live.device)) {
      const device = devices.nameOf(live.device);
      const by = device === undefined ? {} : { device };
      // A disk that is full changes nothing about the refusal.
      await audit.note({ kind: 'refused', code: 'refused-permission', ...by }).catch(() => undefined);
      throw new LatchkeyError('refused-permission');
    }
    const restores = await this.restores();
    if (restores === undefined) throw new LatchkeyError('archives-no-source');
    return restores;
  }

  /**
   * Intent on disk, the restore on disk, outcome on disk. The restore has the request's own id: a retry, and a start
   * that a kill tore, find it by that. `by`: the device, or `home`. Throws what `Restores.start` throws, and nothing is
   * asked then.
   */
  async begin({ id, ...order }: RestoreOrder & { readonly id: string }, by: string): Promise<string> {
    const { requests, devices, audit, clock } = this.parts;
    const restores = await this.restores();
    if (restores === undefined) throw new LatchkeyError('archives-no-source');
    const { plan } = order;
    const act = { kind: 'restore', on: plan } as const;
    const outcome = await requests.once(by, id, act, async (intent) => {
      const row = await intent({ door: '', at: clock.wall(), intent: JSON.stringify({ plan }) });
      let ended: Outcome;
      const device = devices.nameOf(by);
      try {
        await restores.start(order, device ?? null, id);
        ended = { ok: true };
      } catch (error) {
        ended = { ok: false, code: codeOf(error, 'tool-failed') };
      }
      if (!ended.ok) {
        await requests.settle(row, ended);
        return ended;
      }
      const event = audit.draft({ kind: 'restore-started', ...(device === undefined ? {} : { device }) });
      await requests.settle(row, ended, event);
      audit.tell(event);
      return ended;
    });
    if (!outcome.ok) throw new LatchkeyError(outcome.code);
    return id;
  }

  /**
   * A start of an earlier life: it was begun where its restore is there, else it never was. Behind the caller, who has
   * doors to look after.
   */
  settle(row: RequestRow): void {
    const key = `${row.device} ${row.id}`;
    if (this.settling.has(key)) return;
    this.settling.add(key);
    this.finish(row)
      .catch((error: unknown) => this.parts.log(`archives: a restore is not settled yet: ${String(error)}`))
      .finally(() => this.settling.delete(key))
      .catch(() => undefined);
  }

  private async finish(row: RequestRow): Promise<void> {
    const restores = await this.restores();
    const begun = restores !== undefined && (await restores.has(row.id));
    await this.parts.requests.settle(row, begun ? { ok: true } : { ok: false, code: 'refused-plan' });
  }

  async stop(): Promise<void> {
    await this.making?.catch(() => undefined);
    await this.made?.stop();
  }

  /** Synology keeps the names of a vault's archives in another vault: what came back from there tells them. */
  private async takeNames({ vault }: RestoreItem, file: string): Promise<void> {
    const catalogue = await this.parts.open();
    if (!(await catalogue.vaults()).some(({ mapping }) => mapping?.vault === vault)) return;
    const { rows } = await takeMapping(catalogue, file);
    this.parts.log(`archives: ${rows} names from ${file}`);
    this.parts.changed();
  }

  private done({ archives }: RestoreRecord, failed: number): void {
    const { audit, log } = this.parts;
    audit
      .note(
        failed === archives
          ? { kind: 'restore-failed', archives: failed }
          : { kind: 'restored', archives: archives - failed },
      )
      .catch((error: unknown) => log(`not written down: ${String(error)}`));
  }
}
