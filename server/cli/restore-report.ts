import { shown } from '../../lib/archive/safe-text.ts';
import { isErrorCode, remedyOf, sentenceOf } from '../../lib/errors.ts';
import type { RestoreChoice, RestorePlan, RestoreRow, RestoreView } from '../../lib/protocol/restores.ts';
import { headlineSize, moneyWords } from '../../lib/restore.ts';

/** Restores for people on a terminal. Names and AWS's messages are text of others. */

const minute = 60_000;
const hour = 60 * minute;

const refusals: Readonly<Record<RestorePlan['refused'][number]['why'], string>> = {
  'too-big': 'only for what is under 250 MB',
  class: 'not for this storage class',
  'no-restore': 'nothing has to be asked for',
};

/** `chosen`: what is begun with. */
export function planReport(plan: RestorePlan, folder: string, chosen: RestoreChoice): string {
  const { archives, bytes, names, leftOut, again = 0, disk, transfer, copies, requests, perDay } = plan;
  const more = archives - names.length;
  const named = [...names.map((name) => shown(name)), ...(more > 0 ? [`${more} more`] : [])];
  const lines = [`${plural(archives)}, ${headlineSize(bytes)}: ${named.join(', ')}`];
  if (leftOut > 0)
    lines.push(`${plural(leftOut)} left out: on the way already, deleted, or nothing here can ask for it.`);
  if (again > 0) lines.push(`! ${again} of them came back before: asked for, and paid for, once more.`);
  lines.push(`To ${shown(folder)}, where ${headlineSize(disk.free)} are free.`);
  if (disk.need > disk.free)
    lines.push(
      `! ${headlineSize(disk.need - disk.free)} short: it will stop there, and go on once there is room.`,
    );
  lines.push('');
  for (const choice of plan.choices) {
    const whole = moneyWords(choice.retrieval + transfer + copies + requests);
    const days = choice.days > 1 ? `, all of it in ${choice.days} days` : '';
    const mark = choice.tier === chosen.tier ? '>' : ' ';
    lines.push(`${mark} ${choice.tier.padEnd(9)}  ${whole.padStart(10)}  ${waiting(choice)}${days}`);
  }
  for (const { tier, why } of plan.refused)
    lines.push(`  ${tier.padEnd(9)}  ${'-'.padStart(10)}  ${refusals[why]}`);
  const parts = [
    `${moneyWords(chosen.retrieval)} retrieval`,
    `${moneyWords(transfer)} transfer`,
    `${moneyWords(requests)} requests`,
    ...(copies > 0 ? [`${moneyWords(copies)} copies`] : []),
  ];
  lines.push(
    '',
    `${chosen.tier}: ${parts.join(', ')}. Prices of ${shown(plan.pricesOf)}; AWS’s bill decides.`,
  );
  lines.push(
    perDay === undefined
      ? 'All of it is asked for at once (--per-day SIZE).'
      : `At most ${headlineSize(perDay)} a day.`,
  );
  return `${lines.join('\n')}\n`;
}

function waiting({ earliestMs, latestMs }: RestoreChoice): string {
  if (latestMs === 0) return 'ready now';
  const [unit, name] = latestMs < hour ? [minute, 'min'] : [hour, 'h'];
  const [from, to] = [Math.round(earliestMs / unit), Math.max(1, Math.round(latestMs / unit))];
  return from > 0 && from < to ? `ready after ${from} to ${to} ${name}` : `ready within ${to} ${name}`;
}

export function statusLine({
  status,
  pausing,
  back,
  archives,
  failed,
  backBytes,
  bytes,
  code,
}: RestoreView): string {
  const how =
    status === 'done'
      ? 'done'
      : status === 'paused'
        ? 'paused'
        : pausing === true
          ? 'pausing'
          : code === undefined
            ? 'under way'
            : 'stopped';
  const lost = failed === 0 ? '' : `, ${failed} failed`;
  return `${how}: ${back} of ${plural(archives)} back${lost}, ${headlineSize(backBytes)} of ${headlineSize(bytes)}`;
}

export function restoreReport(
  view: RestoreView | undefined,
  rows: readonly RestoreRow[],
  folder: string,
  command: string,
): string {
  if (view === undefined) return `Nothing was ever asked back: ${command} ARCHIVE, or --vault NAME\n`;
  const { startedMs, startedBy, tier, day, days, cost, costInAll, code } = view;
  const by = startedBy === undefined ? '' : ` by ${shown(startedBy)}`;
  const lines = [
    `Restore of ${stamp(startedMs)}${by}, ${tier}: ${statusLine(view)}`,
    `  day ${day} of ${days}, ${moneyWords(cost)} of about ${moneyWords(costInAll)} so far, to ${shown(folder)}`,
  ];
  if (code !== undefined) lines.push(`  ! ${words(code)}`);
  const of = rows.filter(({ state }) => view.status !== 'done' || state === 'failed');
  for (const row of of) lines.push(...rowLines(row));
  const rest = view.archives - rows.length;
  if (rest > 0 && view.status !== 'done') lines.push(`  and ${rest} more`);
  return `${lines.join('\n')}\n`;
}

function rowLines({
  name,
  size,
  state,
  part,
  parts,
  untilMs,
  readyMs,
  down,
  rate,
  code,
  message,
  bySize,
}: RestoreRow): string[] {
  const facts = [
    parts > 1 ? `part ${part} of ${parts}` : undefined,
    state === 'asked' && readyMs !== undefined ? `there by ${stamp(readyMs)}` : undefined,
    (state === 'ready' || state === 'downloading') && untilMs !== undefined
      ? `until ${stamp(untilMs)}`
      : undefined,
    state === 'downloading' ? `${headlineSize(down)} here` : undefined,
    rate === undefined ? undefined : `${headlineSize(rate)}/s`,
    bySize === true ? 'compared by its size alone' : undefined,
  ].filter((fact) => fact !== undefined);
  const line = `  ${state.padEnd(11)}  ${headlineSize(size).padStart(8)}  ${shown(name)}${facts.length === 0 ? '' : `  (${facts.join(', ')})`}`;
  if (code === undefined) return [line];
  return [line, `    ! ${words(code)}${message === undefined ? '' : ` AWS: ${shown(message)}`}`];
}

function words(code: string): string {
  return isErrorCode(code) ? `${sentenceOf(code)} ${remedyOf(code)}` : shown(code);
}

function stamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

function plural(archives: number): string {
  return `${archives} ${archives === 1 ? 'archive' : 'archives'}`;
}
