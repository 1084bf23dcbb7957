import { homeId, type HomeRecord } from '../../lib/client/home-record.ts';
import type { DoorControl } from './door-control.ts';
import { HomeSession } from './home-session.ts';
import { PairingFlow } from './pairing-flow.ts';
import type { NewKeys, Platform, StoredHome } from './platform.ts';
import type { DialPhase, DoorEntry, Settings, Snapshot, Store } from './types.ts';

const second = 1000;
/** A second that took this much longer: the machine slept, or the page did. ms */
const slept = 5000;

export const firstSettings: Settings = { openBy: 'hold', seconds: 300, theme: 'system', shortcuts: true };

const nothing: Snapshot = {
  loaded: false,
  now: 0,
  online: true,
  storageRefused: false,
  homes: [],
  pairing: { step: 'none' },
  settings: firstSettings,
};

/** Phases from which a door can be opened; everywhere else the dial does not respond. */
const openable: ReadonlySet<DialPhase> = new Set<DialPhase>(['closed', 'notOpened', 'holding']);

/**
 * The store of a page. It reads storage and connects by itself, and lives as long as the page. `idle`: it does
 * nothing at all, for the pages that are rendered at build time.
 */
export function createStore(platform: Platform, idle = false): Store {
  const made = new PageStore(platform);
  if (!idle) made.begin();
  return made.store;
}

class PageStore {
  readonly store: Store;
  private readonly platform: Platform;
  private readonly pairing: PairingFlow;
  private readonly listeners = new Set<() => void>();
  private sessions: readonly HomeSession[] = [];
  private current: string | undefined;
  private settings = firstSettings;
  private loaded = false;
  private storageRefused = false;
  private snapshot = nothing;
  private dirty = false;
  private cancelTick: () => void = () => undefined;
  private tickedAt = { clock: 0, wall: 0 };

  constructor(platform: Platform) {
    this.platform = platform;
    this.pairing = new PairingFlow({
      platform,
      changed: () => this.changed(),
      paired: (record, keys) => this.paired(record, keys),
    });
    this.store = this.actions();
  }

  begin(): void {
    this.platform.watch({
      visible: (isVisible) => this.onVisible(isVisible),
      online: (isOnline) => this.onOnline(isOnline),
      restored: () => this.sessions.forEach((session) => session.wake()),
    });
    void this.load();
  }

  private async load(): Promise<void> {
    const { vault } = this.platform;
    try {
      const [homes, settings] = await Promise.all([vault.homes(), vault.settings()]);
      this.settings = { ...firstSettings, ...settings };
      this.sessions = homes.map((stored) => this.open(stored));
      this.current = (this.sessions.find(({ id }) => id === this.settings.home) ?? this.sessions[0])?.id;
    } catch {
      this.storageRefused = true;
    }
    this.loaded = true;
    this.sessions.forEach((session) => session.start());
    this.changed();
    this.tick();
  }

  private open(stored: StoredHome): HomeSession {
    return new HomeSession({
      platform: this.platform,
      stored,
      defaultSeconds: () => this.settings.seconds,
      changed: () => this.changed(),
      note: (notes) =>
        void this.platform.vault.keepNotes(homeId(stored.record), notes).catch(() => undefined), // next time
      keep: (kept) => void this.platform.vault.keepDoors(homeId(stored.record), kept).catch(() => undefined), // next time
      renamed: (record) => void this.platform.vault.changeRecord(record).catch(() => undefined), // next time
    });
  }

  /** Coalesced: whatever changes in one turn is one snapshot. */
  private changed(): void {
    if (this.dirty) return;
    this.dirty = true;
    queueMicrotask(() => this.publish());
  }

  private publish(): void {
    this.dirty = false;
    const { platform, current } = this;
    this.snapshot = {
      loaded: this.loaded,
      now: platform.clock.now(),
      online: platform.isOnline(),
      storageRefused: this.storageRefused,
      homes: this.sessions.map((session) => session.state()),
      ...(current === undefined ? {} : { current }),
      pairing: this.pairing.state(),
      settings: this.settings,
    };
    for (const listener of [...this.listeners]) listener();
  }

  /** On the second's edge of what counts down, while somebody looks. */
  private tick(): void {
    this.cancelTick();
    const { platform } = this;
    if (!platform.isVisible()) return;
    const before = this.tickedAt;
    const now = { clock: platform.clock.now(), wall: platform.wall() };
    this.tickedAt = now;
    // Monotonic clocks stop with the machine on some systems, and run on others: both are looked at.
    const gap = Math.max(now.clock - before.clock, now.wall - before.wall);
    if (before.wall !== 0 && gap > second + slept) this.sessions.forEach((session) => session.wake());
    for (const session of this.sessions) session.tick();
    this.publish();
    const edges = this.sessions.map((session) => session.nextSecond()).filter((ms) => ms !== undefined);
    this.cancelTick = platform.clock.after(Math.min(second, ...edges), () => this.tick());
  }

  private onVisible(isVisible: boolean): void {
    if (isVisible) this.sessions.forEach((session) => session.wake());
    else this.sessions.forEach((session) => session.doubt());
    this.tickedAt = { clock: 0, wall: 0 };
    this.changed();
    this.tick();
  }

