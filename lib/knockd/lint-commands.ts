import { deletingByHandle, isNftRule } from './effect-nft.ts';
import { lintFamily } from './lint-family.ts';
import type { Family } from '../address.ts';
import type { Finding } from './finding.ts';
import type { LintCase } from './lint-case.ts';
import type { KnockdDoor } from './read.ts';
import type { CommandEffects } from './effects.ts';

/** One of a door's four commands. */
export interface Command {
  readonly text: string;
  readonly does: CommandEffects;
  readonly family: Family;
  readonly isStart: boolean;
  /** As it should be written. */
  readonly key: string;
  readonly where: { readonly door: string; readonly line: number };
}

/** Each command by itself. What undoes what: lint-closing.ts. */
export function lintCommands(its: LintCase): Finding[] {
  return its.file.doors.flatMap((door, index) => [
    ...lintPresence(its, door, index),
    ...commandsOf(its, door, index).flatMap((command) => [
      ...lintText(command),
      ...lintAdmission(command),
      ...lintFamily(its, command, door),
    ]),
  ]);
}

function commandsOf(its: LintCase, door: KnockdDoor, index: number): Command[] {
  const all: [string | undefined, Family, boolean, string, string[]][] = [
    [door.startCommand, 4, true, 'start_command', ['START_COMMAND', 'COMMAND']],
    [door.startCommand6, 6, true, 'start_command_6', ['START_COMMAND_6', 'COMMAND_6']],
    [door.stopCommand, 4, false, 'stop_command', ['STOP_COMMAND']],
    [door.stopCommand6, 6, false, 'stop_command_6', ['STOP_COMMAND_6']],
  ];
  return all.flatMap(([text, family, isStart, key, keys]) => {
    if (text === undefined || text === '') return [];
    const where = { door: door.name, line: its.at(index, ...keys) };
    return [{ text, does: its.effects(text), family, isStart, key, where }];
  });
}

function lintPresence(its: LintCase, door: KnockdDoor, index: number): Finding[] {
  const starts = (door.startCommand ?? '') !== '' || (door.startCommand6 ?? '') !== '';
  if (starts) return [];
  if ((door.stopCommand ?? door.stopCommand6 ?? '') !== '') {
    return [
      {
        code: 'stop-unused',
        severity: 'error',
        door: door.name,
        line: its.at(index, 'STOP_COMMAND', 'STOP_COMMAND_6'),
        text: 'Without a start command knockd runs no stop command either.',
        remedy: 'Give the section a `start_command = …`.',
      },
    ];
  }
  return [
    {
      code: 'no-command',
      severity: 'note',
      door: door.name,
      line: door.line,
      text: 'The section runs nothing: a right knock is logged, and that is all.',
      remedy: 'Give it a `start_command = …`, or take it away.',
    },
  ];
}

/** PATH_MAX: a command that is longer with the address in it is not run. */
const mostBytes = 4095;
const longest: Readonly<Record<Family, number>> = { 4: 15, 6: 39 };

function lintText({ text, does, family, isStart, key, where }: Command): Finding[] {
  const found: Finding[] = [];
  if (isQuoted(text)) {
    found.push({
      code: 'command-quoted',
      severity: 'error',
      ...where,
      text: 'The whole command stands in quotes, so the shell looks for one program of that long name and runs nothing.',
      remedy: `Write \`${key} = ${text.slice(1, -1)}\`.`,
    });
  }
  if (/%ip%/i.test(text.replaceAll('%IP%', ''))) {
    found.push({
      code: 'token-case',
      severity: 'error',
      ...where,
      text: 'knockd puts the address in the place of `%IP%` only, in capitals.',
      remedy: `Write \`${key} = ${text.replace(/%ip%/gi, '%IP%')}\`.`,
    });
  }
  const tokens = text.split('%IP%').length - 1;
  if (new TextEncoder().encode(text).length + tokens * (longest[family] - 4) > mostBytes) {
    found.push({
      code: 'command-too-long',
      severity: 'error',
      ...where,
      text: 'With the address in it the command is longer than 4095 bytes: knockd does not run it.',
      remedy: 'Put it into a script of its own, root’s alone, and call that with %IP%.',
    });
  }
  // Of a stop command that nft refuses lint-closing.ts says what stays open.
  const refused = does.effects.find(
    (effect) => effect.refused !== undefined && (isStart || !isNftRule(effect)),
  );
  if (refused !== undefined) {
    found.push({
      code: 'rule-incomplete',
      severity: 'error',
      ...where,
      text: `${refused.tool} refuses this rule: ${refused.refused}.`,
      remedy: `Write \`${key} = ${isNftRule(refused) ? deletingByHandle(refused) : completed(text)}\`.`,
    });
  }
  const numbered = does.effects.find((effect) => effect.byNumber === true);
  if (numbered !== undefined) {
    const byHandle = isNftRule(numbered);
    found.push({
      code: 'delete-by-number',
      severity: 'error',
      ...where,
      text: byHandle
        ? 'Each rule gets a handle of its own: this one is not the handle of the rule that was just added, so another rule goes, or none.'
        : 'It deletes whatever rule stands at that place then, which may be another address’s, or the one that guards the machine.',
      remedy: byHandle
        ? `Write \`${key} = ${deletingByHandle(numbered)}\`.`
        : 'Delete the rule by what it says: the words of the start command with `-D CHAIN`, or `delete`, in place of adding.',
    });
  }
  return found;
}

/** With the protocol that a port needs, and without `=`. */
function completed(text: string): string {
  const spaced = text.replace(/( --[a-z-]+)=/g, '$1 ');
  if (/ (?:-p|--proto(?:col)?) /.test(spaced)) return spaced;
  return spaced.replace(/ (--(?:dport|sport|destination-port|source-port)s? )/, ' -p tcp $1');
}

/** One pair of quotes around several words. */
function isQuoted(text: string): boolean {
  const [mark = ''] = text;
  return /^["']$/.test(mark) && text.indexOf(mark, 1) === text.length - 1 && /\s/.test(text);
}

function lintAdmission({ text, does, isStart, where }: Command): Finding[] {
  if (!isStart) return [];
  const { effects, unread } = does;
  const opening = effects.filter(({ direction }) => direction === 'opens');
  const found: Finding[] = [];
  const open = opening.find(({ whom }) => whom === 'everyone');
  if (open !== undefined) {
    const service = open.verb === 'add' && /^(?:systemctl|service|rc-service|invoke-rc\.d)$/.test(open.tool);
    found.push({
      code: 'opens-for-everyone',
      severity: 'error',
      ...where,
      text: service
        ? 'Who knocks starts the service, and then it is there for everyone.'
        : 'The rule names no source: who knocks opens the port for everyone.',
      remedy: service
        ? 'Keep the service running and let the firewall admit the knocker: `-s %IP%`.'
        : 'Let it name the knocker’s address: `-s %IP%` (iptables), `from %IP%` (ufw), `ip saddr %IP%` (nft).',
    });
  } else if (unread.length > 0 && opening.length === 0 && !/%ip%/i.test(text)) {
    found.push({
      code: 'opens-for-everyone',
      severity: 'warning',
      ...where,
      text: `${unread[0]} is not told who knocked: whatever it opens, it opens for everyone.`,
      remedy: 'Give it the address: `%IP%` stands for it.',
    });
  }
  if (opening.some(({ whom }) => whom === 'network')) {
    found.push({
      code: 'opens-for-network',
      severity: 'warning',
      ...where,
      text: 'It opens for the whole network that the knocker’s address lies in, strangers with it.',
      remedy: 'Write `%IP%` without a prefix length.',
    });
  }
  return found;
}
