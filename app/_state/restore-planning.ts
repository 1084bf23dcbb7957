import type { Tier } from '../../lib/archive.ts';
import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf, type ErrorCode } from '../../lib/errors.ts';
import type { RestorePlan } from '../../lib/protocol/restores.ts';
import { isTypedSize } from '../../lib/restore.ts';
import { Asked } from './asked.ts';
import { firstCap } from './restore-caps.ts';
import type { PlanOf, PlanState } from './restore-types.ts';

interface Parts {
  readonly client: Pick<Client, 'archives'>;
  readonly clock: Clock;
  readonly changed: () => void;
  readonly started: (restore: string) => void;
}

/** All that AWS will bill for it, millionths of a dollar; undefined: this way is not offered. */
export function wholeCost(plan: RestorePlan, tier: Tier | undefined): number | undefined {
  const choice = plan.choices.find((one) => one.tier === tier);
  return choice && choice.retrieval + plan.requests + plan.transfer + plan.copies;
}

/** Bytes that the disk at home is short of; 0: it fits. */
export function shortOf({ disk }: RestorePlan): number {
  return Math.max(0, disk.need - disk.free);
}

/** The way that costs least; of equal ones the faster. */
export function leastOf({ choices }: RestorePlan): RestorePlan['choices'][number] | undefined {
  return [...choices].sort((a, b) => a.retrieval - b.retrieval || a.latestMs - b.latestMs)[0];
}

export function bytesOf(of: PlanOf): number {
  return 'vault' in of ? (of.bytes ?? 0) : of.archives.reduce((sum, { size = 0 }) => sum + size, 0);
}

/** The question for a plan; asks AWS nothing. */
export function askPlan(client: Pick<Client, 'archives'>, of: PlanOf, perDay?: number) {
  return async () => {
    const cap = perDay === undefined ? {} : { perDay };
    const which =
      'vault' in of ? { vault: of.vault } : { archives: of.archives.map(({ vault, id }) => ({ vault, id })) };
    const { value, sentAt, ...rest } = await client.archives.plan({ ...which, ...cap });
    return { ...rest, value: value.plan, sentAt };
  };
}

/** One plan that a person looks at, changes, and starts by typing its size. */
export class RestorePlanning {
  private readonly parts: Parts;
  private readonly of: PlanOf;
  private readonly plan: Asked<RestorePlan>;
  private tier: Tier | undefined;
  private perDay: number | undefined;
  /** The cap that the newest question was asked with. */
  private askedCap: number | undefined;
  private typed = '';
  private starting = false;
  private before: number | undefined;
  private failed: ErrorCode | undefined;

  constructor(parts: Parts, of: PlanOf) {
    this.parts = parts;
    this.of = of;
    this.plan = new Asked(parts.clock, parts.changed);
    this.perDay = firstCap(bytesOf(of));
    this.ask();
  }

  state(now: number): PlanState {
    const { of, typed, starting, perDay, before, failed } = this;
    const tier = this.wanted();
    return {
      of,
      ...this.plan.state(now),
      ...(tier === undefined ? {} : { tier }),
      ...(perDay === undefined ? {} : { perDay }),
      typed,
      ready: this.isReady(now),
      starting,
      ...(before === undefined ? {} : { before }),
      ...(failed === undefined ? {} : { failed }),
    };
  }

  setTier(tier: Tier): void {
    this.tier = tier;
    this.touched();
  }

  setCap(perDay: number | undefined): void {
    this.perDay = perDay;
    this.ask();
    this.touched();
  }

  type(text: string): void {
    this.typed = text;
    this.touched();
  }

  async start(): Promise<void> {
    const { client, clock, started, changed } = this.parts;
    const tier = this.wanted();
    const plan = this.plan.said?.value;
    const cost = plan && wholeCost(plan, tier);
    if (!this.isReady(clock.now()) || plan === undefined || tier === undefined || cost === undefined) return;
    this.starting = true;
    this.failed = undefined;
    changed();
    try {
      const { value } = await client.archives.start({ plan: plan.plan, tier, typed: this.typed, cost });
      started(value.restore);
    } catch (error) {
      this.refused(codeOf(error, 'relay-no-answer'), cost);
    } finally {
      this.starting = false;
      changed();
    }
  }

  /** The home reads the plan again when it starts: a dearer or an older one is looked at again, and typed again. */
  private refused(code: ErrorCode, cost: number): void {
    this.failed = code;
    if (code === 'refused-cost') this.before = cost;
    if (code !== 'refused-cost' && code !== 'refused-plan' && code !== 'archives-space') return;
    this.typed = '';
    this.ask();
  }

  private touched(): void {
    this.failed = undefined;
    this.parts.changed();
  }

  private ask(): void {
    this.askedCap = this.perDay;
    this.plan.ask(askPlan(this.parts.client, this.of, this.perDay));
  }

  /** The chosen way while it is offered, else the cheapest. */
  private wanted(): Tier | undefined {
    const plan = this.plan.said?.value;
    if (plan === undefined) return undefined;
    return plan.choices.find(({ tier }) => tier === this.tier)?.tier ?? leastOf(plan)?.tier;
  }

  private isReady(now: number): boolean {
    const { said, load } = this.plan.state(now);
    if (said === undefined || load.state !== 'ready' || this.starting) return false;
    const plan = said.value;
    return (
      this.askedCap === this.perDay &&
      this.wanted() !== undefined &&
      plan.archives > 0 &&
      shortOf(plan) === 0 &&
      isTypedSize(this.typed, plan.bytes)
    );
  }
}
