import path from 'node:path';
import type { Tier } from '../../../lib/archive.ts';
import { LatchkeyError } from '../../../lib/errors.ts';
import type { RestorePlan } from '../../../lib/protocol/restores.ts';
import { isTypedSize } from '../../../lib/restore.ts';
import { minute, type RestoresParts } from './engine.ts';
import { choicesOf, planView, wholeCost, type Counting, type Planned } from './plans.ts';
import type { Choosing, Chosen } from './records.ts';

export interface RestoreOrder {
  readonly plan: string;
  readonly tier: Tier;
  /** The plan's size, as somebody typed it. */
  readonly typed: string;
  /** The whole, as it was shown. Millionths of a dollar. */
  readonly cost: number;
}

/** What an order comes to, when all of it was found right. */
interface Ordered {
  readonly choosing: Choosing;
  readonly copyDays: number;
  readonly archives: number;
  readonly bytes: number;
  /** Millionths of a dollar. */
  readonly cost: number;
}

/** Plans are forgotten after this. */
const planLife = 15 * minute;
const mostPlans = 64;
const defaultCopyDays = 3;
/** What the cost may have risen by since it was shown. */
const mostRisen = 1.05;

/** Plans that were shown, and whether an order is what its plan said. AWS is asked nothing here. */
export class Planning {
  private readonly parts: RestoresParts;
  private readonly free: () => Promise<number>;
  private readonly plans = new Map<string, Planned>();

  /** `free`: bytes that may be written where archives come to. */
  constructor(parts: RestoresParts, free: () => Promise<number>) {
    this.parts = parts;
    this.free = free;
  }

  /** Throws `archives-nothing`, `config-*`. */
  async plan(of: Chosen, perDay?: number): Promise<RestorePlan> {
    const { now, random, folder } = this.parts;
    const { counting } = await this.count(of, perDay);
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
      folder: path.basename(folder),
    });
  }

  /** Millionths of a dollar. Throws `refused-plan`. */
  async cost(plan: string, tier: Tier): Promise<number> {
    const { of, perDay } = this.planned(plan);
    const { counting } = await this.count(of, perDay);
    return wholeCost(counting, tier);
  }

  /** Throws `refused-plan`, `refused-size`, `refused-cost`, `archives-refused` for a tier that AWS would refuse. */
  async ordered({ plan, tier, typed, cost: shown }: RestoreOrder): Promise<Ordered> {
    const planned = this.planned(plan);
    if (!isTypedSize(typed, planned.bytes)) throw new LatchkeyError('refused-size');
    const { counting, choosing } = await this.count(planned.of, planned.perDay);
    const { archives, bytes } = counting.chosen;
    if (bytes !== planned.bytes) throw new LatchkeyError('refused-plan');
    if (!choicesOf(counting).some((choice) => choice.tier === tier))
      throw new LatchkeyError('archives-refused', tier);
    const cost = wholeCost(counting, tier);
    if (cost > shown * mostRisen) throw new LatchkeyError('refused-cost');
    return { choosing, copyDays: counting.copyDays, archives, bytes, cost };
  }

  forget(plan: string): void {
    this.plans.delete(plan);
  }

  private planned(id: string): Planned {
    const plan = this.plans.get(id);
    if (plan === undefined || plan.madeAt + planLife < this.parts.now())
      throw new LatchkeyError('refused-plan');
    return plan;
  }

  private async count(
    chosen: Chosen,
    perDay: number | undefined,
  ): Promise<{ choosing: Choosing; counting: Counting }> {
    const { catalogue, retrieval, prices, now, copyDays = defaultCopyDays } = this.parts;
    const vaults = await catalogue.vaults();
    const choosing: Choosing = {
      chosen,
      ...(perDay === undefined ? {} : { perDay }),
      served: vaults.filter((vault) => retrieval(vault) !== undefined).map(({ key }) => key),
      now: now(),
    };
    const counted = await catalogue.restores.chosenness(choosing);
    return { choosing, counting: { chosen: counted, prices: prices(), copyDays } };
  }
}
