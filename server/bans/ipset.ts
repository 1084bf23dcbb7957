import * as v from 'valibot';
import { isCanonical } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { parseNetwork } from '../../lib/network.ts';
import { requireRootOwnedWay } from '../root-owned.ts';
import { run } from '../run.ts';
import type { SourceType } from './source.ts';
import { wholeList, type Entry, type Reading } from './whole-list.ts';

/** A named set of ipset that somebody else fills: read by `ipset save`, lifted by `ipset del`, one entry at a time. */

export interface IpsetOptions {
  readonly set: string;
  /** Where the program is, if not in the usual folders; a path. */
  readonly program: string;
}

const schema = v.strictObject({
  // IPSET_MAXNAMELEN is 32 with its end; the first character keeps it from being an option.
  set: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,30}$/, 'is no name of a set')),
  program: v.optional(v.pipe(v.string(), v.regex(/^\//, 'must be an absolute path'))),
});

function read(table: Readonly<Record<string, unknown>>): IpsetOptions {
  const result = v.safeParse(schema, table);
  if (!result.success) {
    const issue = result.issues[0];
    throw new LatchkeyError('config-invalid', `${v.getDotPath(issue) ?? 'source'}: ${issue.message}`);
  }
  const { set, program } = result.output;
  if (program !== undefined) requireRootOwnedWay(program);
  return { set, program: program ?? 'ipset' };
}

/** 100,000 entries with their times make some 5 MB. */
const longestSet = 64 * 1024 * 1024;

/**
 * What `ipset save NAME` prints, each value once. Other lines and other sets are left out; comments, which may be
 * anybody's, come after all that is read. Never throws.
 */
export function parseIpset(
  text: string,
  set: string,
  now: number,
): { readonly entries: Entry[]; readonly excepted: string[]; readonly timed: boolean } {
  const entries = new Map<string, Entry>();
  const excepted: string[] = [];
  let timed = false;
  let netmask = '';
  for (const line of text.split('\n')) {
    const [verb, name, value, ...words] = line.split(' ');
    if (name !== set || value === undefined || value === '') continue;
    if (verb === 'create') {
      timed = words.includes('timeout');
      // Of a set with a mask each entry stands for a whole network, and does not say so itself.
      const mask = words[words.indexOf('netmask') + 1];
      netmask = words.includes('netmask') && mask !== undefined ? `/${mask}` : '';
    }
    // an exception: what the kernel lets through, within a network that it turns away
    if (verb === 'add' && isException(words)) excepted.push(value + netmask);
    else if (verb === 'add') {
      const entry = readEntry(value + netmask, words, timed, now);
      entries.set(entry.value, entry);
    }
  }
  return { entries: [...entries.values()], excepted, timed };
}

/** What `ipset save` says behind an entry that is let through. Before the comment, in which it may stand, too. */
export function isException(words: readonly string[]): boolean {
  const at = words.indexOf('nomatch');
  const comment = words.indexOf('comment');
  return at >= 0 && (comment < 0 || at < comment);
}

/** Of a network and what is excepted within it, the longer prefix decides. */
function sparesOf(excepted: readonly string[]): Reading['spares'] {
  if (excepted.length === 0) return undefined;
  const holds = excepted.map((value) => {
    const network = parseNetwork(value);
    return network ?? { prefix: Infinity, contains: (address: string) => address === value };
  });
  return (value, address) => {
    const prefix = parseNetwork(value)?.prefix ?? Infinity;
    return holds.some((one) => one.prefix > prefix && one.contains(address));
  };
}

function readEntry(value: string, words: readonly string[], timed: boolean, now: number): Entry {
  // hash:ip,port and the like: `203.0.113.5,tcp:22`.
  const [first = ''] = value.split(',');
  const covers =
    first === value
      ? undefined
      : (address: string) => first === address || parseNetwork(first)?.contains(address) === true;
  const seconds = timed && words[0] === 'timeout' ? Number(words[1]) : NaN;
  return {
    value: value.slice(0, 128),
    ...(covers === undefined ? {} : { covers }),
    ...(seconds > 0 ? { until: now + seconds * 1000 } : seconds === 0 ? { permanent: true } : {}),
  };
}

export const ipset: SourceType<IpsetOptions> = {
  name: 'ipset',
  runsIn: 'helper',
  needsRoot: true,
  read,
  create({ set, program }, context) {
    /** What ipset prints; undefined where the set or the entry is not there. */
    const tool = async (args: readonly string[]): Promise<string | undefined> => {
      const { code, stdout, stderr } = await run(program, args, {
        codes: [0, 1],
        maxOutput: longestSet,
        timeoutMs: 20_000,
        env: { LC_ALL: 'C' },
      });
      if (code === 0) return stdout;
      const said = stderr.trim().split('\n')[0]?.slice(0, 200) ?? '';
      if (/Operation not permitted/.test(said)) throw new LatchkeyError('tool-needs-root', said);
      if (/given name does not exist|it's not added/.test(said)) return undefined;
      throw new LatchkeyError('tool-failed', said);
    };
    const entries = async (now: number) => {
      const said = await tool(['save', set]);
      return said === undefined ? undefined : parseIpset(said, set, now);
    };
    const wordOf = (value: string): string => {
      if (isCanonical(value) === undefined && parseNetwork(value) === undefined)
        throw new LatchkeyError('tool-unsupported', 'an entry of several parts');
      return value;
    };

    return wholeList(
      {
        kind: ipset.name,
        canUnban: true,
        async read(now) {
          const found = await entries(now);
          if (found === undefined) throw new LatchkeyError('tool-ended', `no set ${set}`);
          const spares = sparesOf(found.excepted);
          return {
            jails: new Map([[set, found.entries]]),
            tellsTimes: found.timed,
            ...(spares === undefined ? {} : { spares }),
          };
        },
        async lift(value) {
          const word = wordOf(value);
          const there = (await entries(0))?.entries.some((entry) => entry.value === value) === true;
          return there && (await tool(['del', set, word])) !== undefined ? 1 : 0;
        },
        async set(_jail, value, leftMs) {
          const time = leftMs === undefined ? [] : ['timeout', String(Math.ceil(leftMs / 1000))];
          if ((await tool(['-exist', 'add', set, wordOf(value), ...time])) === undefined)
            throw new LatchkeyError('tool-ended', `no set ${set}`);
        },
      },
      context,
    );
  },
};
