import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Vault } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { asLatchkeyError, realPause } from '../aws.ts';
import { asDisk, spareBytes } from './disk.ts';
import { jobOf, minute, passing, stopping, wantedOf, type RestoresParts } from './engine.ts';
import { incomingOf, makeIncoming } from './incoming.ts';
import { place } from './place.ts';
import { Rate } from './rate.ts';
import { receive } from './receive.ts';
import type { Checked, RestoreChange, RestoreItem, RestoreRecord } from './records.ts';
import type { Retrieval } from './retrieval.ts';
import { verify } from './verify.ts';

export interface FetchingParts extends RestoresParts {
  readonly put: (change: RestoreChange) => Promise<void>;
  readonly fail: (item: RestoreItem, code: string, message: string | null) => Promise<void>;
  readonly missed: (record: RestoreRecord, item: RestoreItem) => Promise<void>;
  readonly vault: (key: string) => Promise<{ vault: Vault; retrieval: Retrieval }>;
  readonly freeIn: () => Promise<number>;
  /** Something stops the whole. */
  readonly stop: (error: LatchkeyError) => Promise<void>;
  /** There is room for another. */
  readonly ended: () => void;
}

/** Parts that come at the same time. */
const abreast = 3;
/** Between writes of how much has come. */
const progressBytes = 64 * 1024 * 1024;

interface Running {
  readonly whole: number;
  readonly stopper: AbortController;
  readonly ended: Promise<void>;
  readonly rate: Rate;
  down: number;
}

interface Placed {
  readonly file: string;
  readonly checked: Checked | null;
  readonly hashed: RestoreChange['hashed'] | undefined;
}

/** What comes down: fetched, compared, and given its name. A kill at any moment costs at most the MiB under way. */
export class Fetching {
  private readonly parts: FetchingParts;
  /** By `n` of the item. */
  private readonly running = new Map<number, Running>();
  private readonly later = new Map<number, { at: number; failures: number }>();
  /** Archives that came whole and wrong once, by `whole`. */
  private readonly wrong = new Set<number>();
  /** Archives that are being compared now, by `whole`. */
  private readonly checking = new Set<number>();
  private readonly rate: Rate;

  constructor(parts: FetchingParts) {
    this.parts = parts;
    this.rate = new Rate(parts.now);
  }

  /** Bytes a second of all; 0 where fetching fails. Undefined: not known. */
  get perSecond(): number | undefined {
    return this.rate.perSecond ?? (this.later.size > 0 ? 0 : undefined);
  }

  of(n: number): { readonly down: number; readonly rate: number | undefined } | undefined {
    const one = this.running.get(n);
    return one === undefined ? undefined : { down: one.down, rate: one.rate.perSecond };
  }

  get busy(): boolean {
    return this.running.size > 0;
  }

  /** Once what is under way now has come, or failed. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  /** Begins what there is room for. `items`: what runs out first, first. */
  begin(record: RestoreRecord, items: readonly RestoreItem[]): void {
    for (const item of items) {
      if (this.running.size >= abreast) return;
      if (this.running.has(item.n) || (this.later.get(item.n)?.at ?? 0) > this.parts.now()) continue;
      // the parts of an archive are compared together, by one of them
      if (item.state === 'checking' && [...this.running.values()].some(({ whole }) => whole === item.whole))
        continue;
      const stopper = new AbortController();
      const rate = new Rate(this.parts.now);
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      this.running.set(item.n, { whole: item.whole, stopper, ended, rate, down: item.down });
      void this.work(record, item, stopper.signal)
        .catch((thrown: unknown) => this.parts.log(`archives: ${String(thrown)}`))
        .finally(() => {
          this.running.delete(item.n);
          end();
          this.parts.ended();
        });
    }
  }

  /** Of an archive, absent: of all. What has come stays; `settled` tells when it has ended. */
  abort(whole?: number): void {
    for (const one of this.running.values())
      if (whole === undefined || one.whole === whole)
        one.stopper.abort(new LatchkeyError('archives-unreachable', 'stopped'));
  }

