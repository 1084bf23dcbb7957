import { isCanonical } from '../address.ts';
import { trim } from './c-text.ts';
import { printSequence, readOneTimeSequences } from './sequence.ts';
import type { Finding } from './finding.ts';
import type { LintCase } from './lint-case.ts';
import type { KnockdDoor } from './read.ts';

/** Sequences of knockd's own example file and manual page: the first that anybody tries. */
const published = new Set(
  [
    ['7000:tcp,8000:tcp,9000:tcp', '9000:tcp,8000:tcp,7000:tcp'],
    ['2222:udp,3333:tcp,4444:udp', '12345:tcp,54321:tcp,24680:tcp,13579:tcp'],
  ].flat(),
);

/** What has to be knocked: by itself, and beside the other doors' sequences. */
export function lintSequences(its: LintCase): Finding[] {
  const { doors } = its.file;
  const each = doors.flatMap((door, index) => [
    ...lintPorts(its, door, index),
    ...lintGuess(its, door, index),
    ...lintHearing(its, door, index),
  ]);
  return [...each, ...lintNeighbours(its)];
}

function lintPorts(its: LintCase, door: KnockdDoor, index: number): Finding[] {
  const written = its.directives(index).findLast((one) => one.key === 'SEQUENCE');
  if (written === undefined) return [];
  const where = { door: door.name, line: written.line };
  const found: Finding[] = [];
  const items = (written.value ?? '').split(',');
  const zero = items.filter((_, i) => door.sequence[i]?.port === 0).map((item) => `“${trim(item)}”`);
  if (zero.length > 0) {
    found.push({
      code: 'port-zero',
      severity: 'error',
      ...where,
      text: `knockd reads ${zero.join(', ')} as port 0, which no client can knock: the door never opens.`,
      remedy: 'Write ports from 1 to 65535 in place of it.',
    });
  }
  const misread = items.flatMap((item, i) => {
    const knock = door.sequence[i];
    if (knock === undefined || knock.port === 0) return [];
    if (/^\s*0*[1-9]\d{0,4}\s*(?::\s*(?:tcp|udp)\s*)?$/i.test(item)) return [];
    return [`“${trim(item)}” as ${printSequence([knock])}`];
  });
  if (misread.length > 0) {
    found.push({
      code: 'port-misread',
      severity: 'error',
      ...where,
      text: `knockd reads ${misread.join(', ')}.`,
      remedy: `If that is meant, write \`sequence = ${printSequence(door.sequence)}\`; else put commas between the ports.`,
    });
  }
  return found;
}

const randomly = 'Draw four or more ports at random from 1024 to 65535, in no order, TCP and UDP mixed.';

function lintGuess(its: LintCase, door: KnockdDoor, index: number): Finding[] {
  const { sequence } = door;
  if (sequence.length === 0 || door.oneTimeSequences !== undefined) return [];
  // Nobody can knock port 0: neither who guesses nor who scans.
  if (sequence.some(({ port }) => port === 0)) return [];
  const where = { door: door.name, line: its.at(index, 'SEQUENCE') };
  const found: Finding[] = [];
  const protocols = new Set(sequence.map((knock) => knock.protocol));
  if (new Set(sequence.map((knock) => printSequence([knock]))).size === 1) {
    found.push({
      code: 'sequence-one-port',
      severity: 'error',
      ...where,
      text:
        sequence.length === 1
          ? 'One packet to one port opens it: any scan of this machine does.'
          : 'It is one port, again and again: a client that tries to connect repeats itself and opens it.',
      remedy: randomly,
    });
  } else if (
    protocols.size === 1 &&
    sequence.every((knock, i) => knock.port > (sequence[i - 1]?.port ?? -1))
  ) {
    found.push({
      code: 'sequence-ascending',
      severity: 'warning',
      ...where,
      text: 'The ports ascend, and knockd never sees the ports between them: a scan from low to high opens the door.',
      remedy: randomly,
    });
  }
  if (published.has(printSequence(sequence))) {
    found.push({
      code: 'sequence-published',
      severity: 'error',
      ...where,
      text: 'This is the sequence of knockd’s own example file or manual page.',
      remedy: randomly,
    });
  }
  return found;
}

