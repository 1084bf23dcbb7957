import ipaddr from 'ipaddr.js';
import * as v from 'valibot';
import { isCanonical } from '../../lib/address.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import { parseNetwork } from '../../lib/network.ts';
import { run } from '../run.ts';
import type { SourceType } from './source.ts';
import { wholeList, type Entry } from './whole-list.ts';

/**
 * Named sets of nftables that somebody else fills: SshGuard's, or any other. Read by `nft -j`, and one element is
 * deleted at a time; the set, its table and its rules are never touched.
 */

interface NamedSet {
  readonly family: 'ip' | 'ip6' | 'inet';
  readonly table: string;
  readonly set: string;
}
export interface NftSetOptions {
  readonly sets: readonly NamedSet[];
}

/** What nft's own grammar calls a string, so that a name is one word and never an option. */
const word = /^[A-Za-z_][A-Za-z0-9_./-]{0,63}$/;
const name = v.pipe(v.string(), v.regex(word, 'is no name that nft takes without quotes'));
const schema = v.union([
  v.strictObject({ family: v.picklist(['ip', 'ip6', 'inet']), table: name, set: name }),
  v.strictObject({ preset: v.picklist(['sshguard']) }),
]);

/** SshGuard's backend sshg-fw-nft-sets: a table and a set for each family, one list to whoever looks. */
const presets: Readonly<Record<'sshguard', readonly NamedSet[]>> = {
  sshguard: [
    { family: 'ip', table: 'sshguard', set: 'attackers' },
    { family: 'ip6', table: 'sshguard', set: 'attackers' },
  ],
};

function read(table: Readonly<Record<string, unknown>>): NftSetOptions {
  const result = v.safeParse(schema, table);
  if (result.success)
    return { sets: 'preset' in result.output ? presets[result.output.preset] : [result.output] };
  // A union says no more than that none fitted.
  const key =
    Object.keys(table).find((one) => !['family', 'table', 'set', 'preset'].includes(one)) ??
    ('preset' in table
      ? 'preset'
      : (['family', 'table', 'set'].find((one) => !word.test(String(table[one] ?? ''))) ?? 'family'));
  throw new LatchkeyError(
    'config-invalid',
    `${key}: family, table and set of one set, or preset = "sshguard"`,
  );
}

/** 100,000 elements with their times make some 8 MB. */
const longestSet = 64 * 1024 * 1024;

const element = v.union([
  v.object({ prefix: v.object({ addr: v.string(), len: v.number() }) }),
  v.object({ range: v.tuple([v.string(), v.string()]) }),
  v.object({ concat: v.array(v.unknown()) }),
]);
const answer = v.object({
  nftables: v.array(
    v.object({
      set: v.optional(
        v.object({
          elem: v.optional(v.custom<readonly unknown[]>(Array.isArray)),
          timeout: v.optional(v.number()),
          flags: v.optional(v.array(v.string())),
        }),
      ),
    }),
  ),
});

/**
 * The elements of `nft -j list set …`, each value once. Elements that this cannot read are left out: a set of ports
 * has no addresses. Never throws; undefined where the text is no such answer.
 */
export function parseNftSet(
  text: string,
  now: number,
): { readonly entries: Entry[]; readonly timed: boolean } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const checked = v.safeParse(answer, json);
  const set = checked.success ? checked.output.nftables.find((one) => one.set !== undefined)?.set : undefined;
  if (set === undefined) return undefined;
  const entries = new Map<string, Entry>();
  for (const one of set.elem ?? []) {
    const found = readElement(one, now, set.timeout);
    if (found !== undefined) entries.set(found.value, found);
  }
  return { entries: [...entries.values()], timed: set.flags?.includes('timeout') === true };
}

/** Without schemas and spreads, by hand: a long set has 100,000 elements, and meanwhile no door opens. */
function readElement(one: unknown, now: number, usual: number | undefined): Entry | undefined {
  let val = one;
  let timeout = usual;
  let expires: number | undefined;
  const elem = typeof one === 'object' && one !== null && 'elem' in one ? one.elem : undefined;
  if (typeof elem === 'object' && elem !== null && 'val' in elem) {
    const told = elem as { val: unknown; timeout?: unknown; expires?: unknown };
    val = told.val;
    if (typeof told.timeout === 'number') timeout = told.timeout;
    if (typeof told.expires === 'number') expires = told.expires;
  }
  const text: Pick<Entry, 'value' | 'covers'> | undefined =
    typeof val === 'string' ? { value: val } : partsOf(val);
  if (text === undefined || expires === undefined) return text;
  const until = now + expires * 1000;
  const timed = timeout === undefined ? { until } : { until, since: until - timeout * 1000 };
  return Object.assign(text, timed);
}

function partsOf(val: unknown): Pick<Entry, 'value' | 'covers'> | undefined {
  const checked = v.safeParse(element, val);
  return checked.success ? textOf(checked.output) : undefined;
}

