import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../lib/errors.ts';
import { hasRule, listRules, removeRule } from './iptables-ask.ts';
import { commandRuns, knockUntilHeard } from './knockd-knocking.ts';
import { graceMs, isOpen } from './knockd-openings.ts';
import { inTurn } from './knockd-process.ts';
import type { KnockdDoor } from '../../lib/knockd/read.ts';
import type { PlainRule } from '../../lib/knockd/iptables-rule.ts';
import type { FamilyPlan } from './knockd-plan.ts';
import type { KnockdProcess } from './knockd-process.ts';
import type { KnockdOpening, KnockdRecord } from './knockd-record.ts';

/** Until the closing section's command has taken the rule away. */
const goneWithinMs = 2000;
/** Duplicates of one address, which an outer knockd may add: more is somebody else's affair. */
const mostRemoved = 8;

export interface Closing {
  readonly address: string;
  readonly plan: FamilyPlan;
  readonly openings: KnockdRecord;
  readonly process: () => Promise<KnockdProcess>;
  readonly log: (line: string) => void;
}

/**
 * Closes what knockd was asked to open: before its time by the section's closing sequence where it has one, and by
 * taking the rule away. Throws `tool-still-open`, with the reason and what a person can type.
 */
export async function closeKnockd(closing: Closing): Promise<void> {
  const { address, plan, openings } = closing;
  if (!(await isOpen(openings, address, plan))) return;
  const mine = openings.of(address);
  const stillOpen = (why: string) => new LatchkeyError('tool-still-open', why);
  // Once closed, whatever rule is there now is not of this opening.
  if (mine === undefined || mine.closed === true)
    throw stillOpen(`the rule for ${address} was there before; it is left alone`);
  const leftMs = mine.until + graceMs - Date.now();
  if (mine.outer === true && leftMs > 0)
    throw stillOpen(`the outer knockd opened for ${address}, and closes in ${Math.ceil(leftMs / 1000)} s`);

  if (plan.rule === undefined) {
    if (plan.closer === undefined) {
      const command = plan.stopCommand?.replaceAll('%IP%', address) ?? 'there is no stop command';
      throw stillOpen(`${leftMs > 0 ? 'knockd closes it' : 'knockd’s timer was lost'}; by hand: ${command}`);
    }
    await closeBySequence(closing, plan.closer);
  } else {
    // A closing section may do more than take the rule away; past its time, the rule is all that matters.
    if (plan.closer !== undefined && leftMs > 0)
      await closeBySequence(closing, plan.closer).catch((error: unknown) => closing.log(String(error)));
    await removeRules(plan.rule, mine);
  }
  if (mine.outer === true) await openings.drop(address);
  else await openings.put({ ...mine, closed: true });
}

async function closeBySequence(
  { address, plan: { rule }, process: start, log }: Closing,
  closer: KnockdDoor,
): Promise<void> {
  const process = await start();
  await process.listening();
  const isDone = async (): Promise<boolean> => rule !== undefined && !(await hasRule(rule, address));
  // Without a rule, the sequence is the only way; with one, it is taken away anyhow.
  const tries = rule === undefined ? 3 : 1;
  const knock = () =>
    inTurn(() =>
      knockUntilHeard({ process, section: closer, address, log, onStage: () => undefined, isDone, tries }),
    );
  if (rule === undefined) return commandRuns(process, closer, knock);
  await knock();
  const end = performance.now() + goneWithinMs;
  while (!(await isDone())) {
    if (performance.now() > end)
      throw new LatchkeyError(
        'tool-still-open',
        `[${closer.name}] did not take the rule for ${address} away`,
      );
    await sleep(5);
  }
}

/** Once for each rule of this opening; what was there before it stays. */
async function removeRules(rule: PlainRule, { address, before = 0 }: KnockdOpening): Promise<void> {
  const there = (await listRules(rule, [address])).get(address) ?? 0;
  const count = Math.min(there - before, mostRemoved);
  for (let removed = 0; removed < count; removed += 1) {
    // knockd's timer may have been faster.
    if (!(await removeRule(rule, address))) break;
  }
  if (before === 0 && (await hasRule(rule, address)))
    throw new LatchkeyError('tool-still-open', `the rule for ${address}`);
}
