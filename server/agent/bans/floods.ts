import { recentMs } from './history-messages.ts';
import { networkKey } from './network-keys.ts';
import { numbersOf } from './numbers.ts';

/** More new bans of one jail than this within an hour are a flood. */
export const floodOver = 25;
const slots = 12;

interface Recent {
  readonly source: string;
  readonly jail: string;
  at: number[];
  values: string[];
  networks: (number | string)[];
}

export interface Flood {
  readonly source: string;
  readonly jail: string;
  readonly count: number;
  readonly networks: number;
  /** Of five minutes each, the oldest first. */
  readonly slots: readonly number[];
  readonly has: (value: string) => boolean;
}

/** What was banned within the last hour, whether it still is or not. */
export class Floods {
  private readonly jails = new Map<string, Recent>();

  add(source: string, jail: string, value: string, at: number): void {
    const key = `${source}\n${jail}`;
    const recent = this.jails.get(key) ?? { source, jail, at: [], values: [], networks: [] };
    this.jails.set(key, recent);
    recent.at.push(at);
    recent.values.push(value);
    recent.networks.push(networkKey(value, numbersOf(value)));
    // What is old goes now and then, also where nobody asks.
    if (recent.at.length % 1024 === 0) forget(recent, at);
  }

  /** The largest first. */
  now(now: number): Flood[] {
    const floods: Flood[] = [];
    for (const [key, recent] of this.jails) {
      forget(recent, now);
      if (recent.at.length === 0) this.jails.delete(key);
      if (recent.at.length <= floodOver) continue;
      const counts = new Array<number>(slots).fill(0);
      for (const at of recent.at) {
        const back = Math.min(slots - 1, Math.max(0, Math.floor((now - at) / (recentMs / slots))));
        counts[slots - 1 - back] = (counts[slots - 1 - back] as number) + 1;
      }
      const { source, jail, values, networks } = recent;
      floods.push({
        source,
        jail,
        count: recent.at.length,
        networks: new Set(networks).size,
        slots: counts,
        has: (value) => values.includes(value),
      });
    }
    return floods.sort((a, b) => b.count - a.count);
  }
}

function forget(recent: Recent, now: number): void {
  const young = recent.at.map((at) => at >= now - recentMs);
  if (!young.includes(false)) return;
  recent.at = recent.at.filter((_, i) => young[i]);
  recent.values = recent.values.filter((_, i) => young[i]);
  recent.networks = recent.networks.filter((_, i) => young[i]);
}
