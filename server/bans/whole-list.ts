import { bans, type Ban, type JailState } from '../../lib/ban.ts';
import { codeOf, LatchkeyError } from '../../lib/errors.ts';
import type { BanSource, SourceContext } from './source.ts';

/**
 * What sets of the firewall and lists in files have in common: nothing tells whether one changed but reading it whole.
 * So it is read at most every few seconds, and less often where reading takes long; what was read last is the list.
 */

export interface Entry {
  readonly value: string;
  readonly since?: number;
  readonly until?: number;
  readonly permanent?: true;
  /** Where `value` is neither an address nor a network: whether it turns this canonical address away. */
  readonly covers?: (address: string) => boolean;
}

export interface Reading {
  readonly jails: ReadonlyMap<string, readonly Entry[]>;
  readonly tellsTimes: boolean;
  /** Whether an address is let through although this value, a network, holds it. Absent: none is. */
  readonly spares?: (value: string, address: string) => boolean;
}

export interface WholeList {
  /** `SourceState.kind`. */
  readonly kind: string;
  readonly canUnban: boolean;
  /** Throws `tool-*`: `tool-ended` where the set or list is not there. Each value at most once a jail. */
  read(now: number): Promise<Reading>;
  /** As `BanSource.unban`; of a value that the last reading has, or a canonical one. */
  lift?(value: string): Promise<number>;
  /** As `BanSource.ban`; `leftMs`: for so long, where the system keeps times. */
  set?(jail: string, value: string, leftMs: number | undefined): Promise<void>;
  onHint?(listener: () => void): void;
  stop?(): Promise<void>;
}

/** Between two readings (ms): at least this, and so many times what the last one took. */
const pause = { least: 2000, times: 20 };
/** The kernel tells the rest of a time in whole seconds: the same end, read twice, differs by this much at most. */
const sameMs = 2500;
/** Lifted bans whose time is known for `ban`. */
const mostLifted = 256;

interface Known {
  readonly ban: Ban;
  readonly covers: Entry['covers'];
}

interface Kept {
  readonly known: ReadonlyMap<string, Known>;
  readonly list: readonly Ban[];
  readonly stamp: number;
}

