import { readSshJournal, readSshLine } from '../../lib/ssh.ts';
import { followFile } from '../follow-file.ts';
import { nameProcess, processFacts } from '../process-facts.ts';
import { followJournal } from './follow-journal.ts';
import type { SessionFact } from '../../lib/door.ts';
import type { SshEvent } from '../../lib/ssh.ts';

export interface SessionsOptions {
  /** sshd's syslog file (an absolute path), or this machine's journal. */
  readonly from: { readonly file: string } | 'journal';
  readonly log: (line: string) => void;
  /** Unix time in ms; a parameter for tests. */
  readonly now?: () => number;
  /** Whether a pid is a live sshd's, and which; a parameter for tests. Default: /proc, where there is one. */
  readonly sshd?: (pid: number) => string | undefined;
}

export interface Sessions {
  /**
   * sshd's sessions that began while this follows the log and still live, newest first. `port`: only the one
   * whose caller's own port that is (a proxy door's outgoing connection).
   */
  sessions(port?: number): SessionFact[];
  /** Resolves once everything logged until now is counted. */
  settle(): Promise<void>;
  /** False while the log cannot be read: then no session is no news. */
  reads(): boolean;
  stop(): Promise<void>;
}

/** A machine with more live ssh sessions at once shows the newest. */
const mostSessions = 512;

interface Kept {
  readonly fact: SessionFact;
  /** Names sshd's process beyond its pid. */
  readonly process: string;
}

/** Follows what sshd says from now on. A log that cannot be read is told to `log`, and looked for again. */
export function followSessions(options: SessionsOptions): Sessions {
  const { log, now = () => Date.now(), sshd = liveSshd } = options;
  /** By the caller's address and port: no two live connections share them. */
  const kept = new Map<string, Kept>();
  const keyOf = (peer: { address: string; port: number }) => `${peer.address} ${peer.port}`;

  function take(event: SshEvent | undefined): void {
    switch (event?.kind) {
      case 'accepted': {
        const { user, address, port, at, pid } = event;
        kept.delete(keyOf(event));
        const process = sshd(pid);
        if (process === undefined) break; // over already, or not sshd's line
        kept.set(keyOf(event), { fact: { user, address, port, at, pid }, process });
        for (const oldest of kept.keys()) {
          if (kept.size <= mostSessions) break;
          kept.delete(oldest);
        }
        break;
      }
      case 'ended':
        kept.delete(keyOf(event));
        break;
      case 'closed':
        for (const [key, { fact }] of kept) if (fact.pid === event.pid) kept.delete(key);
        break;
      case undefined:
        break;
    }
  }

  const source =
    options.from === 'journal'
      ? followJournal((line) => take(readSshJournal(line)), log)
      : followFile(options.from.file, {
          from: 'end',
          encoding: 'utf8',
          onLine: (line) => take(readSshLine(line, now())),
          onProblem: (error) => log(`sessions: ${(error as Error).message}`),
        });

  return {
    sessions(port) {
      // Not every end is logged (sshd killed, LogLevel QUIET): the process has the last word.
      for (const [key, { fact, process }] of kept) if (sshd(fact.pid) !== process) kept.delete(key);
      return [...kept.values()]
        .map(({ fact }) => fact)
        .filter((fact) => port === undefined || fact.port === port)
        .sort((a, b) => b.at - a.at);
    },
    settle: () => source.settle(),
    reads: () => source.reads(),
    stop: () => source.stop(),
  };
}

/**
 * The start time of a live sshd process. `no-proc` where nothing can be told (no /proc): then only the log
 * counts. Undefined for a pid that is not sshd's.
 */
function liveSshd(pid: number): string | undefined {
  if (processFacts(process.pid) === undefined) return 'no-proc';
  return processFacts(pid)?.command.startsWith('sshd') === true ? nameProcess(pid)?.startTime : undefined;
}
