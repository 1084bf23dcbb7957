import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { InventoryAsking } from './archives/inventory-asking.ts';
import type { Restoring } from './archives/restoring.ts';
import type { Audit } from './audit.ts';
import type { Lifting } from './bans/lifting.ts';
import type { Clock } from './clock.ts';
import type { Devices } from './devices.ts';
import { fresh, keyOf, type OpenIntent } from './held.ts';
import type { Openings } from './openings.ts';
import type { Outcome, Requests } from './requests.ts';
import type { OpeningRow, RequestRow } from './store/rows.ts';

interface Parts {
  readonly openings: Openings;
  readonly requests: Requests;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly lifting: Lifting;
  readonly asking: InventoryAsking;
  readonly restoring: Pick<Restoring, 'settle'>;
}

/**
 * Every intent without an outcome, of an earlier run or of a moment when the disk was full, is looked up in the
 * system and gets one, and nothing is done twice. What cannot be read or written yet is left for the next call.
 * @returns why something was left, for the log; empty where nothing was. Never rejects.
 */
export async function settleAll(parts: Parts): Promise<readonly string[]> {
  const left: string[] = [];
  for (const request of parts.requests.unsettled()) {
    try {
      await settleOne(request, parts);
    } catch (error) {
      left.push(`${[request.kind, request.door].join(' ').trim()} is not settled yet: ${String(error)}`);
    }
  }
  for (const device of new Set([...parts.openings.held.values()].map((held) => held.row.device))) {
    if ((parts.devices.get(device)?.revokedAt ?? null) === null) continue;
    await closeAllOf(device, parts.openings).catch((error: unknown) => left.push(String(error)));
  }
  return left;
}

async function settleOne(request: RequestRow, parts: Parts): Promise<void> {
  if (request.kind === 'open') {
    const { address } = JSON.parse(request.intent) as OpenIntent;
    return parts.openings.alone(keyOf(request.door, address), () => settleOpen(request, parts));
  }
  if (request.kind === 'unban' || request.kind === 'reban') return parts.lifting.settle(request);
  if (request.kind === 'inventory') return parts.asking.settle(request);
  if (request.kind === 'restore') return parts.restoring.settle(request);
  let outcome: Outcome = { ok: true };
  try {
    if (request.kind === 'close') await closeOwn(request.door, request.device, parts.openings);
    else await closeAllOf((JSON.parse(request.intent) as { device: string }).device, parts.openings);
  } catch (error) {
    if (codeOf(error, 'tool-failed') !== 'refused-door') throw error;
    outcome = { ok: false, code: 'refused-door' };
  }
  await parts.requests.settle(request, outcome);
}

async function settleOpen(
  request: RequestRow,
  { openings, requests, devices, audit, clock }: Parts,
): Promise<void> {
  const { address, seconds } = JSON.parse(request.intent) as OpenIntent;
  const read = await openings.inspect(request.door).catch((error: unknown) => {
    // The door is gone from the configuration: so is whatever it opened, or it is not ours to read.
    if (error instanceof LatchkeyError && error.code === 'refused-door') return [];
    throw error;
  });
  const found = read.find((opening) => opening.address === address);
  const device = devices.nameOf(request.device);
  const named = device === undefined ? {} : { device };
  const key = keyOf(request.door, address);
  const before = openings.held.get(key);
  if (found === undefined) {
    const closed: OpeningRow | undefined = before && { ...before.row, closedAt: clock.wall() };
    const event = audit.draft({
      kind: 'failed',
      door: request.door,
      address,
      code: 'tool-not-open',
      ...named,
    });
    const rows = closed === undefined ? [] : [{ put: 'opening', value: closed } as const];
    await requests.settle(request, { ok: false, code: 'tool-not-open' }, ...rows, event);
    if (before !== undefined) openings.drop(before);
    openings.changed();
    return;
  }
  // Never longer than it was asked for: the wall's clock may have been set back since.
  const leftMs = found.remainingMs ?? Math.min(request.at + seconds * 1000 - clock.wall(), seconds * 1000);
  const closesAt = clock.wall() + leftMs;
  const row: OpeningRow = {
    door: request.door,
    address,
    device: request.device,
    openedAt: request.at,
    closesAt,
    closedAt: null,
  };
  const event = audit.draft({ kind: 'opened', door: request.door, address, seconds, ...named });
  const outcome: Outcome = { ok: true, address, steps: [], closesAt };
  await requests.settle(request, outcome, { put: 'opening', value: row }, event);
  const since = clock.now();
  const begunAt = since - Math.max(0, clock.wall() - request.at);
  openings.held.set(key, { row, phase: 'open', since, begunAt, endsAt: since + leftMs, ...fresh });
  openings.changed();
}

/**
 * Closes what this device opened at a door, and what nobody here opened, unless the tool itself did and has time
 * left to close it. Throws `tool-*`.
 */
export async function closeOwn(door: string, device: string, openings: Openings): Promise<void> {
  const read = await openings.inspect(door);
  const addresses = new Set(read.filter(({ dueMs = 0 }) => dueMs <= 0).map(({ address }) => address));
  for (const held of openings.of(door)) {
    if (held.phase !== 'closed' && held.row.device === device) addresses.add(held.row.address);
    else if (held.row.device !== device && !held.overdueTold) addresses.delete(held.row.address);
  }
  await Promise.all([...addresses].map((address) => openings.shut(door, address)));
}

/** Closes every door that a device has open, of those that are still configured. Throws `tool-*` after trying all. */
export async function closeAllOf(device: string, openings: Openings): Promise<void> {
  const mine = [...openings.held.values()].filter(
    (held) => held.row.device === device && held.phase !== 'closed',
  );
  const results = await Promise.allSettled(
    mine.map((held) => openings.shut(held.row.door, held.row.address)),
  );
  for (const result of results) {
    if (result.status === 'rejected' && codeOf(result.reason, 'tool-failed') !== 'refused-door')
      throw result.reason;
  }
}
