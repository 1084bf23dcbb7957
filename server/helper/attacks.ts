import { readAttackJournal, readAttackLine, type AttackLine } from '../../lib/attack.ts';
import type { AttackHour, AttackKind } from '../../lib/ban.ts';
import type { Attacks } from '../bans/host.ts';
import { followFile } from '../follow-file.ts';
import { followJournal } from './follow-journal.ts';

export interface AttackWatchOptions {
  /** Where to read: syslog files and sw-cp-server's error_log by absolute paths, or this machine's journal. */
  readonly from: readonly (string | 'journal')[];
  readonly log: (line: string) => void;
  /** Unix ms; a parameter for tests. */
  readonly now?: () => number;
}

export interface AttackWatch {
  attacks(): Attacks;
  /**
   * As `SourceContext.failures`: for whoever asks why a jail counts none. Of very many the last 1000.
   */
  failures(since: number): ReadonlyMap<string, number> | undefined;
  /** Resolves once everything logged until now is counted. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

const hourMs = 60 * 60 * 1000;
const hoursKept = 48;
/** Different addresses that are told apart in an hour; with both kinds and all hours some 10 MB at the worst. */
const mostAddresses = 1000;
const newest = 20;
const longestText = 200;
const failuresKept = 1000;
/** Connections of which it is remembered that they failed. */
const connectionsKept = 512;
/** A log's clock may be a little ahead of ours, not more. */
const aheadMs = 5 * 60 * 1000;

interface Hour {
  count: number;
  readonly addresses: Set<string>;
}

/** Counts in bounded memory, whatever the log holds. */
export class AttackCounts {
  readonly #now: () => number;
  /** By `hour kind`. */
  readonly #hours = new Map<string, Hour>();
  readonly #recent: AttackLine[] = [];
  readonly #failures: { readonly at: number; readonly address: string }[] = [];
  /** What a connection did so far, by where it is logged and pid; the oldest go. */
  readonly #connections = new Map<string, 'announced' | 'failed'>();

  constructor(now: () => number = () => Date.now()) {
    this.#now = now;
  }

  /** `log`: which log, so that pids of two do not meet. */
  take(line: AttackLine, log = ''): void {
    const now = this.#now();
    if (line.at > now + aheadMs || line.at < now - hoursKept * hourMs) return;
    if (!this.#isNews(line, log)) return;
    const hour = Math.floor(line.at / hourMs) * hourMs;
    const key = `${hour} ${line.kind}`;
    let slot = this.#hours.get(key);
    if (slot === undefined) {
      this.#forget(now);
      this.#hours.set(key, (slot = { count: 0, addresses: new Set() }));
    }
    slot.count++;
    if (line.address !== undefined && slot.addresses.size < mostAddresses) slot.addresses.add(line.address);
    // A key that fails is no failure to fail2ban: clients try all that they have.
    if (line.kind === 'failed' && line.address !== undefined && line.method !== 'publickey') {
      this.#failures.push({ at: line.at, address: line.address });
      if (this.#failures.length > failuresKept) this.#failures.shift();
    }
    const text = printable(line.text).slice(0, longestText);
    // Several logs: each in its own order, all by time.
    const place = this.#recent.findIndex(({ at }) => at <= line.at);
    this.#recent.splice(place === -1 ? this.#recent.length : place, 0, { ...line, text });
    this.#recent.length = Math.min(this.#recent.length, newest);
  }

  /**
   * sshd says of one login at an unknown account first `Invalid user` and then `Failed password`: one failure. And
   * whoever failed hangs up like a zombie: only who does nothing else is one.
   */
  #isNews({ kind, method, pid }: AttackLine, log: string): boolean {
    if (kind === 'noise' || pid === undefined) return true;
    const key = `${log}\n${pid}`;
    const before = this.#connections.get(key);
    this.#connections.delete(key);
    if (kind === 'zombie') return before === undefined;
    const announced = method === 'invalid' || method === 'refused';
    this.#connections.set(key, announced ? 'announced' : 'failed');
    for (const oldest of this.#connections.keys()) {
      if (this.#connections.size <= connectionsKept) break;
      this.#connections.delete(oldest);
    }
    return announced || before !== 'announced';
  }

  #forget(now: number): void {
    const first = this.#first(now);
    for (const key of this.#hours.keys()) if (Number(key.split(' ')[0]) < first) this.#hours.delete(key);
  }

  #first(now: number): number {
    return Math.floor(now / hourMs) * hourMs - (hoursKept - 1) * hourMs;
  }

  hours(): AttackHour[] {
    this.#forget(this.#now());
    return [...this.#hours]
      .map(([key, { count, addresses }]) => {
        const [hour = '', kind = ''] = key.split(' ');
        return { hour: Number(hour), kind: kind as AttackKind, count, addresses: addresses.size };
      })
      .sort((a, b) => a.hour - b.hour || a.kind.localeCompare(b.kind));
  }

  recent(): Attacks['recent'] {
    return this.#recent.map(({ at, kind, address, user, text }) => ({
      at,
      kind,
      ...(address === undefined ? {} : { address }),
      ...(user === undefined ? {} : { user: printable(user) }),
      text,
    }));
  }

  failures(since: number): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const { at, address } of this.#failures)
      if (at >= since) found.set(address, (found.get(address) ?? 0) + 1);
    return found;
  }
}

/** Control characters would do things to a terminal that shows them. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\u00b7');
}

/** Follows these logs, from the last 48 hours on. A log that cannot be read is told to `log`, and looked for again. */
export function followAttacks(options: AttackWatchOptions): AttackWatch {
  const { from, log, now = () => Date.now() } = options;
  const counts = new AttackCounts(now);
  const knownFrom = now() - hoursKept * hourMs;
  const take = (line: AttackLine | undefined, where: string) => {
    if (line !== undefined) counts.take(line, where);
  };
  const logs = from.map((where) =>
    where === 'journal'
      ? followJournal((line) => take(readAttackJournal(line), where), log, {
          of: 'attacks',
          hours: hoursKept,
          units: ['sw-cp-server.service'],
        })
      : followFile(where, {
          from: 'start',
          mostBefore,
          encoding: 'utf8',
          onLine: (line) => take(readAttackLine(line, now()), where),
          onProblem: (error) => log(`attacks: ${(error as Error).message}`),
        }),
  );
  const reads = () => logs.some((one) => one.reads());
  return {
    attacks: () => ({
      hours: counts.hours(),
      recent: counts.recent(),
      reads: reads(),
    }),
    failures: (since) => (since >= knownFrom && reads() ? counts.failures(since) : undefined),
    settle: async () => void (await Promise.all(logs.map((one) => one.settle()))),
    stop: async () => void (await Promise.all(logs.map((one) => one.stop()))),
  };
}

/** Of what a file holds already, its end (bytes): some 80,000 lines, read in a fraction of a second. */
const mostBefore = 8 * 1024 * 1024;
