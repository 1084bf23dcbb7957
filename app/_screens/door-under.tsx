'use client';
import { lengthWords } from './door-face.tsx';
import { CommandField, copyText, Segments, useSaid } from '../_ui/controls.tsx';
import { AgainIcon } from '../_ui/icons.tsx';
import { Pins } from '../_ui/pins.tsx';
import { Chain, ProofRow } from '../_ui/proof.tsx';
import type { DoorFace } from '../_ui/types.ts';
import type { HoldStage } from '../_ui/use-hold.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** What a person can do with the door that is shown. */
export interface DoorActs {
  readonly arm: () => void;
  readonly release: () => void;
  readonly cancel: () => void;
  readonly stop: () => void;
  readonly close: () => void;
  readonly add: () => void;
  readonly ask: () => void;
  readonly retry: () => void;
  readonly closeAndOpen: () => void;
  readonly choose: (door: string) => void;
  /** The same for a door that is not the one shown: its row has a hold of its own. */
  readonly armDoor: (door: string) => void;
  readonly releaseDoor: (door: string) => void;
  readonly cancelDoor: (door: string) => void;
  readonly seconds: (seconds: number) => void;
  /** The chain as text, without addresses of others. */
  readonly report: () => string;
}

interface UnderProps {
  readonly face: DoorFace;
  readonly acts: DoorActs;
  readonly stage: HoldStage;
  readonly twice: boolean;
  readonly onProof: () => void;
  readonly onRelay: () => void;
}

/** What follows the dial changes with the state; the dial itself never moves. */
export function Under(props: UnderProps) {
  const { face, acts } = props;
  switch (face.phase) {
    case 'closed':
      return <Closed {...props} />;
    case 'sealing':
    case 'knocking':
      return (
        <>
          <div className="u-pins">
            <Pins states={face.steps} />
          </div>
          <p className="step num u-step phone-words">
            {face.stepLine?.map(([step, time], i) => (
              <span key={step}>
                {i === 0 ? '' : ', '}
                {step} <b>{time}</b>
              </span>
            ))}
          </p>
          <div className="u-chain">
            <Chain links={face.links} />
          </div>
          <div className="foot">
            <div className="u-acts lone btns">
              <button type="button" className="btn wide" onClick={acts.stop}>
                {words.stop}
              </button>
            </div>
          </div>
        </>
      );
    case 'open':
    case 'unchecked':
    case 'connected':
    case 'connectedTimeUp':
      return <Opened {...props} />;
    case 'closing':
      return null;
    case 'closeUnconfirmed':
      return (
        <div className="foot">
          <div className="u-acts lone btns">
            <AskAgain face={face} onAsk={acts.ask} />
          </div>
          <Failed face={face} />
        </div>
      );
    case 'notOpened':
      return <NotOpened {...props} />;
    case 'stale':
      return <Stale {...props} />;
    case 'noAnswer':
    case 'offline':
    case 'asking':
      return null;
  }
}

/** Why the last act did not work; the door is as it was. */
function Failed({ face }: { face: DoorFace }) {
  return face.failed === undefined ? null : (
    <p className="sub u-more pb-3" role="alert">
      {face.failed}
    </p>
  );
}

function AskAgain({ face, onAsk }: { face: DoorFace; onAsk: () => void }) {
  return (
    <button type="button" className="btn wide" aria-disabled={face.busy === 'asking'} onClick={onAsk}>
      <AgainIcon />
      {face.busy === 'asking' ? words.askingNow : words.askAgain}
    </button>
  );
}

function Closed({ face, acts, stage, twice, onRelay }: UnderProps) {
  const holding = stage === 'holding' || stage === 'full' || stage === 'released';
  const hint = () => {
    if (holding) return text.dial.opensFor(lengthWords(face.seconds));
    if (stage === 'armed') return text.dial.hintAgain[face.place];
    if (stage === 'enter') return text.dial.hintEnter;
    if (twice) return text.dial.hintTwice[face.place];
    return face.label === undefined ? text.dial.hintHold : text.dial.hintHoldDoor(face.label);
  };
  return (
    <>
      <p className="hint u-hint">{hint()}</p>
      {!holding && face.lengths.length > 1 && (
        <Segments
          className="u-lengths"
          label={text.dial.lengths}
          value={face.seconds}
          choices={face.lengths.map((length) => ({
            value: length.seconds,
            words: length.words,
            spoken: lengthWords(length.seconds),
            ...(length.words.includes(' ') ? {} : { unit: text.dial.unit }),
          }))}
          onChange={acts.seconds}
        />
      )}
      <div className="addr foot u-side">
        <div className="who">
          <span className="sub">{words.addressTitle(face.place)}</span>
          <span className={face.address === undefined ? 'dim' : 'address'}>
            {face.address ?? words.addressUnknown}
          </span>
          {face.vouchedMinutes !== undefined && (
            <button type="button" className="sub quiet-link" aria-haspopup="dialog" onClick={onRelay}>
              {words.vouchedMost(face.vouchedMinutes)}
            </button>
          )}
        </div>
      </div>
    </>
  );
}

function Opened({ face, acts, onProof }: UnderProps) {
  const session = face.phase === 'connected' || face.phase === 'connectedTimeUp';
  const over = face.phase === 'connectedTimeUp';
  return (
    <>
      <div className={`u-proof u-row${session ? ' low' : ''}`}>
        <ProofRow links={face.links} onOpen={onProof} />
      </div>
      <div className="u-chain">
        <Chain links={face.links} />
        <ChainActs face={face} acts={acts} />
      </div>
      <div className={session ? '' : 'foot'}>
        {!session && face.command !== undefined && (
          <div className="u-more">
            <CommandField command={face.command.text} href={face.command.href} />
          </div>
        )}
        {!over && (
          <div className="btns u-acts">
            <button
              type="button"
              className="btn fill grow"
              aria-disabled={face.busy === 'closing'}
              onClick={acts.close}
            >
              {face.busy === 'closing' ? words.closingNow : words.closeNow}
              <kbd className="desk-words">C</kbd>
            </button>
            {face.canAdd && (
              <button
                type="button"
                className="btn num"
                aria-disabled={face.busy === 'adding'}
                onClick={acts.add}
              >
                {face.busy === 'adding' ? words.adding : words.add(`${Math.round(face.addSeconds / 60)} min`)}
              </button>
            )}
          </div>
        )}
        {over && <div className="u-acts" />}
        <Failed face={face} />
      </div>
    </>
  );
}

/** Under the chain, where it stands open. */
function ChainActs({ face, acts }: { face: DoorFace; acts: DoorActs }) {
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

function NotOpened({ face, acts }: UnderProps) {
  const [said, say] = useSaid();
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
          <button
            type="button"
            className="btn"
            onClick={() => void copyText(acts.report()).then((done) => done && say())}
          >
            {said ? text.command.copied : words.copyReport}
          </button>
        </div>
      </div>
    </>
  );
}

function Stale({ face, acts }: UnderProps) {
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
