import { isCanonical } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { isRunning, killProcess } from '../process-facts.ts';
import { countRules, hasRule } from './iptables-ask.ts';
import type { Family } from '../../lib/address.ts';
import type { Opening } from './driver.ts';
import type { FamilyPlan, KnockdOptions } from './knockd-plan.ts';
import type { KnockdOpening, KnockdRecord } from './knockd-record.ts';

/** After cmd_timeout, until knockd's own stop command must have run. */
export const graceMs = 1000;
/** A timer that is gone so long before its time did not run the stop command. */
const earlyMs = 300;

export function planOf({ plans }: KnockdOptions, address: string): FamilyPlan | undefined {
  const family = isCanonical(address);
  return family === undefined ? undefined : plans[family];
}

/** Open until somebody closes it: no stop command, or one that was lost. */
export function isEndless(one: KnockdOpening, plan: FamilyPlan): boolean {
  return one.lost === true || plan.stopCommand === undefined;
}

/** Where nobody can read it back, by what is recorded. */
function isOpenByRecord(one: KnockdOpening | undefined, plan: FamilyPlan): boolean {
  if (one === undefined || one.closed === true) return false;
  return Date.now() < one.until + graceMs || isEndless(one, plan);
}

/** Asks the system, or the record where the system cannot be asked. Throws `tool-*`. */
export async function isOpen(openings: KnockdRecord, address: string, plan: FamilyPlan): Promise<boolean> {
  return plan.rule === undefined ? isOpenByRecord(openings.of(address), plan) : hasRule(plan.rule, address);
}

/** One that outlived its time, and that nobody here can close, is opened anew all the same: its new timer may end both. */
export function mayOpenAnew(openings: KnockdRecord, address: string, plan: FamilyPlan): boolean {
  const one = openings.of(address);
  const helpless = plan.rule === undefined && plan.closer === undefined;
  return helpless && one !== undefined && Date.now() >= one.until + graceMs;
}

/**
 * A timer that is left from an opening closed early would end the new one before its time. Where its only
 * work is the rule that we took away ourselves, it is ended; else the door stays shut until it ran.
 * Throws `refused-door-open`.
 */
export function endOldTimer(openings: KnockdRecord, address: string, plan: FamilyPlan): void {
  const last = openings.of(address);
  if (last === undefined || (last.closed !== true && last.outer !== true)) return;
  const leftMs = last.until + graceMs - Date.now();
  if (leftMs < 0 || plan.stopCommand === undefined) return;
  if (last.timer !== undefined && !isRunning(last.timer)) return;
  if (last.timer !== undefined && plan.stopIsPlain && killProcess(last.timer)) return;
  throw new LatchkeyError(
    'refused-door-open',
    `knockd’s timer of the last opening runs for ${Math.ceil(leftMs / 1000)} s more`,
  );
}

/** Every opening that the system has, or the record where it cannot be asked, and the rules that are nobody's. */
export async function lookAt(
  options: KnockdOptions,
  openings: KnockdRecord,
): Promise<{ found: Opening[]; foreign: Map<string, number> }> {
  const foreign = new Map<string, number>();
  const look = async (family: Family): Promise<Opening[]> => {
    const plan = options.plans[family];
    if (plan === undefined) return [];
    const known = openings.all().filter((one) => isCanonical(one.address) === family);
    if (plan.rule === undefined)
      return (await Promise.all(known.map((one) => fromRecord(one, plan, openings)))).flat();
    const { rules, packets } = await countRules(
      plan.rule,
      known.map(({ address }) => address),
    );
    for (const { address } of known) if (!rules.has(address)) await forget(openings, address);
    return [...rules].map(([address, count]) => {
      const one = openings.of(address);
      const nobodys = one === undefined ? count : (one.before ?? 0);
      if (nobodys > 0) foreign.set(address, nobodys);
      return { address, ...dueOf(one), ...packetOf(packets.get(address)) };
    });
  };
  const found = await Promise.all([look(4), look(6)]);
  return { found: found.flat(), foreign };
}

/** iptables counts, and keeps no time. */
function packetOf(count: number | undefined): Pick<Opening, 'packet'> {
  return count === undefined ? {} : { packet: count === 0 ? 'none' : {} };
}

/** What was recorded when the system was read may be another opening by now: its time tells. */
async function forget(openings: KnockdRecord, address: string): Promise<void> {
  const one = openings.of(address);
  if (one !== undefined && Date.now() > one.until + graceMs) await openings.drop(address);
}

function dueOf(one: KnockdOpening | undefined): { dueMs?: number } {
  if (one === undefined || one.closed === true) return {};
  const dueMs = one.until + graceMs - Date.now();
  return one.outer === true || dueMs <= 0 ? { dueMs } : {};
}

async function fromRecord(one: KnockdOpening, plan: FamilyPlan, openings: KnockdRecord): Promise<Opening[]> {
  const now = Date.now();
  const { address, until, timer } = one;
  if (one.closed === true) {
    await forget(openings, address);
    return [];
  }
  if (one.lost !== true && timer !== undefined && now < until - earlyMs && !isRunning(timer))
    await openings.put((one = { ...one, lost: true }));
  if (now < until) return [{ address }];
  if (isEndless(one, plan)) return [{ address, dueMs: until + graceMs - now }];
  await forget(openings, address);
  return [];
}
