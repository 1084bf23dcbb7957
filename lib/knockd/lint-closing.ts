import { readEffects } from './effects.ts';
import { lineOf } from './lint-file.ts';
import type { Family } from '../address.ts';
import type { Effect } from './effect.ts';
import type { Finding } from './finding.ts';
import type { LintFacts } from './lint.ts';
import type { KnockdDoor, KnockdFile } from './read.ts';

/** Whether each opening is undone, and by what. */
export function lintClosing(file: KnockdFile, facts: LintFacts): Finding[] {
  return file.doors.flatMap((door, index) => {
    const found = lintFamilies(file, door, index, facts);
    // What is wrong for both families is said once.
    return found.filter((one, i) => found.findIndex((other) => other.code === one.code) === i);
  });
}

/** What a door does for addresses of one family. */
interface Pair {
  readonly family: Family;
  readonly start: string;
  readonly stop: string | undefined;
  /** IPv6 without a stop command of its own: knockd takes IPv4's (process_attempt). */
  readonly stopFallsBack: boolean;
  readonly where: { readonly door: string; readonly line: number };
  readonly stopWhere: { readonly door: string; readonly line: number };
}

function lintFamilies(file: KnockdFile, door: KnockdDoor, index: number, facts: LintFacts): Finding[] {
  const line = (...keys: string[]) => ({ door: door.name, line: lineOf(file, index, ...keys) });
  const pairs: Pair[] = [];
  const { startCommand, stopCommand } = door;
  if (startCommand !== undefined && startCommand !== '') {
    const where = line('START_COMMAND', 'COMMAND');
    const stopWhere = line('STOP_COMMAND');
    pairs.push({ family: 4, start: startCommand, stop: stopCommand, stopFallsBack: false, where, stopWhere });
  }
  const start6 = door.startCommand6 ?? startCommand;
  const isOwn = door.startCommand6 !== undefined || door.stopCommand6 !== undefined;
  if (isOwn && start6 !== undefined && start6 !== '' && facts.ipv6 !== false) {
    pairs.push({
      family: 6,
      start: start6,
      stop: door.stopCommand6 ?? stopCommand,
      stopFallsBack: door.stopCommand6 === undefined,
      where: line(
        'START_COMMAND_6',
        'COMMAND_6',
        ...(door.startCommand6 === undefined ? ['START_COMMAND', 'COMMAND'] : []),
      ),
      stopWhere: line('STOP_COMMAND_6', ...(door.stopCommand6 === undefined ? ['STOP_COMMAND'] : [])),
    });
  }
  return pairs.flatMap((pair) => [...lintPair(file, index, pair), ...lintTimer(file, index, pair)]);
}

const opensFor = (family: Family) => (effect: Effect) =>
  effect.direction === 'opens' && (effect.family ?? family) === family;

function lintPair(file: KnockdFile, index: number, pair: Pair): Finding[] {
  const opening = readEffects(pair.start).effects.filter(opensFor(pair.family));
  const lasting = opening.filter((effect) => effect.ends !== true);
  if (lasting.length === 0) return [];
  if (pair.stop === undefined || pair.stop === '') return lintWithoutStop(file, index, pair, lasting);
  const { effects, unread } = readEffects(pair.stop);
  const left = lasting.filter((effect) => !effects.some((other) => undoes(other, effect)));
  if (left.length === 0) return lintServices(pair, lasting, effects);
  // A number has its own finding, and nobody can tell what a script does.
  if (unread.length > 0 || effects.some(({ byNumber }) => byNumber === true)) return [];
  return [lintStop(pair, left, effects)];
}