export function wholeList(parts: WholeList, context: SourceContext): BanSource {
  const { source, now = () => Date.now() } = context;
  let jails: ReadonlyMap<string, Kept> = new Map();
  let tellsTimes = false;
  let spares: Reading['spares'];
  let stamps = 0;
  let problem: LatchkeyError | undefined;
  let readAt = -Infinity;
  let nextAt = -Infinity;
  /** The earliest end of a ban after the last reading. */
  let ends: number | undefined;
  let reading: Promise<void> | undefined;
  const lifted = new Map<string, number | undefined>();

  /** What is as it was stays the same object: most of 100,000, again and again, while doors wait for this thread. */
  function keep(found: Reading): void {
    const next = new Map<string, Kept>();
    for (const [jail, entries] of found.jails) {
      const old = jails.get(jail);
      const known = new Map<string, Known>();
      let changed = old === undefined || old.known.size !== entries.length;
      for (const entry of entries) {
        const before = old?.known.get(entry.value);
        if (before !== undefined && isSteady(before.ban, entry)) {
          known.set(entry.value, before);
          continue;
        }
        changed = true;
        known.set(entry.value, { ban: banOf(source, jail, entry, before?.ban), covers: entry.covers });
      }
      const list = changed ? Array.from(known.values(), ({ ban }) => ban) : [];
      next.set(jail, old === undefined || changed ? { known, list, stamp: ++stamps } : old);
    }
    jails = next;
    ({ tellsTimes, spares } = found);
  }

  async function readNow(): Promise<void> {
    const at = now();
    const began = performance.now();
    try {
      keep(await parts.read(at));
      problem = undefined;
    } catch (error) {
      problem =
        error instanceof LatchkeyError
          ? error
          : new LatchkeyError('tool-failed', String(error), { cause: error });
    }
    const took = performance.now() - began;
    readAt = at;
    ends = firstEnd(jails, at);
    nextAt = at + Math.max(pause.least, took * pause.times);
  }

  /** A reading that began after this was asked. */
  async function fresh(): Promise<void> {
    await reading?.catch(() => undefined);
    reading ??= readNow().finally(() => (reading = undefined));
    await reading;
    if (problem !== undefined) throw problem;
  }

  async function recent(): Promise<void> {
    const at = now();
    if (at < readAt || at >= nextAt || (ends !== undefined && ends <= at && ends > readAt))
      await fresh().catch(() => undefined);
  }

  return {
    async look() {
      await recent();
      return {
        state: {
          source,
          kind: parts.kind,
          ...(problem === undefined ? {} : { problem: codeOf(problem, 'tool-failed') }),
          tellsTimes,
          canUnban: parts.canUnban,
          jails: [...jails].map(([jail, { list }]): JailState => ({ jail, banned: list.length })),
        },
        stamps: new Map([...jails].map(([jail, { stamp }]) => [jail, String(stamp)])),
        ...(ends === undefined ? {} : { nextEnd: ends }),
      };
    },
    async list(jail) {
      await recent();
      if (problem !== undefined) throw problem;
      const kept = jails.get(jail);
      if (kept === undefined) throw new LatchkeyError('tool-failed', `${source}: nothing of that name`);
      return kept.list;
    },
    async banned(address) {
      await fresh();
      const found: Ban[] = [];
      for (const { known } of jails.values())
        for (const { ban, covers } of known.values())
          if ((bans(ban, address) || covers?.(address) === true) && spares?.(ban.value, address) !== true)
            found.push(ban);
      return found;
    },
    ...(parts.lift === undefined
      ? {}
      : {
          async unban(value: string) {
            for (const [jail, { known }] of jails) {
              const there = known.get(value);
              if (there === undefined) continue;
              lifted.delete(`${jail}\n${value}`);
              lifted.set(`${jail}\n${value}`, there.ban.until);
            }
            for (const oldest of lifted.keys()) {
              if (lifted.size <= mostLifted) break;
              lifted.delete(oldest);
            }
            try {
              return await parts.lift!(value);
            } finally {
              nextAt = -Infinity;
            }
          },
        }),
    ...(parts.set === undefined
      ? {}
      : {
          async ban(jail: string, value: string) {
            const until = lifted.get(`${jail}\n${value}`);
            const leftMs = until === undefined ? undefined : Math.max(1000, until - now());
            try {
              await parts.set!(jail, value, leftMs);
            } finally {
              nextAt = -Infinity;
            }
          },
        }),
    ...(parts.onHint === undefined
      ? {}
      : {
          onHint(listener: () => void) {
            parts.onHint!(() => {
              nextAt = -Infinity;
              listener();
            });
          },
        }),
    async stop() {
      await reading?.catch(() => undefined);
      await parts.stop?.();
    },
  };
}

/** The same ban, whatever a clock of whole seconds says of its times now. */
function isSteady(before: Ban, { since, until, permanent }: Entry): boolean {
  return (
    isSameEnd(before.until, until) &&
    before.permanent === permanent &&
    (before.since !== undefined || since === undefined)
  );
}

function isSameEnd(before: number | undefined, now: number | undefined): boolean {
  return before === now || (before !== undefined && now !== undefined && Math.abs(now - before) < sameMs);
}

/** As it is told now; where it was known before, with the times that stand as they were. */
function banOf(source: string, jail: string, entry: Entry, before: Ban | undefined): Ban {
  const ban: { -readonly [Key in keyof Ban]: Ban[Key] } = { source, jail, value: entry.value };
  const since = before?.since ?? entry.since;
  const until = isSameEnd(before?.until, entry.until) ? before?.until : entry.until;
  if (since !== undefined) ban.since = since;
  if (until !== undefined) ban.until = until;
  if (entry.permanent === true) ban.permanent = true;
  return ban;
}

function firstEnd(jails: ReadonlyMap<string, Kept>, after: number): number | undefined {
  let first: number | undefined;
  for (const { list } of jails.values())
    for (const { until } of list)
      if (until !== undefined && until > after && (first === undefined || until < first)) first = until;
  return first;
}
