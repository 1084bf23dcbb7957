'use client';
import type { DoorActs } from './door-acts.ts';
import { copyText, useSaid } from '../_ui/controls.tsx';
import { text } from '../_text/en.ts';

/** What happened, as text for whoever is asked for help. */
export function CopyReport({ acts, className }: { acts: Pick<DoorActs, 'report'>; className: string }) {
  const [said, say] = useSaid();
  return (
    <button
      type="button"
      className={className}
      onClick={() => void copyText(acts.report()).then((done) => done && say())}
    >
      {said ? text.command.copied : text.door.copyReport}
    </button>
  );
}
