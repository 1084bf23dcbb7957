import * as v from 'valibot';
import { applications, doorName, type Application } from '../../lib/door.ts';
import { parseDuration } from '../../lib/duration.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { DriverType } from './driver.ts';

/** A door as a person configured it: one file at the helper, one table in the home agent's own file. */
export interface DoorDefinition {
  readonly name: string;
  readonly type: DriverType;
  /** What the driver made of its own keys. */
  readonly options: unknown;
  /** What clients dial, where it is not the relay's host. */
  readonly host?: string;
  /** What they speak there; absent: what is usual at its port. */
  readonly serves?: Application;
  readonly defaultSeconds: number;
  readonly longestSeconds: number;
  /** Addresses that may be open at once. */
  readonly maxOpen: number;
  /** Openings that may be asked for in a minute. */
  readonly perMinute: number;
  /** Names or ids of the devices that may open it; absent: all. The home agent's to hold: the helper knows none. */
  readonly devices?: readonly string[];
}

const duration = v.pipe(
  v.string('must be text such as "5m"'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return parseDuration(dataset.value);
    } catch {
      addIssue({ message: 'must be a time such as "5m", at most "1d"' });
      return NEVER;
    }
  }),
);
const amount = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000));

/** A DNS name, an address, nothing that means more in a URL or on a command line. */
export const doorHost = /^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/;

export const served = v.picklist(applications, `must be one of ${applications.join(', ')}`);

/** Keys of every door, whatever its driver. The rest of the table is the driver's own. */
const common = v.object({
  driver: v.string('must name a driver'),
  host: v.optional(v.pipe(v.string(), v.regex(doorHost, 'must be a host name'))),
  serves: v.exactOptional(served),
  default: v.optional(duration),
  longest: v.optional(duration),
  max_open: v.optional(amount, 16),
  per_minute: v.optional(amount, 60),
  devices: v.exactOptional(
    v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(64))), v.minLength(1), v.maxLength(64)),
  ),
});

/** Seconds, where a file says nothing. */
const usual = { default: 5 * 60, longest: 60 * 60 };

/**
 * Reads one door. `types`: the drivers that run in this room. Throws LatchkeyError `config-invalid` whose
 * detail names the key; unknown keys are refused.
 */
export function readDoor(
  name: string,
  table: Readonly<Record<string, unknown>>,
  types: readonly DriverType[],
): DoorDefinition {
  if (!doorName.test(name))
    throw invalid(`the name "${name}": a letter, then up to 30 of a-z, 0-9 and _ (lower case)`);
  const result = v.safeParse(common, table);
  if (!result.success) {
    const issue = result.issues[0];
    throw invalid(`${v.getDotPath(issue) ?? 'door'}: ${issue.message}`);
  }
  const { driver, host, serves, devices, max_open: maxOpen, per_minute: perMinute, ...times } = result.output;
  const type = types.find((one) => one.name === driver);
  if (type === undefined)
    throw invalid(`driver: "${driver}" is not one of ${types.map((one) => one.name).join(', ')}`);
  const longestSeconds = times.longest ?? Math.max(usual.longest, times.default ?? 0);
  const defaultSeconds = times.default ?? Math.min(usual.default, longestSeconds);
  if (defaultSeconds > longestSeconds) throw invalid('default: is longer than longest');
  const own = Object.fromEntries(
    Object.entries(table).filter(([key]) => !Object.hasOwn(common.entries, key)),
  );
  return {
    name,
    type,
    options: type.read(own),
    ...(host === undefined ? {} : { host }),
    ...(serves === undefined ? {} : { serves }),
    defaultSeconds,
    longestSeconds,
    maxOpen,
    perMinute,
    ...(devices === undefined ? {} : { devices }),
  };
}

/** What one door alone cannot see. Throws `config-invalid` naming both doors. */
export function checkTogether(doors: readonly DoorDefinition[]): void {
  const claims = new Map<string, string>();
  for (const { name, type, options } of doors) {
    const claim = type.claim?.(options);
    if (claim === undefined) continue;
    const key = `${type.name} ${claim}`;
    const other = claims.get(key);
    if (other !== undefined) throw invalid(`${name}: door ${other} has ${claim} already`);
    claims.set(key, name);
  }
}

function invalid(detail: string): LatchkeyError {
  return new LatchkeyError('config-invalid', detail);
}
