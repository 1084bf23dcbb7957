import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Vault } from '../../lib/archive.ts';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import { asLatchkeyError } from './aws.ts';
import type { Catalogue, Imported } from './catalogue.ts';
import { Inventories } from './inventory-jobs.ts';
import type { Retrieval } from './restore/retrieval.ts';
import type { ArchiveSource, SourceType } from './source.ts';

/** One `[[archives]]` of the home agent's file. */
export interface ArchiveTable {
  /** Unique; letters of a file name. */
  readonly name: string;
  readonly type: string;
  readonly keys: Readonly<Record<string, unknown>>;
}

/** What it needs of the catalogue. */
export type WatchCatalogue = Pick<
  Catalogue,
  'putVaults' | 'vaults' | 'putArchives' | 'endList' | 'putJobs' | 'jobs' | 'importFile'
>;

export interface WatchParts {
  readonly catalogue: WatchCatalogue;
  readonly types: readonly SourceType<never>[];
  readonly tables: readonly ArchiveTable[];
  /** A folder of its own in the home agent's, 0700. */
  readonly folder: string;
  /** Unix ms. */
  readonly now: () => number;
  readonly random: () => Uint8Array;
  readonly log: (line: string) => void;
  readonly pause?: (ms: number) => Promise<void>;
  readonly ready?: (vault: Vault, imported: Imported) => void | Promise<void>;
  readonly failed?: (vault: Vault, code: ErrorCode) => void;
  readonly changed?: () => void;
}

interface Watched {
  readonly name: string;
  readonly source: ArchiveSource;
  readonly inventories: Inventories | undefined;
  /** Of the last look. */
  problem: Problem | undefined;
  /** When the last look began, Unix ms. */
  lookedAt: number;
}

export interface Problem {
  readonly source: string;
  readonly code: ErrorCode;
  /** Unix ms, since when. */
  readonly at: number;
}

/** Between looks at what vaults and buckets there are: each is a request a region, and one for a thousand objects. */
export const lookEvery = 6 * 3_600_000;

/** Somebody who asks sooner gets what the last look found: a large bucket is a thousand requests. */
const lookAgainAfter = 5 * 60_000;

/** The home's archive sources: what they tell goes into the catalogue, and the lists of vaults are asked for and waited for. */
export class ArchiveWatch {
  private readonly parts: WatchParts;
  private readonly watched: readonly Watched[];
  private timers: NodeJS.Timeout[] = [];
  private looking: Promise<void> | undefined;
  private ticking: Promise<number> | undefined;
  private stopped = false;

  /** Throws `config-invalid` naming the key; asks nothing yet. */
  constructor(parts: WatchParts) {
    this.parts = parts;
    const { log, now, pause, catalogue, folder, random, ready, failed, changed } = parts;
    this.watched = parts.tables.map(({ name, type: wanted, keys }) => {
      const type = parts.types.find((one) => one.name === wanted);
      if (type === undefined) throw new LatchkeyError('config-invalid', `archives: type: "${wanted}"`);
      const source = type.create(type.read(keys), {
        source: name,
        log,
        now,
        ...(pause === undefined ? {} : { pause }),
      });
      const { inventory } = source;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const inventories =
        inventory === undefined
          ? undefined
          : new Inventories({
              catalogue,
              inventory,
              folder: path.join(folder, name),
              now,
              random,
              log,
              ...(ready === undefined ? {} : { ready }),
              ...(failed === undefined ? {} : { failed }),
              ...(changed === undefined ? {} : { changed }),
            });
      return { name, source, inventories, problem: undefined, lookedAt: -Infinity };
    });
  }

  /** Looks now and from time to time, and goes on with what was asked for before. */
  start(): void {
    void this.look();
    this.timers.push(setInterval(() => void this.look(), lookEvery));
    this.soon(0);
  }

  private soon(ms: number): void {
    if (this.stopped) return;
    const timer = setTimeout(() => {
      this.timers = this.timers.filter((one) => one !== timer);
      void this.tick().then((wait) => this.soon(Math.min(wait, 60_000)));
    }, ms);
    this.timers.push(timer);
  }

  /** What can ask archives of this vault or bucket back; undefined: no source of the home. */
  retrieval(vault: Vault): Retrieval | undefined {
    return this.watched
      .map(({ source }) => source.retrieval)
      .find((retrieval) => retrieval?.serves(vault) === true);
  }

