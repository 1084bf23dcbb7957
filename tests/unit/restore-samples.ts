import type {
  RestorePlan,
  RestoreRow,
  RestoreView,
  SendingView,
  SentRow,
} from '../../lib/protocol/restores.ts';

/** Three archives of photos, as the design's pictures have them: what tests and pictures start from. */

/** Whole cents are 10,000 of these. */
const cents = 10_000;
const hour = 3_600_000;

export function planOf(change: Partial<RestorePlan> = {}): RestorePlan {
  return {
    plan: 'plan-1',
    archives: 3,
    bytes: 1_141_000_000_000,
    names: ['Photos 2019, raw', 'Photos 2020, raw', 'Photos 2022, raw'],
    leftOut: 0,
    disk: { need: 1_141_000_000_000, free: 1_920_000_000_000 },
    folder: 'restore',
    choices: [
      { tier: 'Bulk', retrieval: 285 * cents, earliestMs: 5 * hour, latestMs: 12 * hour, days: 6 },
      { tier: 'Standard', retrieval: 1141 * cents, earliestMs: 3 * hour, latestMs: 5 * hour, days: 6 },
    ],
    refused: [{ tier: 'Expedited', why: 'too-big' }],
    transfer: 10_269 * cents,
    copies: 0,
    requests: 0,
    pricesOf: '2026-05-03',
    ...change,
  };
}

export function restoreOf(change: Partial<RestoreView> = {}): RestoreView {
  return {
    restore: 'restore-1',
    status: 'running',
    archives: 3,
    back: 1,
    failed: 0,
    bytes: 1_141_000_000_000,
    backBytes: 412_000_000_000,
    day: 3,
    days: 6,
    cost: 4374 * cents,
    costInAll: 10_554 * cents,
    perDay: 200e9,
    tier: 'Bulk',
    free: 1_450_000_000_000,
    folder: 'restore',
    startedMs: 1_778_000_000_000,
    startedBy: 'phone',
    ...change,
  };
}

export function rowOf(id: string, change: Partial<RestoreRow> = {}): RestoreRow {
  return {
    vault: 'vaults/photos',
    id,
    name: `Photos ${id}`,
    vaultName: 'photos',
    size: 388_000_000_000,
    state: 'waiting',
    part: 1,
    parts: 1,
    partBytes: 388_000_000_000,
    down: 0,
    cost: 0,
    ...change,
  };
}

export function sentOf(name: string, change: Partial<SentRow> = {}): SentRow {
  return { name, size: 9.8e9, parts: 147, part: 1, state: 'waiting', ...change };
}

export function sendingOf(change: Partial<SendingView> = {}): SendingView {
  return {
    target: 'photos',
    kind: 'vault',
    alive: true,
    files: 6,
    leftOut: 2,
    bytes: 38_600_000_000,
    sentBytes: 25_300_000_000,
    partBytes: 64 * 1024 * 1024,
    rate: 4_100_000,
    monthly: 14 * cents,
    leastDays: 90,
    rows: [],
    from: 0,
    ...change,
  };
}
