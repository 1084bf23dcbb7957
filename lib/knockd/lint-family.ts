import type { Family } from '../address.ts';
import type { Effect } from './effect.ts';
import type { Finding } from './finding.ts';
import type { LintCase } from './lint-case.ts';
import type { Command } from './lint-commands.ts';
import type { KnockdDoor } from './read.ts';

/** Whether a command can do for IPv4, or IPv6, what it is there for. */
export function lintFamily(its: LintCase, command: Command, door: KnockdDoor): Finding[] {
  const { text, family, key, where } = command;
  const { effects } = command.does;
  if (effects.length === 0 || effects.some((effect) => effect.family === undefined)) return [];
  const tool = (effects.find(isTold) ?? effects[0])?.tool ?? '';
  if (effects.every((effect) => effect.family !== family)) {
    const rewritten = forFamily(text, effects, family);
    return [
      {
        code: 'family-tool',
        severity: 'error',
        ...where,
        text: effects.some(isTold)
          ? `${key} runs for IPv${family} addresses, which ${tool} refuses here.`
          : `${key} runs for IPv${family} addresses, and ${tool} changes here what IPv${family === 6 ? 4 : 6} alone may do.`,
        remedy:
          rewritten === undefined
            ? `Write a \`${key} = …\` that is for IPv${family}.`
            : `Write \`${key} = ${rewritten}\`.`,
      },
    ];
  }
  const fallsBack = command.isStart && family === 4 && door.startCommand6 === undefined;
  // A door that only closes is judged where somebody opens for IPv6. Where no address reaches the rule, the tool
  // refuses nothing: that it opens for everyone is said already.
  const refuses = effects.some((effect) => effect.direction === 'opens' && isTold(effect));
  if (!fallsBack || !refuses || its.facts.ipv6 === false || effects.some((effect) => effect.family === 6))
    return [];
  const rewritten = forFamily(text, effects, 6);
  return [
    {
      code: 'ipv6-without-command',
      severity: 'warning',
      ...where,
      text: `Who knocks by IPv6 gets this command too, and ${tool} refuses the address: the knock is right, and nothing happens.`,
      remedy:
        rewritten === undefined
          ? 'Write a `start_command_6 = …` that admits IPv6, or `start_command_6 =` to do nothing for it.'
          : `Write \`start_command_6 = ${rewritten}\`, or \`start_command_6 =\` to do nothing for IPv6.`,
    },
  ];
}

/** knockd puts the knocker’s address into the rule itself. */
function isTold({ whom }: Effect): boolean {
  return whom === 'knocker' || whom === 'network';
}

/**
 * The same command for the other family: `ip6tables` for `iptables`, `ip6 saddr` for `ip saddr`, and files that
 * are named after a family. Undefined where the words do not tell how: an nft table of one family needs another.
 */
function forFamily(text: string, effects: readonly Effect[], family: Family): string | undefined {
  const inOneTable = (effect: Effect) => effect.tool === 'nft' && !effect.thing.startsWith('inet ');
  const known = effects.every(({ tool }) => /^(?:ip6?tables|nft|firewall-cmd)$/.test(tool));
  if (!known || effects.some(inOneTable)) return undefined;
  const from = family === 6 ? 4 : 6;
  const [here, there] = family === 6 ? ['iptables', 'ip6tables'] : ['ip6tables', 'iptables'];
  const [ip, other] = family === 6 ? ['ip', 'ip6'] : ['ip6', 'ip'];
  return (
    text
      .replace(/%ip%/gi, '%IP%')
      .replace(/%IP%\/(?:32|128|255\.255\.255\.255)\b/g, '%IP%')
      // A folder is called iptables for both: /etc/iptables/rules.v4 and rules.v6.
      .replace(new RegExp(`\\b${here}\\b(?![^\\s/;|&'"]*/)`, 'g'), there)
      .replace(/\S+/g, (word) =>
        word.includes('/') ? word.replace(new RegExp(`([./_-])v${from}\\b`, 'g'), `$1v${family}`) : word,
      )
      .replace(new RegExp(`\\b${ip} ([sd]addr)\\b`, 'g'), `${other} $1`)
      .replace(new RegExp(`\\b(family="?)ipv${from}\\b`, 'g'), `$1ipv${family}`)
  );
}
