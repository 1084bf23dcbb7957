import { findClosers } from './closers.ts';
import { isNftRule, isRefusedByNft } from './effect-nft.ts';
import { difference, undoing } from './undoing.ts';
import type { Family } from '../address.ts';
import type { Closers } from './closers.ts';
import type { Effect } from './effect.ts';
import type { Finding } from './finding.ts';
import type { LintCase } from './lint-case.ts';
import type { KnockdDoor } from './read.ts';

/** Whether each opening is undone, and by what. */
export function lintClosing(its: LintCase): Finding[] {
  const closers = findClosers(its);
  /** The first door of each tool that nothing closes: what a stray closing door may have meant. */
  const open = new Map<string, Opening>();
  const found = its.file.doors.flatMap((door, index) => {
    const all = openingsOf(its, door, index).flatMap((opening) => {
      const { family, lasting } = opening;
      const mine = [...lintEnd(its, closers, opening), ...lintTimer(its, opening)];
      const tool = `${family} ${lasting[0]?.tool ?? ''}`;
      if (mine.some(({ code }) => code === 'never-closes') && !open.has(tool)) open.set(tool, opening);
      return mine;
    });
    // What is wrong for both families is said once.
    return all.filter((one, i) => all.findIndex((other) => other.code === one.code) === i);
  });
  return [...found, ...lintStray(closers, open)];
}

interface Place {
  readonly door: string;
  readonly line: number;
}

/** What a door opens for addresses of one family. */
interface Opening {
  readonly index: number;
  readonly family: Family;
  readonly start: string;
  readonly stop: string | undefined;
  /** IPv6 without a stop command of its own: knockd takes IPv4's (process_attempt). */
  readonly stopFallsBack: boolean;
  /** What nothing but a command ends. */
  readonly lasting: readonly Effect[];
  readonly persists: boolean;
  readonly where: Place;
  readonly stopWhere: Place;
}

function openingsOf(its: LintCase, door: KnockdDoor, index: number): Opening[] {
  const families: readonly Family[] = [4, 6];
  return families.flatMap((family) => {
    const six = family === 6;
    // Without a word about IPv6 its story is that of IPv4.
    if (six && door.startCommand6 === undefined && door.stopCommand6 === undefined) return [];
    if (six && its.facts.ipv6 === false) return [];
    const start = six ? (door.startCommand6 ?? door.startCommand) : door.startCommand;
    if (start === undefined || start === '') return [];
    const { effects, saves } = its.effects(start);
    const opening = effects.filter(
      (effect) => effect.direction === 'opens' && (effect.family ?? family) === family,
    );
    const place = (own: boolean, suffix: string, ...keys: string[]) => ({
      door: door.name,
      line: its.at(index, ...keys.map((key) => (own ? key + suffix : key))),
    });
    return [
      {
        index,
        family,
        start,
        stop: six ? (door.stopCommand6 ?? door.stopCommand) : door.stopCommand,
        stopFallsBack: six && door.stopCommand6 === undefined,
        lasting: opening.filter((effect) => effect.ends !== true),
        persists: opening.length > 0 && (saves || opening.some((effect) => effect.persistent === true)),
        where: place(six && door.startCommand6 !== undefined, '_6', 'START_COMMAND', 'COMMAND'),
        stopWhere: place(six && door.stopCommand6 !== undefined, '_6', 'STOP_COMMAND'),
      },
    ];
  });
}

function lintEnd(its: LintCase, closers: Closers, opening: Opening): Finding[] {
  const { lasting, stop } = opening;
  if (lasting.length === 0) return [];
  if (stop === undefined || stop === '') return lintWithoutStop(closers, opening);
  const { effects, unread } = its.effects(stop);
  const left = lasting.filter((effect) => !effects.some((other) => undoes(other, effect)));
  if (left.length === 0) return lintServices(opening.stopWhere, lasting, effects);
  if (left.some(isNftRule) && !unread.includes('nft') && effects.some(isRefusedByNft))
    return [lintStop(opening, left, effects)];
  // A number has its own finding, and nobody can tell what a script does.
  if (unread.length > 0 || effects.some(({ byNumber }) => byNumber === true)) return [];
  return [lintStop(opening, left, effects)];
}

/** The stop command is there, and does not undo what the start command did. */
function lintStop(opening: Opening, left: readonly Effect[], effects: readonly Effect[]): Finding {
  const { family, lasting, stopFallsBack, where, stopWhere } = opening;
  const remedy = writing(`\`${stopKey(family)} = ${undoing(opening.start, lasting)}\``, lasting);
  const foreign = effects.length > 0 && effects.every((effect) => (effect.family ?? family) !== family);
  if (family === 6 && stopFallsBack && foreign) {
    const text =
      'For IPv6 knockd runs the stop command of IPv4, which takes no IPv6 rule away: the door stays open.';
    return { code: 'ipv6-never-closes', severity: 'error', ...where, text, remedy };
  }
  if (effects.some(({ direction }) => direction === 'opens')) {
    const text = 'The stop command opens too: the door stays open, with one rule more.';
    return { code: 'stop-opens', severity: 'error', ...stopWhere, text, remedy };
  }
  const refused = left.some(isNftRule) ? effects.find(isRefusedByNft) : undefined;
  if (refused !== undefined) {
    const text = `nft refuses the stop command: ${refused.refused}. The door stays open.`;
    return { code: 'never-closes', severity: 'error', ...stopWhere, text, remedy };
  }
  if (effects.length === 0) {
    const text = 'The stop command takes nothing away: what the start command opens stays open.';
    return { code: 'never-closes', severity: 'error', ...stopWhere, text, remedy };
  }
  const text = `It deletes another rule than the start command adds (${difference(left, effects)}): the door stays open.`;
  return { code: 'delete-mismatch', severity: 'error', ...stopWhere, text, remedy };
}

