import { portOf, whomOf } from './effect.ts';
import type { EffectReader } from './effect.ts';

/** ufw(8). Its rules are kept on disk. `allow 22` and `allow ssh` are two rules to it. */
export const readUfw: EffectReader = (words) => {
  const said = words.filter((word) => !/^--(?:force|dry-run)$|^rule$|^route$/.test(word));
  const deletes = said[0] === 'delete';
  if (deletes) said.shift();
  if (said[0] === 'prepend') said.shift();
  if (said[0] === 'insert') said.splice(0, 2);
  const [action, ...rest] = said;
  const base = { tool: 'ufw', verb: deletes ? 'delete' : 'add', persistent: true } as const;
  if (deletes && /^\d+$/.test(action ?? '')) {
    return { ...base, direction: 'closes', thing: 'number', services: [], whom: 'everyone', byNumber: true };
  }
  if (!/^(?:allow|limit|deny|reject)$/.test(action ?? ''))
    return /^(?:reload|status)$/.test(action ?? '') ? 'nothing' : undefined;
  const admits = action === 'allow' || action === 'limit';
  const services: string[] = [];
  const parts = clauses(withoutComment(rest)).map((clause) => {
    const [number, names] = portOf(clause.at(-1)?.toLowerCase() ?? '');
    // An address cannot be a service: only `port ssh`, and the short form `allow ssh`.
    if (clause.length > 1 && clause[0] !== 'port') return clause.join(' ');
    services.push(...names);
    return [...clause.slice(0, -1), number].join(' ');
  });
  return {
    ...base,
    direction: admits === !deletes ? 'opens' : 'closes',
    thing: [action, ...parts.sort()].join('\n'),
    services,
    whom: whomOf(withoutComment(rest).join(' ')),
  };
};

function withoutComment(words: readonly string[]): readonly string[] {
  const at = words.indexOf('comment');
  return at === -1 ? words : words.slice(0, at);
}

/** `proto tcp`, `from A port P`, `to B`, each by itself: ufw takes them in any order. */
function clauses(words: readonly string[]): string[][] {
  const found: string[][] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (word === 'in') continue;
    if (/^(?:from|to|proto|on|app|port)$/.test(word)) {
      const [next = ''] = words.slice(i + 1);
      i += 1;
      if (word === 'to' && next === 'any') continue;
      found.push([word, next]);
    } else found.push([word]);
  }
  return found;
}

/** firewall-cmd(1). Quotes inside of a rich rule say nothing. */
export const readFirewalld: EffectReader = (words) => {
  if (words.includes('--runtime-to-permanent')) return 'saves';
  if (words.some((word) => /^--(?:complete-)?reload$/.test(word))) return 'reloads';
  const joined = words.map((word) => word.replace(/^(--[a-z-]+)=/, '$1 ')).join(' ');
  const [, verb, what] =
    /--(add|remove)-((?:rich-rule|port|service|source|protocol|forward-port)\b.*)$/.exec(joined) ?? [];
  if (verb === undefined || what === undefined) return undefined;
  const zone = /--zone (\S+)/.exec(joined)?.[1] ?? '';
  const thing = what
    .replace(/ --(?:timeout|zone) \S+| --(?:permanent|quiet|add-\S+)/g, '')
    .replaceAll('"', '')
    .trim();
  const keepsOut = /\b(?:reject|drop)\b/.test(thing);
  const family = /^rich-rule rule\b.* family=ipv([46])\b/.exec(thing)?.[1];
  return {
    tool: 'firewall-cmd',
    verb: verb === 'add' ? 'add' : 'delete',
    direction: (verb === 'add') !== keepsOut ? 'opens' : 'closes',
    thing: `${zone}\n${thing}`,
    services: [],
    ...(family === undefined ? {} : { family: family === '6' ? 6 : 4 }),
    whom: whomOf(thing),
    persistent: words.includes('--permanent'),
    ends: /--timeout \d/.test(joined),
  };
};

/** ipset(8): an entry of a set that rules name. */
export const readIpset: EffectReader = (words) => {
  const said = words.filter((word) => !/^-(?:exist|!|q|quiet)$/.test(word));
  const verb = /^(?:add|-A|--add)$/.test(said[0] ?? '')
    ? 'add'
    : /^(?:del|-D|--del)$/.test(said[0] ?? '')
      ? 'delete'
      : undefined;
  if (verb === undefined) return said[0] === 'save' ? 'saves' : undefined;
  const thing = said.slice(1, 3).join(' ');
  return {
    tool: 'ipset',
    verb,
    direction: verb === 'add' ? 'opens' : 'closes',
    thing,
    services: [],
    whom: whomOf(thing),
    element: true,
    ends: said.includes('timeout'),
  };
};

/** knockd's own script knock_helper_ipt.sh, which its example file calls knock_add: IPv4, one rule. */
export const readHelperScript: EffectReader = (words) => {
  const verb = words.some((word) => word === '-x' || word === '--delete') ? 'delete' : 'add';
  const thing = words
    .filter((word) => !/^(?:-[aixvth]|--(?:append|insert|delete|verbose|test|help))$/.test(word))
    .join(' ');
  return {
    tool: 'knock_helper_ipt.sh',
    verb,
    direction: verb === 'add' ? 'opens' : 'closes',
    thing,
    services: [],
    family: 4,
    whom: whomOf(thing),
  };
};

/** A daemon that is started when somebody knocks is there for everyone. */
export const readService: EffectReader = (words, program) => {
  const said = words.filter((word) => !word.startsWith('-'));
  const [name = '', verb = ''] = program === 'systemctl' ? [said[1], said[0]] : said;
  if (/^(?:ip6?tables|ipset|nftables)$/.test(name) && verb === 'save') return 'saves';
  if (verb !== 'start' && verb !== 'stop') return undefined;
  return {
    tool: program,
    verb: verb === 'start' ? 'add' : 'delete',
    direction: verb === 'start' ? 'opens' : 'closes',
    thing: name.replace(/\.service$/, ''),
    services: [],
    whom: 'everyone',
  };
};
