import { whomOf } from './effect.ts';
import { readThing } from './iptables-thing.ts';
import type { Effect, EffectReader } from './effect.ts';

const verbs: Readonly<Record<string, 'add' | 'delete'>> = {
  '-A': 'add',
  '--append': 'add',
  '-I': 'add',
  '--insert': 'add',
  '-D': 'delete',
  '--delete': 'delete',
};

/** iptables(8) and ip6tables(8). Anything but adding and deleting one rule is not read, save a policy. */
export const readIptables: EffectReader = (words, program) => {
  const family = program.startsWith('ip6') ? 6 : 4;
  const tool = family === 6 ? 'ip6tables' : 'iptables';
  let table = 'filter';
  let verb: 'add' | 'delete' | undefined;
  let chain = '';
  let byNumber = false;
  const spec: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    const next = words[i + 1] ?? '';
    if (word === '-P' || word === '--policy') return policy(tool, family, next, words[i + 2]);
    const found = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
    if (found !== undefined && verb === undefined) {
      verb = found;
      chain = next;
      i += 1;
      const numbered = /^\d+$/.test(words[i + 1] ?? '');
      if (numbered) i += 1;
      byNumber = numbered && verb === 'delete';
    } else if (word === '-t' || word === '--table') {
      table = next;
      i += 1;
    } else if (/^(?:-w|--wait|-W|--wait-interval)$/.test(word)) {
      if (/^\d+$/.test(next)) i += 1;
    } else if (!/^(?:-v|--verbose|-n|--numeric)$/.test(word)) spec.push(word);
  }
  if (verb === undefined) return undefined;

  const { lines, services, target, conditions, refused } = readThing(spec, family);
  const admits = !/^(?:DROP|REJECT|TARPIT)\b/.test(target ?? '');
  return {
    tool,
    direction: admits === (verb === 'add') ? 'opens' : 'closes',
    verb,
    thing: [table, chain, ...lines].join('\n'),
    services,
    family,
    whom: byNumber ? 'everyone' : whomOf(conditions, family),
    ...(byNumber ? { byNumber } : {}),
    ...(refused === undefined ? {} : { refused }),
  };
};

function policy(tool: string, family: 4 | 6, chain: string, to: string | undefined): Effect {
  const opens = to === 'ACCEPT';
  return {
    tool,
    direction: opens ? 'opens' : 'closes',
    verb: opens ? 'add' : 'delete',
    thing: `policy ${chain}`,
    services: [],
    family,
    whom: 'everyone',
  };
}
