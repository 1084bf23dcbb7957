import type { HomeRecord } from '../../lib/client/home-record.ts';
import type { ClientKeys } from '../../lib/client/keys.ts';
import type { Clock, Dial, Observe } from '../../lib/client/transport.ts';
import type { DoorView } from '../../lib/protocol/message.ts';
import type { Random } from '../../lib/protocol/keys.ts';
import type { Settings } from './types.ts';

/** What the store needs of the machine; `browser.ts` gives a page's, tests give their own. */
export interface Platform {
  /** The relay that this page came from: the only one it can use. `https://host[:port]`. */
  readonly origin: string;
  readonly clock: Clock;
  /** Unix ms; for what people read, and to notice that the machine slept. */
  wall(): number;
  readonly random: Random;
  readonly dial: Dial;
  readonly observe: Observe;
  readonly vault: Vault;
  isVisible(): boolean;
  /** False is certain, true a guess. */
  isOnline(): boolean;
  /** Calls on every change; the result stops it. */
  watch(changes: PlatformChanges): () => void;
  /** Asks that storage be kept; true where it will be. */
  persist(): Promise<boolean>;
}

export interface PlatformChanges {
  visible(isVisible: boolean): void;
  online(isOnline: boolean): void;
  /** The page came back from a freezer with its sockets dead. */
  restored(): void;
}

/** New keys before there is a home: `stored` is what the vault keeps of them, and nobody else reads. */
export interface NewKeys {
  readonly keys: ClientKeys;
  readonly stored: unknown;
}

/** What a home last said of its doors, for a page that opens without it. `at`: Unix ms. */
export interface KeptDoors {
  readonly at: number;
  readonly doors: readonly DoorView[];
}

/** What this device remembers of a home beside its doors. Times are Unix ms. */
export interface KeptNotes {
  /** When the home last looked at itself; absent: it never said. */
  readonly lookedAt?: number;
  /** What it found then. `since`: when this device first heard of it; `seen`: a person had it on the screen. */
  readonly findings: readonly { readonly key: string; readonly since: number; readonly seen: boolean }[];
  /** Numbers of events that were looked at and set aside. */
  readonly settled: readonly number[];
}

export interface StoredHome {
  readonly record: HomeRecord;
  readonly keys: ClientKeys;
  readonly kept?: KeptDoors;
  readonly notes?: KeptNotes;
}

/** Where keys, homes and settings are kept. Every method may reject: then nothing was changed. */
export interface Vault {
  /** In the order they were paired; a home that cannot be read is left out. */
  homes(): Promise<readonly StoredHome[]>;
  settings(): Promise<Partial<Settings>>;
  newKeys(): Promise<NewKeys>;
  addHome(record: HomeRecord, keys: NewKeys): Promise<void>;
  /** Keeps the keys. */
  changeRecord(record: HomeRecord): Promise<void>;
  /** Nothing where the home was forgotten meanwhile. */
  keepDoors(id: string, kept: KeptDoors): Promise<void>;
  /** As `keepDoors`. */
  keepNotes(id: string, notes: KeptNotes): Promise<void>;
  removeHome(id: string): Promise<void>;
  saveSettings(settings: Settings): Promise<void>;
}