/** The stop command is there, and does not undo what the start command did. */
function lintStop(pair: Pair, left: readonly Effect[], effects: readonly Effect[]): Finding {
  const { family, stopFallsBack, where, stopWhere } = pair;
  const key = family === 6 ? 'stop_command_6' : 'stop_command';
  const remedy = `Write \`${key} = ${undoing(pair.start)}\`.`;
  const foreign = effects.length > 0 && effects.every((effect) => (effect.family ?? family) !== family);
  if (family === 6 && stopFallsBack && foreign) {
    return {
      code: 'ipv6-never-closes',
      severity: 'error',
      ...where,
      text: 'For IPv6 knockd runs the stop command of IPv4, which takes no IPv6 rule away: the door stays open.',
      remedy,
    };
  }
  if (effects.some(({ direction }) => direction === 'opens')) {
    return {
      code: 'stop-opens',
      severity: 'error',
      ...stopWhere,
      text: 'The stop command opens too: the door stays open, with one rule more.',
      remedy,
    };
  }
  if (effects.length === 0) {
    const text = 'The stop command takes nothing away: what the start command opens stays open.';
    return { code: 'never-closes', severity: 'error', ...stopWhere, text, remedy };
  }
  return {
    code: 'delete-mismatch',
    severity: 'error',
    ...stopWhere,
    text: `It deletes another rule than the start command adds (${difference(left, effects)}): the door stays open.`,
    remedy,
  };
}

function lintWithoutStop(file: KnockdFile, index: number, pair: Pair, lasting: readonly Effect[]): Finding[] {
  const closers = file.doors.flatMap((door, i) => {
    const command = pair.family === 6 ? (door.startCommand6 ?? door.startCommand) : door.startCommand;
    if (i === index || command === undefined) return [];
    const effects = readEffects(command).effects.filter(
      (effect) => effect.direction === 'closes' && effect.tool === lasting[0]?.tool,
    );
    const keys = [
      'START_COMMAND',
      'COMMAND',
      ...(door.startCommand6 === undefined ? [] : ['START_COMMAND_6', 'COMMAND_6']),
    ];
    return effects.length === 0 ? [] : [{ door, effects, line: lineOf(file, i, ...keys) }];
  });
  const by = closers.find(({ effects }) =>
    lasting.every((effect) => effects.some((other) => undoes(other, effect) || other.byNumber === true)),
  );
  const write = `Write \`cmd_timeout = 60\` and \`${pair.family === 6 ? 'stop_command_6' : 'stop_command'} = ${undoing(pair.start)}\`.`;
  if (by !== undefined) {
    const manual: Finding = {
      code: 'manual-close',
      severity: 'warning',
      ...pair.where,
      text: `It closes only when somebody knocks [${by.door.name}]: who forgets, or has no network then, leaves it open.`,
      remedy: write,
    };
    return [
      manual,
      ...lintServices({ ...pair, stopWhere: { door: by.door.name, line: by.line } }, lasting, by.effects),
    ];
  }
  const ends = lasting.every(({ tool }) => tool === 'nft' || tool === 'ipset');
  const found: Finding[] = [
    {
      code: 'never-closes',
      severity: ends ? 'warning' : 'error',
      ...pair.where,
      text: ends
        ? 'Nothing takes the entry away, unless the set itself has a timeout.'
        : 'Nothing closes it again: each knock leaves one opening for good.',
      remedy: ends ? 'Give the entry its time: `timeout 60s` (nft), `timeout 60` (ipset).' : write,
    },
  ];
  for (const { door, effects, line } of closers) {
    if (effects.some((effect) => isUndone(file, pair.family, effect))) continue;
    found.push({
      code: 'delete-mismatch',
      severity: 'error',
      door: door.name,
      line,
      text: `It deletes another rule than [${pair.where.door}] adds (${difference(lasting, effects)}).`,
      remedy: `Write \`start_command = ${undoing(pair.start)}\`.`,
    });
  }
  return found;
}

/** Whether some door adds what this deletes. */
function isUndone(file: KnockdFile, family: Family, closing: Effect): boolean {
  return file.doors.some((door) => {
    const command = family === 6 ? (door.startCommand6 ?? door.startCommand) : door.startCommand;
    return readEffects(command ?? '').effects.some((effect) => undoes(closing, effect));
  });
}

function undoes(closing: Effect, opening: Effect): boolean {
  const isTool = closing.tool === opening.tool && closing.thing === opening.thing;
  return isTool && closing.verb !== opening.verb && closing.byNumber !== true;
}

