'use client';
import { BarChart } from '../_ui/bar-chart.tsx';
import { DownIcon } from '../_ui/icons.tsx';
import type { TryingFace } from '../_ui/ban-types.ts';
import { bansText as words } from '../_text/bans.ts';

/** Above a table: one line, which opens. */
export function TryingLine({ trying }: { trying: TryingFace }) {
  return (
    <details className="trying-line">
      <summary className="num">
        <b>{words.trying}</b>
        <span>{trying.sum}</span>
        <DownIcon small />
      </summary>
      <Tried trying={trying} />
    </details>
  );
}

/** What is being tried, by hour, and the latest of it. */
export function Trying({ trying }: { trying: TryingFace }) {
  return (
    <section className="trying" aria-labelledby="trying">
      <h2 className="pane-head" id="trying" tabIndex={-1}>
        {words.trying}
      </h2>
      <Tried trying={trying} />
    </section>
  );
}

function Tried({ trying }: { trying: TryingFace }) {
  return (
    <>
      {trying.line !== undefined && <p className="sub pt-2">{trying.line}</p>}
      {trying.chart !== undefined && <BarChart chart={trying.chart} small />}
      {trying.recent.length > 0 && (
        <>
          <h3 className="h2 tried">{words.latest}</h3>
          <ol className="latest num">
            {trying.recent.map((one) => (
              <li key={one.key}>
                <span className="mono latest-head">
                  <time>{one.time}</time>
                  <span>{one.address}</span>
                </span>
                <span className="sub">{one.kind}</span>
                <bdi className="mono sub">{one.text}</bdi>
              </li>
            ))}
          </ol>
        </>
      )}
    </>
  );
}
