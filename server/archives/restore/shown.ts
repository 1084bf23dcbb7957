import { vaultOf } from '../../../lib/archive.ts';
import type { RestoreRow, RestoreView } from '../../../lib/protocol/restores.ts';
import path from 'node:path';
import { costOf, inAll } from './cost.ts';
import type { Prices } from './prices.ts';
import type { RestoreItem, RestoreRecord, RestoreSums } from './records.ts';
import { waitingOf } from './tiers.ts';

/** A restore as devices see it: no path of the home, and of AWS's words as much as a screen has room for. */

const day = 86_400_000;

export function viewOf(
  record: RestoreRecord,
  sums: RestoreSums,
  { now, prices, free }: { readonly now: number; readonly prices: Prices; readonly free: number },
): RestoreView {
  const of = (...states: string[]) => sums.states.filter(({ state }) => states.includes(state));
  const total = (rows: RestoreSums['states'], what: 'archives' | 'bytes' | 'whole'): number =>
    rows.reduce((sum, row) => sum + row[what], 0);
  const waiting = total(of('waiting'), 'bytes');
  const today = Math.floor(((record.doneAt ?? now) - record.startedAt) / day) + 1;
  const byCap =
    record.perDay === null ? 1 : Math.ceil((waiting + (waiting > 0 ? sums.askedSince : 0)) / record.perDay);
  const latest = waitingOf('GLACIER', record.tier)?.latestMs ?? 0;
  const days = today - 1 + Math.max(1, byCap, waiting > 0 ? Math.ceil(latest / day) : 1);
  const { perDay, code, startedBy } = record;
  return {
    restore: record.id,
    status: record.status,
    ...(record.pausing === 1 ? { pausing: true as const } : {}),
    archives: record.archives,
    back: total(of('back'), 'archives'),
    failed: total(of('failed'), 'archives'),
    bytes: record.bytes,
    backBytes: total(of('back'), 'whole'),
    day: today,
    days: record.doneAt === null ? days : today,
    cost: inAll(costOf(sums.amounts, record.tier, prices)),
    costInAll: record.costInAll,
    ...(perDay === null ? {} : { perDay }),
    tier: record.tier,
    free,
    folder: path.basename(record.folder),
    startedMs: record.startedAt,
    ...(startedBy === null ? {} : { startedBy: startedBy.slice(0, 64) }),
    ...(code === null ? {} : { code }),
  };
}

export interface RowFacts {
  /** Of the whole archive. */
  readonly down: number;
  readonly rate: number | undefined;
  readonly sums: RestoreSums;
  readonly prices: Prices;
}

export function rowOf(item: RestoreItem, record: RestoreRecord, facts: RowFacts): RestoreRow {
  const { vault, id, name, size, state, part, parts, bytes, askedAt, readyAt, until, checkedAt } = item;
  const shownName = (name === '' ? id : name).slice(0, 200);
  const vaultName = vaultOf(vault)?.name ?? /^arn:aws:s3:::(.+)$/.exec(vault)?.[1];
  return {
    vault,
    id,
    name: shownName,
    ...(vaultName === undefined || vaultName === null ? {} : { vaultName: vaultName.slice(0, 255) }),
    size,
    state,
    part,
    parts,
    partBytes: bytes,
    ...(askedAt === null ? {} : { askedMs: askedAt }),
    ...(readyAt === null ? {} : { readyMs: readyAt }),
    ...(until === null ? {} : { untilMs: until }),
    down: Math.min(size, facts.down),
    ...(facts.rate === undefined ? {} : { rate: facts.rate }),
    ...(checkedAt === null ? {} : { checkedMs: checkedAt }),
    ...(item.checked === 'size' ? { bySize: true as const } : {}),
    cost: costOfRow(item, record, facts),
    ...(item.code === null ? {} : { code: item.code.slice(0, 40) }),
    ...(item.message === null ? {} : { message: item.message.slice(0, 300) }),
  };
}

/** Of the transfer, which is free up to a point, its share. */
function costOfRow(item: RestoreItem, { tier }: RestoreRecord, { sums, prices }: RowFacts): number {
  const { retrieval, requests, copies } = costOf([item], tier, prices);
  const out = sums.amounts.reduce((sum, each) => sum + each.out, 0);
  const transfer = out === 0 ? 0 : (costOf(sums.amounts, tier, prices).transfer * item.out) / out;
  return Math.round(retrieval + requests + copies + transfer);
}
