import { mkdirSync } from 'node:fs';
import { bucketOf, vaultOf, type Tier, type Vault } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import type { RestorePlan, RestoreRow, RestoreView } from '../../../lib/protocol/restores.ts';
import { asLatchkeyError } from '../aws.ts';
import { Asking } from './asking.ts';
import { asDisk, freeIn, spareBytes } from './disk.ts';
import { minute, type RestoresParts } from './engine.ts';
import { Fetching } from './fetching.ts';
import { Overview } from './overview.ts';
import { Planning, type RestoreOrder } from './planning.ts';
import type { Chosen, RestoreChange, RestoreItem, RestoreRecord } from './records.ts';
import type { Retrieval } from './retrieval.ts';
import { StagingAgain } from './staging-again.ts';
import { VaultTurns } from './vault-turns.ts';

export type { RestoresParts } from './engine.ts';
export type { RestoreOrder } from './planning.ts';

/**
 * Getting archives back: plans, and the restore that is under way. What is to be done follows from archives.db, the files
 * in the folder, and what AWS says; a kill at any moment asks nothing twice and loses nothing. One restore runs at a time.
 */
export class Restores {
  private readonly parts: RestoresParts;
  private readonly planning: Planning;
  private readonly asking: Asking;
  private readonly stagingAgain: StagingAgain;
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
    this.planning = new Planning(parts, () => this.free());
    const shared = {
      ...parts,
      put: (change: RestoreChange) => this.put(change),
      fail: (item: RestoreItem, code: string, message: string | null) => this.fail(item, code, message),
      vault: (key: string) => this.vault(key),
      freeIn: () => this.free(),
    };
    const turns = new VaultTurns(shared);
    this.stagingAgain = new StagingAgain({ ...shared, turns });
    const missed = (record: RestoreRecord, item: RestoreItem) => this.stagingAgain.missed(record, item);
    this.asking = new Asking({ ...shared, turns, missed });
    this.fetching = new Fetching({
      ...shared,
      missed,
      stop: (error) => this.halt(error),
      ended: () => {
        parts.changed?.();
        this.soon(0);
      },
    });
    this.overview = new Overview({ ...shared, coming: (n) => this.fetching.of(n) });
  }

  /** Asks AWS nothing. Throws `archives-nothing` where none of it can be asked back, and `config-*` for a broken table of prices. */
  plan(of: Chosen, perDay?: number): Promise<RestorePlan> {
    return this.planning.plan(of, perDay);
  }

  /** The whole with a tier, as the plan stands now. Millionths of a dollar. Throws `refused-plan`. */
  cost(plan: string, tier: Tier): Promise<number> {
    return this.planning.cost(plan, tier);
  }

  /**
   * Begins a restore, and resolves with its id once it is on the disk; `id`: the caller's own, 22 letters. Throws `refused-plan`, `refused-size`,
   * `refused-cost`, `archives-refused` for a tier that AWS would refuse, `archives-restoring`: nothing is asked then.
   */
  start(order: RestoreOrder, by: string | null, id?: string): Promise<string> {
    return this.inTurn(async () => {
      const { catalogue, now, random, folder } = this.parts;
      const ordered = await this.planning.ordered(order);
      const before = await catalogue.restores.records();
      if (before.some(({ status }) => status === 'running')) throw new LatchkeyError('archives-restoring');
      const record: RestoreRecord = {
        id: id ?? Buffer.from(random()).toString('base64url'),
        startedAt: now(),
        startedBy: by,
        tier: order.tier,
        perDay: ordered.choosing.perDay ?? null,
        status: 'running',
        pausing: 0,
        folder,
        code: null,
        costInAll: ordered.cost,
        copyDays: ordered.copyDays,
        doneAt: null,
        archives: ordered.archives,
        bytes: ordered.bytes,
      };
      await catalogue.restores.begin(ordered.choosing, record);
      this.planning.forget(order.plan);
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
      await this.stagingAgain.look(record, await fetching(), this.fetching.perSecond);
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
