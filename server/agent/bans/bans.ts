import { join } from 'node:path';
import { LatchkeyError } from '../../../lib/errors.ts';
import { readPermissions } from '../../../lib/permission.ts';
import type { BanHost } from '../../bans/host.ts';
import type { Audit } from '../audit.ts';
import type { Policy } from '../authorize.ts';
import type { Clock } from '../clock.ts';
import type { Devices } from '../devices.ts';
import { Notices } from '../notices.ts';
import type { Openings, StepObserver } from '../openings.ts';
import type { Requests } from '../requests.ts';
import { BanCounts } from './counts.ts';
import { Feed } from './feed.ts';
import { Floods } from './floods.ts';
import { recentMs } from './history-messages.ts';
import { openHistory, type History, type Seen } from './history.ts';
import { Lifting } from './lifting.ts';
import type { BanList } from './list.ts';
import { OwnAddresses } from './own.ts';

/** Between two notices: ms. */
const noticePace = 500;
const month = 30 * 86_400_000;

export interface BansOptions {
  /** Absent: there is no helper, and nothing is known of bans. */
  readonly host: BanHost | undefined;
  /** The home agent's own folder; `bans.db` lies there. */
  readonly directory: string;
  readonly openings: Openings;
  readonly requests: Requests;
  readonly devices: Devices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly observe: StepObserver | undefined;
  readonly log: (line: string) => void;
  /** Something about bans is another now. At most twice a second. */
  readonly changed: () => void;
}

/** All that the home agent knows of bans. Nothing of it stands in the way of a door. */
export class Bans {
  readonly host: BanHost;
  readonly feed: Feed;
  readonly lifting: Lifting;
  readonly own = new OwnAddresses();
  readonly floods = new Floods();
  readonly clock: Clock;
  counts: BanCounts;
  /** Rises with every change, also over a restart. */
  revision: number;
  private readonly options: BansOptions;
  private readonly notices: Notices;
  private history: History | undefined;
  private starting: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: BansOptions) {
    const { clock, devices, audit, requests, policy, observe, log } = options;
    this.options = options;
    this.clock = clock;
    this.revision = Math.max(0, Math.round(clock.wall()));
    this.counts = new BanCounts(clock.wall(), []);
    this.notices = new Notices(options.changed, noticePace);
    const host = options.host ?? noHost;
    this.host = host;
    const note: History['note'] = (...notes) => this.history?.note(...notes);
    const written = async (): Promise<void> => {
      await this.history?.settled();
      await new Promise((resolve) => setImmediate(resolve));
    };
    this.feed = new Feed({ host, clock, note, written, changed: () => this.changed(), log });
    const { feed, own } = this;
    this.lifting = new Lifting({ host, feed, own, note, requests, devices, audit, clock, policy, observe });
  }

  get list(): BanList {
    return this.feed.list;
  }

  start(): void {
    if (this.options.host !== undefined) this.starting = this.begin();
  }

  private async begin(): Promise<void> {
    const { directory, log, clock } = this.options;
    const onFresh = (notes: readonly Seen[]): void => this.fresh(notes);
    const history = await openHistory({ file: join(directory, 'bans.db'), log, onFresh });
    this.history = history;
    if (this.stopped) return;
    const { began, slots, recent, lifts } = history.remembered;
    this.counts = new BanCounts(began, slots);
    for (const { source, jail, value, at } of recent) this.floods.add(source, jail, value, at);
    for (const { value, at } of lifts) this.lifting.remember(value, Math.min(at, clock.wall()));
    this.feed.start();
  }

  /** The helper is there again. */
  wake(): void {
    this.feed.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.feed.stop();
    await this.starting;
    await this.history?.close();
  }

  /** All that was told so far is written down. */
  async settled(): Promise<void> {
    await this.starting;
    await this.history?.settled();
  }

  mayUnban(device: string): boolean {
    return readPermissions(this.options.devices.get(device)?.allowed ?? '').includes('unban');
  }

  /** Bans of each value in the last 30 days, as far as home remembers. */
  async timesOf(values: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return (await this.history?.times(values, this.clock.wall() - month)) ?? new Map<string, number>();
  }

  private changed(): void {
    this.revision++;
    this.notices.changed();
  }

  /** Bans that nobody knew before are counted, and looked through for addresses of our own. */
  private fresh(notes: readonly Seen[]): void {
    if (notes.length === 0 || this.stopped) return;
    const { audit, devices, openings } = this.options;
    const open = [...openings.held.values()].flatMap(({ row, phase }) =>
      phase === 'closed' ? [] : [{ device: row.device, address: row.address }],
    );
    const hits = this.own.hits(this.clock.now(), open);
    const lately = this.clock.wall() - recentMs;
    for (const { ban, at } of notes) {
      const began = ban.since ?? at;
      this.counts.add(ban.source, ban.jail, began);
      if (began >= lately) this.floods.add(ban.source, ban.jail, ban.value, began);
      for (const { device, address } of hits(ban.value)) {
        const row = devices.get(device);
        if (row === undefined || row.revokedAt !== null) continue;
        const event = { kind: 'banned', device: row.name, address, jail: ban.jail } as const;
        audit.note(event).catch((error: unknown) => this.options.log(`not written down: ${String(error)}`));
      }
    }
    this.changed();
  }
}

function away(): Promise<never> {
  return Promise.reject(new LatchkeyError('tool-helper-gone'));
}

const noHost: BanHost = {
  banChanges: away,
  banned: away,
  banFacts: away,
  banEvidence: away,
  unban: away,
  reban: away,
  attacks: away,
};