function lintServices(pair: Pair, opening: readonly Effect[], closing: readonly Effect[]): Finding[] {
  const mixed = opening.find((effect) =>
    closing.some((other) => undoes(other, effect) && other.services.join() !== effect.services.join()),
  );
  if (mixed === undefined) return [];
  return [
    {
      code: 'service-names-mixed',
      severity: mixed.tool === 'ufw' ? 'error' : 'warning',
      ...pair.stopWhere,
      text:
        mixed.tool === 'ufw'
          ? 'One command names the service, the other its number. To ufw these are two rules: the first one stays.'
          : 'One command names the service, the other its number: they mean the same rule only while /etc/services says so.',
      remedy: 'Write the number in both.',
    },
  ];
}

function lintTimer(file: KnockdFile, index: number, pair: Pair): Finding[] {
  if (pair.stop === undefined || pair.stop === '') return [];
  const { effects, saves } = readEffects(pair.start);
  const opening = effects.filter(opensFor(pair.family));
  const found: Finding[] = [];
  const { cmdTimeout = 10 } = file.doors[index] ?? {};
  if (cmdTimeout < 1) {
    found.push({
      code: 'cmd-timeout',
      severity: 'error',
      door: pair.where.door,
      line: lineOf(file, index, 'CMD_TIMEOUT'),
      text:
        cmdTimeout === 0
          ? 'With a Cmd_Timeout of 0 the stop command follows at once: nobody gets in.'
          : `A Cmd_Timeout of ${cmdTimeout} is more than a hundred years to knockd: the door stays open.`,
      remedy: 'Write `cmd_timeout = 60`.',
    });
  }
  if (saves || opening.some((effect) => effect.persistent === true)) {
    found.push({
      code: 'persistent-rule',
      severity: 'warning',
      ...pair.where,
      text: `The rule is kept on disk, and only knockd’s sleeping child removes it: a restart of knockd, or of the machine, within ${cmdTimeout} s leaves the door open for good.`,
      remedy:
        'Add an element with a timeout to an nftables set instead, which the kernel itself takes away; or an iptables rule that is not saved.',
    });
  }
  return found;
}

/** The same command, undone. */
function undoing(start: string): string {
  return start
    .replace(/(\s)(?:-I|--insert)(\s+\S+)(?:\s+\d+(?=\s))?/g, '$1-D$2')
    .replace(/(\s)(?:-A|--append)(?=\s)/g, '$1-D')
    .replace(/\bufw(\s+(?:--force\s+)?)(?:insert\s+\d+\s+|prepend\s+)?(?=allow|limit)/g, 'ufw$1delete ')
    .replace(/\bnft(\s+)(?:add|create)(\s+element)/g, 'nft$1delete$2')
    .replace(/\bipset(\s+)(?:add|-A)\b/g, 'ipset$1del')
    .replace(/--add-(?=rich|port|service|source)/g, '--remove-')
    .replace(/\b(systemctl\s+)start\b/g, '$1stop')
    .replace(/(knock_add|knock_helper_ipt\.sh)((?:\s+\S+)*?)\s+(?:-i|-a)(?=\s)/g, '$1$2 -x')
    .replace(/((?:service|\/init\.d\/)\s*\S+\s+)start\b/g, '$1stop');
}

/** Which words one rule has and the other has not. */
function difference(opening: readonly Effect[], closing: readonly Effect[]): string {
  const words = (effects: readonly Effect[]) => new Set(effects.flatMap(({ thing }) => thing.split('\n')));
  const [added, deleted] = [words(opening), words(closing)];
  const only = (some: Set<string>, others: Set<string>) => [...some].filter((word) => !others.has(word));
  const [a, d] = [only(added, deleted).join(' '), only(deleted, added).join(' ')];
  const parts = [a === '' ? '' : `“${a}” is only added`, d === '' ? '' : `“${d}” only deleted`];
  return parts.filter((part) => part !== '').join(', ') || 'another tool';
}
