'use client';
import { copyText, useSaid } from '../_ui/controls.tsx';
import { Dial } from '../_ui/dial.tsx';
import type { BannedFace, Place } from '../_ui/types.ts';
import { bannedText as words } from '../_text/banned.ts';
import { text } from '../_text/en.ts';

export interface BannedProps {
  readonly banned: BannedFace;
  readonly place: Place;
  readonly onUnbanOpen: () => void;
  readonly onUnban: () => void;
}

/** In place of the door: what, that it can be lifted now, why, and one tap for it (DESIGN 4). */
export function Banned({ banned, place, onUnbanOpen, onUnban }: BannedProps) {
  const { again } = banned;
  return (
    <div className="banned">
      <h1 className="title red" tabIndex={-1}>
        {again
          ? words.again
          : words.titleLines.map((line) => (
              <span key={line} className="title-line">
                {line}{' '}
              </span>
            ))}
      </h1>
      <p className="lede">
        {again ? (
          words.againWhy
        ) : (
          <>
            <b>{banned.lead}</b> {banned.lede}
          </>
        )}
      </p>
      {again &&
        banned.failing.map((line) => (
          <p key={line} className="mono failing">
            <bdi>{line}</bdi>
          </p>
        ))}
      <div className="who">
        <Dial look="banned" turn="upright" lit={0} ring="rest" />
        <div>
          <span className="sub">{words.address[place]}</span>
          <span className="address num">{banned.address}</span>
          <span className="sub num">{banned.ends}</span>
        </div>
      </div>
      <dl className="facts">
        <div>
          <dt>{words.jail}</dt>
          <dd className="mono">
            <bdi>{banned.jail}</bdi>
          </dd>
        </div>
        <div>
          <dt>{words.why}</dt>
          <dd className="b num">{banned.why}</dd>
        </div>
        <div>
          <dt>{words.when}</dt>
          <dd className="num">{banned.when}</dd>
        </div>
        {banned.tried !== undefined && (
          <div>
            <dt>{words.tried}</dt>
            <dd>
              <bdi className="mono">{banned.tried.users.join(', ')}</bdi>
              {banned.tried.how !== undefined && `, ${banned.tried.how}`}
            </dd>
          </div>
        )}
      </dl>
      {banned.stands !== undefined && <p className="sub ink b">{banned.stands}</p>}
      {banned.failed !== undefined && (
        <p className="sub ink b" role="alert">
          {banned.failed}
        </p>
      )}
      {banned.needs !== undefined && <p className="sub">{banned.needs}</p>}
      <div className="foot stack">
        {again && <CopyLog log={banned.log} />}
        {banned.canLift && (
          <>
            {banned.opens !== undefined && (
              <button
                type="button"
                className={`btn wide tall${again ? '' : ' fill'}`}
                aria-disabled={banned.busy}
                onClick={() => !banned.busy && onUnbanOpen()}
              >
                {banned.busy ? words.unbanning : banned.opens}
              </button>
            )}
            {!(again && banned.opens !== undefined) && (
              <button
                type="button"
                className={`btn wide${banned.opens === undefined && !again ? ' fill' : ''}`}
                aria-disabled={banned.busy}
                onClick={() => !banned.busy && onUnban()}
              >
                {banned.opens === undefined ? words.unban : words.unbanOnly}
              </button>
            )}
          </>
        )}
      </div>
      {banned.canLift && <p className="sub cost">{words.cost}</p>}
    </div>
  );
}

function CopyLog({ log }: { log: string }) {
  const [said, say] = useSaid();
  return (
    <button
      type="button"
      className="btn wide tall fill"
      onClick={() => void copyText(log).then((done) => done && say())}
    >
      {said ? text.command.copied : words.copy}
    </button>
  );
}