/** What makes knockd deaf to a right sequence. */
function lintHearing(its: LintCase, door: KnockdDoor, index: number): Finding[] {
  const found: Finding[] = [];
  const { sequence, seqTimeout, tcpFlags, target } = door;
  const timeout = { door: door.name, line: its.at(index, 'SEQ_TIMEOUT', 'TIMEOUT') };
  if (sequence.length > 1 && seqTimeout < 2) {
    const seconds = 'knockd counts whole seconds, and gives up as soon as';
    found.push({
      code: 'seq-timeout',
      severity: seqTimeout < 1 ? 'error' : 'warning',
      ...timeout,
      text:
        seqTimeout < 1
          ? `The sequence has ${seqTimeout} seconds: it is given up at its second knock, always.`
          : `The sequence has 1 second. ${seconds} the clock’s second changes: many right knocks fail.`,
      remedy: 'Write `seq_timeout = 5`.',
    });
  }
  const flags = { door: door.name, line: its.at(index, 'TCPFLAGS') };
  if (tcpFlags.size > 0 && sequence.length > 0 && sequence.every(({ protocol }) => protocol === 'udp')) {
    found.push({
      code: 'tcpflags-udp',
      severity: 'note',
      ...flags,
      text: 'Every knock of the sequence is UDP, which has no flags: TCPFlags does nothing.',
      remedy: 'Take TCPFlags away, or knock TCP.',
    });
  } else if ([...tcpFlags].some(([flag, set]) => set !== (flag === 'syn'))) {
    found.push({
      code: 'tcpflags-unsendable',
      severity: 'warning',
      ...flags,
      text: 'No ordinary client sends such packets: a new connection begins with SYN alone.',
      remedy: 'Write `tcpflags = syn`, unless your client makes its own packets.',
    });
  }
  if (target !== undefined && isCanonical(target) === undefined) {
    found.push({
      code: 'target-unheard',
      severity: 'error',
      door: door.name,
      line: its.at(index, 'TARGET'),
      text: `knockd compares Target as text with each packet’s address: “${target}” is never equal to one.`,
      remedy: 'Write one IP address, as `ip address` prints it.',
    });
  }
  return found;
}

/** Doors that hear one another's knocks. A sequence has at most 32 beginnings, so a long file is no long work. */
function lintNeighbours(its: LintCase): Finding[] {
  const { doors } = its.file;
  const fixed = doors.map((door) => door.oneTimeSequences === undefined && door.sequence.length > 0);
  const bySequence = new Map<string, number[]>();
  doors.forEach((door, index) => {
    if (fixed[index] !== true) return;
    const key = printSequence(door.sequence);
    const same = bySequence.get(key);
    if (same === undefined) bySequence.set(key, [index]);
    // More than a few are one mistake.
    else if (same.length < 4) same.push(index);
  });
  return doors.flatMap((door, index) => {
    if (fixed[index] !== true) return [];
    const found: Finding[] = [];
    door.sequence.forEach((_, last) => {
      const beginning = printSequence(door.sequence.slice(0, last + 1));
      for (const other of bySequence.get(beginning) ?? []) {
        const neighbour = doors[other];
        if (neighbour === undefined || !hearTheSame(door, neighbour)) continue;
        if (last + 1 < door.sequence.length) found.push(prefix(its, neighbour, other, door, index));
        else if (other < index) found.push(shared(its, neighbour, door, index));
      }
    });
    return found;
  });
}

const change = 'Give one of them a sequence that begins with another port.';

