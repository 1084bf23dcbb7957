import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCanonical } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { childrenOf, isRunning, killProcess, nameProcess } from '../process-facts.ts';
import { countRules, hasRule, listRules, removeRule } from './iptables-ask.ts';
import { inTurn, shareKnockd } from './knockd-process.ts';
import { openRecord } from './knockd-record.ts';
import { requireRawSocket, sendKnocks } from './raw-knock.ts';
import { takeTurns } from './turns.ts';
import type { Family } from '../../lib/address.ts';
import type { Stage } from '../../lib/door.ts';
import type { Knock } from '../../lib/knockd/read.ts';
import type { ProcessName } from '../process-facts.ts';
import type { DoorDriver, DriverContext, Opening } from './driver.ts';
import type { FamilyPlan, KnockdOptions } from './knockd-plan.ts';
import type { KnockdShare } from './knockd-process.ts';
import type { KnockdRecord } from './knockd-record.ts';

/** knockd wakes every 50 ms for packets; the rest is for a busy machine. */
const heardWithinMs = 1500;
const mostTries = 3;
const ruleWithinMs = 3000;
/** A custom command that fails at once is heard of within this time. */
const complainsWithinMs = 250;
/** After cmd_timeout, until knockd's own stop command must have run. */
const graceMs = 1000;
/** Duplicates of one address, which an outer knockd may add: more is somebody else's affair. */
const mostRemoved = 8;

