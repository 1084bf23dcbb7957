import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { bucketOf, vaultOf, type Tier, type Vault } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import type { RestorePlan, RestoreRow, RestoreView } from '../../../lib/protocol/restores.ts';
import { isTypedSize } from '../../../lib/restore.ts';
import { asLatchkeyError } from '../aws.ts';
import { Asking } from './asking.ts';
import { asDisk, freeIn, spareBytes } from './disk.ts';
import { minute, type RestoresParts } from './engine.ts';
import { Fetching } from './fetching.ts';
import { choicesOf, planView, wholeCost, type Counting, type Planned } from './plans.ts';
import type { Chosen, RestoreChange, RestoreItem, RestoreRecord } from './records.ts';
import type { Retrieval } from './retrieval.ts';
import { Overview } from './overview.ts';

export type { RestoresParts } from './engine.ts';

export interface RestoreOrder {
  readonly plan: string;
  readonly tier: Tier;
  /** The plan's size, as somebody typed it. */
  readonly typed: string;
  /** The whole, as it was shown. Millionths of a dollar. */
  readonly cost: number;
}

/** Plans are forgotten after this. */
const planLife = 15 * minute;
const mostPlans = 64;
const defaultCopyDays = 3;

/**
 * Getting archives back: plans, and the restore that is under way. What is to be done follows from archives.db, the files
 * in the folder, and what AWS says; a kill at any moment asks nothing twice and loses nothing. One restore runs at a time.
 */
export class Restores {
  private readonly parts: RestoresParts;
  private readonly plans = new Map<string, Planned>();
  private readonly asking: Asking;
  private readonly fetching: Fetching;
  /** How it stands. */
  readonly overview: Overview;
  private turn: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  /** Of what stopped the whole: when it is tried again. */
  private again = 0;

  constructor(parts: RestoresParts) {
    this.parts = parts;
    const shared = {
      ...parts,
      put: (change: RestoreChange) => this.put(change),
      fail: (item: RestoreItem, code: string, message: string | null) => this.fail(item, code, message),
      vault: (key: string) => this.vault(key),
      freeIn: () => this.free(),
    };
    this.asking = new Asking(shared);
    this.fetching = new Fetching({
      ...shared,
      missed: (record, item) => this.asking.missed(record, item),
      stop: (error) => this.halt(error),
      ended: () => {
        parts.changed?.();
        this.soon(0);
      },
    });
    this.overview = new Overview({ ...shared, coming: (n) => this.fetching.of(n) });
  }

  /** Asks AWS nothing. Throws `archives-nothing` where none of it can be asked back, and `config-*` for a broken table of prices. */
  async plan(of: Chosen, perDay?: number): Promise<RestorePlan> {
    const { now, random } = this.parts;
    const counting = await this.count(of, perDay);
    if (counting.chosen.archives === 0) throw new LatchkeyError('archives-nothing');
    const planned: Planned = {
      id: Buffer.from(random()).toString('base64url'),
      of,
      perDay,
      bytes: counting.chosen.bytes,
      madeAt: now(),
    };
    for (const [id, { madeAt }] of this.plans)
      if (madeAt + planLife < now() || this.plans.size >= mostPlans) this.plans.delete(id);
    this.plans.set(planned.id, planned);
    return planView(planned, counting, {
      free: Math.max(0, await this.free()),
      folder: path.basename(this.parts.folder),
    });
  }

  /** The whole with a tier, as the plan stands now. Millionths of a dollar. */
  async cost(plan: string, tier: Tier): Promise<number> {
    const { of, perDay } = this.planned(plan);
    return wholeCost(await this.count(of, perDay), tier);
  }

  /**
   * Begins a restore, and resolves with its id once it is on the disk; `id`: the caller's own, 22 letters. Throws `refused-plan`, `refused-size`,
   * `refused-cost`, `archives-refused` for a tier that AWS would refuse, `archives-restoring`: nothing is asked then.
   */
  start(order: RestoreOrder, by: string | null, id?: string): Promise<string> {
    return this.inTurn(async () => {
      const { catalogue, now, random, folder, copyDays = defaultCopyDays } = this.parts;
      const planned = this.planned(order.plan);
      if (!isTypedSize(order.typed, planned.bytes)) throw new LatchkeyError('refused-size');
      const before = await catalogue.restores.records();
      if (before.some(({ status }) => status === 'running')) throw new LatchkeyError('archives-restoring');
      const counting = await this.count(planned.of, planned.perDay);
      const { chosen } = counting;
      if (chosen.bytes !== planned.bytes) throw new LatchkeyError('refused-plan');
      if (!choicesOf(counting).some(({ tier }) => tier === order.tier))
        throw new LatchkeyError('archives-refused', order.tier);
      const costInAll = wholeCost(counting, order.tier);
      if (costInAll > order.cost * 1.05) throw new LatchkeyError('refused-cost');
      const record: RestoreRecord = {
        id: id ?? Buffer.from(random()).toString('base64url'),
        startedAt: now(),
        startedBy: by,
        tier: order.tier,
        perDay: planned.perDay ?? null,
        status: 'running',
        pausing: 0,
        folder,
        code: null,
        costInAll,
        copyDays,
        doneAt: null,
        archives: chosen.archives,
        bytes: chosen.bytes,
      };
      await catalogue.restores.begin(await this.choosing(planned.of, planned.perDay), record);
      this.plans.delete(order.plan);
      this.again = 0;
      this.parts.changed?.();
      this.soon(0);
      return record.id;
    });
  }

