import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { vaultOf, type Job, type Vault } from '../../lib/archive.ts';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import { asLatchkeyError } from './aws.ts';
import type { Catalogue, Imported } from './catalogue.ts';
import { newJobId } from './job-id.ts';
import type { InventoryJobs } from './source.ts';

export interface InventoryParts {
  readonly catalogue: Pick<Catalogue, 'importFile' | 'jobs' | 'putJobs'>;
  readonly inventory: InventoryJobs;
  /** Where outputs arrive: a folder of this source alone, 0700. */
  readonly folder: string;
  /** Unix ms. */
  readonly now: () => number;
  /** 16 bytes. */
  readonly random: () => Uint8Array;
  readonly log: (line: string) => void;
  /**
   * An inventory was taken in. Waited for before its job is over: after a kill in between it is told again, never not
   * at all.
   */
  readonly ready?: (vault: Vault, imported: Imported) => void | Promise<void>;
  /** One that was waited for will not come. */
  readonly failed?: (vault: Vault, code: ErrorCode) => void;
  /** Something of a job is another than before. */
  readonly changed?: () => void;
}

const minute = 60_000;
const hour = 60 * minute;
/** How long an answer that never came may still turn up as a job in AWS's list. */
const grace = minute;
/** Between writes of how much has arrived. */
const progressBytes = 64 * 1024 * 1024;

/**
 * The lists of vaults: asked for once, waited for, fetched, taken in. What is to be done follows from the jobs on the
 * disk and from AWS's own list of jobs alone, so that a kill at any moment costs nothing and repeats nothing:
 *
 * - `asking` is written before AWS is asked. Where no answer came, AWS's list is looked through for our id;
 * - nothing is asked while a job runs or an output can still be fetched, whoever started it;
 * - an output goes on where its file ends, and its file goes when the catalogue has it.
 */
export class Inventories {
  private readonly parts: InventoryParts;
  /** By vault: one thing at a time. */
  private readonly turns = new Map<string, Promise<unknown>>();
  /** By vault: when it is looked after again, and how often it failed in a row. */
  private readonly next = new Map<string, { at: number; failures: number }>();
  private readonly failing = new Map<string, { code: ErrorCode; at: number }>();

  constructor(parts: InventoryParts) {
    this.parts = parts;
    mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  }

  /** What could not be done for a vault, by its key, and since when. */
  get problems(): ReadonlyMap<string, { readonly code: ErrorCode; readonly at: number }> {
    return this.failing;
  }

  /**
   * Asks for the list of a vault, unless one is under way or an output is there; resolves with the job that stands for
   * it. Throws `archives-*`, with nothing asked; where AWS's answer was lost the job stays `asking`, and is found.
   */
  ask(vault: Vault, by: string | null): Promise<Job> {
    return this.inTurn(vault.key, async () => {
      const { catalogue, inventory, now } = this.parts;
      this.failing.delete(vault.key);
      this.next.delete(vault.key);
      const mine = (await catalogue.jobs({ vault: vault.key, kind: 'inventory' })).find((job) =>
        stands(job, now()),
      );
      if (mine !== undefined) return mine;
      const theirs = await this.atAws(vault);
      if (theirs !== undefined) return this.put({ ...theirs, askedBy: by });
      const job: Job = {
        id: newJobId(this.parts.random()),
        vault: vault.key,
        kind: 'inventory',
        jobId: null,
        archive: null,
        tier: null,
        status: 'asking',
        askedAt: now(),
        askedBy: by,
        completedAt: null,
        expiresAt: null,
        size: null,
        fetched: 0,
        doneAt: null,
        message: null,
      };
      await this.put(job);
      return this.initiate(vault, inventory, job);
    });
  }

  /** Does what is due for every vault; resolves with the ms until something is again. Never rejects. */
  async tick(): Promise<number> {
    const { catalogue, now, log } = this.parts;
    let open: readonly Job[];
    try {
      open = (await catalogue.jobs({ kind: 'inventory', status: ['asking', 'running', 'ready'] })).filter(
        ({ doneAt }) => doneAt === null,
      );
    } catch (error) {
      log(`archives: ${String(error)}`);
      return minute;
    }
    this.sweep(open);
    await Promise.all(
      open.map(async (job) => {
        const due = this.next.get(job.vault);
        if (due !== undefined && due.at > now()) return;
        const vault = vaultOf(job.vault);
        if (vault === undefined) return;
        await this.inTurn(job.vault, async () => {
          // another turn may have moved it
          const [job_] = (await catalogue.jobs({ vault: job.vault, kind: 'inventory' })).filter(
            ({ id }) => id === job.id,
          );
          if (job_ === undefined || job_.doneAt !== null || job_.status === 'failed') return;
          await this.step(vault, job_);
          this.failing.delete(job.vault);
          this.next.set(job.vault, { at: now() + pauseFor(now() - job_.askedAt), failures: 0 });
        }).catch((thrown: unknown) => {
          const error = asLatchkeyError(thrown);
          const failures = (this.next.get(job.vault)?.failures ?? 0) + 1;
          this.next.set(job.vault, { at: now() + Math.min(minute * 2 ** (failures - 1), hour), failures });
          this.failing.set(job.vault, { code: error.code, at: this.failing.get(job.vault)?.at ?? now() });
          log(`archives: ${vault.name ?? job.vault}: ${error.message}`);
          this.parts.changed?.();
        });
      }),
    );
    const waits = open.map(({ vault }) => (this.next.get(vault)?.at ?? now() + minute) - now());
    return Math.max(1000, Math.min(hour, ...waits));
  }

