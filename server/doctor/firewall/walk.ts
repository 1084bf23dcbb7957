import type { BaseChain, Outcome, Packet, Rule } from './packet.ts';

export interface Fate {
  /** `either`: some rule on the way could not be judged; `doubts` are those rules. */
  readonly verdict: 'accept' | 'drop' | 'either';
  readonly doubts: readonly string[];
}

/** The kernel's own limit is 16 jumps deep (NFT_JUMP_STACK_SIZE). */
const deepest = 16;
/** Rules looked at for one packet; a ruleset beyond it counts as one that cannot be judged. */
const mostSteps = 200_000;

interface Walk {
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  readonly doubts: Set<string>;
  packet: Packet;
  steps: number;
}

/** When connections begin to be tracked (NF_IP_PRI_CONNTRACK). */
const tracking = -200;

const order = { prerouting: 0, input: 1 } as const;

/** What becomes of a packet in all chains of both hooks: each must accept it, and any may drop it. */
export function fateOf(packet: Packet, bases: readonly BaseChain[]): Fate {
  const doubts = new Set<string>();
  const walk: Walk = { chains: new Map(), doubts, packet, steps: 0 };
  const mine = bases
    .filter(({ family }) => family === 'both' || family === packet.family)
    .sort((a, b) => order[a.hook] - order[b.hook] || a.priority - b.priority);
  let verdict: Fate['verdict'] = 'accept';
  for (const base of mine) {
    const untracked = base.hook === 'prerouting' && base.priority <= tracking;
    const here: Walk = { ...walk, packet: { ...walk.packet, untracked }, chains: base.chains };
    const ends = run(base.rules, here, 0);
    walk.packet = here.packet;
    walk.steps = here.steps;
    const drops = ends.has('drop') || (ends.has('end') && base.policy === 'drop');
    const accepts = ends.has('accept') || (ends.has('end') && base.policy === 'accept');
    if (drops && !accepts) return { verdict: 'drop', doubts: [] };
    if (drops) verdict = 'either';
  }
  return { verdict, doubts: verdict === 'either' ? [...doubts] : [] };
}

/** `end`: the packet came out at the chain's end (or returned). */
type End = 'accept' | 'drop' | 'end';

function run(rules: readonly Rule[], walk: Walk, depth: number): Set<End> {
  const ends = new Set<End>();
  for (const rule of rules) {
    if (++walk.steps > mostSteps) return new Set(['accept', 'drop', 'end']);
    const { outcomes, marks } = rule.judge(walk.packet);
    const sure = outcomes.length === 1;
    if (!sure) walk.doubts.add(rule.text);
    const before = walk.packet.mark;
    if (marks !== undefined) walk.packet = { ...walk.packet, mark: marks.mark };
    let stays = false;
    for (const outcome of outcomes) {
      for (const end of follow(outcome, walk, depth)) {
        if (end === 'stay') stays = true;
        else ends.add(end);
      }
    }
    // A mark that is perhaps set is no longer known.
    if (!sure && walk.packet.mark !== before) walk.packet = { ...walk.packet, mark: undefined };
    if (!stays) return ends;
  }
  return ends.add('end');
}

function follow(outcome: Outcome, walk: Walk, depth: number): Set<End | 'stay'> {
  switch (outcome.to) {
    case 'continue':
      return new Set(['stay']);
    case 'return':
      return new Set(['end']);
    case 'accept':
    case 'drop':
      return new Set([outcome.to]);
    case 'jump':
    case 'goto': {
      const rules = walk.chains.get(outcome.chain);
      // A chain that is not there cannot be judged.
      if (rules === undefined || depth >= deepest) return new Set(['accept', 'drop', 'stay']);
      const ends: Set<End | 'stay'> = run(rules, walk, depth + 1);
      if (outcome.to === 'jump' && ends.delete('end')) ends.add('stay');
      return ends;
    }
  }
}
