import { type Vault } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { asLatchkeyError } from '../aws.ts';
import { newJobId } from '../job-id.ts';
import { day, grace, jobOf, minute, passing, stopping, wantedOf, type RestoresParts } from './engine.ts';
import type { ItemChange, RestoreChange, RestoreItem, RestoreRecord } from './records.ts';
import type { Retrieval, Standing } from './retrieval.ts';
import { spareBytes } from './disk.ts';
import { firstLook, stepOf, waitingOf } from './tiers.ts';

export interface AskingParts extends RestoresParts {
  readonly put: (change: RestoreChange) => Promise<void>;
  readonly fail: (item: RestoreItem, code: string, message: string | null) => Promise<void>;
  /** Looks a vault up by its key. */
  readonly vault: (key: string) => Promise<{ vault: Vault; retrieval: Retrieval }>;
  readonly freeIn: () => Promise<number>;
}

/** Looked at, or asked for, in one go. */
const batch = 200;
/** Asked for and not yet here, at most: what is waited for is gone through one by one. */
const mostOutstanding = 20_000;
/** Times that AWS may have it ready in vain. */
const mostMissed = 3;

type Change = NonNullable<RestoreChange['items']>[number];

/**
 * What is asked of AWS: a question is on the disk before it is put, an answer that was lost is looked for before it is
 * put again, and what somebody else has asked for is taken as it is.
 */
export class Asking {
  private readonly parts: AskingParts;
  /** By vault: when it is tried again, after it failed. */
  private readonly later = new Map<string, { at: number; failures: number }>();

  constructor(parts: AskingParts) {
    this.parts = parts;
  }

  /** How what is asked for stands. True: there is more to look at now. */
  async look(record: RestoreRecord): Promise<boolean> {
    const now = this.parts.now();
    const due = await this.parts.catalogue.restores.items({
      restore: record.id,
      by: 'due',
      now,
      limit: batch,
    });
    for (const [key, items] of byVault(due))
      await this.inVault(key, record, async (vault, retrieval) => {
        const standings = await retrieval.look(
          vault,
          items.map((item) => wantedOf(item, record)),
        );
        for (const [at, item] of items.entries())
          await this.took(record, item, standings[at] ?? { state: 'none' }, retrieval, vault);
      });
    return due.length === batch;
  }

  private async took(
    record: RestoreRecord,
    item: RestoreItem,
    standing: Standing,
    retrieval: Retrieval,
    vault: Vault,
  ): Promise<void> {
    const { now, put } = this.parts;
    const looked = { looks: retrieval.looksCost ? 1 : 0 };
    if (standing.state === 'failed') {
      await this.parts.fail(item, 'archives-missing', standing.message);
      return;
    }
    if (standing.state === 'none') {
      if (item.heard === 1) return this.missed(record, item);
      // AWS may have it and not list it yet
      if (now() - (item.askedAt ?? 0) < grace)
        return put({
          restore: record.id,
          items: [{ n: item.n, set: { due: (item.askedAt ?? 0) + grace }, add: looked }],
        });
      await this.mark(record, [item], looked);
      return this.put(record, { ...item, askedAt: now() }, vault, retrieval);
    }
    await put(this.standing(record, item, standing, item.heard === 0 && standing.ours, looked));
  }

  /** What AWS says of an item. `billed`: our question was taken, and is heard of now. */
  private standing(
    record: RestoreRecord,
    item: RestoreItem,
    standing: Standing & { state: 'asked' | 'ready' },
    billed: boolean,
    looked: { looks: number },
  ): RestoreChange {
    const now = this.parts.now();
    const cost = billed ? this.billed(record, item) : {};
    const ready = standing.state === 'ready';
    const until = ready ? standing.until : null;
    const set: ItemChange = ready
      ? { state: 'ready', jobId: standing.jobId, heard: 1, readyAt: now, until, due: now }
      : { state: 'asked', jobId: standing.jobId, heard: 1, due: this.nextLook(record, item) };
    const job = item.job;
    return {
      restore: record.id,
      items: [{ n: item.n, set, add: { ...looked, ...cost } }],
      ...(job === null
        ? {}
        : {
            jobs: [
              jobOf(item, record, ready ? 'ready' : 'running', {
                id: job,
                askedAt: item.askedAt ?? now,
                jobId: standing.jobId,
                completedAt: ready ? now : null,
                expiresAt: until,
              }),
            ],
          }),
    };
  }