function lintWithoutStop(closers: Closers, opening: Opening): Finding[] {
  const { family, lasting, index, where } = opening;
  const stopping = `\`${stopKey(family)} = ${undoing(opening.start, lasting)}\``;
  const write = writing(`\`cmd_timeout = 60\` and ${stopping}`, lasting);
  const by = lasting.map((effect) => closers.of(family, effect, index));
  const [first] = by;
  if (first !== undefined && by.every((closer) => closer !== undefined)) {
    const manual: Finding = {
      code: 'manual-close',
      severity: 'warning',
      ...where,
      text: `It closes only when somebody knocks [${first.door}]: who forgets, or has no network then, leaves it open.`,
      remedy: write,
    };
    return [manual, ...lintServices(first, lasting, [first.effect])];
  }
  const isSet = lasting.every(({ element }) => element === true);
  return [
    {
      code: 'never-closes',
      severity: isSet ? 'warning' : 'error',
      ...where,
      text: isSet
        ? 'Nothing takes the entry away, unless the set itself has a timeout.'
        : 'Nothing closes it again: each knock leaves one opening for good.',
      remedy: isSet ? 'Give the entry its time: `timeout 60s` (nft), `timeout 60` (ipset).' : write,
    },
  ];
}

/** Doors that delete what no door adds, where another door of the same tool is never closed. */
function lintStray(closers: Closers, open: ReadonlyMap<string, Opening>): Finding[] {
  return closers.stray.flatMap(({ family, effect, door, line }) => {
    const meant = open.get(`${family} ${effect.tool}`);
    if (meant === undefined) return [];
    return [
      {
        code: 'delete-mismatch',
        severity: 'error',
        door,
        line,
        text: `It deletes another rule than [${meant.where.door}] adds (${difference(meant.lasting, [effect])}).`,
        remedy: `Write \`${family === 6 ? 'start_command_6' : 'start_command'} = ${undoing(meant.start, meant.lasting)}\`.`,
      },
    ];
  });
}

function stopKey(family: Family): string {
  return family === 6 ? 'stop_command_6' : 'stop_command';
}

/** An nft rule cannot be deleted by its words; what the kernel times out needs no deleting. */
function writing(lines: string, opening: readonly Effect[]): string {
  const timed = '; or add an element with a timeout to a set instead, which the kernel itself takes away';
  return `Write ${lines}${opening.some(isNftRule) ? timed : ''}.`;
}

function undoes(closing: Effect, opening: Effect): boolean {
  const isSame = closing.tool === opening.tool && closing.thing === opening.thing;
  const sameCopy = (closing.persistent ?? false) === (opening.persistent ?? false);
  const works = closing.byNumber !== true && !isRefusedByNft(closing);
  return isSame && sameCopy && works && closing.verb !== opening.verb;
}

function lintServices(where: Place, opening: readonly Effect[], closing: readonly Effect[]): Finding[] {
  const mixed = opening.find((effect) =>
    closing.some((other) => undoes(other, effect) && other.services.join() !== effect.services.join()),
  );
  if (mixed === undefined) return [];
  const isUfw = mixed.tool === 'ufw';
  return [
    {
      code: 'service-names-mixed',
      severity: isUfw ? 'error' : 'warning',
      door: where.door,
      line: where.line,
      text: isUfw
        ? 'One command names the service, the other its number. To ufw these are two rules: the first one stays.'
        : 'One command names the service, the other its number: the same rule only while /etc/services says so.',
      remedy: 'Write the number in both.',
    },
  ];
}

/** `cmd_timeout`, and what is lost when knockd's sleeping child is. */
function lintTimer(its: LintCase, { index, stop, persists, lasting, where }: Opening): Finding[] {
  if (stop === undefined || stop === '') return [];
  const found: Finding[] = [];
  const { cmdTimeout = 10 } = its.file.doors[index] ?? {};
  if (cmdTimeout < 1 && lasting.length > 0) {
    found.push({
      code: 'cmd-timeout',
      severity: 'error',
      door: where.door,
      line: its.at(index, 'CMD_TIMEOUT'),
      text:
        cmdTimeout === 0
          ? 'With a Cmd_Timeout of 0 the stop command follows at once: nobody gets in.'
          : `A Cmd_Timeout of ${cmdTimeout} is more than a hundred years to knockd: the door stays open.`,
      remedy: 'Write `cmd_timeout = 60`.',
    });
  }
  if (persists) {
    const lost = `a restart of knockd, or of the machine, within ${cmdTimeout} s leaves the door open for good`;
    found.push({
      code: 'persistent-rule',
      severity: 'warning',
      ...where,
      text: `The rule is kept on disk, and only knockd’s sleeping child removes it: ${lost}.`,
      remedy:
        'Add an element with a timeout to an nftables set instead, which the kernel itself takes away; or an iptables rule that is not saved.',
    });
  }
  return found;
}
