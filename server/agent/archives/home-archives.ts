import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Vault } from '../../../lib/archive.ts';
import { LatchkeyError, type ErrorCode } from '../../../lib/errors.ts';
import { readPermissions } from '../../../lib/permission.ts';
import type { Catalogue, Imported } from '../../archives/catalogue.ts';
import { keepingIn } from '../../archives/restore/prices.ts';
import { openCatalogue } from '../../archives/open.ts';
import { sourceTypes } from '../../archives/registry.ts';
import { ArchiveWatch } from '../../archives/watch.ts';
import type { Audit, EventFacts } from '../audit.ts';
import type { Clock } from '../clock.ts';
import type { ArchiveSourceTable } from '../config.ts';
import type { Devices } from '../devices.ts';
import { Notices } from '../notices.ts';
import type { Requests } from '../requests.ts';
import { DroppedFile } from './dropped-file.ts';
import { InventoryAsking } from './inventory-asking.ts';
import { Restoring } from './restoring.ts';
import { Sending } from './sending.ts';
import { cutText } from './views.ts';

/** Between two notices: ms. */
const noticePace = 1000;

export interface HomeArchivesOptions {
  /** The home agent's own folder; `archives.db` lies there. */
  readonly directory: string;
  readonly sources: readonly ArchiveSourceTable[];
  /** Where archives that come back are written; absent: `restored` in `directory`. */
  readonly restoreFolder?: string;
  readonly requests: Requests;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Does anybody want to hear of changes? */
  readonly followed: () => boolean;
  /** Something about archives is another now. At most once a second. */
  readonly changed: () => void;
}

/**
 * The catalogue in the home agent's folder, and what asks AWS for it. Nothing of it stands in the way of a door: a home
 * without archives opens no catalogue and starts no thread, and where one cannot be opened, only questions about
 * archives fail.
 */
export class HomeArchives {
  readonly clock: Clock;
  readonly dropped: DroppedFile;
  readonly asking: InventoryAsking;
  readonly sending: Sending;
  readonly restoring: Restoring;
  /** Rises with every change, also over a restart. */
  revision: number;
  private readonly options: HomeArchivesOptions;
  private readonly notices: Notices;
  private opening: Promise<Catalogue> | undefined;
  private watching: Promise<ArchiveWatch | undefined> | undefined;
  private running: ArchiveWatch | undefined;
  /** Of the catalogue, as of the last look; another process writes into it too. */
  private version: number | undefined;
  private wasMissing = false;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(options: HomeArchivesOptions) {
    const { clock, directory, log, requests, devices, audit } = options;
    this.options = options;
    this.clock = clock;
    this.revision = Math.max(0, Math.round(clock.wall()));
    this.notices = new Notices(() => void this.tell(), noticePace);
    this.dropped = new DroppedFile({
      directory,
      log,
      open: () => this.open(),
      changed: () => this.changed(),
      taken: (imported, device) => this.taken(imported, device),
    });
    this.asking = new InventoryAsking({
      watched: () => this.watched(),
      requests,
      devices,
      audit,
      clock,
      log,
    });
    this.restoring = new Restoring({
      directory,
      folder: options.restoreFolder ?? join(directory, 'restored'),
      watched: () => this.watched(),
      open: () => this.open(),
      mayRestore: (device) => this.mayRestore(device),
      requests,
      devices,
      audit,
      clock,
      log,
      changed: () => this.changed(),
    });
    this.sending = new Sending({ clock, changed: () => this.changed(), keeping: keepingIn(directory) });
  }

  /** Asks AWS from now on, where the home's file names sources. What is wrong is logged, and keeps nothing else shut. */
  start(): void {
    this.dropped.sweep();
    void this.watched().catch(() => undefined);
    this.restoring.start();
    this.timer = setInterval(() => {
      if (this.options.followed()) this.look().catch(() => undefined);
    }, noticePace);
    this.timer.unref();
  }

  /**
   * What asks AWS, once the catalogue is open; undefined where the home's file names no source. Throws
   * `config-unreadable`; the next call tries anew.
   */
  watched(): Promise<ArchiveWatch | undefined> {
    if (this.options.sources.length === 0) return Promise.resolve(undefined);
    this.watching ??= this.startWatch().catch((error: unknown) => {
      this.watching = undefined;
      this.options.log(`archives: ${String(error)}`);
      throw error;
    });
    return this.watching;
  }

