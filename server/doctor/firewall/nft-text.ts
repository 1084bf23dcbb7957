import { isCanonical } from '../../../lib/address.ts';

/**
 * Addresses that a file for `nft -f` puts into one set (`inet latchkey v4_ssh`): as `nft list ruleset` prints it, or
 * by `add element`. Never throws.
 */
export function savedElements(text: string, set: string): string[] {
  const [family = '', table = '', name = ''] = set.split(' ');
  const bare = text.replace(/#.*$/gm, '');
  const added = new RegExp(`\\badd\\s+element\\s+${family}\\s+${table}\\s+${name}\\s*\\{([^}]*)\\}`, 'g');
  const lists = [...bare.matchAll(added)].map((found) => found[1] ?? '');
  const start = new RegExp(`\\btable\\s+${family}\\s+${table}\\s*\\{`).exec(bare);
  if (start !== null) {
    const block = braced(bare, start.index + start[0].length);
    const own = new RegExp(`\\bset\\s+${name}\\s*\\{`).exec(block);
    const inside = own === null ? '' : braced(block, own.index + own[0].length);
    lists.push(/\belements\s*=\s*\{([^}]*)\}/.exec(inside)?.[1] ?? '');
  }
  return lists
    .flatMap((list) => list.split(','))
    .map((element) => element.trim().split(/\s/)[0] ?? '')
    .filter((address) => isCanonical(address) !== undefined);
}

/** From behind an opening brace to the one that closes it. */
function braced(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}