export function makeKnockdDoor(
  options: KnockdOptions,
  context: DriverContext,
  facts: DoorDriver['facts'],
): DoorDriver {
  const { section, plans } = options;
  const lock = takeTurns();
  let share: KnockdShare | undefined;
  let record: KnockdRecord | undefined;

  const planOf = (address: string): FamilyPlan | undefined => {
    const family: Family | undefined = isCanonical(address);
    return family === undefined ? undefined : plans[family];
  };
  const theRecord = async () =>
    (record ??= await openRecord(join(context.directory, `knockd-${context.door}.openings`)));
  const theShare = async () => (share ??= await shareKnockd(options, context.directory, context.log));

  /** Sends knocks and listens. True once knockd said OPEN SESAME. */
  async function knock(
    process: KnockdShare,
    address: string,
    knocks: readonly Knock[],
    heard: (n: number) => void,
  ): Promise<boolean> {
    let off: (() => void) | undefined;
    try {
      const sesame = new Promise<true>((resolve) => {
        off = process.onEvent((event) => {
          if (!('address' in event) || event.address !== address || event.door !== section.name) return;
          if (event.kind === 'stage') heard(event.n);
          if (event.kind === 'sesame') resolve(true);
        });
      });
      await sendKnocks(address, knocks, section.tcpFlags);
      return await Promise.race([sesame, sleep(heardWithinMs, false)]);
    } finally {
      off?.();
    }
  }

  /** Under the one queue of all knocks. Resolves after OPEN SESAME with knockd's new child, if it is known. */
  async function knockUntilHeard(
    address: string,
    plan: FamilyPlan,
    onStage: (stage: Stage) => void,
  ): Promise<ProcessName | undefined> {
    const process = await theShare();
    const pid = await process.listening();
    const children = new Set(childrenOf(pid));
    const { sequence } = section;
    const of = sequence.length;
    let told = 0;
    let reached = 0;
    for (let tries = 0; tries < mostTries; tries += 1) {
      // knockd still waits for the rest of a try that was lost half way; a wrong knock makes it forget that.
      const [first] = sequence;
      const forget =
        reached > 0 && first !== undefined && sequence[reached]?.port !== first.port ? [first] : [];
      reached = 0;
      const open = await knock(process, address, [...forget, ...sequence], (n) => {
        reached = Math.max(reached, n);
        if (n > told) onStage({ stage: 'knock', n, of });
        told = Math.max(told, n);
      });
      if (open) {
        onStage({ stage: 'sesame' });
        return plan.rule === undefined ? undefined : await ruleComes(plan, address, pid, children, onStage);
      }
      context.log(`knockd heard ${reached} of ${of} knocks for ${address}`);
      if (plan.rule !== undefined && (await hasRule(plan.rule, address))) {
        onStage({ stage: 'rule' });
        return undefined;
      }
      await process.listening();
    }
    throw new LatchkeyError('tool-not-open', `knockd did not hear all ${of} knocks`);
  }

  /** Waits for the rule itself; the child that made it now sleeps until it takes it away. */
  async function ruleComes(
    plan: FamilyPlan,
    address: string,
    pid: number,
    before: ReadonlySet<number>,
    onStage: (stage: Stage) => void,
  ): Promise<ProcessName | undefined> {
    const end = performance.now() + ruleWithinMs;
    while (plan.rule !== undefined && !(await hasRule(plan.rule, address))) {
      if (performance.now() > end) {
        throw new LatchkeyError('tool-not-open', 'knockd ran its start command, but there is no rule');
      }
      await sleep(5);
    }
    onStage({ stage: 'rule' });
    const [fresh, ...others] = childrenOf(pid).filter((child) => !before.has(child));
    return fresh === undefined || others.length > 0 ? undefined : nameProcess(fresh);
  }

  /** For commands that nobody can read back: knockd's word, and whether the command failed at once. */
  async function commandRuns(work: () => Promise<unknown>): Promise<void> {
    let status = 0;
    const off = (await theShare()).onEvent((event) => {
      if (event.kind === 'status' && event.door === section.name) status = event.status;
    });
    try {
      await work();
      await sleep(complainsWithinMs);
    } finally {
      off();
    }
    if (status !== 0) throw new LatchkeyError('tool-failed', `the start command ended with status ${status}`);
  }

  /**
   * A timer that is left from an opening closed early would end the new one before its time. Where its only
   * work is the rule that we took away ourselves, it is ended; else the door stays shut until it ran.
   */
  async function endOldTimer(openings: KnockdRecord, address: string, plan: FamilyPlan): Promise<void> {
    const last = openings.of(address);
    if (last?.closed !== true || Date.now() > last.until + graceMs) return;
    if (last.timer !== undefined && !isRunning(last.timer)) return;
    if (last.timer !== undefined && plan.stopIsPlain && killProcess(last.timer)) return;
    const seconds = Math.ceil((last.until + graceMs - Date.now()) / 1000);
    throw new LatchkeyError(
      'refused-door-open',
      `knockd’s timer of the last opening runs for ${seconds} s more`,
    );
  }

  async function isOpen(openings: KnockdRecord, address: string, plan: FamilyPlan): Promise<boolean> {
    if (plan.rule !== undefined) return hasRule(plan.rule, address);
    const last = openings.of(address);
    return last !== undefined && Date.now() < last.until + graceMs;
  }

  async function open(address: string, onStage: (stage: Stage) => void): Promise<Opening> {
    requireRawSocket(); // before knockd is started for it
    const plan = planOf(address);
    if (plan === undefined) {
      throw new LatchkeyError('tool-unsupported', `[${section.name}] has no start command for ${address}`);
    }
    const openings = await theRecord();
    await (await theShare()).listening();
    if (await isOpen(openings, address, plan)) throw new LatchkeyError('refused-door-open', address);
    await endOldTimer(openings, address, plan);
    onStage({ stage: 'asked' });
    const until = () => Date.now() + section.cmdTimeout * 1000;
    // Before the knock: a rule that comes after we were killed must be known as ours.
    await openings.put({ address, until: until() + ruleWithinMs });
    const knocking = () => inTurn(() => knockUntilHeard(address, plan, onStage));
    if (plan.rule === undefined) {
      await commandRuns(knocking);
      await openings.put({ address, until: until() });
      return { address };
    }
    const timer = await knocking();
    await openings.put({ address, until: until(), ...(timer === undefined ? {} : { timer }) });
    if (!(await listRules(plan.rule, [address])).has(address)) {
      throw new LatchkeyError('tool-not-open', 'the rule is not in the list');
    }
    onStage({ stage: 'checked' });
    return { address };
  }

  async function close(address: string): Promise<void> {
    const plan = planOf(address);
    if (plan === undefined) return;
    const openings = await theRecord();
    const mine = openings.of(address);
    if (!(await isOpen(openings, address, plan))) return prune(openings);
    if (plan.rule === undefined) {
      const command = (plan.stopCommand ?? '').replaceAll('%IP%', address);
      throw new LatchkeyError(
        'tool-still-open',
        `knockd closes it; by hand: ${command || 'no stop command'}`,
      );
    }
    if (mine === undefined) {
      throw new LatchkeyError(
        'tool-still-open',
        `the rule for ${address} was there before; it is left alone`,
      );
    }
    const count = Math.min((await listRules(plan.rule, [address])).get(address) ?? 1, mostRemoved);
    for (let removed = 0; removed < count; removed += 1) {
      // knockd's timer may have been faster.
      if (!(await removeRule(plan.rule, address))) break;
    }
    if (await hasRule(plan.rule, address))
      throw new LatchkeyError('tool-still-open', `the rule for ${address}`);
    await openings.put({ ...mine, closed: true });
    await prune(openings);
  }

  /** Forgets what is over: the time is past and the system has no rule. */
  async function prune(openings: KnockdRecord): Promise<void> {
    for (const one of openings.all()) {
      const plan = planOf(one.address);
      if (Date.now() <= one.until + graceMs) continue;
      if (plan?.rule === undefined || !(await hasRule(plan.rule, one.address)))
        await openings.drop(one.address);
    }
  }

  async function inspect(): Promise<Opening[]> {
    const openings = await theRecord();
    const found: Opening[] = [];
    for (const family of [4, 6] as const) {
      const plan = plans[family];
      const known = openings.all().filter((one) => isCanonical(one.address) === family);
      if (plan?.rule !== undefined) {
        const { rules, packets } = await countRules(
          plan.rule,
          known.map((one) => one.address),
        );
        for (const address of rules.keys()) {
          const count = packets.get(address);
          // iptables counts, and keeps no time.
          const packet = count === undefined ? undefined : count === 0 ? 'none' : {};
          found.push({ address, ...(packet === undefined ? {} : { packet }) });
        }
      } else {
        const now = Date.now();
        found.push(...known.filter((one) => now < one.until).map(({ address }) => ({ address })));
      }
    }
    return found;
  }

  return {
    facts,
    start: () =>
      lock(async () => {
        requireRawSocket();
        await prune(await theRecord());
        await (await theShare()).listening();
      }),
    open: (address, _seconds, onStage) => lock(() => open(address, onStage)),
    close: (address) => lock(() => close(address)),
    inspect,
    stop: () =>
      lock(async () => {
        await share?.release();
        share = undefined;
      }),
  };
}