  private onOnline(isOnline: boolean): void {
    if (isOnline) this.sessions.forEach((session) => session.client.networkBack());
    this.changed();
  }

  private async paired(record: HomeRecord, keys: NewKeys): Promise<void> {
    const { vault } = this.platform;
    try {
      await vault.addHome(record, keys);
      await this.platform.persist();
    } catch {
      this.storageRefused = true; // it works until the page is closed
    }
    const session = this.open({ record, keys: keys.keys });
    this.sessions.find(({ id }) => id === session.id)?.stop();
    this.sessions = [...this.sessions.filter(({ id }) => id !== session.id), session];
    this.current = session.id;
    this.set('home', session.id);
    session.start();
  }

  private get home(): HomeSession | undefined {
    return this.sessions.find(({ id }) => id === this.current);
  }

  private withDoor(
    name: string,
    act: (control: DoorControl, entry: DoorEntry, home: HomeSession) => void,
  ): void {
    const { home } = this;
    const entry = home?.entryOf(name);
    if (home !== undefined && entry !== undefined) act(home.door(name), entry, home);
  }

  private release(name: string): void {
    this.withDoor(name, (control, { dial, shown }, home) => {
      const view = home.viewOf(shown.name);
      if (openable.has(dial.phase) && view !== undefined) control.release(home.secondsOf(view));
    });
  }

  private closeAndOpen(name: string): void {
    this.withDoor(name, (control, _entry, home) => {
      const view = home.viewOf(name);
      void control.close().then((closed) => {
        if (closed && view !== undefined) control.release(home.secondsOf(view));
      });
    });
  }

  private forget(id: string): void {
    this.sessions.find((session) => session.id === id)?.stop();
    this.sessions = this.sessions.filter((session) => session.id !== id);
    if (this.current === id) this.current = this.sessions[0]?.id;
    this.platform.vault.removeHome(id).catch(() => {
      this.storageRefused = true;
      this.changed();
    });
    this.changed();
  }

  private set<Name extends keyof Settings>(name: Name, value: Settings[Name]): void {
    this.settings = { ...this.settings, [name]: value };
    this.platform.vault.saveSettings(this.settings).catch(() => {
      this.storageRefused = true;
      this.changed();
    });
    this.changed();
  }

  private actions(): Store {
    return {
      subscribe: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
      getSnapshot: () => this.snapshot,
      getServerSnapshot: () => nothing,
      lineOf: (home) => this.sessions.find(({ id }) => id === home)?.line,
      chooseHome: (id) => {
        if (!this.sessions.some((session) => session.id === id)) return;
        this.current = id;
        this.set('home', id);
      },
      chooseDoor: (door) => {
        this.home?.choose(door);
        this.changed();
      },
      setSeconds: (door, seconds) => {
        this.home?.setSeconds(door, seconds);
        this.changed();
      },
      armStart: (door) =>
        this.withDoor(door, (control, { dial }) => {
          if (openable.has(dial.phase)) control.armStart();
        }),
      release: (door) => this.release(door),
      cancel: (door) => this.withDoor(door, (control) => control.cancel()),
      stop: (door) => this.withDoor(door, (control) => control.stop()),
      closeNow: (door) => this.withDoor(door, (control) => void control.close()),
      addFive: (door) => this.withDoor(door, (control, { shown }) => void control.add(shown)),
      askAgain: (door) => this.withDoor(door, (control) => void control.ask()),
      dismiss: (door) => this.withDoor(door, (control) => control.dismiss()),
      closeAndOpen: (door) => this.closeAndOpen(door),
      loadActivity: () => this.home?.activity.load(),
      loadDay: (start, end) => this.home?.loadDay(start, end),
      settle: (events) => this.home?.settle(events),
      loadDevices: () => this.home?.devices.load(),
      loadChecks: () => void this.home?.checks.load(),
      sawChecks: () => this.home?.sawChecks(),
      lookAtBans: (from, to) =>
        this.home?.bans.list.look(from === undefined || to === undefined ? undefined : [from, to]),
      filterBans: (query) => this.home?.bans.list.filter(query),
      chooseBan: (ban) => this.home?.bans.choose(ban),
      openNetworks: (flood) => this.home?.bans.openNetworks(flood),
      moreNetworks: () => void this.home?.bans.networks.more(),
      closeNetworks: () => this.home?.bans.networks.open(undefined),
      loadBanCharts: (days) => this.home?.bans.loadCharts(days),
      askBans: () => this.home?.bans.ask(),
      unban: (value) => void this.home?.bans.lifting.lift(value),
      undoUnban: () => void this.home?.bans.lifting.undo(),
      unbanHere: (door) => void this.home?.liftHere(door),
      revoke: (device) => void this.home?.devices.revoke(device),
      checkLink: (text) => this.pairing.check(text),
      pair: (link, deviceName) => this.pairing.start(link, deviceName),
      pairCancel: () => this.pairing.cancel(),
      pairDismiss: () => this.pairing.cancel(),
      forgetHome: (id) => this.forget(id),
      set: (name, value) => this.set(name, value),
    };
  }
}
