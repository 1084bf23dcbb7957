import { presentFor } from '../../lib/client/doors.ts';
import type { ArchiveRow } from '../../lib/protocol/archives.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import { codeOf } from '../../lib/errors.ts';
import { Asked } from './asked.ts';
import { ArchiveExport } from './archive-export.ts';
import { ArchiveImport } from './archive-import.ts';
import { ArchiveList } from './archive-list.ts';
import {
  archiveKey,
  type ArchiveQuery,
  type ArchivesState,
  type ChosenArchive,
  type HomeLine,
  type InventoryAsking,
} from './archive-types.ts';

/** While they are looked at, the home is asked at least this often: ms. It tells of changes by itself. */
const askEvery = 30_000;
/** And this often while what it said is not the present. */
const askSoon = 1000;
const mostActive = 50;

/**
 * What lies in Glacier, as one home tells it: totals, the list, and the archive that is looked at. Asks nothing before
 * it is opened, and nothing while nobody looks. Fits React's useSyncExternalStore.
 */
export class HomeArchives {
  readonly line: HomeLine;
  /** Go on while other screens are looked at. */
  readonly imports: ArchiveImport;
  readonly exports: ArchiveExport;
  private readonly list: ArchiveList;
  private readonly totals: Asked<ResultOf<'archives'>>;
  private active: Asked<ResultOf<'archiveList'>>;
  private chosen: { readonly row: ArchiveRow; readonly asked: Asked<ResultOf<'archive'>> } | undefined;
  private inventory: InventoryAsking = { step: 'none' };
  private vault: string | undefined;
  private looked = false;
  private askedAt = -Infinity;
  /** What was asked for before this is not the present. */
  private outdatedAt = -Infinity;
  /** The answer that list, rows under way and chosen one were told of. */
  private told: ResultOf<'archives'> | undefined;
  private readonly listeners = new Set<() => void>();
  private snapshot: ArchivesState;
  private dirty = false;

  constructor(line: HomeLine) {
    this.line = line;
    const { client, clock } = line;
    this.list = new ArchiveList(client, clock, this.changed);
    this.imports = new ArchiveImport(client, clock, this.changed);
    this.exports = new ArchiveExport(client, this.changed);
    this.totals = new Asked(clock, () => this.heard());
    this.active = new Asked(clock, this.changed);
    this.snapshot = this.state();
    client.subscribe((event) => {
      if (event.type === 'archives' && this.looked) this.ask();
      if (event.type !== 'connection') return;
      // notices are missed without a link
      if (event.state.phase !== 'ready') this.outdate();
      else if (this.looked && this.totals.state(clock.now()).load.state !== 'loading') this.ask();
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly get = (): ArchivesState => this.snapshot;

  /** The screen is there. */
  readonly open = (): void => {
    this.looked = true;
    this.ask();
    this.askActive();
    this.list.look([0, 20]);
  };

  readonly close = (): void => {
    this.looked = false;
    this.list.look(undefined);
  };

  /** Once a second while it is looked at. */
  readonly tick = (): void => {
    const { moment, clock } = this.line;
    if (!this.looked || !moment().answering) return;
    const { load } = this.totals.state(clock.now());
    const soon = !this.isFresh() && load.state !== 'failed';
    if (load.state !== 'loading' && clock.now() - this.askedAt >= (soon ? askSoon : askEvery)) this.ask();
    this.list.tick();
  };

  readonly look = (from: number, to: number): void => {
    if (this.looked) this.list.look([from, to]);
  };

  readonly filter = (query: ArchiveQuery): void => {
    this.list.ask(query);
    if (query.vault === this.vault) return;
    this.vault = query.vault;
    this.active = new Asked(this.line.clock, this.changed);
    this.askActive();
  };

  readonly choose = (row?: ArchiveRow): void => {
    if (row !== undefined && this.chosen !== undefined && archiveKey(row) === archiveKey(this.chosen.row))
      return;
    this.chosen = row && { row, asked: new Asked(this.line.clock, this.changed) };
    this.askChosen();
    this.changed();
  };

  /** What the home said may be shown as what is so; else it is the last that is known. */
  readonly isFresh = (): boolean => {
    const { now, answering, doubtedAt = -Infinity } = this.line.moment();
    const { said } = this.totals;
    if (said === undefined || !answering) return false;
    return said.at >= doubtedAt && said.at >= this.outdatedAt && now - said.at < presentFor;
  };

  /** Something may be another: asks for the totals. What else is shown follows from the answer. */
  readonly ask = (): void => {
    const { client, clock } = this.line;
    this.askedAt = clock.now();
    this.totals.ask(() => client.archives.totals());
  };

  /** AWS is asked for the list of a vault, or of all: needs the permission. */
  readonly askInventory = async (vault?: string): Promise<void> => {
    if (this.inventory.step === 'asking') return;
    this.inventory = { step: 'asking' };
    this.changed();
    try {
      const { value } = await this.line.client.archives.askInventory(vault);
      this.inventory = { step: 'asked', vaults: value.vaults };
    } catch (error) {
      this.inventory = { step: 'failed', code: codeOf(error, 'relay-no-answer') };
    }
    this.ask();
    this.changed();
  };

  private outdate(): void {
    this.outdatedAt = this.line.clock.now();
    this.list.outdate();
  }

  private askActive(): void {
    const { vault } = this;
    this.active.ask(() =>
      this.line.client.archives.list({
        active: true,
        limit: mostActive,
        ...(vault === undefined ? {} : { vault }),
      }),
    );
  }

  private askChosen(): void {
    const { chosen } = this;
    if (chosen === undefined) return;
    const { vault, id } = chosen.row;
    chosen.asked.ask(() => this.line.client.archives.one(vault, id));
  }

  private heard(): void {
    const { said } = this.totals;
    const before = this.told;
    if (said !== undefined && said.value !== before) {
      this.told = said.value;
      this.list.heard(said.value.revision, said.at);
      if (before !== undefined && before.revision !== said.value.revision && this.looked) {
        this.askActive();
        this.askChosen();
      }
    }
    this.changed();
  }

  private state(): ArchivesState {
    const now = this.line.clock.now();
    const { said, load } = this.totals.state(now);
    const chosen: ChosenArchive | undefined = this.chosen && {
      row: this.chosen.row,
      ...this.chosen.asked.state(now),
    };
    return {
      ...(said === undefined ? {} : { totals: said }),
      load,
      active: this.active.state(now),
      list: this.list.state(now),
      ...(chosen === undefined ? {} : { chosen }),
      importing: this.imports.state,
      exporting: this.exports.state,
      inventory: this.inventory,
    };
  }

  /** Coalesced: whatever changes in one turn is one snapshot. */
  private readonly changed = (): void => {
    if (this.dirty) return;
    this.dirty = true;
    queueMicrotask(() => {
      this.dirty = false;
      this.snapshot = this.state();
      for (const listener of [...this.listeners]) listener();
    });
  };
}
