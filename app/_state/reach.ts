import type { Client } from '../../lib/client/client.ts';
import type { Reach } from './types.ts';

interface Moment {
  /** Monotonic ms, as the moments below. */
  readonly now: number;
  readonly online: boolean;
  /** When it was begun to reach the home, this time. */
  readonly askingSince: number;
  /** When a page before this one last heard the home. */
  readonly recalledAt: number | undefined;
}

/** Whether the home answers, and why not. */
export function reachOf(
  { state, lastHeard }: Pick<Client, 'state' | 'lastHeard'>,
  { now, online, askingSince, recalledAt }: Moment,
): Reach {
  const heard = lastHeard ?? recalledAt;
  const ago = heard === undefined ? {} : { agoMs: now - heard };
  if (state.phase === 'refused') return { state: 'refused', code: state.code };
  if (state.phase === 'ready') return { state: 'answered', agoMs: now - (lastHeard ?? now) };
  if (!online) return { state: 'offline', ...ago };
  if (state.phase === 'waiting' && state.failures > 0) {
    return { state: 'silent', code: state.code, ...ago, retryMs: Math.max(0, state.until - now) };
  }
  if (state.phase === 'connecting' && state.failures > 0) {
    return { state: 'silent', code: state.code ?? 'relay-unreachable', ...ago };
  }
  return { state: 'asking', sinceMs: now - askingSince };
}