  private async step(vault: Vault, job: Job): Promise<void> {
    const { inventory, now } = this.parts;
    if (job.status === 'asking') {
      const found = await this.atAws(vault, job);
      if (found !== undefined) return void (await this.put(merged(job, found)));
      // AWS may have it and not list it yet
      if (now() - job.askedAt < grace) return;
      await this.initiate(vault, inventory, await this.put({ ...job, askedAt: now() }));
      return;
    }
    if (job.status === 'running') {
      const found = await this.atAws(vault, job);
      if (found === undefined) {
        return this.expire(vault, job, 'AWS no longer knows this job.');
      }
      if (found.status === 'running') return;
      const told = await this.put(merged(job, found));
      if (told.status === 'failed') return this.parts.failed?.(vault, 'archives-refused');
      return this.take(vault, told);
    }
    if ((job.expiresAt ?? 0) <= now()) {
      return this.expire(vault, job, 'It was not fetched in time.');
    }
    return this.take(vault, job);
  }

  /** Fetches the output, takes it in, and forgets the file: each is on the disk before the next begins. */
  private async take(vault: Vault, job: Job): Promise<void> {
    const { catalogue, inventory, now } = this.parts;
    const file = this.fileOf(job);
    let written = job.fetched;
    let putting = Promise.resolve();
    try {
      await inventory.fetch(vault, job, file, (bytes) => {
        if (bytes - written < progressBytes && bytes !== job.size) return;
        written = bytes;
        // only shown: where it goes on is where the file ends
        putting = putting.then(() => this.put({ ...job, fetched: bytes })).then(nothing, nothing);
      });
    } catch (error) {
      await putting;
      if (error instanceof LatchkeyError && error.code === 'archives-expired')
        return this.expire(vault, job, 'It was not fetched in time.');
      if (error instanceof LatchkeyError && error.code === 'archives-malformed')
        rmSync(file, { force: true });
      throw error;
    }
    await putting;
    const handle = await open(file, 'r');
    let imported: Imported;
    try {
      const size = statSync(file).size;
      imported = await catalogue.importFile({ fd: handle.fd, size, vault: vault.key });
    } catch (error) {
      // what arrived is no inventory: it is fetched anew while AWS has it
      if (
        error instanceof LatchkeyError &&
        error.code.startsWith('archives-') &&
        error.code !== 'archives-busy'
      ) {
        rmSync(file, { force: true });
        await this.put({ ...job, fetched: 0 });
      }
      throw error;
    } finally {
      await handle.close();
    }
    await this.parts.ready?.(vault, imported);
    await this.put({ ...job, fetched: job.size ?? 0, doneAt: now() });
    rmSync(file, { force: true });
  }

  /** It has to be asked for anew, which only a person does. Throws `archives-expired`. */
  private async expire(vault: Vault, job: Job, message: string): Promise<never> {
    await this.put({ ...job, status: 'failed', message });
    rmSync(this.fileOf(job), { force: true });
    this.parts.failed?.(vault, 'archives-expired');
    throw new LatchkeyError('archives-expired', job.jobId ?? job.id);
  }

  private async initiate(vault: Vault, inventory: InventoryJobs, job: Job): Promise<Job> {
    try {
      return await this.put(await inventory.ask(vault, job));
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      // not heard, or told to wait: it stays `asking`
      if (error.code === 'archives-unreachable' || error.code === 'archives-throttled') {
        this.parts.log(`archives: ${vault.name ?? vault.key}: ${error.message}`);
        return job;
      }
      await this.put({ ...job, status: 'failed', message: error.detail?.slice(0, 300) ?? null });
      throw error;
    }
  }

  /** AWS's own list: this job, else any whole list of the vault that is under way or can still be fetched. */
  private async atAws(vault: Vault, job?: Job): Promise<Job | undefined> {
    const told = (await this.parts.inventory.jobs(vault)).filter(({ kind }) => kind === 'inventory');
    const same = told.find(
      ({ id, jobId }) => job !== undefined && (id === job.id || (job.jobId !== null && jobId === job.jobId)),
    );
    if (same !== undefined || job?.status === 'running') return same;
    return told.filter((one) => stands(one, this.parts.now())).sort((a, b) => b.askedAt - a.askedAt)[0];
  }

  private async put(job: Job): Promise<Job> {
    await this.parts.catalogue.putJobs([job]);
    this.parts.changed?.();
    return job;
  }

  private fileOf({ id }: Job): string {
    // an id of somebody else's job is AWS's text
    return path.join(this.parts.folder, `${Buffer.from(id).toString('base64url').slice(0, 200)}.part`);
  }

  /** Files of jobs that are over. */
  private sweep(open: readonly Job[]): void {
    const kept = new Set(open.map((job) => path.basename(this.fileOf(job))));
    for (const name of readdirSync(this.parts.folder))
      if (name.endsWith('.part') && !kept.has(name))
        rmSync(path.join(this.parts.folder, name), { force: true });
  }

  private inTurn<Result>(vault: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.turns.get(vault) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(
      vault,
      mine.catch(() => undefined),
    );
    return mine;
  }
}

const nothing = (): void => undefined;

/** Does it stand in the way of asking again? */
function stands(job: Job, now: number): boolean {
  if (job.status === 'asking' || job.status === 'running') return true;
  return job.status === 'ready' && (job.expiresAt ?? 0) > now;
}

/** Ours, with what AWS says of it. */
function merged(job: Job, told: Job): Job {
  const { jobId, status, completedAt, expiresAt, size, message } = told;
  return { ...job, jobId, status, completedAt, expiresAt, size, message };
}

/** Until the next look at a job of this age: an inventory takes 3 to 5 hours. */
export function pauseFor(age: number): number {
  return Math.min(Math.max(age / 6, minute), 20 * minute);
}