  /** Where archives are written from now on. */
  get folder(): string {
    return this.parts.folder;
  }

  async has(id: string): Promise<boolean> {
    return (await this.parts.catalogue.restores.records()).some((record) => record.id === id);
  }

  /** Asks for no more. `now`: fetches nothing more, either. */
  pause(id: string, at: { readonly now?: boolean } = {}): Promise<void> {
    return this.inTurn(async () => {
      const record = await this.record(id);
      if (record.status !== 'running') return;
      if (at.now !== true) return this.put({ restore: id, record: { pausing: 1 } });
      await this.put({ restore: id, record: { status: 'paused', pausing: 0 } });
      this.fetching.abort();
      await this.fetching.settled();
    });
  }

  /** Throws `archives-restoring` while another one runs. */
  goOn(id: string): Promise<void> {
    return this.inTurn(async () => {
      const record = await this.record(id);
      if (record.status === 'done') return;
      const all = await this.parts.catalogue.restores.records();
      if (all.some((other) => other.id !== id && other.status === 'running'))
        throw new LatchkeyError('archives-restoring');
      await this.put({ restore: id, record: { status: 'running', pausing: 0 } });
      this.again = 0;
      this.soon(0);
    });
  }

  /** Bytes that may be asked for in a day; absent: no cap. */
  cap(id: string, perDay?: number): Promise<void> {
    return this.inTurn(async () => {
      const record = await this.record(id);
      if (record.status === 'done') return;
      await this.put({ restore: id, record: { perDay: perDay ?? null } });
      this.soon(0);
    });
  }

  /** The restore that is under way, else the last one; none where there never was one. */
  view(from = 0, limit = 24): Promise<{ restore?: RestoreView; rows: RestoreRow[]; from: number }> {
    return this.overview.view(from, limit);
  }

  /** Does what is due; resolves with the ms until something is again. What comes down goes on behind it. Never rejects. */
  tick(): Promise<number> {
    return this.inTurn(() => this.round()).catch((thrown: unknown) => {
      this.parts.log(`archives: restore: ${String(thrown)}`);
      return minute;
    });
  }

  /** Ticks until nothing more can be done in this moment: for commands and tests that do not `run`. */
  async drain(): Promise<void> {
    for (let before = ''; ;) {
      await this.tick();
      await this.fetching.settled();
      const [record] = (await this.parts.catalogue.restores.records()).filter(
        ({ status }) => status === 'running',
      );
      if (record === undefined) return;
      const sums = await this.parts.catalogue.restores.sums(record.id, 0);
      const after = JSON.stringify([record, sums]);
      if (after === before) return;
      before = after;
    }
  }

  /** Goes on by itself with what is under way, also of an earlier life. */
  run(): void {
    this.running = true;
    this.soon(0);
  }

  async stop(): Promise<void> {
    this.running = false;
    clearTimeout(this.timer);
    await this.turn.catch(() => undefined);
    this.fetching.abort();
    await this.fetching.settled();
  }

