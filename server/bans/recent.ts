import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ipaddr from 'ipaddr.js';
import * as v from 'valibot';
import { isCanonical } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { agoMs, jiffiesNow, type Jiffies } from './jiffies.ts';
import type { SourceType } from './source.ts';
import { wholeList, type Entry } from './whole-list.ts';

/**
 * A list of iptables' `recent` match. Such a list holds everybody who came, also those whom the rule lets in: who is
 * turned away are those with `hitcount` packets within `seconds`, as the rule says; both are this source's keys.
 */
export interface RecentOptions {
  readonly list: string;
  /** The rule's --seconds; absent: at any time. */
  readonly seconds?: number;
  /** The rule's --hitcount (the kernel allows 255); 1 where it has none. */
  readonly hitcount: number;
}

const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const schema = v.strictObject({
  list: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, 'is no name of a list')),
  seconds: v.exactOptional(whole(0x7fffffff)),
  hitcount: v.optional(whole(255), 1),
});

function read(table: Readonly<Record<string, unknown>>): RecentOptions {
  const result = v.safeParse(schema, table);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new LatchkeyError('config-invalid', `${v.getDotPath(issue) ?? 'source'}: ${issue.message}`);
}

export interface RecentEntry {
  /** Canonical. */
  readonly address: string;
  /** Of each packet that is remembered, in jiffies, oldest first. */
  readonly stamps: readonly number[];
}

const line = /^src=(\S+) ttl: \d+ last_seen: \d+ oldest_pkt: \d+ ([\d, ]+)$/;

/** /proc/net/xt_recent/LIST (xt_recent.c, recent_seq_show). Lines that are not of it are left out. Never throws. */
export function parseRecent(text: string): RecentEntry[] {
  return text.split('\n').flatMap((one) => {
    const [, from = '', stamps = ''] = line.exec(one) ?? [];
    if (!ipaddr.isValid(from) || from.includes('%')) return [];
    const parsed = ipaddr.parse(from);
    // IPv6 comes with all its zeros.
    const address = parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
    if (isCanonical(address) === undefined) return [];
    // A ring: the kernel writes over the oldest.
    const sorted = stamps
      .split(',')
      .map(Number)
      .sort((a, b) => a - b);
    return [{ address, stamps: sorted }];
  });
}

/**
 * Since when the rule turns an address away, and until when if nothing more comes; undefined where it does not.
 * Without `seconds`, or without a clock, only that it does.
 */
export function turnedAway(
  { stamps }: RecentEntry,
  { seconds, hitcount }: RecentOptions,
  jiffies: Jiffies | undefined,
  now: number,
): Pick<Entry, 'since' | 'until'> | undefined {
  if (stamps.length < hitcount) return undefined;
  if (jiffies === undefined) return {};
  const at = stamps.map((stamp) => Math.round(now - agoMs(jiffies, stamp))).sort((a, b) => a - b);
  if (seconds === undefined) return { since: at[hitcount - 1]! };
  const spanMs = seconds * 1000;
  const endOf = (i: number) => at[i - hitcount + 1]! + spanMs;
  let i = at.length - 1;
  const until = endOf(i);
  if (until <= now) return undefined;
  // Back to the packet that was the first too many, as far as the ring remembers.
  while (i - 1 >= hitcount - 1 && endOf(i - 1) >= at[i]!) i--;
  return { since: at[i]!, until };
}

/** Lists have 100 entries unless the module is told otherwise; each with at most 255 stamps. */
const longestList = 32 * 1024 * 1024;

export const recent: SourceType<RecentOptions> = {
  name: 'recent',
  runsIn: 'helper',
  needsRoot: true,
  read,
  create(options, context) {
    const path = join('/proc/net/xt_recent', options.list);
    const refusal = (error: unknown): LatchkeyError => {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return new LatchkeyError('tool-ended', `no rule has the list ${options.list}`);
      return new LatchkeyError(code === 'EACCES' ? 'tool-needs-root' : 'tool-failed', `${path}: ${code}`);
    };
    const entries = async (): Promise<RecentEntry[]> => {
      let text: string;
      try {
        text = await readFile(path, 'latin1');
      } catch (error) {
        throw refusal(error);
      }
      if (text.length > longestList) throw new LatchkeyError('tool-failed', `${path}: too long`);
      return parseRecent(text);
    };
    /** One write, one line: `+ADDRESS` or `-ADDRESS`. */
    const write = async (sign: '+' | '-', address: string) => {
      if (isCanonical(address) === undefined) throw new LatchkeyError('tool-unsupported', 'addresses alone');
      try {
        const file = await open(path, constants.O_WRONLY);
        try {
          await file.write(`${sign}${address}\n`);
        } finally {
          await file.close();
        }
      } catch (error) {
        throw refusal(error);
      }
    };

    const away = async (now: number) => {
      const [list, jiffies] = await Promise.all([entries(), jiffiesNow()]);
      if (jiffies === undefined && options.seconds !== undefined)
        throw new LatchkeyError('tool-unsupported', 'this kernel does not tell what its stamps mean');
      const found = list.flatMap((one): Entry[] => {
        const times = turnedAway(one, options, jiffies, now);
        return times === undefined ? [] : [{ value: one.address, ...times }];
      });
      return { found, timed: jiffies !== undefined };
    };
    const { now = () => Date.now() } = context;

    return wholeList(
      {
        kind: recent.name,
        canUnban: true,
        async read(at) {
          const { found, timed } = await away(at);
          return { jails: new Map([[options.list, found]]), tellsTimes: timed };
        },
        async lift(value) {
          const there = (await away(now())).found.some((entry) => entry.value === value);
          if (there) await write('-', value);
          return there ? 1 : 0;
        },
        async set(_jail, value) {
          // Each counts as a packet of now.
          for (let n = 0; n < options.hitcount; n++) await write('+', value);
        },
      },
      context,
    );
  },
};
