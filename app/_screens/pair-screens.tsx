'use client';
import { Link } from '../_ui/link.tsx';
import { useEffect, useState } from 'react';
import { clock } from '../_ui/durations.ts';
import { CommandField, TimeScale } from '../_ui/controls.tsx';
import { CheckIcon } from '../_ui/icons.tsx';
import { KeyPicture } from '../_ui/key-picture.tsx';
import type { Place } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.pairing;

export interface FindProps {
  readonly link: string;
  /** Good: the relay that it names. Bad: why, and the one thing to do. Absent: nothing pasted yet. */
  readonly check?:
    { readonly ok: true; readonly relay: string } | { readonly ok: false; readonly why: string };
  readonly name: string;
  readonly busy: boolean;
  /** Nothing hears yet what is typed: the page still starts. */
  readonly starting?: boolean;
  /** Keys cannot be stored here. */
  readonly notKept?: boolean;
  readonly onLink: (link: string) => void;
  readonly onName: (name: string) => void;
  readonly onAsk: () => void;
}

/** 1 of 3. The text is checked as it comes. */
export function FindScreen({
  link,
  check,
  name,
  busy,
  starting = false,
  notKept = false,
  onLink,
  onName,
  onAsk,
}: FindProps) {
  const good = check?.ok === true;
  return (
    <form
      className="pair-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (good && !busy) onAsk();
      }}
    >
      <h1 className="title" tabIndex={-1}>
        {words.pasteTitle}
      </h1>
      <p className="lede small-lede">{words.pasteRun}</p>
      <div className="mb-5 mt-2">
        <CommandField command={words.pasteCommand} />
      </div>
      <label className="h2 pb-2" htmlFor="link">
        {words.link}
      </label>
      <textarea
        id="link"
        className="field"
        value={link}
        readOnly={starting}
        rows={3}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        enterKeyHint="go"
        aria-describedby="verdict"
        aria-invalid={check?.ok === false}
        onChange={(event) => onLink(event.target.value)}
      />
      <div className="verdict">
        <span id="verdict" role="status" className={good ? 'tag green' : 'tag'}>
          {good && (
            <>
              <CheckIcon small />
              {words.good}
            </>
          )}
          {check?.ok === false && check.why}
        </span>
        {link !== '' && (
          <button type="button" className="link" onClick={() => onLink('')}>
            {words.clear}
          </button>
        )}
      </div>
      <dl className="facts">
        {good && (
          <div>
            <dt>{words.relay}</dt>
            <dd>
              <span className="mono">{check.relay}</span>
            </dd>
          </div>
        )}
        <div>
          <dt>
            <label htmlFor="name">{words.name}</label>
          </dt>
          <dd>
            <input
              id="name"
              className="name-field b"
              value={name}
              readOnly={starting}
              maxLength={64}
              autoComplete="off"
              onChange={(event) => onName(event.target.value)}
            />
          </dd>
        </div>
      </dl>
      <p className="ruled-note">{words.whoever}</p>
      {notKept && <p className="ruled-note ink mt-2.5">{words.notKept}</p>}
      <div className="foot stack end pt-2.5">
        <button type="submit" className="btn fill wide" disabled={!good} aria-disabled={busy}>
          {busy ? words.asking : words.ask}
        </button>
      </div>
    </form>
  );
}

function Code({ code, apart = false }: { code: string; apart?: boolean }) {
  const groups = code.split('-');
  return (
    <figcaption>
      <span className={`code${apart ? ' apart' : ''}`} role="img" aria-label={words.code(groups)}>
        {apart ? groups.map((group) => <span key={group}>{group}</span>) : code}
      </span>
    </figcaption>
  );
}

export interface CompareProps {
  readonly home: string;
  readonly homeKey: Uint8Array;
  readonly code: string;
  readonly relay: string;
  readonly device: string;
  readonly onMatch: () => void;
  readonly onDiffer: () => void;
}

/** 2 of 3. *They match* comes alive after 2 s: long enough to look at home's terminal. */
export function CompareScreen({ home, homeKey, code, relay, device, onMatch, onDiffer }: CompareProps) {
  const [awake, setAwake] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setAwake(true), 2000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {words.compareTitle}
      </h1>
      <p className="lede near">{words.compareLede(home)}</p>
      <figure className="fp">
        <KeyPicture homeKey={homeKey} />
        <Code code={code} apart />
      </figure>
      <dl className="facts">
        <div>
          <dt>{words.home}</dt>
          <dd className="b">{home}</dd>
        </div>
        <div>
          <dt>{words.relay}</dt>
          <dd className="mono">{relay}</dd>
        </div>
        <div>
          <dt>{words.device}</dt>
          <dd className="b">{device}</dd>
        </div>
      </dl>
      <div className="stack py-3.5 pb-2.5">
        <button
          type="button"
          className="btn fill wide"
          aria-disabled={!awake}
          onClick={() => {
            if (awake) onMatch();
          }}
        >
          {words.match}
        </button>
        <button type="button" className="btn wide" onClick={onDiffer}>
          {words.differ}
        </button>
      </div>
      <p className="sub pb-6 text-center">{words.differWhy}</p>
    </>
  );
}

export interface WaitProps {
  readonly home: string;
  readonly homeKey: Uint8Array;
  readonly code: string;
  readonly device: string;
  readonly place: Place;
  readonly leftMs: number;
  readonly totalMs: number;
  readonly onStop: () => void;
}

/** 3 of 3. The home decides. */
export function WaitScreen({ home, homeKey, code, device, place, leftMs, totalMs, onStop }: WaitProps) {
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {words.waitTitle(home)}
      </h1>
      <p className="lede near">{words.waitLede(place)}</p>
      <figure className="fp">
        <KeyPicture homeKey={homeKey} cutting />
        <Code code={code} />
      </figure>
      <p className="sub pb-2">{words.terminal(home)}</p>
      <div className="termbox">
        <span className="dim">{words.terminalCommand}</span>
        <br />
        {words.terminalWants(device)}
        <br />
        {words.terminalCode}
        <b>{code}</b>
        <br />
        {words.terminalAsk(place)}
        <span className="caret" aria-hidden="true" />
      </div>
      <div className="wait-scale">
        <div className="wait-left">
          <span className="dim">{words.waits(home)}</span>
          <b className="num" role="timer" aria-live="off">
            {clock(leftMs)}
          </b>
        </div>
        <TimeScale label={words.timeLeft} left={leftMs} of={totalMs} />
      </div>
      <p className="sub pb-4 pt-3.5">{words.another}</p>
      <button type="button" className="btn wide mb-7" onClick={onStop}>
        {words.stop}
      </button>
    </>
  );
}

/** How it ended, where it did not end at the doors. */
export function PairEndScreen({
  why,
  remedy,
  onAgain,
}: {
  why: string;
  remedy?: string;
  onAgain: () => void;
}) {
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {words.failed}
      </h1>
      <p className="lede near" role="alert">
        {why}
      </p>
      {remedy !== undefined && <p className="lede near">{remedy}</p>}
      <figure className="fp">
        <KeyPicture />
      </figure>
      <div className="stack end">
        <button type="button" className="btn fill wide" onClick={onAgain}>
          {words.again}
        </button>
        <Link className="btn wide" href="/">
          {text.missing.link}
        </Link>
      </div>
    </>
  );
}