  private async work(record: RestoreRecord, item: RestoreItem, signal: AbortSignal): Promise<void> {
    try {
      if (item.state !== 'checking') await this.fetch(record, item, signal);
      await this.check(record, item, signal);
      this.later.delete(item.n);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asDisk(thrown) ?? asLatchkeyError(thrown);
      if (error.code === 'archives-expired') return this.parts.missed(record, item);
      if (passing.includes(error.code)) {
        const failures = (this.later.get(item.n)?.failures ?? 0) + 1;
        const wait = Math.min(minute * 2 ** (failures - 1), 30 * minute);
        this.later.set(item.n, { at: this.parts.now() + wait, failures });
        return this.parts.log(`archives: ${item.name}: ${error.message}`);
      }
      if (stopping.includes(error.code)) return this.parts.stop(error);
      await this.parts.fail(item, error.code, error.detail?.slice(0, 300) ?? null);
    }
  }

  private async fetch(record: RestoreRecord, item: RestoreItem, signal: AbortSignal): Promise<void> {
    const { put, log, freeIn } = this.parts;
    const { vault, retrieval } = await this.parts.vault(item.vault);
    const wanted = wantedOf(item, record);
    const { data, sums } = filesOf(record, item);
    await makeIncoming(record.folder);
    const free = await freeIn();
    if (item.bytes - item.down > free - spareBytes)
      throw new LatchkeyError(
        'archives-space',
        `${item.bytes - item.down} bytes are to come, ${free} are free`,
      );
    await put({ restore: record.id, items: [{ n: item.n, set: { state: 'downloading' } }] });
    const needsNone = item.storageClass === 'GLACIER_IR';
    let [down, told, gets, out] = [item.down, item.down, 0, 0];
    let telling = Promise.resolve();
    const tell = (): Promise<void> => {
      const add = { gets, out, ...(needsNone ? { retrieved: out } : {}) };
      [told, gets, out] = [down, 0, 0];
      return put({ restore: record.id, items: [{ n: item.n, set: { down }, add }] });
    };
    const running = this.running.get(item.n);
    try {
      await receive({
        part: item,
        data,
        sums,
        signal,
        range: (first, last, stop) => retrieval.range(vault, wanted, first, last, stop),
        pause: this.parts.pause ?? realPause,
        progress: (bytes) => {
          const more = Math.max(0, bytes - down);
          down = bytes;
          if (running !== undefined) running.down = bytes;
          running?.rate.add(more);
          this.rate.add(more);
          this.parts.changed?.();
          if (Math.abs(down - told) >= progressBytes) telling = telling.then(tell).catch(() => undefined);
        },
        counted: (requests, bytes) => {
          gets += requests;
          out += bytes;
        },
        log: (line) => log(`archives: ${item.name}: ${line}`),
      });
    } finally {
      await telling;
      await tell();
    }
    await put({ restore: record.id, items: [{ n: item.n, set: { state: 'checking', down: item.bytes } }] });
  }

  /** Once all parts of the archive are here. */
  private async check(record: RestoreRecord, item: RestoreItem, signal: AbortSignal): Promise<void> {
    const { catalogue, put, now } = this.parts;
    const all = await catalogue.restores.items({
      restore: record.id,
      by: 'whole',
      whole: item.whole,
      limit: item.parts,
    });
    const [first] = all;
    if (first === undefined || all.length < item.parts || all.some(({ state }) => state !== 'checking'))
      return;
    // two parts that end in the same moment
    if (this.checking.has(item.whole)) return;
    this.checking.add(item.whole);
    try {
      const { data } = filesOf(record, item);
      let placed: Placed | undefined =
        first.file !== null && !existsSync(data)
          ? { file: first.file, checked: first.checked, hashed: undefined }
          : undefined;
      placed ??= await this.judge(record, item, all, signal);
      if (placed === undefined) return;
      const { file, checked, hashed } = placed;
      const done = { state: 'back', checkedAt: now(), checked, file, code: null, message: null } as const;
      await put({
        restore: record.id,
        items: all.map(({ n }) => ({ n, set: done })),
        ...(hashed === undefined ? {} : { hashed }),
        jobs: all.flatMap((part) =>
          part.job === null
            ? []
            : [
                jobOf(part, record, 'ready', {
                  id: part.job,
                  jobId: part.jobId,
                  askedAt: part.askedAt ?? 0,
                  completedAt: part.readyAt,
                  expiresAt: part.until,
                  fetched: part.bytes,
                  doneAt: now(),
                }),
              ],
        ),
      });
      await this.sweep(record, all);
      this.parts.back?.(item, path.join(record.folder, file));
    } finally {
      this.checking.delete(item.whole);
    }
  }

