'use client';
import type { DoorActs } from './door-acts.ts';
import { copyText, useSaid } from '../_ui/controls.tsx';
import type { DoorFace } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** Under the chain, where it stands open. */
export function ChainActs({ face, acts }: { face: DoorFace; acts: DoorActs }) {
  const [said, say] = useSaid();
  return (
    <div className="ml-16 mt-2.5 flex flex-wrap gap-x-5">
      {face.proofRemedy !== undefined && <p className="sub w-full pb-1">{face.proofRemedy}</p>}
      <button type="button" className="link sub" aria-disabled={face.busy === 'asking'} onClick={acts.ask}>
        {face.busy === 'asking' ? words.askingNow : text.proof.askAgain(face.home)}
      </button>
      <button
        type="button"
        className="link sub"
        onClick={() => void copyText(acts.report()).then((done) => done && say())}
      >
        {said ? text.command.copied : words.copyReport}
      </button>
    </div>
  );
}

/** The same in the drawer. */
export function ProofActs({ face, acts }: { face: DoorFace; acts: DoorActs }) {
  const [said, say] = useSaid();
  return (
    <div className="btns mt-3.5">
      <button type="button" className="btn grow" aria-disabled={face.busy === 'asking'} onClick={acts.ask}>
        {face.busy === 'asking' ? words.askingNow : text.proof.askAgain(face.home)}
      </button>
      <button
        type="button"
        className="btn"
        onClick={() => void copyText(acts.report()).then((done) => done && say())}
      >
        {said ? text.command.copied : words.copyReport}
      </button>
    </div>
  );
}
