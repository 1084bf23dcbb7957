import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { doorName } from '../../lib/door.ts';
import { parseDuration } from '../../lib/duration.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { permissions } from '../../lib/permission.ts';
import { fromBase64 } from '../../lib/protocol/bytes.ts';
import { isRelayAddress } from '../../lib/protocol/pairing.ts';
import { doorHost, served } from '../doors/definition.ts';
import { sourceTypes } from '../archives/registry.ts';
import type { ArchiveTable } from '../archives/watch.ts';
import { agentDrivers, helperDriverNames } from './registry.ts';

const drivers = [...agentDrivers.map((type) => type.name), ...helperDriverNames];

const key = v.pipe(
  v.string(),
  v.check((text) => {
    try {
      return fromBase64(text).length === 32;
    } catch {
      return false;
    }
  }, 'must be 32 bytes as base64url'),
);
const duration = v.pipe(
  v.string(),
  v.check((text) => {
    try {
      return parseDuration(text) > 0;
    } catch {
      return false;
    }
  }, 'must be a time such as 90s, 5m or 1h'),
);
const baseAddress = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.check(isRelayAddress, 'must be like https://relay.example:7443, without a path'),
);

const relay = v.strictObject({
  url: baseAddress,
  /**
   * PEM file, relative to this one, where no public authority signed the relay's certificate: the relay's own
   * certificate first (offers pin its key for terminal devices), then the authority's.
   */
  ca: v.exactOptional(v.string()),
  /** True where the owner runs it: its word on an address then counts for the door's whole time. */
  own: v.optional(v.boolean(), false),
  /** Base addresses that devices use for it; absent: `url`. */
  public: v.exactOptional(v.pipe(v.array(baseAddress), v.minLength(1), v.maxLength(3))),
});

/**
 * Somebody who says where a device is. A relay that has a name of one family beside its main one is listed once for
 * each, with the same key.
 */
const observer = v.strictObject({
  key,
  /** True for one that the relay's operator does not run. Where there is one, nothing opens without such a word. */
  witness: v.exactOptional(v.boolean()),
  url: v.optional(v.union([v.literal(''), baseAddress], 'must be a base address, or empty'), ''),
  family: v.optional(v.picklist(['any', 'v4', 'v6']), 'any'),
});

const door = v.looseObject({
  name: v.pipe(v.string(), v.regex(doorName, 'must be lower case, a letter first: a-z 0-9 _')),
  driver: v.pipe(
    v.string(),
    v.check(
      (name) => drivers.includes(name),
      (issue) => `"${issue.input}" is not one of ${drivers.join(', ')}`,
    ),
  ),
  host: v.exactOptional(v.pipe(v.string(), v.regex(doorHost, 'must be a host name'))),
  serves: v.exactOptional(served),
  default: v.exactOptional(duration),
  longest: v.exactOptional(duration),
  max_open: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256))),
  per_minute: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(6000))),
  devices: v.exactOptional(v.array(v.string())),
});

/** A place at AWS that is asked what lies there: server/archives/AWS.md. Its own keys are its type's. */
const archives = v.looseObject({
  type: v.pipe(
    v.string(),
    v.check(
      (name) => sourceTypes.some((type) => type.name === name),
      (issue) => `"${issue.input}" is not one of ${sourceTypes.map(({ name }) => name).join(', ')}`,
    ),
  ),
  name: v.exactOptional(
    v.pipe(v.string(), v.regex(doorName, 'must be lower case, a letter first: a-z 0-9 _')),
  ),
});

const file = v.strictObject({
  name: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64)), () => hostname().slice(0, 64)),
  /** May a door open for private and carrier-NAT addresses? */
  allow_private: v.optional(v.boolean(), false),
  /** What devices may do that are paired from now on, beyond doors, looking, and lifting the ban on themselves. */
  allow: v.exactOptional(v.array(v.picklist(permissions, `must be of ${permissions.join(', ')}`))),
  /** How its owner gets in should a rule be wrong: in their own words, for `latchkey doctor`, which asks for it. */
  second_way_in: v.exactOptional(
    v.pipe(v.string(), v.trim(), v.minLength(8, 'must say what it is'), v.maxLength(200)),
  ),
  /** The helper's socket; relative to this file. */
  helper: v.exactOptional(v.string()),
  relay: v.pipe(v.array(relay), v.minLength(1, 'at least one [[relay]] is needed'), v.maxLength(3)),
  observer: v.pipe(v.array(observer), v.minLength(1, 'at least one [[observer]] is needed'), v.maxLength(8)),
  door: v.optional(v.array(door), () => []),
  archives: v.optional(v.array(archives), () => []),
  /** Where archives that come back are written; relative to this file. Absent: `restored` beside it. */
  restore_folder: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(1024))),
});

export type ArchiveSourceTable = ArchiveTable;
export type AgentFile = Omit<v.InferOutput<typeof file>, 'archives'> & {
  readonly archives?: readonly ArchiveSourceTable[];
};
export type DoorTable = AgentFile['door'][number];
export type RelayTable = AgentFile['relay'][number];
export type ObserverTable = AgentFile['observer'][number];

/**
 * Reads the home agent's one file. Throws `config-unreadable` with the path, `config-invalid` with line and
 * column (broken TOML) or the key.
 */
export function readAgentFile(path: string): AgentFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', path, { cause });
  }
  return parseAgentFile(text, path);
}

export function parseAgentFile(text: string, path: string): AgentFile {
  let table: unknown;
  try {
    table = parse(text);
  } catch (cause) {
    const where = cause instanceof TomlError ? `line ${cause.line}, column ${cause.column}` : 'TOML';
    throw new LatchkeyError('config-invalid', `${path}: ${where}`, { cause });
  }
  const checked = v.safeParse(file, table);
  if (!checked.success) {
    const issue = checked.issues[0];
    throw new LatchkeyError('config-invalid', `${path}: ${v.getDotPath(issue) ?? 'file'}: ${issue.message}`);
  }
  const names = checked.output.door.map((one) => one.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new LatchkeyError('config-invalid', `${path}: door: "${twice}" stands there twice`);
  const torn = checked.output.observer.find((one) =>
    checked.output.observer.some((other) => other.key === one.key && other.witness !== one.witness),
  );
  if (torn !== undefined)
    throw new LatchkeyError('config-invalid', `${path}: observer: "${torn.key}" is a witness or is none`);
  const folder = dirname(path);
  const read = checked.output;
  return {
    ...read,
    archives: archiveSources(read.archives, path),
    ...(read.restore_folder === undefined ? {} : { restore_folder: resolve(folder, read.restore_folder) }),
    ...(read.helper === undefined ? {} : { helper: resolve(folder, read.helper) }),
    relay: read.relay.map((one) => (one.ca === undefined ? one : { ...one, ca: resolve(folder, one.ca) })),
  };
}

/** Throws `config-invalid` for a name that stands there twice, and for a key that its type does not have. */
function archiveSources(
  tables: readonly v.InferOutput<typeof archives>[],
  path: string,
): ArchiveSourceTable[] {
  const sources = tables.map(({ type, name = type, ...keys }) => ({ name, type, keys }));
  for (const [index, { name, type, keys }] of sources.entries()) {
    if (sources.findIndex((one) => one.name === name) !== index)
      throw new LatchkeyError('config-invalid', `${path}: archives: "${name}" stands there twice`);
    try {
      sourceTypes.find((one) => one.name === type)?.read(keys);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      throw new LatchkeyError(error.code, `${path}: archives: ${error.detail ?? name}`, { cause: error });
    }
  }
  return sources;
}
