'use client';
import { CopyReport } from './copy-report.tsx';
import type { DoorActs } from './door-acts.ts';
import type { DoorFace } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** Under the chain, where it stands open. */
export function ChainActs({ face, acts }: { face: DoorFace; acts: DoorActs }) {
  const said = face.proofRemedy ?? face.proofNote;
  return (
    <div className="ml-16 mt-2.5 flex flex-wrap gap-x-5">
      {said !== undefined && <p className="sub w-full pb-1">{said}</p>}
      <button type="button" className="link sub" aria-disabled={face.busy === 'asking'} onClick={acts.ask}>
        {face.busy === 'asking' ? words.askingNow : text.proof.askAgain(face.home)}
      </button>
      <CopyReport acts={acts} className="link sub" />
    </div>
  );
}

/** The same in the drawer. */
export function ProofActs({ face, acts }: { face: DoorFace; acts: DoorActs }) {
  return (
    <div className="btns mt-3.5">
      <button type="button" className="btn grow" aria-disabled={face.busy === 'asking'} onClick={acts.ask}>
        {face.busy === 'asking' ? words.askingNow : text.proof.askAgain(face.home)}
      </button>
      <CopyReport acts={acts} className="btn" />
    </div>
  );
}
