import { Link } from '../_ui/link.tsx';
import { headline } from './door-face.tsx';
import { Dial } from '../_ui/dial.tsx';
import { AgainIcon } from '../_ui/icons.tsx';
import type { DoorFace } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** Home, relay or this device's own network is away: last known with its age, never posed as fresh. */
export function NoAnswer({ face, onAsk }: { face: DoorFace; onAsk: () => void }) {
  return (
    <div className="away">
      <div className="headline">
        <h1 className="state" tabIndex={-1}>
          {headline(face)}
        </h1>
        <p className="lede">{face.lede ?? ''}</p>
      </div>
      <div className="dial-wrap still">
        <Dial look="off" turn="upright" lit={0} ring="rest" />
      </div>
      <div className="away-rest">
        {face.known !== undefined && (
          <section aria-labelledby="last-known">
            <div className="known-head">
              <h2 className="h2" id="last-known">
                {words.lastKnown}
              </h2>
              <span className="sub num">{face.known.age}</span>
            </div>
            <dl className="facts dense dim">
              {face.known.facts.map(([term, value]) => (
                <div key={term}>
                  <dt>{term}</dt>
                  <dd className="num">{value}</dd>
                </div>
              ))}
            </dl>
          </section>
        )}
        {face.phase === 'offline' && (
          <p className="ruled-note">
            <Link className="link" href="/passwords">
              {words.passwordsWork}
            </Link>
          </p>
        )}
        {face.remedy !== undefined && <p className="ruled-note">{face.remedy}</p>}
        {face.pairAgain !== 'instead' && (
          <div className="ask-again">
            <button type="button" className="btn wide" aria-disabled={face.busy === 'asking'} onClick={onAsk}>
              <AgainIcon />
              {face.busy === 'asking' ? words.askingNow : words.askAgain}
            </button>
            <p className="sub num pt-2 text-center">
              {face.asksInSeconds === undefined ? ' ' : words.asksIn(face.asksInSeconds)}
            </p>
          </div>
        )}
        {face.pairAgain !== undefined && (
          <Link className={`btn wide mt-3.5 ${face.pairAgain === 'instead' ? 'fill' : ''}`} href="/pair">
            {words.pairAgain}
          </Link>
        )}
      </div>
    </div>
  );
}
