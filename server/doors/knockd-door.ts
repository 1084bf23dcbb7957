import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import { childrenOf, nameProcess } from '../process-facts.ts';
import { hasRule, listRules } from './iptables-ask.ts';
import { closeKnockd } from './knockd-closing.ts';
import { watchKnockdFile } from './knockd-file.ts';
import { commandRuns, knockUntilHeard } from './knockd-knocking.ts';
import { endOldTimer, graceMs, isOpen, lookAt, mayOpenAnew, planOf } from './knockd-openings.ts';
import { followOuter } from './knockd-outer.ts';
import { inTurn, shareKnockd } from './knockd-process.ts';
import { openRecord } from './knockd-record.ts';
import { requireRawSocket } from './raw-knock.ts';
import { takeTurns } from './turns.ts';
import type { Stage } from '../../lib/door.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { ProcessName } from '../process-facts.ts';
import type { DoorDriver, DriverContext, Opening } from './driver.ts';
import type { FamilyPlan, KnockdOptions } from './knockd-plan.ts';
import type { OuterLog } from './knockd-outer.ts';
import type { KnockdShare } from './knockd-process.ts';
import type { KnockdRecord } from './knockd-record.ts';

const ruleWithinMs = 3000;

interface Knocked {
  /** When knockd's timer is over, in Unix ms. */
  readonly until: number;
  /** The child that sleeps until then, once it runs, where it is the only new one. */
  timer(): { readonly timer?: ProcessName };
}

export function makeKnockdDoor(
  options: KnockdOptions,
  context: DriverContext,
  facts: DoorDriver['facts'],
): DoorDriver {
  const { section } = options;
  const lock = takeTurns();
  const fileFault = watchKnockdFile(options);
  let share: KnockdShare | undefined;
  let record: KnockdRecord | undefined;
  let outer: OuterLog | undefined;
  /** Rules of the last look that are of no known opening, by address. */
  let foreign: ReadonlyMap<string, number> = new Map();

  const theRecord = async () =>
    (record ??= await openRecord(join(context.directory, `knockd-${context.door}.openings`)));
  const theShare = async () => (share ??= await shareKnockd(options, context.directory, context.log));

  /** The rules that are there were seen by the last look, or are of this opening: its log came first. */
  function outerOpened(openings: KnockdRecord, address: string): void {
    const plan = planOf(options, address);
    // Without a stop command knockd means it to stay.
    if (plan?.rule === undefined || plan.stopCommand === undefined) return;
    const until = Date.now() + section.cmdTimeout * 1000;
    const last = openings.of(address);
    const lasts = last !== undefined && last.closed !== true && Date.now() <= last.until + graceMs;
    const before = foreign.get(address);
    const put = openings.put(
      lasts
        ? { ...last, until }
        : { address, until, outer: true, ...(before === undefined ? {} : { before }) },
    );
    put.catch((error: unknown) => context.log(String(error)));
  }

  async function follow(): Promise<void> {
    const { logFile = '' } = options.file.options;
    if (outer !== undefined || !isAbsolute(logFile)) return;
    const openings = await theRecord();
    outer = followOuter(logFile, section.name, (address) => outerOpened(openings, address));
    await outer.settle();
  }

  /** Resolves after OPEN SESAME, and once the rule is there where it can be asked for. */
  async function knock(
    process: KnockdShare,
    address: string,
    { rule }: FamilyPlan,
    onStage: (stage: Stage) => void,
  ): Promise<Knocked> {
    const pid = await process.listening();
    const before = new Set(childrenOf(pid));
    const isDone = async () => rule !== undefined && (await hasRule(rule, address));
    await knockUntilHeard({ process, section, address, log: context.log, onStage, isDone });
    const end = performance.now() + ruleWithinMs;
    while (rule !== undefined && !(await isDone())) {
      if (performance.now() > end)
        throw new LatchkeyError('tool-not-open', 'knockd ran its start command, but there is no rule');
      await sleep(5);
    }
    if (rule !== undefined) onStage({ stage: 'rule' });
    return {
      until: Date.now() + section.cmdTimeout * 1000,
      timer() {
        const [fresh, ...others] = childrenOf(pid).filter((child) => !before.has(child));
        const timer = fresh === undefined || others.length > 0 ? undefined : nameProcess(fresh);
        return timer === undefined ? {} : { timer };
      },
    };
  }

  async function open(address: string, onStage: (stage: Stage) => void): Promise<Opening> {
    requireRawSocket(); // before knockd is started for it
    const plan = planOf(options, address);
    if (plan === undefined) {
      throw new LatchkeyError('tool-unsupported', `[${section.name}] has no start command for ${address}`);
    }
    const openings = await theRecord();
    const process = await theShare();
    await process.listening();
    if (!mayOpenAnew(openings, address, plan) && (await isOpen(openings, address, plan)))
      throw new LatchkeyError('refused-door-open', address);
    endOldTimer(openings, address, plan);
    onStage({ stage: 'asked' });
    // Before the knock: a rule that comes after we were killed must be known as ours.
    await openings.put({ address, until: Date.now() + section.cmdTimeout * 1000 + ruleWithinMs });
    const knocking = () => inTurn(() => knock(process, address, plan, onStage));
    const { until, timer } =
      plan.rule === undefined ? await commandRuns(process, section, knocking) : await knocking();
    await openings.put({ address, until, ...timer() });
    if (plan.rule === undefined) return { address };
    if (!(await listRules(plan.rule, [address])).has(address)) {
      throw new LatchkeyError('tool-not-open', 'the rule is not in the list');
    }
    onStage({ stage: 'checked' });
    return { address };
  }

  async function close(address: string): Promise<void> {
    const plan = planOf(options, address);
    if (plan === undefined) return;
    const openings = await theRecord();
    await closeKnockd({ address, plan, openings, process: theShare, log: context.log });
  }

  async function inspect(): Promise<Opening[]> {
    const openings = await theRecord();
    // What it said until now is known before the rules are read: none of them is taken for an older one.
    await outer?.settle();
    const look = await lookAt(options, openings);
    foreign = look.foreign;
    return look.found;
  }

  async function fault(): Promise<ErrorCode | undefined> {
    try {
      await share?.hears();
    } catch (error) {
      return codeOf(error, 'tool-failed');
    }
    return fileFault();
  }

  return {
    facts,
    start: () =>
      lock(async () => {
        requireRawSocket();
        await inspect();
        await follow();
        try {
          await (await theShare()).listening();
        } catch (error) {
          // It is tried again, and `fault` says so meanwhile; but nothing is there that could be started.
          if (codeOf(error, 'tool-failed') === 'tool-missing') throw error;
          context.log(String(error));
        }
      }),
    open: (address, _seconds, onStage) => lock(() => open(address, onStage)),
    close: (address) => lock(() => close(address)),
    inspect,
    fault,
    stop: () =>
      lock(async () => {
        await share?.release();
        share = undefined;
        await outer?.stop();
        outer = undefined;
      }),
  };
}