  private billed({ copyDays }: RestoreRecord, { bytes, storageClass }: RestoreItem) {
    return {
      asks: 1,
      retrieved: bytes,
      copyByteDays: storageClass === 'VAULT' ? 0 : bytes * copyDays,
    };
  }

  private nextLook(record: RestoreRecord, { storageClass, askedAt }: RestoreItem): number {
    const now = this.parts.now();
    const asked = askedAt ?? now;
    const waiting = waitingOf(storageClass, record.tier) ?? { earliestMs: 0, latestMs: 5 * minute };
    // vaults tell of fifty at once, for nothing
    if (storageClass === 'VAULT') return now + Math.min(Math.max((now - asked) / 6, minute), 20 * minute);
    const first = asked + firstLook(waiting);
    return now < first ? first : now + stepOf(waiting);
  }

  /** AWS had it ready, and has it no more. Throws nothing. */
  async missed(record: RestoreRecord, item: RestoreItem): Promise<void> {
    if (item.nextJob !== null) {
      const { nextJob: job, nextJobId: jobId } = item;
      const set = {
        state: 'asked',
        job,
        jobId,
        nextJob: null,
        nextJobId: null,
        until: null,
        due: 0,
      } as const;
      await this.parts.put({
        restore: record.id,
        items: [{ n: item.n, set: { ...set, heard: jobId === null ? 0 : 1 } }],
      });
      return;
    }
    const missed = item.missed + 1;
    if (missed >= mostMissed) return this.parts.fail(item, 'archives-expired', null);
    this.parts.log(`archives: ${item.name}: it was not fetched in time, and is asked for again`);
    const set = {
      state: 'waiting',
      job: null,
      jobId: null,
      heard: 0,
      until: null,
      readyAt: null,
      missed,
    } as const;
    await this.parts.put({ restore: record.id, items: [{ n: item.n, set }] });
  }

  /** Asks for what there is room and a share of the day for. True: there may be more at once. Throws what stops the whole. */
  async ask(record: RestoreRecord): Promise<boolean> {
    const { catalogue, now } = this.parts;
    const since = now() - ((now() - record.startedAt) % day);
    const waiting = await catalogue.restores.items({ restore: record.id, by: 'waiting', limit: batch });
    if (waiting.length === 0) return false;
    const { states, askedSince } = await catalogue.restores.sums(record.id, since);
    const open = states.filter(({ state }) => ['asked', 'ready', 'downloading', 'checking'].includes(state));
    const outstanding = open.reduce((sum, { bytes, down }) => sum + bytes - down, 0);
    const items = open.reduce((sum, one) => sum + one.items, 0);
    let room = (await this.parts.freeIn()) - spareBytes - outstanding;
    let share = (record.perDay ?? Infinity) - askedSince;
    let asked = askedSince;
    const chosen: RestoreItem[] = [];
    for (const item of waiting) {
      if (items + chosen.length >= mostOutstanding) break;
      const left = item.bytes - item.down;
      if (left > room) {
        if (chosen.length === 0 && outstanding === 0)
          throw new LatchkeyError(
            'archives-space',
            `${left} bytes are to come, ${Math.max(0, room)} are free`,
          );
        break;
      }
      // what is larger than a day's share has a day of its own
      if (item.storageClass !== 'GLACIER_IR' && item.bytes > share && asked > 0) break;
      chosen.push(item);
      room -= left;
      if (item.storageClass === 'GLACIER_IR') continue;
      share -= item.bytes;
      asked += item.bytes;
    }
    for (const [key, group] of byVault(chosen))
      await this.inVault(key, record, (vault, retrieval) => this.askFor(record, group, vault, retrieval));
    return chosen.length === batch;
  }

