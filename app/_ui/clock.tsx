import { clock } from './durations.ts';

/** The countdown as a headline. It is silent: the live region says 60, 30 and 10 seconds. */
export function Clock({ leftMs }: { leftMs: number }) {
  return (
    <span className={`clock${leftMs < 30_000 ? ' soon' : ''}`} role="timer" aria-live="off">
      {clock(leftMs)}
    </span>
  );
}
