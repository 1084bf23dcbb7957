import type { Vault } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import { asLatchkeyError } from '../aws.ts';
import { newJobId } from '../job-id.ts';
import { spareBytes } from './disk.ts';
import { day, grace, jobOf, passing, stopping, wantedOf, type RestoresParts } from './engine.ts';
import type { RestoreChange, RestoreItem, RestoreRecord } from './records.ts';
import type { Retrieval, Standing } from './retrieval.ts';
import { standingChange } from './standings.ts';
import { waitingOf } from './tiers.ts';
import type { VaultTurns } from './vault-turns.ts';

export interface AskingParts extends RestoresParts {
  readonly put: (change: RestoreChange) => Promise<void>;
  readonly fail: (item: RestoreItem, code: string, message: string | null) => Promise<void>;
  /** AWS had it ready, and has it no more. */
  readonly missed: (record: RestoreRecord, item: RestoreItem) => Promise<void>;
  readonly turns: VaultTurns;
  readonly freeIn: () => Promise<number>;
}

/** Looked at, or asked for, in one go. */
const batch = 200;
/** Asked for and not yet here, at most: what is waited for is gone through one by one. */
const mostOutstanding = 20_000;

type Change = NonNullable<RestoreChange['items']>[number];

/**
 * What is asked of AWS: a question is on the disk before it is put, an answer that was lost is looked for before it is
 * put again, and what somebody else has asked for is taken as it is.
 */
export class Asking {
  private readonly parts: AskingParts;

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
      await this.parts.turns.run(key, record, async (vault, retrieval) => {
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
      if (item.heard === 1) return this.parts.missed(record, item);
      // AWS may have it and not list it yet
      if (now() - (item.askedAt ?? 0) < grace)
        return put({
          restore: record.id,
          items: [{ n: item.n, set: { due: (item.askedAt ?? 0) + grace }, add: looked }],
        });
      await this.mark(record, [item], looked);
      return this.put(record, { ...item, askedAt: now() }, vault, retrieval);
    }
    const billed = item.heard === 0 && standing.ours;
    await put(standingChange(record, item, standing, { billed, counted: looked, now: now() }));
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
      await this.parts.turns.run(key, record, (vault, retrieval) =>
        this.askFor(record, group, vault, retrieval),
      );
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
        await put(
          standingChange(record, { ...item, askedAt: now() }, standing, {
            billed: false,
            counted: looked,
            now: now(),
          }),
        );
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
    const { now } = this.parts;
    try {
      const standing = await retrieval.ask(vault, wantedOf({ ...item, jobId: null }, record), {
        tier,
        days: copyDays,
      });
      if (standing.state === 'asked' || standing.state === 'ready')
        await this.parts.put(
          standingChange(record, item, standing, { billed: standing.ours, counted: {}, now: now() }),
        );
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
}

function byVault(items: readonly RestoreItem[]): Map<string, RestoreItem[]> {
  const groups = new Map<string, RestoreItem[]>();
  for (const item of items) groups.set(item.vault, [...(groups.get(item.vault) ?? []), item]);
  return groups;
}