  private async askFor(
    record: RestoreRecord,
    items: readonly RestoreItem[],
    vault: Vault,
    retrieval: Retrieval,
  ): Promise<void> {
    const { now, put } = this.parts;
    // needs no question
    const free = items.filter(({ storageClass }) => storageClass === 'GLACIER_IR');
    if (free.length > 0)
      await put({
        restore: record.id,
        items: free.map(({ n }) => ({ n, set: { state: 'ready', readyAt: now(), due: now(), heard: 1 } })),
      });
    const cold = items.filter(({ storageClass }) => storageClass !== 'GLACIER_IR');
    if (cold.length === 0) return;
    const standings = await retrieval.look(
      vault,
      cold.map((item) => wantedOf(item, record)),
    );
    const looked = { looks: retrieval.looksCost ? 1 : 0 };
    const questions: RestoreItem[] = [];
    for (const [at, item] of cold.entries()) {
      const standing = standings[at] ?? { state: 'none' };
      if (standing.state === 'asked' || standing.state === 'ready')
        // somebody asked for the same: nothing is paid for
        await put(this.standing(record, { ...item, askedAt: now() }, standing, false, looked));
      else questions.push(item);
    }
    const marked = await this.mark(record, questions, looked);
    for (const item of marked) await this.put(record, item, vault, retrieval);
  }

  /** On the disk as asked for, before AWS hears of it. */
  private async mark(
    record: RestoreRecord,
    items: readonly RestoreItem[],
    looked: { looks: number },
  ): Promise<RestoreItem[]> {
    const now = this.parts.now();
    const waiting = (item: RestoreItem): number =>
      now + (waitingOf(item.storageClass, record.tier)?.latestMs ?? 0);
    const marked = items.map((item) => ({
      ...item,
      job: item.job ?? newJobId(this.parts.random()),
      askedAt: now,
      heard: 0 as const,
      state: 'asked' as const,
      readyAt: waiting(item),
      due: now + grace,
    }));
    if (marked.length > 0)
      await this.parts.put({
        restore: record.id,
        items: marked.map(({ n, job, askedAt, heard, state, readyAt, due }): Change => ({
          n,
          set: { job, jobId: null, askedAt, heard, state, readyAt, due },
          add: looked,
        })),
        jobs: marked.map((item) => jobOf(item, record, 'asking', { id: item.job, askedAt: now })),
      });
    return marked;
  }

  /** The question itself. Throws what stops the whole, with the item waiting again. */
  private async put(
    record: RestoreRecord,
    item: RestoreItem,
    vault: Vault,
    retrieval: Retrieval,
  ): Promise<void> {
    const { tier, copyDays } = record;
    try {
      const standing = await retrieval.ask(vault, wantedOf({ ...item, jobId: null }, record), {
        tier,
        days: copyDays,
      });
      if (standing.state === 'asked' || standing.state === 'ready')
        await this.parts.put(this.standing(record, item, standing, standing.ours, { looks: 0 }));
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      // not heard, or told to wait: it is looked for before it is asked again
      if (passing.includes(error.code)) {
        this.parts.log(`archives: ${item.name}: ${error.message}`);
        return;
      }
      const message = error.detail?.slice(0, 300) ?? null;
      const job = jobOf(item, record, 'failed', { id: item.job ?? '', askedAt: item.askedAt ?? 0, message });
      if (!stopping.includes(error.code)) {
        await this.parts.put({ restore: record.id, jobs: [job] });
        return this.parts.fail(item, error.code, message);
      }
      const set = {
        state: 'waiting',
        job: null,
        jobId: null,
        heard: 0,
        askedAt: null,
        readyAt: null,
      } as const;
      await this.parts.put({ restore: record.id, items: [{ n: item.n, set }], jobs: [job] });
      throw error;
    }
  }

