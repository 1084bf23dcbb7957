'use client';
import { CommandField } from '../_ui/controls.tsx';
import { Scale } from '../_ui/scale.tsx';
import type { SendingFace, SentRowFace } from '../_ui/restore-types.ts';
import { sendingText as words } from '../_text/restore.ts';

type Run = NonNullable<SendingFace['run']>;

export interface SendingScreenProps {
  readonly face: SendingFace;
  readonly wide: boolean;
  /** The target stands beside. */
  readonly beside: boolean;
  readonly onPause: () => void;
}

/** What is being sent to Glacier: parts as a scale, what is kept only when AWS's hash equals ours. */
export function SendingScreen(props: SendingScreenProps) {
  const { face, wide, beside, onPause } = props;
  const { run } = face;
  return (
    <>
      <h1 className="title num" tabIndex={-1}>
        {face.title}
      </h1>
      <p className="lede num rst-lede">{face.lede}</p>
      {run !== undefined && (
        <>
          <div className="rst-scale">
            <Scale label={run.label} share={run.share} marks={wide ? 60 : 30} />
          </div>
          <div className={`rst-line num${wide ? '' : ' sub'}`}>
            <span className="dim">
              {run.staged}
              <span className="mono rst-command">{words.stagedBy}</span>
              {run.stagedAt}
            </span>
            {wide && run.canPause && (
              <button
                type="button"
                className="btn small"
                aria-disabled={run.busy}
                onClick={() => !run.busy && onPause()}
              >
                {run.busy ? words.pausingNow : words.pauseShort}
              </button>
            )}
          </div>
          {run.command !== undefined && <CommandField command={run.command} />}
          {run.window !== undefined && <p className="sub num rst-note">{run.window}</p>}
          {wide ? <Table run={run} old={face.old} /> : <List run={run} old={face.old} />}
          {!beside && (
            <section className="rst-target" aria-label={words.title}>
              <Target run={run} />
            </section>
          )}
          {!beside && (
            <div className="foot end rst-acts">
              <Acts run={run} onPause={onPause} />
            </div>
          )}
          {beside && <p className="sub foot rst-staging-why">{words.why}</p>}
        </>
      )}
    </>
  );
}

export function SendingSide({ face, onPause }: Pick<SendingScreenProps, 'face' | 'onPause'>) {
  const { run } = face;
  if (run === undefined) return null;
  return (
    <>
      <Target run={run} />
      <div className="foot stack">
        <Acts run={run} onPause={onPause} />
      </div>
    </>
  );
}

function Target({ run }: { run: Run }) {
  return (
    <>
      <p className="sub">{words.to}</p>
      <h2 className="big rst-name">
        <bdi>{run.target}</bdi>
      </h2>
      <dl className="facts num rst-target-facts">
        {run.facts.map(([term, value, bold]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd className={bold === true ? 'b' : ''}>{value}</dd>
          </div>
        ))}
      </dl>
      {run.current !== undefined && (
        <section className="rst-current">
          <h3 className="h2">
            <bdi>{run.current.name}</bdi>
          </h3>
          <p className="sub num">{run.current.words}</p>
        </section>
      )}
    </>
  );
}

function Acts({ run, onPause }: { run: Run; onPause: () => void }) {
  return (
    <>
      {run.failed !== undefined && (
        <p className="sub ink b" role="alert">
          {run.failed}
        </p>
      )}
      {run.canPause && (
        <button
          type="button"
          className="btn wide"
          aria-disabled={run.busy}
          onClick={() => !run.busy && onPause()}
        >
          {run.busy ? words.pausingNow : words.pause}
        </button>
      )}
      <p className="sub text-center">{words.cannotRename}</p>
    </>
  );
}

function Parts({ row, marks }: { row: SentRowFace; marks: number }) {
  return row.sent === undefined ? null : <Scale thin label={row.name} share={row.sent} marks={marks} />;
}

function Table({ run, old }: { run: Run; old: boolean }) {
  const { columns } = words;
  return (
    <table className={`num rst-table sent${old ? ' faded' : ''}`} aria-label={words.list}>
      <thead>
        <tr>
          <th scope="col">{columns.file}</th>
          <th scope="col" className="r">
            {columns.size}
          </th>
          <th scope="col">{run.parts}</th>
          <th scope="col">{columns.state}</th>
        </tr>
      </thead>
      <tbody>
        {run.rows.map((row) => (
          <tr
            key={row.key}
            className={row.current ? 'chosen' : ''}
            aria-current={row.current ? 'step' : undefined}
          >
            <td>
              <bdi className="t">{row.name}</bdi>
            </td>
            <td className="r b">{row.size}</td>
            <td className="parts">
              <Parts row={row} marks={24} />
            </td>
            <td className={row.tone}>{row.state}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function List({ run, old }: { run: Run; old: boolean }) {
  return (
    <ul className={`rows ruled rst-rows${old ? ' faded' : ''}`} aria-label={words.list}>
      {run.rows.map((row) => (
        <li key={row.key} aria-current={row.current ? 'step' : undefined} className="rst-two num">
          <span className="line">
            <bdi className="t">{row.name}</bdi>
            <b>{row.size}</b>
          </span>
          <span className="line s">
            <span className={row.tone}>{row.state}</span>
          </span>
          {row.current && <Parts row={row} marks={30} />}
        </li>
      ))}
    </ul>
  );
}
