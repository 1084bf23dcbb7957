import { newJobId } from '../job-id.ts';
import { grace, hour, jobOf, minute, wantedOf, type RestoresParts } from './engine.ts';
import type { ItemChange, RestoreChange, RestoreItem, RestoreRecord } from './records.ts';
import type { VaultTurns } from './vault-turns.ts';

interface Parts extends Pick<RestoresParts, 'now' | 'random' | 'log'> {
  readonly turns: VaultTurns;
  readonly put: (change: RestoreChange) => Promise<void>;
  readonly fail: (item: RestoreItem, code: string, message: string | null) => Promise<void>;
}

type Change = NonNullable<RestoreChange['items']>[number];

/** Times that AWS may have it ready in vain. */
const mostMissed = 3;
/** Of the 24 hours that AWS keeps it ready: AWS's own mover stages again with less left. */
const stageAgain = 5 * hour;

/** What AWS has ready for a day only: what is not fetched within it is staged anew, before its end where that is seen. */
export class StagingAgain {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
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

  /**
   * Stages a second time what will not be fetched in time. `rate`: bytes a second now; undefined: nothing is known of it.
   * Of vaults that is free while the first is there.
   */
  async look(record: RestoreRecord, items: readonly RestoreItem[], rate: number | undefined): Promise<void> {
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
    await this.parts.turns.run(item.vault, record, async (vault, retrieval) => {
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
}
