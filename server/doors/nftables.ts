import * as v from 'valibot';
import { LatchkeyError } from '../../lib/errors.ts';
import type { DoorDriver, DriverContext, DriverType } from './driver.ts';
import {
  NftMissing,
  openNftElements,
  seenName,
  seenSeconds,
  setName,
  type NftElements,
} from './nft-elements.ts';
import { openNftSession } from './nft-session.ts';

/**
 * One table of our own, `inet latchkey`; for each door two sets whose elements the kernel times out, two in which
 * it notes who came, and one chain. The table outlives this process and is taken over at the next start, with every live opening in it.
 */

/** "la" in ASCII, on packets of doors in mode mark. */
export const packetMark = 0x6c61;

/**
 * - gate: nothing else guards the port. Our chain lets the set through and drops other openings of connections.
 * - mark: the host's firewall guards the port. We mark, and one rule of the host's own accepts the mark: an
 *   accept in our table never overrides a drop in another.
 */
export interface NftablesOptions {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly mode: 'gate' | 'mark';
}

/** The one rule that a default-deny firewall needs for all doors in mode mark, in the words of each tool. */
export const markRules = {
  iptables: ['-I', 'INPUT', '-m', 'mark', '--mark', '0x6c61', '-j', 'ACCEPT'],
  /** For the host's own input chain, before whatever drops. */
  nft: 'meta mark 0x6c61 accept',
} as const;

const portWords = 'must be a port, 1 to 65535';
const schema = v.strictObject({
  port: v.pipe(
    v.number(portWords),
    v.integer(portWords),
    v.minValue(1, portWords),
    v.maxValue(65535, portWords),
  ),
  protocol: v.optional(v.picklist(['tcp', 'udp'], 'must be tcp or udp'), 'tcp'),
  mode: v.picklist(['gate', 'mark'], 'must be gate or mark'),
});

function read(table: Readonly<Record<string, unknown>>): NftablesOptions {
  const result = v.safeParse(schema, table);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new LatchkeyError('config-invalid', `${v.getDotPath(issue) ?? 'door'}: ${issue.message}`);
}

/** One line for nft, one transaction: all of it or nothing. Running it again changes nothing. */
export function setupLine(door: string, options: NftablesOptions): string {
  const { port, protocol, mode } = options;
  if (!Number.isSafeInteger(port)) throw new LatchkeyError('tool-failed', 'not a port');
  const four = setName(door, 4);
  const six = setName(door, 6);
  const seen = { 4: seenName(door, 4), 6: seenName(door, 6) };
  const chain = `${mode}_${door}`;
  const to = `${protocol === 'tcp' ? 'tcp' : 'udp'} dport ${port}`;
  // Notes when an address that is let in last began a connection: the element's remaining time tells. Rules of their
  // own, which decide nothing: a note that fails lets in nobody more and nobody less.
  const begins = protocol === 'tcp' ? `${to} tcp flags & (syn | ack) == syn` : to;
  const notes = [
    `${begins} ip saddr @${four} update @${seen[4]} { ip saddr timeout ${seenSeconds}s }`,
    `${begins} ip6 saddr @${six} update @${seen[6]} { ip6 saddr timeout ${seenSeconds}s }`,
  ];
  const rules = {
    mark: [
      ...notes,
      `${to} ct state new ip saddr @${four} meta mark set 0x6c61`,
      `${to} ct state new ip6 saddr @${six} meta mark set 0x6c61`,
    ],
    gate: [
      'iifname lo accept',
      ...notes,
      `${to} ip saddr @${four} accept`,
      `${to} ip6 saddr @${six} accept`,
      ...(protocol === 'tcp'
        ? [
            // By the SYN, not by `ct state new`: to conntrack a session that is older than it looks new, and this
            // door would cut the session of whoever adds it. Also, no trick with conntrack lets a SYN pass.
            `${to} tcp flags & (syn | ack) == syn drop`,
            // Accepts what would pass anyway. A ct expression makes the kernel put IPv6 fragments together before
            // this chain, so that no SYN hides its flags in a second fragment. Linux 6.18 refuses those by itself;
            // not every kernel does.
            `${to} ct state established,related accept`,
          ]
        : [`${to} ct state established,related accept`, `${to} drop`]),
    ],
  };
  return [
    'add table inet latchkey',
    `add set inet latchkey ${four} { type ipv4_addr; flags timeout; }`,
    `add set inet latchkey ${six} { type ipv6_addr; flags timeout; }`,
    // Only addresses of the sets above get into these.
    `add set inet latchkey ${seen[4]} { type ipv4_addr; size 65535; flags dynamic, timeout; }`,
    `add set inet latchkey ${seen[6]} { type ipv6_addr; size 65535; flags dynamic, timeout; }`,
    dropChain(`${mode === 'gate' ? 'mark' : 'gate'}_${door}`),
    `add chain inet latchkey ${chain} { type filter hook input priority -10; policy accept; }`,
    `flush chain inet latchkey ${chain}`,
    ...rules[mode].map((rule) => `add rule inet latchkey ${chain} ${rule}`),
  ].join('; ');
}

