import { Client } from '../../lib/client/client.ts';
import { showDoor, type Moment } from '../../lib/client/doors.ts';
import type { ClientEvent } from '../../lib/client/events.ts';
import { homeId, type HomeRecord } from '../../lib/client/home-record.ts';
import type { Answer } from '../../lib/client/requests.ts';
import { fromBase64 } from '../../lib/protocol/bytes.ts';
import type { DoorView } from '../../lib/protocol/message.ts';
import { ActivityList } from './activity-list.ts';
import type { HomeLine } from './archive-types.ts';
import { CheckList } from './check-list.ts';
import { DayBansList } from './day-bans.ts';
import { DeviceList } from './device-list.ts';
import { DoorControl } from './door-control.ts';
import { DoorMemory, recalled } from './door-memory.ts';
import { HomeNotes } from './home-notes.ts';
import type { KeptDoors, KeptNotes, Platform, StoredHome } from './platform.ts';
import { HomeBans } from './home-bans.ts';
import { maskedByBan } from './dial.ts';
import { reachOf } from './reach.ts';
import type { DoorEntry, HomeState, Reach } from './types.ts';

/** While the page is looked at, the home is asked at least this often: ms. It tells of changes by itself. */
const askEvery = 15_000;
/** And this often while something waits for the answer: a time that ran out, a doubt. */
const askSoon = 1000;
/** After the page was away: an old socket that does not answer in this time is given up. */
const probeTime = 1500;

export interface SessionParts {
  readonly platform: Platform;
  readonly stored: StoredHome;
  readonly defaultSeconds: () => number;
  readonly changed: () => void;
  /** The home's name, or this device's there, is another now. */
  readonly renamed: (record: HomeRecord) => void;
  /** What the home said, for a page that opens without it. */
  readonly keep: (kept: KeptDoors) => void;
  readonly note: (notes: KeptNotes) => void;
}

/** One paired home in this page: its client, its doors, its lists. */
export class HomeSession {
  readonly id: string;
  readonly client: Client;
  readonly activity: ActivityList;
  readonly devices: DeviceList;
  readonly checks: CheckList;
  readonly line: HomeLine;
  private readonly notes: HomeNotes;
  readonly bans: HomeBans;
  private readonly dayBans: DayBansList;
  private readonly parts: SessionParts;
  private readonly key: Uint8Array;
  private readonly seen = new Map<string, Answer<DoorView>>();
  private readonly controls = new Map<string, DoorControl>();
  private readonly seconds = new Map<string, number>();
  private record: HomeRecord;
  private order: readonly string[] | undefined;
  private chosen: string | undefined;
  private address: string | undefined;
  private doubtedAt: number | undefined;
  private askingSince: number;
  private asking = false;
  private askedAt = -Infinity;
  /** When the home was last heard by a page before this one. */
  private recalledAt: number | undefined;
  private readonly memory: DoorMemory;

  constructor(parts: SessionParts) {
    this.parts = parts;
    const { platform, stored, changed } = parts;
    this.record = stored.record;
    this.id = homeId(stored.record);
    this.key = fromBase64(stored.record.home);
    const { dial, observe, random, clock } = platform;
    // A page reaches the relay that it came from, whatever else the home is reached at.
    const record = { ...stored.record, relays: [platform.origin] };
    this.client = new Client({ record, keys: stored.keys, dial, observe, random, clock });
    this.activity = new ActivityList(this.client, clock, changed);
    this.devices = new DeviceList(this.client, clock, changed);
    this.notes = new HomeNotes({ kept: stored.notes, keep: parts.note });
    this.checks = new CheckList(this.client, platform, this.notes, changed);
    this.bans = new HomeBans({
      client: this.client,
      clock,
      wall: () => platform.wall(),
      changed,
      address: () => this.address,
    });
    this.dayBans = new DayBansList(this.client, platform, changed);
    this.line = {
      client: this.client,
      clock,
      wall: () => platform.wall(),
      moment: () => this.moment(),
    };
    this.askingSince = clock.now();
    this.memory = new DoorMemory(platform, parts.keep);
    if (stored.kept !== undefined) this.recall(stored.kept);
    this.client.subscribe((event) => this.onEvent(event));
  }

  start(): void {
    this.client.connect().catch(() => undefined); // `reach` says why not
    this.client.follow(true).catch(() => undefined); // taken up again in each session
  }

