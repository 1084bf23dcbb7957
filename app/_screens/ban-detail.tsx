'use client';
import { Drawer } from '../_ui/drawer.tsx';
import type { BanDetailFace } from '../_ui/ban-types.ts';
import { bansText as words } from '../_text/bans.ts';

export interface BanDetailProps {
  readonly ban: BanDetailFace;
  readonly onUnban: () => void;
}

function Why({ ban }: { ban: BanDetailFace }) {
  return (
    <>
      {ban.until !== '' && <p className={`b until${ban.stands ? ' red' : ''}`}>{ban.until}</p>}
      <dl className="facts">
        {ban.facts.map(([term, value, mono], i) => (
          <div key={i}>
            <dt>{term}</dt>
            <dd className="num">
              {value}
              {mono !== undefined && <bdi className="mono">{mono}</bdi>}
            </dd>
          </div>
        ))}
      </dl>
      <h3 className="h2 tried">{words.tried}</h3>
      {ban.tries.length > 0 && (
        <ol className="try mono num">
          {ban.tries.map((one, i) => (
            <li key={i}>
              <time>{one.time}</time>
              <bdi>{one.user}</bdi>
              <bdi className="how">{one.how}</bdi>
            </li>
          ))}
        </ol>
      )}
      {ban.lines.length === 0 && <p className="sub">{ban.loading ? words.loading : words.noLines}</p>}
      {ban.lines.length > 0 && (
        <details className="log-lines" open={ban.tries.length === 0}>
          <summary>{words.lines}</summary>
          <ol className="num">
            {ban.lines.map((line, i) => (
              <li key={i}>
                {line.time !== '' && <time className="sub">{line.time}</time>}
                <bdi className="mono">{line.text}</bdi>
              </li>
            ))}
          </ol>
        </details>
      )}
      {ban.failed !== undefined && (
        <p className="sub ink b pt-2" role="alert">
          {ban.failed}
        </p>
      )}
    </>
  );
}

function Act({ ban, onUnban, after }: BanDetailProps & { after: string }) {
  if (ban.cannot !== undefined) return <p className="sub">{ban.cannot}</p>;
  if (!ban.stands && !ban.loading) return null;
  return (
    <>
      <button
        type="button"
        className="btn wide"
        aria-disabled={ban.busy}
        onClick={() => !ban.busy && onUnban()}
      >
        {ban.busy ? words.unbanning : words.unban}
      </button>
      <p className="sub text-center">{after}</p>
    </>
  );
}

/** Phone and tablet: from a row. */
export function BanDrawer(props: BanDetailProps & { onClose: () => void }) {
  const { ban } = props;
  return (
    <Drawer title={ban.value} over={ban.head} mono onClose={props.onClose}>
      <Why ban={ban} />
      <div className="foot stack ban-act">
        <Act {...props} after={words.effect} />
      </div>
    </Drawer>
  );
}

/** Desktop: the same in the side pane. */
export function BanSide(props: BanDetailProps) {
  const { ban } = props;
  return (
    <>
      <p className="sub">{ban.head}</p>
      <h2 className="value">{ban.value}</h2>
      <Why ban={ban} />
      <div className="foot stack ban-act">
        <Act {...props} after={words.effectWide} />
      </div>
    </>
  );
}
