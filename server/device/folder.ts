import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { homeId, readHomeRecord, type HomeRecord } from '../../lib/client/home-record.ts';
import type { SecretKeys } from '../../lib/client/keys.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { fromBase64, toBase64 } from '../../lib/protocol/bytes.ts';

/** A paired home with this device's keys for it. */
export interface PairedHome {
  readonly record: HomeRecord;
  readonly secrets: SecretKeys;
}

const stored = v.strictObject({
  version: v.literal(1),
  /** The last paired first. */
  homes: v.array(
    v.strictObject({
      record: v.unknown(),
      keys: v.strictObject({ box: v.string(), admission: v.string() }),
    }),
  ),
});

export function deviceFolder(environment: NodeJS.ProcessEnv): string {
  const { LATCHKEY_DEVICE_DIR, XDG_STATE_HOME } = environment;
  if (LATCHKEY_DEVICE_DIR !== undefined && LATCHKEY_DEVICE_DIR !== '') return LATCHKEY_DEVICE_DIR;
  const state =
    XDG_STATE_HOME === undefined || XDG_STATE_HOME === ''
      ? path.join(homedir(), '.local', 'state')
      : XDG_STATE_HOME;
  return path.join(state, 'latchkey-device');
}

function secret(text: string, key: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes.length !== 32) throw new LatchkeyError('config-invalid', `${key}: not 32 bytes`);
  return bytes;
}

/**
 * The homes that this folder's device is paired with, last paired first; none where there is no file. Throws
 * `config-unreadable`, or `config-invalid` naming the file and key.
 */
export async function readHomes(folder: string): Promise<PairedHome[]> {
  const file = path.join(folder, 'homes.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new LatchkeyError('config-unreadable', file, { cause });
  }
  try {
    return v.parse(stored, JSON.parse(text)).homes.map(({ record, keys }) => ({
      record: readHomeRecord(record),
      secrets: { box: secret(keys.box, 'keys.box'), admission: secret(keys.admission, 'keys.admission') },
    }));
  } catch (cause) {
    const why = cause instanceof LatchkeyError ? (cause.detail ?? cause.code) : (cause as Error).message;
    throw new LatchkeyError('config-invalid', `${file}: ${why}`, { cause });
  }
}

/** Whole or not at all, also over a power cut: written beside, synced, renamed, the folder synced. */
async function writeHomes(folder: string, homes: readonly PairedHome[]): Promise<void> {
  const file = path.join(folder, 'homes.json');
  const text = JSON.stringify(
    {
      version: 1,
      homes: homes.map(({ record, secrets }) => ({
        record,
        keys: { box: toBase64(secrets.box), admission: toBase64(secrets.admission) },
      })),
    },
    null,
    2,
  );
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const beside = `${file}.new`;
    const written = await open(beside, 'w', 0o600);
    try {
      await written.chmod(0o600);
      await written.writeFile(`${text}\n`);
      await written.sync();
    } finally {
      await written.close();
    }
    await rename(beside, file);
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', file, { cause });
  }
}

/** Adds a home, or replaces what was stored of the same one. Throws `config-*`. */
export async function storeHome(folder: string, home: PairedHome): Promise<void> {
  const others = (await readHomes(folder)).filter(({ record }) => homeId(record) !== homeId(home.record));
  await writeHomes(folder, [home, ...others]);
}

/** A home's key is shown by its first letters; so many tell homes apart. */
export const shortKey = 8;

/**
 * The home of that name, or whose key begins with it; absent: the last paired. Throws `config-not-paired` where there
 * is none at all, `config-missing` naming those that are paired where it is none of them, or `config-usage` where
 * several have it: two houses may well call themselves the same.
 */
export async function readHome(folder: string, name?: string): Promise<PairedHome> {
  const homes = await readHomes(folder);
  const [home, ...others] = name === undefined ? homes.slice(0, 1) : named(homes, name);
  if (home === undefined) throw noSuchHome(homes, folder, name);
  if (others.length > 0)
    throw new LatchkeyError('config-usage', `several homes "${name}": give the key, see \`device homes\``);
  // A folder made by hand, or copied: its keys are for its owner alone.
  await chmod(path.join(folder, 'homes.json'), 0o600).catch(() => undefined);
  return home;
}

/** So many names stand in a refusal; `device homes` lists them all. */
const mostNamed = 5;

function noSuchHome(homes: readonly PairedHome[], folder: string, name: string | undefined): LatchkeyError {
  if (homes.length === 0 || name === undefined) return new LatchkeyError('config-not-paired', folder);
  const names = homes.slice(0, mostNamed).map(({ record }) => record.name);
  const more = homes.length > mostNamed ? ' and others' : '';
  return new LatchkeyError(
    'config-missing',
    `no home "${name}"; paired: ${names.join(', ')}${more}, see \`latchkey device homes\``,
  );
}

function named(homes: readonly PairedHome[], name: string): PairedHome[] {
  const byName = homes.filter(({ record }) => record.name === name);
  if (byName.length > 0 || name.length < shortKey) return byName;
  return homes.filter(({ record }) => homeId(record).startsWith(name));
}

/** Takes a home and this device's keys for it out of the folder. It is not revoked there. Throws as `readHome`. */
export async function forgetHome(folder: string, name: string): Promise<HomeRecord> {
  const { record } = await readHome(folder, name);
  const others = (await readHomes(folder)).filter((home) => homeId(home.record) !== homeId(record));
  await writeHomes(folder, others);
  return record;
}
