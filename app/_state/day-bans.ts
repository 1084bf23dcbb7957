import type { Client } from '../../lib/client/client.ts';
import { mostSlots } from '../../lib/protocol/bans.ts';
import type { DayBans } from './types.ts';
import type { Platform } from './platform.ts';

/** A slot of a day: ms. */
export const slotLength = 600_000;
/** A day is asked for anew no sooner than this, whatever the home tells: ms. */
const again = 10_000;
/** So many days are kept, the one last asked for among them. */
const mostDays = 14;

interface Day {
  value: DayBans | undefined;
  askedAt: number;
  asking: boolean;
  /** Something about bans is another since. */
  stale: boolean;
}

/** New bans by slot, of the days that were looked at. */
export class DayBansList {
  private readonly client: Client;
  private readonly platform: Platform;
  private readonly changed: () => void;
  private readonly days = new Map<number, Day>();

  constructor(client: Client, platform: Platform, changed: () => void) {
    this.client = client;
    this.platform = platform;
    this.changed = changed;
  }

  state(): readonly DayBans[] {
    return [...this.days.values()].flatMap(({ value }) => value ?? []);
  }

  /** `start`, `end`: the viewer's midnights, Unix ms. */
  load(start: number, end: number): void {
    const { clock } = this.platform;
    const day = this.days.get(start) ?? { value: undefined, askedAt: -Infinity, asking: false, stale: true };
    this.days.delete(start);
    this.days.set(start, day);
    for (const old of [...this.days.keys()].slice(0, -mostDays)) this.days.delete(old);
    if (day.asking || !day.stale || clock.now() - day.askedAt < again) return;
    void this.ask(day, start, end);
  }

  /** A ban came or went, or may have while there was no connection: what is over stays as it was. */
  heard(): void {
    const now = this.platform.wall();
    for (const day of this.days.values())
      if (day.value === undefined || day.value.end > now) day.stale = true;
    this.changed();
  }

  private async ask(day: Day, start: number, end: number): Promise<void> {
    day.asking = true;
    day.stale = false;
    day.askedAt = this.platform.clock.now();
    try {
      const edges = edgesOf(start, end);
      const { value } = await this.client.banCounts(edges);
      const jails = value.jails.map(({ jail, counts }) => ({ jail, counts }));
      const others = value.others === undefined ? [] : [{ counts: value.others }];
      day.value = { start, end, edges, jails: [...jails, ...others], knownSince: value.knownSince };
    } catch {
      day.stale = true; // asked again while the day is looked at
    }
    day.asking = false;
    this.changed();
  }
}

/** Slots of ten minutes; a day of 25 hours has as many as one question may have. */
function edgesOf(start: number, end: number): number[] {
  const edges: number[] = [];
  for (let at = start; at < end && edges.length < mostSlots; at += slotLength) edges.push(at);
  return [...edges, end];
}
