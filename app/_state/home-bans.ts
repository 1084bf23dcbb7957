import type { Client } from '../../lib/client/client.ts';
import { presentFor, type Moment } from '../../lib/client/doors.ts';
import type { Clock } from '../../lib/client/transport.ts';
import type { BanFlood } from '../../lib/protocol/bans.ts';
import type { ResultOf } from '../../lib/protocol/message.ts';
import { Asked } from './asked.ts';
import { BanList } from './ban-list.ts';
import { BanNetworks } from './ban-networks.ts';
import type { BanName, BansState, OwnBanned } from './ban-types.ts';
import { dayEdges } from './day-edges.ts';
import { Lifting } from './lifting.ts';

/** While the page is looked at, the home is asked at least this often: ms. It tells of changes by itself. */
const askEvery = 20_000;
/** And this often while what it said is not the present. */
const askSoon = 1000;
const chartDays = 30;

interface Parts {
  readonly client: Client;
  readonly clock: Clock;
  /** Unix ms. */
  readonly wall: () => number;
  readonly changed: () => void;
  /** What the relay sees this device at: a hint. */
  readonly address: () => string | undefined;
}

/** How bans stand at one home, the list that is looked at, and what this device does about them. */
export class HomeBans {
  readonly list: BanList;
  readonly lifting: Lifting;
  readonly networks: BanNetworks;
  private readonly parts: Parts;
  private readonly summary: Asked<ResultOf<'bans'>>;
  private readonly counts: Asked<ResultOf<'banCounts'>>;
  private readonly attacks: Asked<ResultOf<'attacks'>>;
  private chosen: { readonly ban: BanName; readonly asked: Asked<ResultOf<'ban'>> } | undefined;
  private edges: readonly number[] = [];
  private askedAt = -Infinity;
  /** What was asked for before this is not the present. */
  private outdatedAt = -Infinity;
  /** The answer that the list was told of. */
  private told: unknown;

  constructor(parts: Parts) {
    this.parts = parts;
    const { client, clock } = parts;
    const changed = () => this.heard();
    this.list = new BanList(client, clock, parts.changed);
    this.networks = new BanNetworks(client, clock, parts.changed);
    this.summary = new Asked(clock, changed);
    this.counts = new Asked(clock, parts.changed);
    this.attacks = new Asked(clock, parts.changed);
    this.lifting = new Lifting({
      client,
      clock,
      changed: parts.changed,
      lifted: (at, done) => {
        this.outdatedAt = at;
        if (done) this.chosen = undefined;
        this.ask();
      },
    });
  }

  /** Something may be another: asks how bans stand. What else is shown follows from the answer. */
  ask(): void {
    const { client, clock, wall, address } = this.parts;
    this.askedAt = clock.now();
    const own = address();
    this.summary.ask(() => client.bans(own === undefined ? [] : [own], dayEdges(wall(), 1)[0] ?? 0));
  }

  /** The page was hidden, or the machine slept. */
  doubt(): void {
    this.list.outdate();
  }

  /** Once a second while the page is looked at and the home answers. */
  tick(moment: Moment): void {
    const { load } = this.summary.state(moment.now);
    const since = moment.now - this.askedAt;
    // A home that says no to the question says so again.
    const soon = !this.isFresh(moment) && load.state !== 'failed';
    if (load.state !== 'loading' && since >= (soon ? askSoon : askEvery)) this.ask();
    this.list.tick();
  }

  choose(ban: BanName | undefined): void {
    const { client, clock, changed } = this.parts;
    this.chosen = ban && { ban, asked: new Asked(clock, changed) };
    this.chosen?.asked.ask(() => client.ban(ban?.source ?? '', ban?.jail ?? '', ban?.value ?? ''));
    changed();
  }

  openNetworks({ source, jail }: Pick<BanFlood, 'source' | 'jail'>): void {
    // An hour of this clock and one of the home's are near enough.
    this.networks.open({ source, jail, since: Math.max(0, Math.round(this.parts.wall()) - 3_600_000) });
  }

  /** New bans of the viewer's last 30 days, and what is being tried. */
  loadCharts(days: boolean): void {
    const { client, wall } = this.parts;
    this.attacks.ask(() => client.attacks());
    if (!days) return;
    this.edges = dayEdges(wall(), chartDays);
    const { edges } = this;
    this.counts.ask(() => client.banCounts(edges));
  }

  /** Undefined: not banned, or not known. `doubted`: banned when last asked. */
  own(
    moment: Moment,
  ):
    | { readonly bans: readonly OwnBanned[]; readonly doubted: boolean; readonly lifting: boolean }
    | undefined {
    const { said } = this.summary;
    if (said === undefined) return undefined;
    const bans = said.value.own.filter(({ hits }) => hits.length > 0).map((one) => ({ ...one, at: said.at }));
    if (bans.length === 0) return undefined;
    // Until the home was asked again, what is being lifted is neither banned nor free.
    const lifting = this.lifting.running || said.at < this.outdatedAt;
    return { bans, doubted: !lifting && !this.isFresh(moment), lifting };
  }

  /** Lifts what turns this device away, as far as it may. True: nothing does any more. */
  async liftOwn(moment: Moment): Promise<boolean> {
    const { bans = [] } = this.own(moment) ?? {};
    let free = bans.length > 0;
    for (const { address, hits } of bans) {
      // The address last: what is left then is what turns it away.
      const values = new Set([
        ...hits.flatMap(({ value }) => (value !== address && this.mayLift() ? [value] : [])),
        ...hits.flatMap(({ value }) => (value === address ? [value] : [])),
      ]);
      let left: readonly unknown[] | undefined;
      for (const value of values) left = await this.lifting.lift(value, false);
      if (left?.length !== 0) free = false;
    }
    return free;
  }

  private mayLift(): boolean {
    return this.summary.said?.value.mayUnban ?? false;
  }

  state(moment: Moment): BansState {
    const { said, load } = this.summary.state(moment.now);
    const { chosen, networks, lifting } = this;
    const opened = networks.state(moment.now);
    return {
      ...(said === undefined ? {} : { summary: said }),
      fresh: this.isFresh(moment),
      load,
      list: this.list.state(moment.now),
      ...(chosen === undefined ? {} : { chosen: { ban: chosen.ban, ...chosen.asked.state(moment.now) } }),
      ...(opened === undefined ? {} : { networks: opened }),
      counts: { edges: this.edges, ...this.counts.state(moment.now) },
      attacks: this.attacks.state(moment.now),
      ...lifting.state(moment.now),
    };
  }

  private isFresh({ now, answering, doubtedAt = -Infinity }: Moment): boolean {
    const { said } = this.summary;
    if (said === undefined || !answering) return false;
    return said.at >= doubtedAt && said.at >= this.outdatedAt && now - said.at < presentFor;
  }

  private heard(): void {
    const { said } = this.summary;
    if (said !== undefined && said !== this.told) {
      this.told = said;
      this.list.heard(said.value.revision, said.at);
    }
    this.parts.changed();
  }
}
