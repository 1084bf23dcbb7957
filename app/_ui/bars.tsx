import type { ReactNode } from 'react';
import { Link } from './link.tsx';
import { text } from '../_text/en.ts';

/** The brass bar of an open door, on every screen but its own. */
export function OpenStrip({
  words,
  left,
  busy,
  onShow,
  onClose,
}: {
  words: string;
  left: string | undefined;
  busy: boolean;
  onShow?: () => void;
  onClose: () => void;
}) {
  return (
    <section className="strip" aria-label={words}>
      <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
        <circle cx="11" cy="11" r="9" fill="none" stroke="currentColor" strokeWidth="2" />
        <rect x="5.5" y="9.4" width="11" height="3.2" rx="1.4" fill="currentColor" />
      </svg>
      <Link href="/" className="to-door" {...(onShow === undefined ? {} : { onClick: onShow })}>
        {words}
      </Link>
      <span className="num" role="timer" aria-live="off">
        {left ?? ''}
      </span>
      <button type="button" disabled={busy} onClick={onClose}>
        {busy ? text.strip.closing : text.strip.close}
      </button>
    </section>
  );
}

/** The ink bar above the tabs: something happened, and one thing to do about it. */
export function Note({ words, act, onAct }: { words: ReactNode; act?: string; onAct?: () => void }) {
  return (
    <div className="undo" role="status">
      <span>{words}</span>
      {act !== undefined && (
        <button type="button" onClick={onAct}>
          {act}
        </button>
      )}
    </div>
  );
}
