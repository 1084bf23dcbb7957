'use client';
import type { UnderProps } from './door-acts.ts';
import { lengthWords } from './door-face.tsx';
import { Failed, NotOpened, Stale } from './door-stopped.tsx';
import { ChainActs } from './proof-acts.tsx';
import { CommandField, Segments } from '../_ui/controls.tsx';
import { AgainIcon, CheckIcon } from '../_ui/icons.tsx';
import { Pins } from '../_ui/pins.tsx';
import { Chain, ProofRow } from '../_ui/proof.tsx';
import type { DoorFace } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.door;

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
    case 'banned':
      return null;
  }
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
          <span className="where">
            <span className={face.address === undefined ? 'dim' : 'address'}>
              {face.address ?? words.addressUnknown}
            </span>
            {face.notBanned === true && (
              <span className="tag green">
                <CheckIcon small />
                {words.notBanned}
              </span>
            )}
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
            <CommandField
              command={face.command.text}
              {...(face.command.href === undefined ? {} : { href: face.command.href })}
            />
            {face.command.then !== undefined && <p className="sub pt-2">{words.thenGo(face.command.then)}</p>}
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
