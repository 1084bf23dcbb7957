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

export interface StoredHome {
  readonly record: HomeRecord;
  readonly keys: ClientKeys;
  readonly kept?: KeptDoors;
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
  removeHome(id: string): Promise<void>;
  saveSettings(settings: Settings): Promise<void>;
}
