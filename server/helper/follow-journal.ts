import { createInterface } from 'node:readline';
import { codeOf } from '../../lib/errors.ts';
import { start } from '../run.ts';
import type { Child } from '../run.ts';

export interface JournalFollower {
  settle(): Promise<void>;
  /** journalctl runs. */
  reads(): boolean;
  stop(): Promise<void>;
}

/**
 * From now on, what root's sshd says, as JSON. journald's own fields choose: `_COMM` and `_UID` cannot be
 * forged by who writes a message. (systemd.journal-fields(7); `+` is "or".)
 */
const journalctl = [
  '--follow',
  '--output=json',
  '--no-pager',
  '--quiet',
  ...['_UID=0', '_COMM=sshd', '+'],
  ...['_UID=0', '_COMM=sshd-session', '+'],
  ...['_UID=0', '_SYSTEMD_UNIT=ssh.service', '+'],
  ...['_UID=0', '_SYSTEMD_UNIT=sshd.service'],
];

const firstDelayMs = 1000;
const longestDelayMs = 60_000;
/** sshd's lines are short; a longer one is nobody's whom we follow. */
const longestLine = 16 * 1024;

export interface JournalOptions {
  /** Begins what `log` is told. */
  readonly of: string;
  /** Also what was logged in so many hours before; absent: nothing. */
  readonly hours?: number;
  /** What these units of root's say, too. */
  readonly units?: readonly string[];
}

/** Of what was logged before, the newest: some 50 MB of JSON. */
const mostBefore = 50_000;

/** Starts journalctl, and again when it ends. Where there is none, `log` is told once. */
export function followJournal(
  onLine: (line: string) => void,
  log: (line: string) => void,
  { of, hours, units = [] }: JournalOptions = { of: 'sessions' },
): JournalFollower {
  let child: Child | undefined;
  let stopped = false;
  let again: NodeJS.Timeout | undefined;
  let delayMs = firstDelayMs;
  let told = '';
  // Once: what was told is not told again by the next journalctl.
  let before = hours === undefined ? ['--lines=0'] : [`--since=-${hours}h`, `--lines=${mostBefore}`];

  function complain(why: string): void {
    if (why !== told) log(`${of}: ${why}`);
    told = why;
  }

  async function begin(): Promise<void> {
    try {
      const args = [...before, ...journalctl, ...units.flatMap((unit) => ['+', `_SYSTEMD_UNIT=${unit}`])];
      child = await start('journalctl', args, { env: { LC_ALL: 'C' } });
      before = ['--lines=0'];
      const lines = createInterface({ input: child.stdout });
      lines.on('line', (line) => {
        delayMs = firstDelayMs;
        if (line.length <= longestLine) onLine(line);
      });
      let complaint = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(0, 400);
      });
      if (stopped) child.kill('SIGKILL');
      const { code, signal } = await child.ended;
      if (!stopped) complain(`journalctl ended (${signal ?? code}) ${complaint.trim()}`.trim());
    } catch (error) {
      complain(`journalctl: ${codeOf(error, 'tool-failed')}`);
    }
    child = undefined;
    if (stopped) return;
    again = setTimeout(() => {
      running = begin();
    }, delayMs);
    again.unref();
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  }

  let running = begin();
  return {
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    reads: () => child !== undefined,
    async stop() {
      stopped = true;
      clearTimeout(again);
      child?.kill('SIGKILL');
      await running;
    },
  };
}