  private async startWatch(): Promise<ArchiveWatch> {
    const { directory, sources, clock, log } = this.options;
    const catalogue = await this.open();
    if (this.stopped) throw new LatchkeyError('tool-failed', 'archives: closed');
    const watch = new ArchiveWatch({
      catalogue,
      types: sourceTypes,
      tables: sources,
      folder: join(directory, 'archives'),
      now: () => clock.wall(),
      random: () => new Uint8Array(randomBytes(16)),
      log,
      ready: (vault, imported) => this.listed(vault, imported),
      failed: (vault, code) => this.unlisted(vault, code),
      changed: () => this.changed(),
    });
    watch.start();
    this.running = watch;
    return watch;
  }

  /** What asks AWS, where it does already. */
  get watch(): ArchiveWatch | undefined {
    return this.running;
  }

  /** The catalogue; undefined where nothing was ever put into one. Throws `config-unreadable`; the next call tries anew. */
  async catalogue(): Promise<Catalogue | undefined> {
    const isThere = this.opening !== undefined || existsSync(join(this.options.directory, 'archives.db'));
    return isThere ? this.open() : undefined;
  }

  /** Opens or makes it, with the first call. Throws `config-unreadable`. */
  open(): Promise<Catalogue> {
    if (this.stopped) return Promise.reject(new LatchkeyError('tool-failed', 'archives: closed'));
    this.opening ??= openCatalogue(join(this.options.directory, 'archives.db'), {
      now: () => this.clock.wall(),
    }).catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  /**
   * The catalogue, and what its revision was before it is asked: a change meanwhile makes an answer look older than it
   * is, never newer. Throws as `catalogue`.
   */
  async look(): Promise<{ catalogue: Catalogue | undefined; revision: number }> {
    const catalogue = await this.catalogue();
    const version = await catalogue?.version();
    if (this.version !== version) {
      const isFirst = this.version === undefined && !this.wasMissing;
      this.version = version;
      if (!isFirst) this.changed();
    }
    this.wasMissing = catalogue === undefined;
    return { catalogue, revision: this.revision };
  }

  mayRestore(device: string): boolean {
    return readPermissions(this.options.devices.get(device)?.allowed ?? '').includes('restore');
  }

  /** Something that a device was told may be otherwise. */
  changed(): void {
    this.revision++;
    this.notices.changed();
  }

  /** What is told now, the next look at the catalogue need not tell again. */
  private async tell(): Promise<void> {
    const catalogue = await this.opening?.catch(() => undefined);
    this.version = (await catalogue?.version().catch(() => undefined)) ?? this.version;
    if (!this.stopped) this.options.changed();
  }

  private async listed({ name }: Vault, { rows, inventoryAt }: Imported): Promise<void> {
    const { log, audit } = this.options;
    const at = new Date(inventoryAt ?? this.clock.wall()).toISOString();
    log(`archives: the list of ${name ?? 'a vault'} is here: ${rows} archives as of ${at}`);
    await audit.note({ kind: 'inventory', ...named(name), archives: rows });
    this.changed();
  }

  private unlisted({ name }: Vault, code: ErrorCode): void {
    const { log, audit } = this.options;
    audit
      .note({ kind: 'inventory-failed', ...named(name), code })
      .catch((error: unknown) => log(`not written down: ${String(error)}`));
  }

  private async taken({ vault, rows }: Imported, id: string): Promise<void> {
    const device = this.options.devices.nameOf(id);
    const by = device === undefined ? {} : { device };
    await this.options.audit.note({ kind: 'imported', ...named(vault?.name ?? null), archives: rows, ...by });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.sending.stop();
    clearInterval(this.timer);
    await this.restoring.stop();
    await this.dropped.close();
    await (await this.watching?.catch(() => undefined))?.stop();
    await (await this.opening?.catch(() => undefined))?.close();
  }
}

function named(name: string | null): Pick<EventFacts, 'vault'> {
  return name === null ? {} : { vault: cutText(name, 255) };
}