function textOf(val: v.InferOutput<typeof element>): Pick<Entry, 'value' | 'covers'> | undefined {
  if ('prefix' in val) return { value: `${val.prefix.addr}/${val.prefix.len}` };
  if ('range' in val) {
    const [from, to] = val.range;
    return { value: `${from}-${to}`, covers: (address) => between(from, address, to) };
  }
  const words = val.concat.filter((part) => typeof part === 'string' || typeof part === 'number').map(String);
  const alone = words.filter((part) => isCanonical(part) !== undefined);
  if (words.length !== val.concat.length || alone.length === 0) return undefined;
  return { value: words.join(' . ').slice(0, 128), covers: (address) => alone.includes(address) };
}

function between(from: string, address: string, to: string): boolean {
  const family = isCanonical(address);
  if (family === undefined || isCanonical(from) !== family || isCanonical(to) !== family) return false;
  const bytes = (text: string) => Buffer.from(ipaddr.parse(text).toByteArray());
  const own = bytes(address);
  return Buffer.compare(bytes(from), own) <= 0 && Buffer.compare(own, bytes(to)) <= 0;
}

/**
 * What nft calls the element, built from canonical addresses and numbers alone; undefined for any value that is
 * not made of those.
 */
export function nftElement(value: string): { readonly family: 4 | 6; readonly text: string } | undefined {
  const alone = isCanonical(value);
  if (alone !== undefined) return { family: alone, text: value };
  const network = parseNetwork(value);
  if (network !== undefined) return { family: network.family, text: value };
  const [from = '', to = '', more] = value.split('-');
  const family = isCanonical(from);
  if (family === undefined || isCanonical(to) !== family || more !== undefined) return undefined;
  return { family, text: `${from}-${to}` };
}

export const nftset: SourceType<NftSetOptions> = {
  name: 'nftset',
  runsIn: 'helper',
  needsRoot: true,
  read,
  create({ sets }, context) {
    const where = ({ family, table, set }: NamedSet) => [family, table, set];
    /** What nft prints; undefined where set or element is not there. */
    const nft = async (args: readonly string[]): Promise<string | undefined> => {
      const { code, stdout, stderr } = await run('nft', args, {
        codes: [0, 1],
        maxOutput: longestSet,
        timeoutMs: 20_000,
        env: { LC_ALL: 'C' },
      });
      if (code === 0 || /File exists/.test(stderr)) return stdout;
      const said = `nft: ${stderr.split('\n')[0]?.slice(0, 200) ?? ''}`;
      if (/Operation not permitted/.test(stderr)) throw new LatchkeyError('tool-needs-root', said);
      if (/No such file or directory|does not exist/.test(stderr)) return undefined;
      throw new LatchkeyError('tool-failed', said);
    };
    const readSet = async (one: NamedSet, now: number) => {
      const said = await nft(['-j', 'list', 'set', ...where(one)]);
      if (said === undefined) return undefined;
      const parsed = parseNftSet(said, now);
      if (parsed === undefined) throw new LatchkeyError('tool-failed', 'nft: no set in its answer');
      return parsed;
    };

    return wholeList(
      {
        kind: nftset.name,
        canUnban: true,
        async read(now) {
          const found = await Promise.all(sets.map((one) => readSet(one, now)));
          if (found.every((one) => one === undefined))
            throw new LatchkeyError('tool-ended', sets.map((one) => where(one).join(' ')).join(', '));
          const jails = new Map<string, Entry[]>();
          sets.forEach(({ set }, i) =>
            jails.set(set, [...(jails.get(set) ?? []), ...(found[i]?.entries ?? [])]),
          );
          return { jails, tellsTimes: found.some((one) => one?.timed === true) };
        },
        async lift(value) {
          const wanted = nftElement(value);
          if (wanted === undefined)
            throw new LatchkeyError('tool-unsupported', 'an element of several parts');
          let count = 0;
          for (const one of sets.filter((each) => holds(each, wanted.family))) {
            // What is there, as it is there: whatever else nft would take this text for stays.
            const there = (await readSet(one, 0))?.entries.some((entry) => entry.value === value) === true;
            if (
              there &&
              (await nft(['delete', 'element', ...where(one), `{ ${wanted.text} }`])) !== undefined
            )
              count++;
          }
          return count;
        },
        async set(jail, value, leftMs) {
          const wanted = nftElement(value);
          const one = sets.find((each) => each.set === jail && wanted && holds(each, wanted.family));
          if (wanted === undefined || one === undefined)
            throw new LatchkeyError('tool-unsupported', 'no set for it');
          const time = leftMs === undefined ? '' : ` timeout ${Math.ceil(leftMs / 1000)}s`;
          if ((await nft(['add', 'element', ...where(one), `{ ${wanted.text}${time} }`])) === undefined)
            throw new LatchkeyError('tool-ended', where(one).join(' '));
        },
      },
      context,
    );
  },
};

/** Tables ip and ip6 know what their sets hold; of a set in inet only its type does, which nft itself checks. */
function holds({ family }: NamedSet, wanted: 4 | 6): boolean {
  return family === 'inet' || family === (wanted === 4 ? 'ip' : 'ip6');
}