  /** Sources that could not be asked, and vaults whose list could not be had. */
  problems(): readonly Problem[] {
    return this.watched.flatMap(({ name, problem, inventories }) => [
      ...(problem === undefined ? [] : [problem]),
      ...[...(inventories?.problems.values() ?? [])].map((one) => ({ source: name, ...one })),
    ]);
  }

  /** One look at every source. Never rejects; looks that overlap are one. */
  look(): Promise<void> {
    this.looking ??= Promise.all(this.watched.map((one) => this.lookAt(one)))
      .then(() => undefined)
      .finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async lookAt(one: Watched): Promise<void> {
    const { catalogue, log, now, changed } = this.parts;
    one.lookedAt = now();
    try {
      const vaults = await one.source.vaults();
      if (one.source.list === undefined) await catalogue.putVaults(vaults);
      else {
        const known = new Set((await catalogue.vaults()).map(({ key }) => key));
        for (const vault of vaults)
          await this.takeList(one.source.list.bind(one.source), vault, known.has(vault.key));
      }
      one.problem = undefined;
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      log(`archives: ${one.name}: ${error.message}`);
      one.problem = { source: one.name, code: error.code, at: one.problem?.at ?? now() };
    }
    changed?.();
  }

  /** A list that can be read straight away. A bucket that holds no archive and never did is none of ours. */
  private async takeList(
    list: NonNullable<ArchiveSource['list']>,
    vault: Vault,
    wasKnown: boolean,
  ): Promise<void> {
    const { catalogue, now } = this.parts;
    const listedAt = now();
    let known = wasKnown;
    for await (const rows of list(vault)) {
      if (rows.length === 0) continue;
      if (!known) await catalogue.putVaults([vault]);
      known = true;
      await catalogue.putArchives(vault.key, rows, listedAt);
    }
    if (known) await catalogue.endList(vault.key, listedAt);
  }

  /** Does what is due of the lists asked for; resolves with the ms until something is again. */
  tick(): Promise<number> {
    this.ticking ??= Promise.all(
      this.watched.map(({ inventories }) => inventories?.tick() ?? Promise.resolve(Infinity)),
    )
      .then((waits) => Math.min(...waits))
      .finally(() => (this.ticking = undefined));
    return this.ticking;
  }

  /**
   * Asks AWS for the list of a vault by its key, absent: of every vault that some source has, unless one is under way
   * or less than a day old; buckets are listed anew. Resolves with for how many a list is now on its way or there. Throws the first `archives-*`
   * where none could be asked; `archives-missing` for a vault that no source has.
   */
  async ask(key: string | undefined, by: string | null): Promise<number> {
    let count = 0;
    let first: LatchkeyError | undefined;
    for (const one of this.watched) {
      const { name, source, inventories } = one;
      if (inventories === undefined) {
        count += await this.lookAgain(one, key);
        continue;
      }
      try {
        const vaults = await source.vaults();
        await this.parts.catalogue.putVaults(vaults);
        for (const vault of vaults) {
          if (key !== undefined && vault.key !== key && vault.name !== key) continue;
          // what AWS never counted has no list yet
          if (key === undefined && vault.counted === undefined) continue;
          try {
            await inventories.ask(vault, by);
            count++;
          } catch (thrown) {
            first ??= asLatchkeyError(thrown);
          }
        }
      } catch (thrown) {
        first ??= asLatchkeyError(thrown);
        this.parts.log(`archives: ${name}: ${first.message}`);
      }
    }
    if (count === 0) {
      if (first !== undefined) throw first;
      if (key !== undefined) throw new LatchkeyError('archives-missing', key);
    }
    return count;
  }

  /** A list that needs no waiting is taken anew, behind the answer. How many buckets that is. */
  private async lookAgain(one: Watched, key: string | undefined): Promise<number> {
    const buckets = (await this.parts.catalogue.vaults()).filter(
      (vault) => vault.kind === 'bucket' && (key === undefined || vault.key === key || vault.name === key),
    );
    if (key !== undefined && buckets.length === 0) return 0;
    if (this.parts.now() - one.lookedAt >= lookAgainAfter) void this.lookAt(one);
    return buckets.length;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.watched.map(({ source }) => source.stop()));
  }
}