  stop(): void {
    this.client.disconnect();
  }

  door(name: string): DoorControl {
    const known = this.controls.get(name);
    if (known !== undefined) return known;
    const { platform, changed } = this.parts;
    const { clock } = platform;
    const made = new DoorControl({
      door: name,
      client: this.client,
      clock,
      wall: () => platform.wall(),
      changed,
    });
    this.controls.set(name, made);
    return made;
  }

  loadDay(start: number, end: number): void {
    if (this.client.state.phase === 'ready') this.dayBans.load(start, end);
  }

  settle(events: readonly number[]): void {
    for (const event of events) this.notes.settle(event);
    this.parts.changed();
  }

  sawChecks(): void {
    this.notes.saw();
    this.parts.changed();
  }

  choose(door: string): void {
    this.chosen = door;
  }

  setSeconds(door: string, seconds: number): void {
    this.seconds.set(door, seconds);
  }

  /** What the next opening of this door asks for; undefined where the length is the door's own. */
  secondsOf(door: DoorView): number | undefined {
    if (!door.choosesTime) return undefined;
    return Math.min(this.seconds.get(door.name) ?? this.parts.defaultSeconds(), door.longestSeconds);
  }

  viewOf(door: string): DoorView | undefined {
    return this.seen.get(door)?.value;
  }

  entryOf(door: string): DoorEntry | undefined {
    const seen = this.seen.get(door);
    return seen === undefined ? undefined : this.entry(seen, this.moment(), this.reach());
  }

  /** The page was hidden, or the machine slept: nothing known is shown as the present until asked again. */
  doubt(): void {
    this.doubtedAt = this.parts.platform.clock.now();
    this.bans.doubt();
  }

  /** The page is back: asks, and does not wait long for an old socket. */
  wake(): void {
    this.doubt();
    const { clock } = this.parts.platform;
    const { client } = this;
    if (client.state.phase === 'waiting') return client.networkBack();
    if (client.state.phase !== 'ready') return;
    const before = clock.now();
    this.ask();
    this.bans.ask();
    clock.after(probeTime, () => {
      if ((client.lastHeard ?? 0) < before && client.state.phase === 'ready') client.networkBack();
    });
  }

  /** Once a second while the page is looked at. */
  tick(): void {
    if (this.client.state.phase !== 'ready') return;
    this.checks.glance();
    this.bans.tick(this.moment());
    if (this.asking) return;
    const now = this.parts.platform.clock.now();
    const wanted = [...this.seen.values()].some((seen) => {
      const shown = showDoor(seen, this.moment());
      return shown.due || shown.standing !== 'present';
    });
    if (now - this.askedAt >= (wanted || this.order === undefined ? askSoon : askEvery)) this.ask();
  }

  /**
   * Lifts what turns this device away, as far as it may, and opens the door then: the challenge for it is fetched
   * meanwhile. A door that is open and cannot be lengthened is left as it is.
   */
  async liftHere(door?: string): Promise<void> {
    const view = door === undefined ? undefined : this.viewOf(door);
    const shown = view && this.entryOf(view.name)?.shown;
    const opens = view !== undefined && (view.extends || (shown?.own?.remainingMs ?? 0) <= 0);
    const control = opens ? this.door(view.name) : undefined;
    control?.armStart();
    if (await this.bans.liftOwn(this.moment())) control?.release(view && this.secondsOf(view));
    else control?.cancel();
  }

  state(): HomeState {
    const { record, order } = this;
    const moment = this.moment();
    const reach = this.reach();
    const doors = order?.flatMap((name) => {
      const seen = this.seen.get(name);
      return seen === undefined ? [] : [this.entry(seen, moment, reach)];
    });
    const door = doors?.find(({ name }) => name === this.chosen)?.name ?? doors?.[0]?.name;
    return {
      id: this.id,
      name: record.name,
      key: this.key,
      device: record.device,
      deviceName: record.deviceName,
      ownRelay: record.ownRelay,
      relay: new URL(this.client.relay).host,
      reach,
      polls: this.client.polls,
      ...(this.address === undefined ? {} : { address: this.address }),
      ...(doors === undefined ? {} : { doors }),
      ...(door === undefined ? {} : { door }),
      activity: {
        ...this.activity.state(moment.now),
        days: this.dayBans.state(),
        settled: this.notes.settled,
      },
      devices: this.devices.state(moment.now),
      checks: this.checks.state(moment.now),
      bans: this.bans.state(moment),
    };
  }

