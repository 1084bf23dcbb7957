'use client';
import { CopyReport } from './copy-report.tsx';
import type { UnderProps } from './door-acts.ts';
import { Pins } from '../_ui/pins.tsx';
import type { DoorFace } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** Why the last act did not work; the door is as it was. */
export function Failed({ face }: { face: DoorFace }) {
  return face.failed === undefined ? null : (
    <p className="sub u-more pb-3" role="alert">
      {face.failed}
    </p>
  );
}

export function NotOpened({ face, acts }: UnderProps) {
  return (
    <>
      {face.steps.length > 0 && (
        <div className="u-pins small">
          <Pins states={face.steps} />
        </div>
      )}
      <div className="u-side">
        <p className="step u-step">{face.remedy ?? ''}</p>
      </div>
      <div className="foot">
        <div className="btns u-acts lone">
          <button type="button" className="btn fill grow" onClick={acts.retry}>
            {words.tryAgain}
          </button>
          <CopyReport acts={acts} className="btn" />
        </div>
      </div>
    </>
  );
}

export function Stale({ face, acts }: UnderProps) {
  const stale = face.stale;
  return (
    <>
      <p className="step num u-side">
        {stale?.at === undefined ? (
          words.staleOutside
        ) : (
          <>
            {words.staleOpened}
            <b>{stale.at}</b>
            {stale.by === undefined ? '' : words.staleBy(stale.by)}
            {stale.minutes === undefined ? '' : words.staleFor(stale.minutes)}.
          </>
        )}
        {stale?.here !== undefined && (
          <>
            {words.staleHere}
            <b className="mono">{stale.here}</b>
            {words.staleNow}
          </>
        )}
      </p>
      <div className="foot">
        <div className="stack u-acts lone">
          <button type="button" className="btn fill wide" onClick={acts.closeAndOpen}>
            {words.closeOpenHere}
          </button>
          <button
            type="button"
            className="btn wide"
            aria-disabled={face.busy === 'closing'}
            onClick={acts.close}
          >
            {face.busy === 'closing' ? words.closingNow : words.closeIt}
          </button>
        </div>
        <Failed face={face} />
      </div>
    </>
  );
}