  /**
   * Stages a second time what will not be fetched in time. `rate`: bytes a second now; undefined: nothing is known of it.
   * Of vaults that is free while the first is there.
   */
  async restage(
    record: RestoreRecord,
    items: readonly RestoreItem[],
    rate: number | undefined,
  ): Promise<void> {
    const { now } = this.parts;
    let before = 0;
    for (const item of items) {
      before += item.bytes - item.down;
      if (item.until === null || item.state === 'checking') continue;
      const left = item.until - now();
      if (item.nextJob !== null) {
        if (item.due <= now()) await this.next(record, item);
      } else if (left < stageAgain && rate !== undefined && before / rate > (left - minute) / 1000)
        await this.next(record, item);
    }
  }

  private async next(record: RestoreRecord, item: RestoreItem): Promise<void> {
    const { now, put, log } = this.parts;
    await this.inVault(item.vault, record, async (vault, retrieval) => {
      const fresh = item.nextJob === null;
      const id = item.nextJob ?? newJobId(this.parts.random());
      const set = (change: ItemChange, add?: Change['add']): Promise<void> =>
        put({
          restore: record.id,
          items: [{ n: item.n, set: change, ...(add === undefined ? {} : { add }) }],
        });
      const wanted = { ...wantedOf(item, record), job: id, jobId: item.nextJobId };
      if (!fresh) {
        // the first still stands there ready: only the second is meant
        const [standing] = await retrieval.look(vault, [wanted]);
        if (standing?.state === 'ready' && standing.ours)
          return set({
            job: id,
            jobId: standing.jobId,
            nextJob: null,
            nextJobId: null,
            until: standing.until,
          });
        if (standing?.state === 'asked' && standing.ours)
          return set(
            { nextJobId: standing.jobId, due: now() + 10 * minute },
            item.nextJobId === null ? { asks: 1 } : undefined,
          );
        if (standing?.state === 'failed')
          return set({ nextJob: null, nextJobId: null, due: now() + 10 * minute });
      }
      log(`archives: ${item.name}: it will not be here in time, and is staged again`);
      const job = (status: 'asking' | 'running', jobId: string | null) =>
        jobOf(item, record, status, { id, askedAt: now(), jobId });
      await put({
        restore: record.id,
        items: [{ n: item.n, set: { nextJob: id, nextJobId: null, due: now() + grace } }],
        jobs: [job('asking', null)],
      });
      const standing = await retrieval.ask(
        vault,
        { ...wanted, jobId: null },
        {
          tier: record.tier,
          days: record.copyDays,
        },
      );
      if (standing.state === 'ready')
        // S3 only moves the end of its copy
        return set(
          { nextJob: null, nextJobId: null, until: standing.until },
          { copyByteDays: item.bytes * record.copyDays },
        );
      if (standing.state !== 'asked') return;
      await put({
        restore: record.id,
        items: [
          {
            n: item.n,
            set: { nextJobId: standing.jobId, due: now() + minute },
            add: { asks: 1 },
          },
        ],
        jobs: [job('running', standing.jobId)],
      });
    });
  }

  /** One vault that fails holds up no other. Throws what stops the whole. */
  private async inVault(
    key: string,
    record: RestoreRecord,
    work: (vault: Vault, retrieval: Retrieval) => Promise<void>,
  ): Promise<void> {
    const { now, log } = this.parts;
    if ((this.later.get(key)?.at ?? 0) > now()) return;
    try {
      const { vault, retrieval } = await this.parts.vault(key);
      await work(vault, retrieval);
      this.later.delete(key);
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      if (stopping.includes(error.code)) throw error;
      const failures = (this.later.get(key)?.failures ?? 0) + 1;
      this.later.set(key, { at: now() + Math.min(minute * 2 ** (failures - 1), 30 * minute), failures });
      log(`archives: restore ${record.id}: ${error.message}`);
    }
  }
}

/** Of the 24 hours that AWS keeps it ready: AWS's own mover stages again with less left. */
const stageAgain = 5 * 60 * minute;

function byVault(items: readonly RestoreItem[]): Map<string, RestoreItem[]> {
  const groups = new Map<string, RestoreItem[]>();
  for (const item of items) groups.set(item.vault, [...(groups.get(item.vault) ?? []), item]);
  return groups;
}