/** Added first, so that deleting what is not there is no error. */
const dropChain = (chain: string) => `add chain inet latchkey ${chain}; delete chain inet latchkey ${chain}`;

/** Takes away what a door has in the table, and nothing else. */
export function removeLine(door: string): string {
  const sets = ([4, 6] as const).flatMap((family) => [
    [setName(door, family), `{ type ipv${family}_addr; flags timeout; }`],
    [seenName(door, family), `{ type ipv${family}_addr; size 65535; flags dynamic, timeout; }`],
  ]);
  return [
    'add table inet latchkey',
    dropChain(`gate_${door}`),
    dropChain(`mark_${door}`),
    ...sets.map(([set, form]) => `add set inet latchkey ${set} ${form}; delete set inet latchkey ${set}`),
  ].join('; ');
}

/** One nft process serves every door of this process. */
let shared: { readonly elements: NftElements; doors: number } | undefined;

function acquire(directory: string): NftElements {
  shared ??= { elements: openNftElements(openNftSession(directory)), doors: 0 };
  shared.doors++;
  return shared.elements;
}

async function release(): Promise<void> {
  if (shared === undefined || --shared.doors > 0) return;
  const { elements } = shared;
  shared = undefined;
  await elements.stop();
}

function create(options: NftablesOptions, context: DriverContext): DoorDriver {
  const { door, directory, log } = context;
  const setup = setupLine(door, options);
  let held: NftElements | undefined;
  const elements = () => {
    if (held === undefined) throw new LatchkeyError('tool-failed', `${door}: not started`);
    return held;
  };
  const letGo = async () => {
    if (held === undefined) return;
    held = undefined;
    await release();
  };
  /** Where somebody flushed the ruleset (many firewall reloads do), the door is made again, closed to all. */
  const mended = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NftMissing)) throw error;
      log(`door ${door}: its part of table inet latchkey was gone; made again`);
      await elements().transact(setup);
      return work();
    }
  };
  return {
    facts: { closes: 'kernel', choosesTime: true, extends: true, readsBack: true, seesPackets: true },
    async start() {
      held ??= acquire(directory);
      try {
        await held.transact(setup);
      } catch (error) {
        await letGo();
        throw error;
      }
    },
    async open(address, seconds, onStage) {
      onStage({ stage: 'asked' });
      const opening = await mended(() => elements().add(door, address, seconds));
      onStage({ stage: 'rule' });
      onStage({ stage: 'checked' });
      return opening;
    },
    close: (address) => mended(() => elements().remove(door, address)),
    inspect: () => mended(() => elements().list(door)),
    stop: letGo,
    async remove() {
      held ??= acquire(directory);
      try {
        await held.transact(removeLine(door));
      } finally {
        await letGo();
      }
    },
  };
}

export const nftables: DriverType<NftablesOptions> = {
  name: 'nftables',
  runsIn: 'helper',
  needsRoot: true,
  read,
  port: (options) => options.port,
  service: ({ protocol, port }) => ({ protocol, port }),
  // Two gates on one port would each drop what the other lets in.
  claim: (options) => `${options.protocol} ${options.port}`,
  guard: ({ port, protocol, mode }, door) => ({
    protocol,
    port,
    dropsStrangers: mode === 'gate' ? 'door' : 'host',
    opening: {
      kind: 'sets',
      sets: { 4: `inet latchkey ${setName(door, 4)}`, 6: `inet latchkey ${setName(door, 6)}` },
      ...(mode === 'mark' ? { mark: packetMark } : {}),
    },
  }),
  create,
};
