import { whomOf } from './effect.ts';
import type { Family } from '../address.ts';
import type { Effect, EffectReader } from './effect.ts';

/** nft(8): elements of sets, and rules, which can only be deleted by their handle. */
export const readNft: EffectReader = (words) => {
  const text = words
    .join(' ')
    .replace(/[{}]/g, ' $& ')
    .split(/\s+/)
    .filter((word) => !/^-/.test(word))
    .join(' ');
  return readElement(text) ?? readRule(text);
};

function readElement(text: string): Effect | undefined {
  const element = /^(add|create|delete|destroy) element (.*)$/.exec(text);
  if (element === null) return undefined;
  const verb = /^(?:add|create)$/.test(element[1] ?? '') ? 'add' : 'delete';
  const thing = (element[2] ?? '').replace(/ (?:timeout|expires) \S+| comment (?:"[^"]*"|\S+)/g, '');
  return {
    tool: 'nft',
    verb,
    direction: verb === 'add' ? 'opens' : 'closes',
    thing,
    services: [],
    whom: whomOf(thing),
    element: true,
    ends: / timeout \S/.test(text),
  };
}

function readRule(text: string): Effect | undefined {
  const rule = /^(add|insert|delete|destroy) rule (.*)$/.exec(text);
  if (rule === null) return undefined;
  const verb = /^(?:add|insert)$/.test(rule[1] ?? '') ? 'add' : 'delete';
  const said = (rule[2] ?? '').replace(/ comment (?:"[^"]*"|\S+)/g, '');
  const byNumber = verb === 'delete' && / handle \d+$/.test(said);
  // A handle that is no number yet: what puts one there can be seen by nobody here.
  if (verb === 'delete' && !byNumber && / handle\b/.test(said)) return undefined;
  const keepsOut = /\b(?:drop|reject)\b/.test(said);
  const family = familyOf(said);
  return {
    tool: 'nft',
    verb,
    direction: (verb === 'add') !== keepsOut ? 'opens' : 'closes',
    thing: said.replace(/ (?:handle|position|index) \d+/g, ''),
    services: [],
    ...(family === undefined ? {} : { family }),
    whom: whomOf(said, family),
    ...(byNumber ? { byNumber } : {}),
    ...(verb === 'add' || byNumber
      ? {}
      : { refused: 'a rule is deleted by its handle alone, not by its words' }),
  };
}

/** nft takes addresses of one family after `ip saddr`, and of the other after `ip6 saddr`. */
function familyOf(rule: string): Family | undefined {
  const word = /\b(ip6?) [sd]addr (?:[!=]= )?(?:\{ [^{}]*?)?%IP%/.exec(rule)?.[1];
  if (word === undefined) return undefined;
  return word === 'ip6' ? 6 : 4;
}

/** Made by `readNft` of a rule, not of an element. */
export function isNftRule({ tool, element }: Effect): boolean {
  return tool === 'nft' && element !== true;
}

/** It deletes nothing, whatever its words. (What iptables refuses in both commands was never added either.) */
export function isRefusedByNft(effect: Effect): boolean {
  return isNftRule(effect) && effect.refused !== undefined;
}

/**
 * A command for `sh -c` that looks up, then deletes, one rule for the knocker’s address in the chain of `rule`:
 * `nft -a` prints `… # handle 7`.
 */
export function deletingByHandle({ thing }: Effect): string {
  const chain = /^(?:(?:ip6?|inet|arp|bridge|netdev) )?\S+ \S+/.exec(thing)?.[0] ?? thing;
  return `nft delete rule ${chain} handle $(nft -a list chain ${chain} | awk '/ %IP% / {print $NF; exit}')`;
}
