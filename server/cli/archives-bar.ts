import { homedir } from 'node:os';
import { formatBytes } from './archive-report.ts';

/** How far something is, in bytes. */
export interface Step {
  readonly label: string;
  readonly done: number;
  /** Null: nobody knows. */
  readonly of: number | null;
}

export interface Bar {
  tell(step: Step): void;
  clear(): void;
}

/** A bar with rate and time left that is written over, at most ten times a second; nothing where nobody looks. */
export function barOn(stream: NodeJS.WriteStream): Bar {
  if (!stream.isTTY) return { tell: () => undefined, clear: () => undefined };
  const began = performance.now();
  let next = 0;
  return {
    tell(step) {
      const now = performance.now();
      if (now < next && step.done !== step.of) return;
      next = now + 100;
      const line = barLine(step, (now - began) / 1000);
      stream.write(`\r\u001b[K${line.slice(0, Math.max((stream.columns || 80) - 1, 20))}`);
    },
    clear: () => void stream.write('\r\u001b[K'),
  };
}

const width = 20;

export function barLine({ label, done, of }: Step, seconds: number): string {
  const rate = seconds > 0.5 ? done / seconds : 0;
  const speed = rate > 0 ? `  ${formatBytes(rate)}/s` : '';
  if (of === null || of === 0) return `${formatBytes(done)}${speed}  ${label}`;
  const share = Math.min(1, done / of);
  const full = Math.floor(share * width);
  const left = rate > 0 ? `  ${timeLeft((of - done) / rate)} left` : '';
  const bar = `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${formatBytes(done)} of ${formatBytes(of)}${speed}${left}  ${label}`;
}

function timeLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 100) return `${whole} s`;
  return whole < 5400 ? `${Math.ceil(whole / 60)} min` : `${Math.ceil(whole / 3600)} h`;
}

/** Where gpg finds its keys, and how it asks; of our environment nothing else. */
export function gpgEnvironment(): Record<string, string> {
  const names = ['GNUPGHOME', 'GPG_TTY', 'TERM'] as const;
  return {
    HOME: process.env['HOME'] ?? homedir(),
    ...Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  };
}
