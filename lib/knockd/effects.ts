import { readIptables } from './effect-iptables.ts';
import { readNft } from './effect-nft.ts';
import { readFirewalld, readHelperScript, readIpset, readService, readUfw } from './effect-tools.ts';
import { simpleCommands } from './shell.ts';
import type { Effect, EffectReader } from './effect.ts';
import type { SimpleCommand } from './shell.ts';

/** What a knockd command changes, read from its words. */
export interface CommandEffects {
  readonly effects: readonly Effect[];
  /** Programs that nobody here can read, and that may do anything. */
  readonly unread: readonly string[];
  /** It writes the firewall's present state to disk, an opening with it. */
  readonly saves: boolean;
}

const readers: readonly [RegExp, EffectReader][] = [
  [/^ip6?tables(?:-nft|-legacy)?$/, readIptables],
  [/^ip6?tables(?:-nft|-legacy)?-save$|^netfilter-persistent$/, () => 'saves'],
  [/^ufw$/, readUfw],
  [/^firewall-cmd$/, readFirewalld],
  [/^nft$/, readNft],
  [/^ipset$/, readIpset],
  [/^knock_add$|^knock_helper_ipt\.sh$/, readHelperScript],
  [/^systemctl$|^service$|^rc-service$|^invoke-rc\.d$/, readService],
  // Tells somebody, wakes a machine, waits: opens nothing.
  [
    /^(?:echo|printf|logger|true|:|mail|mailx|sendmail|wall|touch|date|sleep|cat|grep|notify-send)$/,
    () => 'nothing',
  ],
  [/^(?:ether-?wake|wakeonlan|wol)$/, () => 'nothing'],
];

export function readEffects(command: string): CommandEffects {
  const effects: Effect[] = [];
  const unread: string[] = [];
  let saves = false;
  for (const each of simpleCommands(command)) {
    const effect = readOne(each);
    if (effect === undefined) unread.push(each.program);
    else if (effect === 'saves') {
      saves = true;
      if (each.program === 'firewall-cmd') effects.push(...alsoIn(effects, true));
    } else if (effect === 'reloads') effects.push(...alsoIn(effects, false));
    else if (effect !== 'nothing') effects.push(effect);
  }
  return { effects, unread, saves };
}

/** firewalld’s rules, once they are copied to disk (true), or from disk into force (false). */
function alsoIn(effects: readonly Effect[], persistent: boolean): Effect[] {
  const keyOf = ({ verb, thing }: Effect) => `${verb} ${thing}`;
  const rules = effects.filter(({ tool }) => tool === 'firewall-cmd');
  const there = new Set(rules.filter((effect) => effect.persistent === persistent).map(keyOf));
  return rules.filter((effect) => !there.has(keyOf(effect))).map((effect) => ({ ...effect, persistent }));
}

function readOne({ path, program, words }: SimpleCommand): ReturnType<EffectReader> {
  if (/^\/etc\/(?:init|rc)\.d\//.test(path)) return readService([program, ...words], 'service');
  // Only the shell knows what stands there then.
  if (words.some((word) => /[$`]/.test(word))) return undefined;
  const reader = readers.find(([name]) => name.test(program));
  return reader?.[1](words, program);
}
