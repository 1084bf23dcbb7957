/**
 * What knockd 0.8 says about its work, on stdout (`-v`), in its log file (`[2014-12-28 15:57] ` before the
 * message) or in syslog (message only). A message in file or syslog ends after 1023 bytes. Some end with a
 * newline of their own, which makes a blank line. Progress, never proof: any local program may print such a line.
 */

export type KnockdEvent =
  /** Ready: packets are seen from now on. */
  | { readonly kind: 'listening'; readonly interface: string }
  | { readonly kind: 'stage'; readonly address: string; readonly door: string; readonly n: number }
  | { readonly kind: 'sesame'; readonly address: string; readonly door: string }
  /** Start or stop command: the text tells, the address is only in it. */
  | { readonly kind: 'running'; readonly door: string; readonly command: string }
  | { readonly kind: 'status'; readonly door: string; readonly status: number }
  /** cmd_timeout is over; the stop command runs next. */
  | { readonly kind: 'command-timeout'; readonly address: string; readonly door: string }
  /** Printed when the next packet is seen, which may be hours late. */
  | { readonly kind: 'sequence-timeout'; readonly address: string; readonly door: string; readonly n: number }
  /** With the address in it the command was longer than 4095 bytes: nothing ran, neither start nor stop. */
  | { readonly kind: 'truncated'; readonly command: 'start' | 'stop' }
  | { readonly kind: 'fork-failed' }
  /** One-time sequences used up: knockd takes the door away. */
  | { readonly kind: 'disabled'; readonly door: string }
  /** SIGHUP: doors and half-done knocks are forgotten, the file is read again. A bad one ends knockd. */
  | { readonly kind: 'reread'; readonly file: string }
  | { readonly kind: 'log-reopened'; readonly file: string }
  /** The reload found a sequence that knockd refuses: it exits next. Other faults it tells stderr only. */
  | { readonly kind: 'bad-sequence'; readonly door: string; readonly reason: string }
  | { readonly kind: 'no-pid-file'; readonly file: string; readonly reason: string }
  | { readonly kind: 'stopping' };

const dated = /^\[(\d{4}-\d\d-\d\d \d\d:\d\d)\] /;

/** `2014-12-28 15:57` of a line of the log file: local time, and no seconds. */
export function minuteOf(line: string): string | undefined {
  return dated.exec(line)?.[1];
}

const spoken: readonly [RegExp, (found: RegExpExecArray) => KnockdEvent][] = [
  [/^starting up, listening on (.+)$/, (found) => ({ kind: 'listening', interface: found[1] ?? '' })],
  [/^listening on (.+)\.\.\.$/, (found) => ({ kind: 'listening', interface: found[1] ?? '' })],
  [
    /^error: parsed (start|stop) command has been truncated! --> /,
    (found) => ({ kind: 'truncated', command: found[1] === 'stop' ? 'stop' : 'start' }),
  ],
  [/^error: command fork failed!$/, () => ({ kind: 'fork-failed' })],
  [
    /^(?:no more sequences left in the one time sequences file|error while disabling used one time sequence) for door (.+) --> disabling the door$/,
    (found) => ({ kind: 'disabled', door: found[1] ?? '' }),
  ],
  [
    /^(?:error|config): section (.+): (too many ports in knock sequence|unknown protocol in knock sequence|port .* is invalid)$/,
    (found) => ({ kind: 'bad-sequence', door: found[1] ?? '', reason: found[2] ?? '' }),
  ],
  [
    /^could not create pid file (.+): (.+)$/,
    (found) => ({ kind: 'no-pid-file', file: found[1] ?? '', reason: found[2] ?? '' }),
  ],
  [/^re-reading config file: (.+)$/, (found) => ({ kind: 'reread', file: found[1] ?? '' })],
  [/^re-opening log file: (.*)$/, (found) => ({ kind: 'log-reopened', file: found[1] ?? '' })],
  [/^(?:shutting down|closing\.\.\.)$/, () => ({ kind: 'stopping' })],
];

/** `<door>: …`, where nobody's address stands. */
function ofDoor(door: string, rest: string): KnockdEvent | undefined {
  const running = /^running command: ([^]*)$/.exec(rest);
  if (running !== null) return { kind: 'running', door, command: running[1] ?? '' };
  const status = /^command returned non-zero status code \((\d+)\)$/.exec(rest);
  return status === null ? undefined : { kind: 'status', door, status: Number(status[1]) };
}

/** `<ip>: <door>: …`. */
function ofKnocker(address: string, door: string, rest: string): KnockdEvent | undefined {
  if (rest === 'OPEN SESAME') return { kind: 'sesame', address, door };
  if (rest === 'command timeout') return { kind: 'command-timeout', address, door };
  const stage = /^Stage (\d+)$/.exec(rest);
  if (stage !== null) return { kind: 'stage', address, door, n: Number(stage[1]) };
  const late = /^sequence timeout \(stage (-?\d+)\)$/.exec(rest);
  return late === null ? undefined : { kind: 'sequence-timeout', address, door, n: Number(late[1]) };
}

/**
 * One line without its newline. Undefined for empty lines, knockd's debug chatter and anything else.
 * `doors` are the known names: they may hold colons and spaces, so the line alone does not tell where a
 * name ends. With `-l` the address is followed by ` (host)`, which is left out.
 */
export function readKnockdLine(line: string, doors: readonly string[]): KnockdEvent | undefined {
  const message = line.replace(/\r?\n?$/, '').replace(dated, '');
  if (message === '') return undefined;

  const knocker = /^([0-9a-f.:]+)(?: \([^)]*\))?: ([^]*)$/.exec(message);
  // The longest first: `a: b` is asked before `a`.
  for (const door of [...doors].sort((one, other) => other.length - one.length)) {
    if (knocker !== null && knocker[2]?.startsWith(`${door}: `) === true) {
      const event = ofKnocker(knocker[1] ?? '', door, knocker[2].slice(door.length + 2));
      if (event !== undefined) return event;
    }
    if (message.startsWith(`${door}: `)) {
      const event = ofDoor(door, message.slice(door.length + 2));
      if (event !== undefined) return event;
    }
  }
  for (const [pattern, event] of spoken) {
    const found = pattern.exec(message);
    if (found !== null) return event(found);
  }
  return undefined;
}
