import type {
  KeptDoors,
  KeptNotes,
  NewKeys,
  Platform,
  PlatformChanges,
  StoredHome,
  Vault,
} from '../../../app/_state/platform.ts';
import { createStore } from '../../../app/_state/store.ts';
import type {
  DialState,
  DoorEntry,
  HomeState,
  Settings,
  Snapshot,
  Store,
} from '../../../app/_state/types.ts';
import { homeId, type HomeRecord } from '../../../lib/client/home-record.ts';
import { keysFrom, newSecretKeys } from '../../../lib/client/keys.ts';
import { random } from '../client/relay.ts';
import { relayAddress, world, type World } from '../client/world.ts';

/** A vault in memory that can be made to refuse. */
export class MemoryVault implements Vault {
  refuses = false;
  kept: Partial<Settings> = {};
  readonly rows = new Map<string, StoredHome>();

  private check(): Promise<void> {
    return this.refuses ? Promise.reject(new Error('refused')) : Promise.resolve();
  }

  async homes(): Promise<readonly StoredHome[]> {
    await this.check();
    return [...this.rows.values()];
  }

  async settings(): Promise<Partial<Settings>> {
    await this.check();
    return this.kept;
  }

  newKeys(): Promise<NewKeys> {
    return Promise.resolve({ keys: keysFrom(newSecretKeys(random)), stored: undefined });
  }

  async addHome(record: HomeRecord, { keys }: NewKeys): Promise<void> {
    await this.check();
    this.rows.set(homeId(record), { record, keys });
  }

  async changeRecord(record: HomeRecord): Promise<void> {
    await this.check();
    const row = this.rows.get(homeId(record));
    if (row !== undefined) this.rows.set(homeId(record), { ...row, record });
  }

  async keepDoors(id: string, kept: KeptDoors): Promise<void> {
    await this.check();
    const row = this.rows.get(id);
    if (row !== undefined) this.rows.set(id, { ...row, kept });
  }

  async keepNotes(id: string, notes: KeptNotes): Promise<void> {
    await this.check();
    const row = this.rows.get(id);
    if (row !== undefined) this.rows.set(id, { ...row, notes });
  }

  async removeHome(id: string): Promise<void> {
    await this.check();
    this.rows.delete(id);
  }

  async saveSettings(settings: Settings): Promise<void> {
    await this.check();
    this.kept = settings;
  }
}

export interface Page extends World {
  readonly store: Store;
  readonly vault: MemoryVault;
  readonly all: () => Snapshot;
  readonly homeState: () => HomeState;
  readonly entry: () => DoorEntry;
  readonly dial: () => DialState;
  show(visible: boolean): void;
  network(online: boolean): void;
  /** The wall clock alone jumps: a machine whose monotonic clock stops in its sleep. */
  slept(ms: number): void;
  readonly persisted: () => number;
}

/** A page with one paired home, or none. `kept`, `notes`: what a page before it kept; `away`: the home is not there. */
export function page(paired = true, kept?: KeptDoors, away = false, notes?: KeptNotes): Page {
  const made = world();
  if (away) made.relay.down = 'relay-home-away';
  const vault = new MemoryVault();
  if (paired) {
    const row = {
      record: made.record,
      keys: made.keys,
      ...(kept === undefined ? {} : { kept }),
      ...(notes === undefined ? {} : { notes }),
    };
    vault.rows.set(homeId(made.record), row);
  }
  let visible = true;
  let online = true;
  let changes: PlatformChanges | undefined;
  let persisted = 0;
  let wall = 1_780_000_000_000 - made.clock.now();
  const platform: Platform = {
    origin: relayAddress,
    clock: made.clock,
    wall: () => wall + made.clock.now(),
    random,
    dial: made.relay.dial,
    observe: made.relay.observe,
    vault,
    isVisible: () => visible,
    isOnline: () => online,
    watch: (given) => {
      changes = given;
      return () => undefined;
    },
    persist: () => {
      persisted++;
      return Promise.resolve(true);
    },
  };
  const store = createStore(platform);
  const all = (): Snapshot => store.getSnapshot();
  const homeState = (): HomeState => {
    const found = all().homes.find(({ id }) => id === all().current);
    if (found === undefined) throw new Error('no home');
    return found;
  };
  const entry = (): DoorEntry => {
    const found = homeState().doors?.[0];
    if (found === undefined) throw new Error('no door');
    return found;
  };
  return {
    ...made,
    store,
    vault,
    all,
    homeState,
    entry,
    dial: () => entry().dial,
    show: (isVisible) => {
      visible = isVisible;
      changes?.visible(isVisible);
    },
    network: (isOnline) => {
      online = isOnline;
      changes?.online(isOnline);
    },
    slept: (ms) => {
      wall += ms;
    },
    persisted: () => persisted,
  };
}