  /** Compares the whole, and gives it its name. Undefined: some of it is to be fetched again. */
  private async judge(
    record: RestoreRecord,
    item: RestoreItem,
    all: readonly RestoreItem[],
    signal: AbortSignal,
  ): Promise<Placed | undefined> {
    const { put, log } = this.parts;
    const { vault, retrieval } = await this.parts.vault(item.vault);
    const told = item.treeHash === null ? await retrieval.sums(vault, wantedOf(item, record)) : {};
    if (item.treeHash === null && retrieval.looksCost)
      await put({ restore: record.id, items: [{ n: item.n, set: {}, add: { looks: 1 } }] });
    const { data } = filesOf(record, item);
    const verdict = await verify({
      data,
      size: item.size,
      parts: all.map((part) => ({ first: part.first, bytes: part.bytes, sums: filesOf(record, part).sums })),
      treeHash: item.treeHash,
      told,
      signal,
    });
    if ('wrong' in verdict) throw new LatchkeyError('archives-damaged', verdict.wrong);
    if ('right' in verdict) {
      const { right: checked, treeHash } = verdict;
      const wanted = { name: item.name === '' ? item.id : item.name, reserved: all[0]?.file ?? null };
      // S3 tells none: what came is known by it from now on
      const hashed = item.treeHash === null ? { item: item.n, treeHash } : undefined;
      const named = (file: string): Promise<void> =>
        put({
          restore: record.id,
          items: all.map(({ n }) => ({ n, set: { file, checked } })),
          ...(hashed === undefined ? {} : { hashed }),
        });
      return { file: await place(data, record.folder, wanted, named), checked, hashed };
    }
    const where = verdict.again.slice(0, 20).join(', ');
    log(
      `archives: ${item.name}: MiB ${where} ${verdict.turned ? 'turned on this disk' : 'may have come damaged'}, and will be fetched again`,
    );
    if (!verdict.turned) {
      if (this.wrong.has(item.whole)) throw new LatchkeyError('archives-damaged', `MiB ${where}`);
      this.wrong.add(item.whole);
    }
    await put({ restore: record.id, items: all.map(({ n }) => ({ n, set: { state: 'ready' } })) });
    return undefined;
  }

  /** What has come of an archive that failed. */
  async forget(record: RestoreRecord, item: RestoreItem): Promise<void> {
    const all = await this.parts.catalogue.restores.items({
      restore: record.id,
      by: 'whole',
      whole: item.whole,
      limit: item.parts,
    });
    await this.sweep(record, all);
  }

  private async sweep(record: RestoreRecord, all: readonly RestoreItem[]): Promise<void> {
    for (const part of all) {
      const { data, sums } = filesOf(record, part);
      await rm(sums, { force: true });
      await rm(data, { force: true });
    }
  }
}

export function filesOf(
  { id, folder }: RestoreRecord,
  { n, whole }: RestoreItem,
): { data: string; sums: string } {
  const incoming = incomingOf(folder);
  return {
    data: path.join(incoming, `${id}-${whole}.part`),
    sums: path.join(incoming, `${id}-${n}.sums`),
  };
}
