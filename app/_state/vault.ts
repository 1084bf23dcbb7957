import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import * as v from 'valibot';
import { homeId, readHomeRecord, type HomeRecord } from '../../lib/client/home-record.ts';
import { keysFrom, newSecretKeys, type ClientKeys, type SecretKeys } from '../../lib/client/keys.ts';
import { equal } from '../../lib/protocol/bytes.ts';
import { readKeptDoors } from '../../lib/protocol/message.ts';
import { boxKeyPair, type Random } from '../../lib/protocol/keys.ts';
import type { KeptDoors, KeptNotes, NewKeys, StoredHome, Vault } from './platform.ts';
import type { Settings } from './types.ts';
import { generateKeyPairs, keysOf, type KeyPairs } from './webcrypto-keys.ts';

type StoredKeys =
  | { readonly kind: 'held'; readonly pairs: KeyPairs }
  | { readonly kind: 'bytes'; readonly secrets: SecretKeys };

interface HomeRow {
  readonly id: string;
  /** Unix ms: the order of pairing. */
  readonly pairedAt: number;
  readonly record: HomeRecord;
  readonly keys: StoredKeys;
  readonly kept?: { readonly at: number; readonly doors: unknown };
  readonly notes?: unknown;
}

interface Schema extends DBSchema {
  homes: { key: string; value: HomeRow };
  settings: { key: 'settings'; value: unknown };
}

const settings = v.partial(
  v.object({
    openBy: v.picklist(['hold', 'twice']),
    seconds: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400)),
    theme: v.picklist(['system', 'light', 'dark']),
    shortcuts: v.boolean(),
    home: v.pipe(v.string(), v.maxLength(200)),
  }),
);

const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const notes = v.object({
  lookedAt: v.exactOptional(time),
  findings: v.array(v.object({ key: v.string(), since: time, seen: v.boolean() })),
  settled: v.array(time),
});

function notesOf(row: HomeRow): KeptNotes | undefined {
  const read = v.safeParse(notes, row.notes);
  return read.success ? read.output : undefined;
}

async function keysFromStored(stored: StoredKeys): Promise<ClientKeys> {
  return stored.kind === 'held' ? keysOf(stored.pairs) : keysFrom(stored.secrets);
}

/** True where what the browser keeps of the keys still works once it was copied: some keep what they cannot read. */
async function survives(pairs: KeyPairs, random: Random): Promise<boolean> {
  const copy = structuredClone(pairs);
  const peer = boxKeyPair(random(32)).publicKey;
  const [before, after] = await Promise.all([keysOf(pairs), keysOf(copy)]);
  await after.sign(peer);
  return equal(await before.dh(peer), await after.dh(peer));
}

function keptOf({ kept }: HomeRow): KeptDoors | undefined {
  const doors = readKeptDoors(kept?.doors);
  return kept === undefined || doors === undefined || !Number.isFinite(kept.at)
    ? undefined
    : { at: kept.at, doors };
}

/** Keys, homes, what they last said, and settings in IndexedDB. `sessions` are never in here: they are memory. */
export function openVault(random: Random, wall: () => number): Vault {
  let opened: Promise<IDBPDatabase<Schema>> | undefined;
  const database = (): Promise<IDBPDatabase<Schema>> => {
    opened ??= openDB<Schema>('latchkey', 1, {
      upgrade: (made) => {
        made.createObjectStore('homes', { keyPath: 'id' });
        made.createObjectStore('settings');
      },
      // Another tab has a newer version: this one gets out of its way.
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
    });
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };

  /** Nothing where the home was forgotten meanwhile. */
  const change = async (id: string, part: Partial<HomeRow>): Promise<void> => {
    const transaction = (await database()).transaction('homes', 'readwrite');
    const row = await transaction.store.get(id);
    if (row !== undefined) await transaction.store.put({ ...row, ...part });
    await transaction.done;
  };

  return {
    async homes(): Promise<readonly StoredHome[]> {
      const rows = await (await database()).getAll('homes');
      const homes = await Promise.all(
        rows
          .sort((a, b) => a.pairedAt - b.pairedAt)
          .map(async (row): Promise<StoredHome[]> => {
            try {
              const kept = keptOf(row);
              const remembered = notesOf(row);
              return [
                {
                  record: readHomeRecord(row.record),
                  keys: await keysFromStored(row.keys),
                  ...(kept === undefined ? {} : { kept }),
                  ...(remembered === undefined ? {} : { notes: remembered }),
                },
              ];
            } catch {
              return []; // written by another version: pair again
            }
          }),
      );
      return homes.flat();
    },

    async settings() {
      const read = v.safeParse(settings, await (await database()).get('settings', 'settings'));
      return (read.success ? read.output : {}) as Partial<Settings>;
    },

    async newKeys(): Promise<NewKeys> {
      let stored: StoredKeys | undefined;
      try {
        const pairs = await generateKeyPairs();
        if (await survives(pairs, random)) stored = { kind: 'held', pairs };
      } catch {
        // this browser has no such keys: bytes, then
      }
      stored ??= { kind: 'bytes', secrets: newSecretKeys(random) };
      return { keys: await keysFromStored(stored), stored };
    },

    async addHome(record, keys) {
      const row = { id: homeId(record), pairedAt: wall(), record, keys: keys.stored as StoredKeys };
      await (await database()).put('homes', row);
    },

    changeRecord: (record) => change(homeId(record), { record }),
    keepDoors: (id, kept) => change(id, { kept }),
    keepNotes: (id, kept) => change(id, { notes: kept }),

    async removeHome(id) {
      await (await database()).delete('homes', id);
    },

    async saveSettings(value) {
      const transaction = (await database()).transaction('settings', 'readwrite');
      const kept = transaction.store.put(value, 'settings');
      // Committed here: one that waits for its answer is lost with a page that is left at once.
      transaction.commit();
      await Promise.all([kept, transaction.done]);
    },
  };
}