  /** ms until a countdown shows another second; undefined where none runs. */
  nextSecond(): number | undefined {
    const moment = this.moment();
    const left = [...this.seen.values()]
      .map((seen) => showDoor(seen, moment).own?.remainingMs)
      .filter((ms) => ms !== undefined && ms > 0)
      .map((ms) => ((ms as number) % 1000) + 1);
    return left.length === 0 ? undefined : Math.min(...left);
  }

  private moment(): Moment {
    const now = this.parts.platform.clock.now();
    return { now, answering: this.client.state.phase === 'ready', doubtedAt: this.doubtedAt };
  }

  private entry(seen: Answer<DoorView>, moment: Moment, reach: Reach): DoorEntry {
    const shown = showDoor(seen, moment);
    const seconds = this.secondsOf(seen.value) ?? seen.value.defaultSeconds;
    const dial = this.door(shown.name).state(shown, reach, seconds);
    return { name: shown.name, shown, dial: maskedByBan(dial, this.bans.own(moment)) };
  }

  private reach(): Reach {
    const { client, parts, askingSince, recalledAt } = this;
    const { platform } = parts;
    return reachOf(client, {
      now: platform.clock.now(),
      online: platform.isOnline(),
      askingSince,
      recalledAt,
    });
  }

  private ask(): void {
    this.asking = true;
    this.askedAt = this.parts.platform.clock.now();
    this.client
      .doors()
      .catch(() => undefined) // `reach` says why not
      .finally(() => {
        this.asking = false;
      })
      .catch(() => undefined);
  }

  private onEvent(event: ClientEvent): void {
    switch (event.type) {
      case 'connection':
        this.onConnection(event.state.phase);
        break;
      case 'home':
        this.onHome(event);
        break;
      case 'doors':
        this.order = event.seen.value.map(({ name }) => name);
        for (const value of event.seen.value) this.take({ ...event.seen, value });
        for (const name of this.seen.keys()) if (!this.order.includes(name)) this.seen.delete(name);
        this.keep();
        break;
      case 'door':
        this.take(event.seen);
        this.keep();
        break;
      case 'event':
        this.activity.heard(event.event);
        this.devices.heard(event.event);
        break;
      case 'archives':
        break;
      case 'bans':
        this.bans.ask();
        this.dayBans.heard();
        break;
    }
    this.parts.changed();
  }

  /** Last known, and never more: nothing of it is the present until the home is asked. */
  private recall(kept: KeptDoors): void {
    const answers = recalled(kept, this.parts.platform);
    for (const answer of answers) this.seen.set(answer.value.name, answer);
    this.order = answers.map(({ value }) => value.name);
    this.recalledAt = answers[0]?.sentAt;
    this.doubt();
  }

  private keep(): void {
    this.memory.keep((this.order ?? []).flatMap((name) => this.seen.get(name) ?? []));
  }

  private onConnection(phase: Client['state']['phase']): void {
    if (phase === 'connecting') this.askingSince = this.parts.platform.clock.now();
    if (phase !== 'ready') return;
    if (this.parts.platform.isVisible()) {
      this.ask();
      // Without an address: once that is known, below.
      if (this.address !== undefined) this.bans.ask();
    }
    this.activity.reconnected();
    this.dayBans.heard();
    this.checks.ready();
    this.client
      .seenFrom()
      .then((address) => {
        const isNew = this.address !== address;
        this.address = address;
        if (isNew) this.bans.ask();
        this.parts.changed();
      })
      .catch(() => this.bans.ask()); // a hint less
  }

  private onHome({ home, name }: Extract<ClientEvent, { type: 'home' }>): void {
    const { record } = this;
    const same = record.name === home.name && record.ownRelay === home.ownRelay && record.deviceName === name;
    if (same) return;
    this.record = { ...record, name: home.name, ownRelay: home.ownRelay, deviceName: name };
    this.parts.renamed(this.record);
  }

  private take(seen: Answer<DoorView>): void {
    const { name } = seen.value;
    // An answer to an older question may come later: it is not news.
    if ((this.seen.get(name)?.sentAt ?? -Infinity) > seen.sentAt) return;
    this.seen.set(name, seen);
    this.door(name).heard(seen, showDoor(seen, this.moment()));
  }
}