  private soon(ms: number): void {
    if (!this.running) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.tick().then((wait) => this.soon(wait)), ms);
    this.timer.unref();
  }

  private async round(): Promise<number> {
    const { catalogue, now } = this.parts;
    const record = (await catalogue.restores.records()).find(({ status }) => status === 'running');
    if (record === undefined) return minute;
    if (now() < this.again) return Math.min(minute, this.again - now());
    try {
      mkdirSync(record.folder, { recursive: true, mode: 0o700 });
      if (record.code === 'archives-space') await this.hasRoom(record);
      let more = await this.asking.look(record);
      const fetching = () => catalogue.restores.items({ restore: record.id, by: 'fetching', limit: 200 });
      await this.asking.restage(record, await fetching(), this.fetching.perSecond);
      if (record.pausing === 0) more = (await this.asking.ask(record)) || more;
      if (record.code !== null) await this.put({ restore: record.id, record: { code: null } });
      this.fetching.begin(record, await fetching());
      await this.finish(record);
      return more ? 1000 : minute;
    } catch (thrown) {
      await this.halt(asDisk(thrown) ?? asLatchkeyError(thrown));
      return minute;
    }
  }

  /** Throws `archives-space` while the next part has no room. */
  private async hasRoom(record: RestoreRecord): Promise<void> {
    const { restores } = this.parts.catalogue;
    const [coming] = await restores.items({ restore: record.id, by: 'fetching', limit: 1 });
    const [waiting] = await restores.items({ restore: record.id, by: 'waiting', limit: 1 });
    const next = coming ?? waiting;
    const free = await this.free();
    if (next !== undefined && next.bytes - next.down > free - spareBytes)
      throw new LatchkeyError(
        'archives-space',
        `${next.bytes - next.down} bytes are to come, ${free} are free`,
      );
  }

  private async finish(record: RestoreRecord): Promise<void> {
    const { states } = await this.parts.catalogue.restores.sums(record.id, 0);
    const of = (...names: string[]): number =>
      states.reduce((sum, { state, items }) => sum + (names.includes(state) ? items : 0), 0);
    if (of('asked', 'ready', 'downloading', 'checking') > 0) return;
    if (of('waiting') > 0) {
      if (record.pausing === 1)
        await this.put({ restore: record.id, record: { status: 'paused', pausing: 0 } });
      return;
    }
    const doneAt = this.parts.now();
    await this.put({ restore: record.id, record: { status: 'done', pausing: 0, doneAt, code: null } });
    const failed = states.find(({ state }) => state === 'failed')?.archives ?? 0;
    this.parts.done?.({ ...record, status: 'done', doneAt }, failed);
  }

  /** The whole stops until what is missing is there; it is tried again by itself. */
  private async halt(error: LatchkeyError): Promise<void> {
    const { catalogue, now, log } = this.parts;
    log(`archives: restore: ${error.message}`);
    this.again = now() + (error.code === 'archives-space' ? minute : 5 * minute);
    this.fetching.abort();
    const record = (await catalogue.restores.records()).find(({ status }) => status === 'running');
    if (record !== undefined && record.code !== error.code)
      await this.put({ restore: record.id, record: { code: error.code } });
  }

  private async fail(item: RestoreItem, code: string, message: string | null): Promise<void> {
    const { catalogue, log } = this.parts;
    log(`archives: ${item.name}: ${code}${message === null ? '' : `: ${message}`}`);
    const { restore, whole } = item;
    const all = await catalogue.restores.items({ restore, by: 'whole', whole, limit: item.parts });
    await this.put({
      restore,
      items: all.map(({ n }) => ({ n, set: { state: 'failed', code, message } })),
    });
    this.fetching.abort(whole);
    const record = (await catalogue.restores.records()).find(({ id }) => id === restore);
    if (record !== undefined) await this.fetching.forget(record, item);
  }

  private async put(change: RestoreChange): Promise<void> {
    await this.parts.catalogue.restores.change(change);
    this.parts.changed?.();
  }

  private planned(id: string): Planned {
    const plan = this.plans.get(id);
    if (plan === undefined || plan.madeAt + planLife < this.parts.now())
      throw new LatchkeyError('refused-plan');
    return plan;
  }

  private async choosing(chosen: Chosen, perDay: number | undefined) {
    const vaults = await this.parts.catalogue.vaults();
    return {
      chosen,
      ...(perDay === undefined ? {} : { perDay }),
      served: vaults.filter((vault) => this.parts.retrieval(vault) !== undefined).map(({ key }) => key),
      now: this.parts.now(),
    };
  }

  private async count(of: Chosen, perDay: number | undefined): Promise<Counting> {
    const { catalogue, prices, copyDays = defaultCopyDays } = this.parts;
    const chosen = await catalogue.restores.chosenness(await this.choosing(of, perDay));
    return { chosen, prices: prices(), copyDays };
  }

  private async record(id: string): Promise<RestoreRecord> {
    const found = (await this.parts.catalogue.restores.records()).find((record) => record.id === id);
    if (found === undefined) throw new LatchkeyError('archives-missing', id);
    return found;
  }

  private async vault(key: string): Promise<{ vault: Vault; retrieval: Retrieval }> {
    const known = (await this.parts.catalogue.vaults()).find((vault) => vault.key === key);
    const vault = known ?? vaultOf(key) ?? bucketOf(key, '');
    const retrieval = this.parts.retrieval(vault);
    if (retrieval === undefined) throw new LatchkeyError('archives-unreachable', `no source asks ${key}`);
    return { vault, retrieval };
  }

  private async free(): Promise<number> {
    const { folder, free = freeIn } = this.parts;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return free(folder);
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.turn.then(work, work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}
