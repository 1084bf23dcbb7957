import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import { defaultLimits, type Limits } from './limits.ts';

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535));
export const mailboxId = /^[A-Za-z0-9_-]{43}$/;
const mailbox = v.pipe(v.string(), v.regex(mailboxId, 'must be a mailbox id, as the home prints it'));
const name = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.regex(
    /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:]+\])(?::\d{1,5})?$/,
    'must be like relay.example or relay.example:443',
  ),
);
const base = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.regex(/^https:\/\/[a-z0-9.-]{1,253}(?::\d{1,5})?$/, 'must be like https://witness.example:7443'),
);
const amount = v.pipe(v.number(), v.minValue(0));
const limitKeys = Object.keys(defaultLimits) as (keyof Limits)[];
const limits = v.record(v.picklist(limitKeys), amount);

const file = v.strictObject({
  /** HTTPS, on all addresses. */
  port: v.exactOptional(port),
  /** Plain HTTP, on 127.0.0.1 and ::1 alone. */
  plain_port: v.exactOptional(port),
  /** The name (or address) that others dial. */
  host: v.exactOptional(name),
  /** Further names it answers to; with a port where something forwards another one: "relay.example:443". */
  names: v.optional(v.array(name), () => []),
  /** Names of this relay with an IPv4 or an IPv6 address alone, so that a device can prove both of its own. */
  v4: v.exactOptional(name),
  v6: v.exactOptional(name),
  /** Base addresses of witnesses that its pages may ask: of any other, the browser asks nothing. */
  witnesses: v.optional(v.pipe(v.array(base), v.maxLength(6)), () => []),
  /** Mailboxes served. */
  homes: v.optional(v.array(mailbox), () => []),
  /** PEM files, the leaf first; without them a local authority makes a certificate. */
  certificate: v.exactOptional(v.string()),
  key: v.exactOptional(v.string()),
  limits: v.optional(limits, () => ({})),
});

export type RelayFile = v.InferOutput<typeof file>;

/** `relay.toml` of the relay's folder; all keys have defaults, so it may be absent. Throws `config-*` with the key. */
export function readRelayFile(folder: string): RelayFile {
  const where = path.join(folder, 'relay.toml');
  let text = '';
  try {
    if (existsSync(where)) text = readFileSync(where, 'utf8');
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', where, { cause });
  }
  const read = parseRelayFile(text, where);
  const near = (given: string | undefined): string | undefined =>
    given === undefined ? undefined : path.resolve(folder, given);
  const certificate = near(read.certificate);
  const key = near(read.key);
  return {
    ...read,
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

export function parseRelayFile(text: string, where: string): RelayFile {
  let table: unknown;
  try {
    table = parse(text);
  } catch (cause) {
    const place = cause instanceof TomlError ? `line ${cause.line}, column ${cause.column}` : 'not TOML';
    throw new LatchkeyError('config-invalid', `${where}: ${place}`, { cause });
  }
  const checked = v.safeParse(file, table);
  if (!checked.success) {
    const [issue] = checked.issues;
    throw new LatchkeyError('config-invalid', `${where}: ${v.getDotPath(issue) ?? 'file'}: ${issue.message}`);
  }
  if ((checked.output.certificate === undefined) !== (checked.output.key === undefined))
    throw new LatchkeyError('config-invalid', `${where}: certificate and key belong together`);
  return checked.output;
}
