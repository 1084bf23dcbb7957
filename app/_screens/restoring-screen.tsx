'use client';
import { useState } from 'react';
import { RestoreTable } from './restore-table.tsx';
import { CommandField, Segments } from '../_ui/controls.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import { Scale } from '../_ui/scale.tsx';
import type { RestoreRowFace, RestoringFace } from '../_ui/restore-types.ts';
import { restoreText as words } from '../_text/restore.ts';

type Run = NonNullable<RestoringFace['run']>;

export interface RunActs {
  /** `now`: fetches nothing more, either. */
  readonly onPause: (now: boolean) => void;
  readonly onGoOn: () => void;
  /** 0: no cap. */
  readonly onCap: (perDay: number) => void;
}

export interface RestoringScreenProps extends RunActs {
  readonly face: RestoringFace;
  readonly wide: boolean;
  /** The chosen one is shown beside, with what can be done about all. */
  readonly beside: boolean;
  readonly chosen?: string;
  readonly onChoose: (key: string) => void;
  readonly onMore: () => void;
}

/** What comes back: needs you first, then by time. */
export function RestoringScreen(props: RestoringScreenProps) {
  const { face, wide, beside } = props;
  const { run } = face;
  const [changing, setChanging] = useState(false);
  return (
    <>
      <h1 className="title num" tabIndex={-1}>
        {face.title}
      </h1>
      <p className="lede num rst-lede">{wide ? face.ledeWide : face.lede}</p>
      {run !== undefined && (
        <>
          <div className="rst-scale">
            <Scale label={run.label} share={run.share} marks={wide ? 60 : 30} />
          </div>
          <p className="vh" role="status">
            {run.spoken}
          </p>
          <Line {...props} run={run} onChange={() => setChanging(true)} />
          <State run={run} />
          {face.rows.length > 0 &&
            (wide ? (
              <RestoreTable
                rows={face.rows}
                old={face.old}
                onChoose={props.onChoose}
                {...(beside && props.chosen !== undefined ? { chosen: props.chosen } : {})}
              />
            ) : (
              <List {...props} />
            ))}
          {face.more && (
            <button type="button" className="link rst-more" onClick={props.onMore}>
              {words.moreRows}
            </button>
          )}
          {!beside && (
            <div className="foot end rst-acts">
              <RunActsView run={run} acts={props} />
            </div>
          )}
        </>
      )}
      {changing && run !== undefined && (
        <CapDrawer run={run} onCap={props.onCap} onClose={() => setChanging(false)} />
      )}
    </>
  );
}

/** The cap and how to change it, room at home, and pausing all. */
function Line({ run, wide, onChange, onPause }: RestoringScreenProps & { run: Run; onChange: () => void }) {
  if (!wide)
    return (
      <div className="rst-line sub num">
        {run.canChange ? (
          <button type="button" className="link sub" aria-haspopup="dialog" onClick={onChange}>
            {run.cap}
          </button>
        ) : (
          <span>{run.cap}</span>
        )}
        <span>{run.disk}</span>
      </div>
    );
  const [before, after] = words.capWords;
  return (
    <div className="rst-line num">
      <span className="dim">
        {run.capSize === undefined ? (
          run.cap
        ) : (
          <>
            {before}
            <b className="ink">{run.capSize}</b>
            {after}
          </>
        )}
        {run.canChange && (
          <button type="button" className="link sub" aria-haspopup="dialog" onClick={onChange}>
            {words.change}
          </button>
        )}
      </span>
      <span className="dim">
        {run.diskLabel}
        <b className="ink">{run.free}</b>
        {words.free}
      </span>
      {run.canPause && (
        <button
          type="button"
          className="btn small"
          aria-disabled={run.busy !== undefined}
          onClick={() => run.busy === undefined && onPause(true)}
        >
          {words.pauseAll}
        </button>
      )}
    </div>
  );
}

/** Stopped or paused, in words. */
function State({ run }: { run: Run }) {
  const { stopped, note } = run;
  if (stopped === undefined && note === undefined) return null;
  return (
    <div className="rst-state" role="status">
      {stopped !== undefined && (
        <>
          <p className="b">{stopped.title}</p>
          <p className="sub">{stopped.words}</p>
        </>
      )}
      {note !== undefined && <p className={stopped === undefined ? 'b' : 'sub'}>{note}</p>}
    </div>
  );
}

/** *Pause after this part*, or *Go on*; for a device that may not: how it is allowed. */
export function RunActsView({ run, acts }: { run: Run; acts: RunActs }) {
  const busy = run.busy !== undefined;
  return (
    <>
      {run.failed !== undefined && (
        <p className="sub ink b" role="alert">
          {run.failed}
        </p>
      )}
      {run.canGoOn && (
        <button
          type="button"
          className="btn wide"
          aria-disabled={busy}
          onClick={() => !busy && acts.onGoOn()}
        >
          {run.busy ?? words.goOn}
        </button>
      )}
      {run.canPause && (
        <>
          <button
            type="button"
            className="btn wide"
            aria-disabled={busy}
            onClick={() => !busy && acts.onPause(false)}
          >
            {run.busy ?? words.pause}
          </button>
          <p className="sub text-center">{words.paidFor}</p>
        </>
      )}
      {run.mayNot !== undefined && (
        <div className="rst-may-not">
          <p className="sub">{run.mayNot.words}</p>
          <CommandField command={run.mayNot.command} />
        </div>
      )}
    </>
  );
}

function List({ face, onChoose }: RestoringScreenProps) {
  return (
    <>
      <h2 className="rst-order">{words.order}</h2>
      <ul className={`rows ruled rst-rows${face.old ? ' faded' : ''}`}>
        {face.rows.map((row) => (
          <li key={row.key}>
            <button
              type="button"
              className="rst-two num"
              aria-haspopup="dialog"
              onClick={() => onChoose(row.key)}
            >
              <span className="line">
                <bdi className="t">{row.name}</bdi>
                <b>{row.size}</b>
              </span>
              <span className="line s">
                <Where row={row} />
                <span className={row.tone}>{row.state}</span>
              </span>
              {row.down !== undefined && <Scale thin label={row.downLabel ?? row.name} share={row.down} />}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Where({ row }: { row: RestoreRowFace }) {
  return (
    <span className="dim where">
      {row.after === undefined ? (
        <bdi>{row.where}</bdi>
      ) : (
        <>
          {row.where}
          <bdi>{row.after}</bdi>
        </>
      )}
    </span>
  );
}

/** Every change holds at once. */
function CapDrawer({ run, onCap, onClose }: { run: Run; onCap: RunActs['onCap']; onClose: () => void }) {
  return (
    <Drawer title={words.aDay} onClose={onClose}>
      <div className="rst-cap-drawer">
        <Segments
          label={words.aDay}
          value={run.capValue}
          choices={run.caps.length > 0 ? run.caps : [{ value: 0, words: words.noCap }]}
          onChange={onCap}
          className="rst-caps"
        />
        <p className="sub" role="status">
          {run.busy ?? run.failed ?? words.paidFor}
        </p>
      </div>
    </Drawer>
  );
}
