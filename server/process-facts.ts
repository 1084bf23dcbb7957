import { readdirSync, readFileSync } from 'node:fs';

/** What Linux says of a process, in proc(5). Elsewhere everything is unknown. */
export interface ProcessFacts {
  /** At most 15 bytes; not the title that a process may give itself. */
  readonly command: string;
  readonly parent: number;
  /** In ticks since boot: with the pid it names one process, even after pids come round again. */
  readonly startTime: string;
}

/** Undefined for a pid that is nobody's, a zombie's, or where there is no /proc. */
export function processFacts(pid: number): ProcessFacts | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command stands in brackets and may hold brackets itself: the last one ends it.
  const found = /^\d+ \((.*)\) (\S) (\d+) (?:-?\d+ ){17}(\d+) /s.exec(text);
  if (found === null || found[2] === 'Z' || found[2] === 'X') return undefined;
  return { command: found[1] ?? '', parent: Number(found[3]), startTime: found[4] ?? '' };
}

/** Every pid that /proc shows; none where there is no /proc. */
export function allPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Pids of a process's children; empty where the kernel does not tell (CONFIG_PROC_CHILDREN). */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** One process, by more than its pid. */
export interface ProcessName {
  readonly pid: number;
  readonly startTime: string;
}

export function nameProcess(pid: number): ProcessName | undefined {
  const facts = processFacts(pid);
  return facts === undefined ? undefined : { pid, startTime: facts.startTime };
}

export function isRunning(name: ProcessName): boolean {
  return processFacts(name.pid)?.startTime === name.startTime;
}

/** SIGKILL for exactly that process; false when it is gone. */
export function killProcess(name: ProcessName): boolean {
  if (!isRunning(name)) return false;
  try {
    process.kill(name.pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