function shared(its: LintCase, door: KnockdDoor, later: KnockdDoor, index: number): Finding {
  const where = { door: later.name, line: its.at(index, 'SEQUENCE') };
  const [one, other] = [directionOf(its, door), directionOf(its, later)];
  const both = `[${door.name}] and [${later.name}] have the same sequence`;
  if (one !== undefined && other !== undefined && one !== other) {
    return {
      code: 'open-close-same-sequence',
      severity: 'error',
      ...where,
      text: `${both}: one opens, the other closes, both run at once, and which comes last is chance.`,
      remedy: change,
    };
  }
  return {
    code: 'sequence-shared',
    severity: 'warning',
    ...where,
    text: `${both}: one knock runs both.`,
    remedy: 'If that is meant, put both commands into one section; else change one sequence.',
  };
}

/** Where the short one stands first, knockd forgets the long attempt together with the finished one (sniff). */
function prefix(its: LintCase, short: KnockdDoor, at: number, long: KnockdDoor, index: number): Finding {
  const lost = at < index;
  const opens = `who knocks the long one opens [${short.name}]`;
  return {
    code: 'sequence-prefix',
    severity: lost ? 'error' : 'warning',
    door: long.name,
    line: its.at(index, 'SEQUENCE'),
    text: `It begins with the whole sequence of [${short.name}]: ${opens}${lost ? ', and never this door, since knockd then drops both attempts' : ' too'}.`,
    remedy: change,
  };
}

/** One packet can be a knock at both. */
function hearTheSame(door: KnockdDoor, later: KnockdDoor): boolean {
  if (door.target !== later.target) return false;
  if (door.sequence.every(({ protocol }) => protocol === 'udp')) return true;
  return [...door.tcpFlags].every(([flag, set]) => (later.tcpFlags.get(flag) ?? set) === set);
}

function directionOf(its: LintCase, door: KnockdDoor): 'opens' | 'closes' | undefined {
  const { effects } = its.effects(door.startCommand ?? door.startCommand6 ?? '');
  const directions = new Set(effects.map(({ direction }) => direction));
  return directions.size === 1 ? [...directions][0] : undefined;
}

const few = 10;

export function lintOneTime(its: LintCase): Finding[] {
  const { file, facts } = its;
  return file.doors.flatMap((door, index) => {
    const path = door.oneTimeSequences;
    if (path === undefined) return [];
    const where = { door: door.name, line: its.at(index, 'ONE_TIME_SEQUENCES') };
    const found: Finding[] = [];
    if (its.directives(index).some((one) => one.key === 'SEQUENCE')) {
      found.push({
        code: 'one-time-and-sequence',
        severity: 'warning',
        ...where,
        text: 'The section has Sequence and One_Time_Sequences: the last of them counts, and only until the first knock.',
        remedy: 'Keep one of them.',
      });
    }
    if (facts.ipv6 !== false) {
      found.push({
        code: 'one-time-ipv6',
        severity: 'warning',
        ...where,
        text: 'Over IPv6 only the first sequence works: knockd 0.8 does not renew what it listens for there.',
        remedy: 'Knock by IPv4, or restart knockd after each knock.',
      });
    }
    const text = facts.other?.(path);
    if (text === undefined || text === null) return found;
    const { sequences, unreadable } = readOneTimeSequences(text);
    const left = sequences.length;
    if (left <= few) {
      found.push({
        code: left === 1 ? 'one-time-last' : 'one-time-few',
        severity: left === 1 ? 'error' : 'warning',
        ...where,
        text: `${left === 1 ? 'One sequence is' : `${left} sequences are`} left in ${path}. knockd 0.8 crashes when the last is used, and no door opens then.`,
        remedy: 'Stop knockd, write new sequences into the file, one a line, and start it again.',
      });
    }
    if (unreadable.length > 0) {
      found.push({
        code: 'one-time-unreadable-line',
        severity: 'error',
        ...where,
        text: `Line ${unreadable[0]} of ${path} is no sequence: knockd marks it as used instead of the one after it, which then opens a second time.`,
        remedy: 'Mend the line, or begin it with `#`.',
      });
    }
    return found;
  });
}
