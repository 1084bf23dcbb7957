import type { Mark } from './types.ts';

/** Events by shape: level slot opened, upright closed, dot a change, check connected, cross stopped, bar a ban. */
export function EventMark({ mark, size = 22 }: { mark: Mark; size?: number }) {
  return (
    <svg className={`m ${mark}`} width={size} height={size} viewBox="0 0 22 22" aria-hidden="true">
      <circle className="disc" cx="11" cy="11" r="8" />
      {(mark === 'open' || mark === 'opened') && (
        <rect className="slot" x="6.4" y="9.6" width="9.2" height="2.8" rx="1.2" />
      )}
      {mark === 'closed' && <rect className="slot" x="9.6" y="6.4" width="2.8" height="9.2" rx="1.2" />}
      {mark === 'ban' && <rect className="slot" x="6" y="9.4" width="10" height="3.2" />}
      {mark === 'change' && <circle className="slot" cx="11" cy="11" r="2.6" />}
      {mark === 'ok' && <path className="stroke" d="m7.6 11.2 2.4 2.4 4.4-4.8" />}
      {mark === 'cross' && <path className="stroke" d="m8.2 8.2 5.6 5.6m0-5.6-5.6 5.6" />}
    </svg>
  );
}
